//! CSV read strictly: commas, quotes doubled within quotes, lines that end in `\n`, `\r\n` or `\r`. What a lenient reader
//! mends without a word, a quote that is never closed above all, is an error with its line.

use std::io::{self, BufRead};

/// Bytes of a record: more is a quote that is missing, or another kind of file.
const LONGEST: usize = 16 << 20;

/// One record: its cells without their quotes.
#[derive(Debug, Default)]
pub struct Record {
    text: Vec<u8>,
    /// Where each cell ends in `text`.
    ends: Vec<usize>,
    /// The line of the file on which it begins, counted from 1 as an editor counts.
    pub line: usize,
}

impl Record {
    pub fn width(&self) -> usize {
        self.ends.len()
    }

    pub fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }

    fn is_blank(&self) -> bool {
        self.text.is_empty() && self.ends.len() == 1
    }
}

/// Why there is no next record.
#[derive(Debug)]
pub enum Failure {
    /// The file cannot be read to its end.
    Read(io::Error),
    /// It is no CSV at this line.
    Syntax { line: usize, what: String },
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte of a cell.
    Start,
    Plain,
    Quoted,
    /// After a quote within quotes: the end of the cell, or the first of two.
    Closed,
}

/// Reads records from bytes.
pub struct Reader<'a> {
    input: &'a mut dyn BufRead,
    /// The line of the next byte.
    line: usize,
    last: u8,
    /// On which line a record first ended in `\n`, `\r\n` and `\r`.
    endings: [Option<usize>; 3],
}

impl<'a> Reader<'a> {
    pub fn new(input: &'a mut dyn BufRead) -> Self {
        Self { input, line: 1, last: 0, endings: [None; 3] }
    }

    /// The next record that is not a blank line; `false` at the end of the file.
    pub fn next(&mut self, record: &mut Record) -> Result<bool, Failure> {
        while self.any(record)? {
            if !record.is_blank() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The lines on which a record first ended in another way than the first one did.
    pub fn mixed_endings(&self) -> Option<usize> {
        let mut lines: Vec<usize> = self.endings.iter().flatten().copied().collect();
        lines.sort_unstable();
        lines.get(1).copied()
    }

    fn any(&mut self, record: &mut Record) -> Result<bool, Failure> {
        record.text.clear();
        record.ends.clear();
        let (mut state, mut quoted_on) = (State::Start, 0);
        let mut is_empty = true;
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                return match state {
                    State::Quoted => Err(syntax(quoted_on, "a quote that opens here is never closed")),
                    _ if is_empty => Ok(false),
                    _ => {
                        record.ends.push(record.text.len());
                        Ok(true)
                    }
                };
            }
            let mut used = 0;
            let mut is_whole = false;
            for &byte in bytes {
                used += 1;
                let is_second = byte == b'\n' && self.last == b'\r';
                let ended_in_return = is_empty && self.last == b'\r';
                self.last = byte;
                if ended_in_return {
                    self.endings[if is_second { 1 } else { 2 }].get_or_insert(self.line - 1);
                    if is_second {
                        continue;
                    }
                }
                if is_empty {
                    (is_empty, record.line) = (false, self.line);
                }
                if matches!(byte, b'\n' | b'\r') && !is_second {
                    self.line += 1;
                }
                state = match (state, byte) {
                    (State::Quoted, b'"') => State::Closed,
                    (State::Quoted, _) => {
                        record.text.push(byte);
                        State::Quoted
                    }
                    (_, b',') => {
                        record.ends.push(record.text.len());
                        State::Start
                    }
                    (_, b'\n' | b'\r') => {
                        record.ends.push(record.text.len());
                        is_whole = true;
                        break;
                    }
                    (State::Start, b'"') => {
                        quoted_on = self.line;
                        State::Quoted
                    }
                    (State::Closed, b'"') => {
                        record.text.push(byte);
                        State::Quoted
                    }
                    (State::Closed, _) => {
                        let what = "there is text behind a quote that closes a cell";
                        return Err(syntax(self.line, what));
                    }
                    (State::Start | State::Plain, _) => {
                        record.text.push(byte);
                        State::Plain
                    }
                };
            }
            if is_whole && self.last == b'\n' {
                self.endings[0].get_or_insert(self.line - 1);
            }
            self.input.consume(used);
            if record.text.len() > LONGEST {
                let what = format!("line {} is longer than {} MB", record.line, LONGEST >> 20);
                return Err(syntax(record.line, &what));
            }
            if is_whole {
                return Ok(true);
            }
        }
    }
}

fn syntax(line: usize, what: &str) -> Failure {
    Failure::Syntax { line, what: what.to_owned() }
}
