//! Expected rows rewritten where they stand: comments, layout and all other lines stay as they are.

use std::collections::BTreeMap;

use super::file::{Case, Row};
use super::outcome::{Outcome, Pair, is_same};

/// The text of a file of cases, in which those of `failing` expect what came out.
pub fn updated(text: &str, failing: &[(&Case, &Outcome)]) -> String {
    // What becomes of a line, by its number.
    let mut edits: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (case, outcome) in failing {
        edits.extend(block(case, outcome));
    }
    let mut new = String::with_capacity(text.len());
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let Some(lines) = edits.get(&(at + 1)) else {
            new.push_str(line);
            continue;
        };
        let content = line.trim_end_matches(['\n', '\r']);
        let end = if content.len() == line.len() { "\n" } else { &line[content.len()..] };
        new.extend(lines.iter().map(|content| format!("{content}{end}")));
    }
    new
}

/// The lines that replace those of a case's expected rows and their header.
fn block(case: &Case, outcome: &Outcome) -> BTreeMap<usize, Vec<String>> {
    let expect = &case.expect;
    let all = [&expect.header].into_iter().chain(expect.rows.iter().map(|row| &row.line));
    let columns = aligned(&all.map(|line| segments(&line.text)).collect::<Vec<_>>());
    let gone = |at: usize| outcome.pairs.contains(&(Some(at), None));
    let pair_of = |at: usize| outcome.pairs.iter().find(|pair: &&Pair| pair.0 == Some(at));
    let mut kept: Vec<(usize, Vec<String>)> = vec![(expect.header.number, segments(&expect.header.text))];
    for (at, Row { line, .. }) in expect.rows.iter().enumerate().filter(|(at, _)| !gone(*at)) {
        let mut cells = segments(&line.text);
        if let Some((_, Some(got))) = pair_of(at) {
            put(&mut cells, &expect.rows[at].cells, &outcome.rows[*got]);
        }
        kept.push((line.number, cells));
    }
    let last = expect.rows.last().map_or(expect.header.number, |row| row.line.number);
    for got in outcome.pairs.iter().filter(|(expected, _)| expected.is_none()).filter_map(|(_, got)| *got) {
        let mut cells = segments(&expect.header.text);
        put(&mut cells, &expect.columns, &outcome.rows[got]);
        kept.push((last, cells));
    }
    align(&mut kept, &columns);
    let mut lines: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    // A row that is gone leaves no line, unless rows that are new stand there.
    lines.extend(expect.rows.iter().map(|row| (row.line.number, Vec::new())));
    for (number, cells) in kept {
        lines.entry(number).or_default().push(cells.join("|"));
    }
    lines
}

/// The parts of a line between `|`, with their blanks.
fn segments(line: &str) -> Vec<String> {
    line.split('|').map(str::to_owned).collect()
}

/// Puts the cells of `new` that are not as those of `old` in their places, as wide as these were.
fn put(segments: &mut [String], old: &[String], new: &[String]) {
    for ((segment, old), new) in segments.iter_mut().zip(old).zip(new) {
        if is_same(old, new) {
            continue;
        }
        let lead: String = segment.chars().take_while(|c| c.is_whitespace()).collect();
        *segment = if segment.ends_with(char::is_whitespace) {
            let width = segment.chars().count().saturating_sub(lead.chars().count());
            format!("{lead}{:<width$}", format!("{new} "))
        } else {
            format!("{lead}{new}")
        };
    }
}

fn width(cells: &[String], column: usize) -> usize {
    cells[column].chars().count()
}

/// The columns, but the last, whose cells are all of one width.
fn aligned(lines: &[Vec<String>]) -> Vec<usize> {
    let columns = 0..lines[0].len().saturating_sub(1);
    columns.filter(|at| lines.iter().all(|cells| width(cells, *at) == width(&lines[0], *at))).collect()
}

/// Makes the cells of these columns as wide as the widest.
fn align(lines: &mut [(usize, Vec<String>)], columns: &[usize]) {
    for &column in columns {
        let widest = lines.iter().map(|(_, cells)| width(cells, column)).max().unwrap_or(0);
        for (_, cells) in lines.iter_mut() {
            let lacking = widest - width(cells, column);
            cells[column].push_str(&" ".repeat(lacking));
        }
    }
}
