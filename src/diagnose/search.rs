//! Which CTE, subquery or branch of a query fails by itself: each is run alone.

use std::ops::Range;
use std::time::Instant;

use super::culprit::{self, sign};
use crate::sql::{parts, scan};
use crate::warehouse::{SqlError, Warehouse, ident};

/// What became of a query that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It gives the error that is looked for.
    Same,
    Works,
    /// It was cut wrongly, or took too long.
    Other,
}

pub struct Search<'a> {
    pub warehouse: &'a Warehouse,
    pub error: &'a SqlError,
    pub until: Instant,
    /// Whether the error comes before any row is made.
    pub fails_early: bool,
}

impl Search<'_> {
    pub fn outcome(&self, sql: &str) -> Outcome {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Outcome::Other;
        }
        let result = self.warehouse.within(left, || {
            if self.fails_early {
                self.warehouse.describe(sql).map(|_| ())
            } else {
                self.warehouse.rows(sql, &[], |_| Ok(())).map(|_| ())
            }
        });
        match result {
            Ok(()) => Outcome::Works,
            Err(error) if error.is_like(self.error) => Outcome::Same,
            Err(_) => Outcome::Other,
        }
    }

    /// Whether this query gives the same error.
    pub fn fails(&self, sql: &str) -> bool {
        self.outcome(sql) == Outcome::Same
    }

    /// Every value of every row, in one small result.
    pub fn all_of(&self, with: &str, from: &str, value: &str) -> bool {
        self.fails(&format!("{with} select bit_xor(hash({value})) from {from} as q"))
    }

    /// The offset in the whole text of what fails in `query`, which stands at `start` of it and can use the CTEs `with`.
    pub fn within(&self, with: &str, query: &str, start: usize) -> Option<usize> {
        let (ctes, last) = scan::ctes(query);
        let mut known = with.to_owned();
        for cte in &ctes {
            let body = &query[cte.body.clone()];
            let next = join(&known, &cte.name, body);
            if self.all_of(&next, &cte.name, "q") {
                return self.within(&known, body, start + cte.body.start);
            }
            known = next;
        }
        let query = &query[last..];
        let start = start + last;
        let branches = scan::branches(query);
        if branches.len() > 1 {
            return self.of_branches(&known, query, &branches, start);
        }
        // Those in FROM; others may depend on the rows around them.
        let parts = parts::parts(query);
        let is_apart = |inner: &Range<usize>| !parts.iter().any(|part| part.range.contains(&inner.start));
        for inner in scan::inner_queries(query).into_iter().filter(is_apart) {
            let text = &query[inner.clone()];
            if self.all_of(&known, &format!("({text})"), "q") {
                return self.within(&known, text, start + inner.start);
            }
        }
        let part = self.guilty_part(&known, query);
        part.or_else(|| self.of_select(&known, query)).map(|at| start + at)
    }

    fn of_branches(&self, with: &str, query: &str, branches: &[Range<usize>], start: usize) -> Option<usize> {
        for branch in branches {
            let text = &query[branch.clone()];
            if self.all_of(with, &format!("({text})"), "q") {
                return self.within(with, text, start + branch.start);
            }
        }
        // Each works alone: one of them has another number of columns than the first.
        let widths = branches.iter().map(|branch| {
            self.warehouse.describe(&format!("{with} {}", &query[branch.clone()])).map_or(0, |all| all.len())
        });
        let widths: Vec<usize> = widths.collect();
        let odd = (1..widths.len()).find(|&at| widths[at] != widths[0]).unwrap_or(0);
        Some(start + branches[odd].start)
    }

    /// Of a SELECT of which no part can be replaced: the item that fails alone, else what stands behind FROM.
    fn of_select(&self, with: &str, query: &str) -> Option<usize> {
        let (items, from) = scan::items(query);
        let rest = &query[from..];
        let literal = || culprit::literal(self.error, rest);
        let behind = || Some(from + sign(self.error, rest).or_else(literal).unwrap_or(0));
        let in_item = |item: &Range<usize>| item.start + sign(self.error, &query[item.clone()]).unwrap_or(0);
        let Ok(columns) = self.warehouse.describe(&format!("{with} {query}")) else {
            // It does not even bind: items alone do, but for one.
            let wrong = items
                .iter()
                .find(|item| self.fails(&format!("{with} select {} {rest}", &query[(*item).clone()])));
            let all = wrong.filter(|_| !self.fails(&format!("{with} select 1 {rest}")));
            return all.map(in_item).or_else(behind);
        };
        // What fails without any column fails behind FROM.
        if self.all_of(with, &format!("({query})"), "1") {
            return behind();
        }
        for (at, (name, _)) in columns.iter().enumerate() {
            if !self.all_of(with, &format!("({query})"), &format!("q.{}", ident(name))) {
                continue;
            }
            let named = |item: &&Range<usize>| {
                let text = query[(*item).clone()].trim_end_matches('"').to_ascii_lowercase();
                text.ends_with(&name.to_ascii_lowercase())
            };
            let item = if items.len() == columns.len() { items.get(at) } else { items.iter().find(named) };
            return item.map(in_item);
        }
        behind()
    }
}

fn join(with: &str, name: &str, body: &str) -> String {
    if with.is_empty() {
        format!("with recursive {name} as ({body})")
    } else {
        format!("{with}, {name} as ({body})")
    }
}
