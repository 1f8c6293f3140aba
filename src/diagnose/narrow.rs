//! Which part of a SELECT makes it fail: without it, it works.

use std::ops::Range;

use super::culprit::sign;
use super::search::{Outcome, Search};
use crate::sql::parts::{self, Part, Sort};
use crate::sql::scan;

/// A SELECT that fails, with the CTEs it can use.
struct Failing<'a> {
    search: &'a Search<'a>,
    with: &'a str,
    select: &'a str,
}

impl Search<'_> {
    /// The offset in `select` of the part without which it works.
    pub fn guilty_part(&self, with: &str, select: &str) -> Option<usize> {
        Failing { search: self, with, select }.in_select(0..select.len())
    }
}

impl Failing<'_> {
    /// What becomes of the SELECT with other texts in place of some.
    fn with_edits(&self, edits: &[(Range<usize>, String)]) -> Outcome {
        let mut edits = edits.to_vec();
        edits.sort_by_key(|(range, _)| range.start);
        let mut text = String::with_capacity(self.select.len());
        let mut from = 0;
        for (range, new) in &edits {
            text.push_str(&self.select[from..range.start]);
            text.push_str(new);
            from = range.end;
        }
        text.push_str(&self.select[from..]);
        let sql = format!("{} select bit_xor(hash(q)) from (\n{text}\n) as q", self.with);
        self.search.outcome(&sql)
    }

    /// The place in the SELECT that stands at `range`: the whole, or a subquery that depends on the rows around it.
    fn in_select(&self, range: Range<usize>) -> Option<usize> {
        let text = &self.select[range.clone()];
        let shift = |inner: Range<usize>| range.start + inner.start..range.start + inner.end;
        let moved = |part: Part| Part { range: shift(part.range), ..part };
        let all: Vec<Part> = parts::parts(text).into_iter().map(moved).collect();
        let of =
            |sorts: &[Sort]| -> Vec<&Part> { all.iter().filter(|part| sorts.contains(&part.sort)).collect() };
        let items = of(&[Sort::Item]);
        let conditions = of(&[Sort::Condition, Sort::Window]);
        let guilty = match self.with_edits(&neutral(&items)) {
            Outcome::Works => self.one_of(&items),
            // Where the error is not in the items, fewer of them are less to compute.
            Outcome::Same => self
                .last_needed(&conditions, &neutral(&items))
                .or_else(|| self.last_needed(&of(&[Sort::Key]), &neutral(&items))),
            Outcome::Other => self.last_needed(&conditions, &[]),
        };
        let place = |part: &Part| self.in_expression(part, part.range.clone());
        let is_plain = |part: &&Part| is_plain_name(&self.select[part.range.clone()]);
        // Without any column DuckDB leaves out more than the items.
        let behind = || guilty.filter(is_plain).and_then(|_| self.last_needed(&conditions, &[]));
        if let Some(part) = guilty.filter(|part| !is_plain(part)).or_else(behind) {
            return Some(place(part));
        }
        // A plain name fails for what stands in a subquery of FROM.
        let is_apart = |inner: &Range<usize>| !all.iter().any(|part| part.range.contains(&inner.start));
        let mut inner = scan::inner_queries(text).into_iter().map(shift).filter(is_apart);
        inner.find_map(|inner| self.in_select(inner)).or_else(|| guilty.map(place))
    }

    /// The first of `items`, of which one or more fail.
    fn one_of<'p>(&self, items: &[&'p Part]) -> Option<&'p Part> {
        let mut some = items;
        while some.len() > 1 {
            let (first, second) = some.split_at(some.len() / 2);
            some = if self.with_edits(&neutral(second)) == Outcome::Same { first } else { second };
        }
        some.first().copied()
    }

    /// The first of `parts` that cannot be taken out without the error. The last ones are tried first and stay out: a
    /// condition often makes the ones behind it safe.
    fn last_needed<'p>(&self, parts: &[&'p Part], edits: &[(Range<usize>, String)]) -> Option<&'p Part> {
        let mut edits = edits.to_vec();
        let mut needed = None;
        for part in parts.iter().rev() {
            edits.push((part.range.clone(), part.sort.neutral().to_owned()));
            match self.with_edits(&edits) {
                Outcome::Same => continue,
                Outcome::Works => needed = Some(*part),
                Outcome::Other => {}
            }
            edits.pop();
        }
        needed
    }

    /// The innermost of `expression`, inside `part`, that fails in its place; there, what the message names.
    fn in_expression(&self, part: &Part, expression: Range<usize>) -> usize {
        let text = &self.select[expression.clone()];
        let within = |inner: Range<usize>| expression.start + inner.start..expression.start + inner.end;
        for inner in scan::inner_queries(text) {
            if let Some(at) = self.in_select(within(inner)) {
                return at;
            }
        }
        let culprit = self.deepest(part, expression.clone()).unwrap_or(expression);
        culprit.start + sign(self.search.error, &self.select[culprit.clone()]).unwrap_or(0)
    }

    /// The innermost expression inside `expression` that fails by itself. Some cannot stand alone, such as one over the
    /// parameter of a lambda; those inside may.
    fn deepest(&self, part: &Part, expression: Range<usize>) -> Option<Range<usize>> {
        let inner = parts::inner(&self.select[expression.clone()]).into_iter();
        let mut inner = inner.map(|inner| expression.start + inner.start..expression.start + inner.end);
        inner.find_map(|inner| {
            let alone = part.sort.alone(&self.select[inner.clone()]);
            match self.with_edits(&[(part.range.clone(), alone)]) {
                Outcome::Same => Some(self.deepest(part, inner.clone()).unwrap_or(inner)),
                Outcome::Works => None,
                Outcome::Other => self.deepest(part, inner),
            }
        })
    }
}

fn neutral(parts: &[&Part]) -> Vec<(Range<usize>, String)> {
    parts.iter().map(|part| (part.range.clone(), part.sort.neutral().to_owned())).collect()
}

impl Sort {
    /// What takes the place of a part and cannot fail.
    fn neutral(self) -> &'static str {
        match self {
            Self::Item => "null",
            Self::Key => "1",
            Self::Condition => "true",
            Self::Window => "row_number() over () > 0",
        }
    }

    /// A part that computes `expression` and nothing else. `is null` would not do: DuckDB often knows without looking.
    fn alone(self, expression: &str) -> String {
        match self {
            Self::Item | Self::Key => format!("hash({expression})"),
            Self::Condition => format!("(hash({expression}) <> 0)"),
            Self::Window => format!("(hash({expression}) <> 0 and row_number() over () > 0)"),
        }
    }
}

/// `x`, `t.x` or `*`: nothing that could fail.
fn is_plain_name(expression: &str) -> bool {
    expression.chars().all(|c| c.is_alphanumeric() || ['_', '.', '*', '"'].contains(&c))
}
