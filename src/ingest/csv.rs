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

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.line = 0;
    }

    fn end_cell(&mut self) {
        self.ends.push(self.text.len());
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
    cursor: Cursor,
}

struct Cursor {
    /// The line of the next byte.
    line: usize,
    last: u8,
    state: State,
    quoted_on: usize,
    /// On which line a record first ended in `\n`, `\r\n` and `\r`.
    endings: [Option<usize>; 3],
}

impl<'a> Reader<'a> {
    pub fn new(input: &'a mut dyn BufRead) -> Self {
        let cursor = Cursor { line: 1, last: 0, state: State::Start, quoted_on: 0, endings: [None; 3] };
        Self { input, cursor }
    }

    /// The lines on which a record first ended in another way than the first one did.
    pub fn mixed_endings(&self) -> Option<usize> {
        let mut lines: Vec<usize> = self.cursor.endings.iter().flatten().copied().collect();
        lines.sort_unstable();
        lines.get(1).copied()
    }

    /// The next record that is not a blank line; `false` at the end of the file.
    pub fn next(&mut self, record: &mut Record) -> Result<bool, Failure> {
        record.clear();
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                if record.line > 0 && self.cursor.state == State::Quoted {
                    return Err(syntax(self.cursor.quoted_on, "a quote that opens here is never closed"));
                }
                record.end_cell();
                return Ok(record.line > 0 && !record.is_blank());
            }
            let (mut used, mut is_whole) = (0, false);
            while used < bytes.len() && !is_whole {
                is_whole = self.cursor.push(bytes[used], record)?;
                used += 1;
            }
            self.input.consume(used);
            if record.text.len() > LONGEST {
                let what = format!("line {} is longer than {} MB", record.line, LONGEST >> 20);
                return Err(syntax(record.line, &what));
            }
            if is_whole && !record.is_blank() {
                return Ok(true);
            }
            if is_whole {
                record.clear();
            }
        }
    }
}

impl Cursor {
    /// Adds a byte to a record. Whether that ends there.
    fn push(&mut self, byte: u8, record: &mut Record) -> Result<bool, Failure> {
        let last = std::mem::replace(&mut self.last, byte);
        let is_second = byte == b'\n' && last == b'\r';
        if record.line == 0 {
            if last == b'\r' {
                self.endings[if is_second { 1 } else { 2 }].get_or_insert(self.line - 1);
            }
            if is_second {
                return Ok(false);
            }
            (record.line, self.state) = (self.line, State::Start);
        }
        if matches!(byte, b'\n' | b'\r') && !is_second {
            self.line += 1;
        }
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::Closed,
            (State::Quoted, _) | (State::Closed, b'"') => {
                record.text.push(byte);
                State::Quoted
            }
            (_, b',') => {
                record.end_cell();
                State::Start
            }
            (_, b'\n' | b'\r') => {
                if byte == b'\n' {
                    self.endings[0].get_or_insert(self.line - 1);
                }
                record.end_cell();
                return Ok(true);
            }
            (State::Start, b'"') => {
                self.quoted_on = self.line;
                State::Quoted
            }
            (State::Closed, _) => {
                return Err(syntax(self.line, "there is text behind a quote that closes a cell"));
            }
            (State::Start | State::Plain, _) => {
                record.text.push(byte);
                State::Plain
            }
        };
        Ok(false)
    }
}

fn syntax(line: usize, what: &str) -> Failure {
    Failure::Syntax { line, what: what.to_owned() }
}
