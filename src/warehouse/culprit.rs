//! Where an error is of which DuckDB does not say where: the parts of the query are tried one by one.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::scan;
use super::{SqlError, Warehouse, ident};

/// Looking for the place of an error must not take longer than anyone waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a message names, and how it is written.
const SIGNS: [(&str, &[&str]); 11] = [
    ("Overflow in multiplication", &["*"]),
    ("Overflow in addition", &["+"]),
    ("Overflow in subtraction", &["-"]),
    ("Overflow in division", &["/"]),
    ("More than one row returned by a subquery", &["select"]),
    ("format specifier", &["strptime", "strftime", "try_strptime"]),
    ("logarithm", &["ln", "log", "log10", "log2"]),
    ("square root", &["sqrt"]),
    ("Sequence exceeds", &["generate_series", "range"]),
    ("GROUP BY term", &["group"]),
    ("ORDER BY term", &["order"]),
];

impl Warehouse {
    /// The error with a place in `sql`, the query that gave it: brackets are counted, and parts are tried alone.
    #[must_use]
    pub fn placed(&self, sql: &str, mut error: SqlError) -> SqlError {
        let stumbled = error.position.unwrap_or(sql.len());
        if error.message.starts_with("Max expression depth") {
            error.position = scan::deepest(sql);
            "an expression is nested deeper than 1000 levels".clone_into(&mut error.message);
            return error;
        }
        let is_syntax = error.position.is_some() || error.message.contains("syntax error");
        if error.class == "Parser" && is_syntax {
            if let Some((at, message)) = scan::unbalanced(sql, stumbled) {
                error.position = Some(at);
                error.message = message;
            } else if stumbled >= sql.trim_end().len() {
                error.position = Some(scan::last_token(sql));
                "the query ends too early".clone_into(&mut error.message);
            }
            return error;
        }
        if error.message.starts_with("Duplicate CTE name") {
            error.position = scan::named_again(sql, &error.message);
        }
        if error.position.is_some() {
            return error;
        }
        // The transaction of the failed query is over: another connection tries.
        if let Ok(other) = self.another() {
            let search = Search { warehouse: &other, error: &error, until: Instant::now() + PATIENCE };
            // What works alone failed for what was put around it.
            let fails = search.all_of("", &format!("(\n{sql}\n)"), "q");
            error.position = fails.then(|| search.within("", sql, 0)).flatten();
        }
        error
    }
}

struct Search<'a> {
    warehouse: &'a Warehouse,
    error: &'a SqlError,
    until: Instant,
}

impl Search<'_> {
    /// Whether this query gives the same error.
    fn fails(&self, sql: &str) -> bool {
        let is_late = Instant::now() > self.until;
        let result = if self.error.class == "Binder" {
            self.warehouse.describe(sql).map(|_| ())
        } else {
            self.warehouse.rows(sql, &[], |_| Ok(())).map(|_| ())
        };
        let word = |error: &SqlError| error.message.split([' ', ':']).next().map(str::to_owned);
        !is_late
            && result.is_err_and(|other| other.class == self.error.class && word(&other) == word(self.error))
    }

    /// Every value of every row, in one small result.
    fn all_of(&self, with: &str, from: &str, value: &str) -> bool {
        self.fails(&format!("{with} select bit_xor(hash({value})) from {from} as q"))
    }

    /// The offset in the whole text of what fails in `query`, which stands at `start` of it and can use the CTEs `with`.
    fn within(&self, with: &str, query: &str, start: usize) -> Option<usize> {
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
        for inner in scan::inner_queries(query) {
            let text = &query[inner.clone()];
            if self.all_of(&known, &format!("({text})"), "q") {
                return self.within(&known, text, start + inner.start);
            }
        }
        self.of_select(&known, query, start)
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

    fn of_select(&self, with: &str, query: &str, start: usize) -> Option<usize> {
        let (items, from) = scan::items(query);
        let rest = &query[from..];
        let behind = || Some(start + from + self.sign(rest).unwrap_or(0));
        let Ok(columns) = self.warehouse.describe(&format!("{with} {query}")) else {
            // It does not even bind: items alone do, but for one.
            let wrong = items
                .iter()
                .find(|item| self.fails(&format!("{with} select {} {rest}", &query[(*item).clone()])));
            let all = wrong.filter(|_| !self.fails(&format!("{with} select 1 {rest}")));
            return all.map(|item| self.in_item(query, item, start)).or_else(behind);
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
            return item.map(|item| self.in_item(query, item, start));
        }
        behind()
    }

    fn in_item(&self, query: &str, item: &Range<usize>, start: usize) -> usize {
        start + item.start + self.sign(&query[item.clone()]).unwrap_or(0)
    }

    /// Where `text` has what the message speaks of.
    fn sign(&self, text: &str) -> Option<usize> {
        let message = &self.error.message;
        let known = SIGNS.iter().find(|(part, _)| message.contains(part)).map(|(_, signs)| signs.to_vec());
        // Else the names that the message has in quotes.
        let signs = known.unwrap_or_else(|| message.split('"').skip(1).step_by(2).collect());
        let (tokens, _) = scan::tokens(text);
        let is_sign =
            |word: &str| signs.iter().any(|sign| word.trim_matches(['"', '\'']).eq_ignore_ascii_case(sign));
        tokens.into_iter().find(|token| is_sign(&text[token.range.clone()])).map(|token| token.range.start)
    }
}

fn join(with: &str, name: &str, body: &str) -> String {
    if with.is_empty() {
        format!("with recursive {name} as ({body})")
    } else {
        format!("{with}, {name} as ({body})")
    }
}
