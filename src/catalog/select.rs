//! What `--select` and `--exclude` mean.

use std::collections::BTreeSet;

use anyhow::Result;
use wildmatch::WildMatch;

use super::{Catalog, Model};
use crate::graph;
use crate::problem::{Problem, suggest};

impl Catalog {
    /// The names that `--select` means, with all they need; everything where nothing was selected. Without those that
    /// `--exclude` means, and all that depends on them.
    pub fn select(&self, wanted: &[String], unwanted: &[String]) -> Result<BTreeSet<String>> {
        let mut selected = BTreeSet::new();
        if wanted.is_empty() {
            selected.extend(self.order.iter().cloned());
        }
        for word in wanted {
            let name = word.strip_suffix('+').unwrap_or(word);
            for table in self.named("--select", name)? {
                let own = || BTreeSet::from([table.clone()]);
                let group = if word.ends_with('+') { graph::downstream(table, &self.needs) } else { own() };
                selected.extend(group.iter().flat_map(|name| graph::upstream(name, &self.needs)));
            }
        }
        for word in unwanted {
            for table in self.named("--exclude", word)? {
                let group = graph::downstream(table, &self.needs);
                selected.retain(|name| !group.contains(name));
            }
        }
        Ok(selected)
    }

    /// The feature stores and ABTs among `selected`.
    pub fn tables_of(&self, selected: &BTreeSet<String>) -> BTreeSet<String> {
        selected.iter().filter(|name| self.tables.contains_key(*name)).cloned().collect()
    }

    /// The models among `selected`.
    pub fn models_of(&self, selected: &BTreeSet<String>) -> Vec<&Model> {
        self.models.values().filter(|model| selected.contains(&model.table())).collect()
    }

    /// The tables and scores that `word` means; none where it means a file that was left out.
    pub fn named(&self, option: &str, word: &str) -> Result<Vec<&String>> {
        let matches: Vec<&String> = self.order.iter().filter(|table| means(word, table)).collect();
        if !matches.is_empty() || self.left_out.iter().any(|table| means(word, table)) {
            return Ok(matches);
        }
        let short = self.order.iter().filter_map(|table| table.split_once('.').map(|(_, short)| short));
        let names: Vec<&str> = self.order.iter().map(String::as_str).chain(short).collect();
        let problem = Problem::usage(format!("{option} {word}: there is no such table or model"));
        Err(problem.maybe_hint(suggest(word, names)).into())
    }
}

/// Whether the user's `word` means `table`: by its whole name, its short name, or its file; `*` stands for any part.
pub fn means(word: &str, table: &str) -> bool {
    let word = WildMatch::new(word);
    let file = table.replacen("scores.", "models.", 1);
    let short = table.split_once('.').map_or(table, |(_, short)| short);
    let path = format!("{}.sql", file.replacen('.', "/", 1));
    [table, short, &file, &path].iter().any(|name| word.matches(name))
}
