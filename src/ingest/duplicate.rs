//! Where in a CSV file a key stands for the second time.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Result;

use super::files;
use crate::problem::{Place, Problem};

/// The problem that `key` is not unique in `path`: reads the file again, for the line numbers.
pub fn problem(path: Option<&Path>, key: &[String], source: &str) -> Result<Problem> {
    let names = key.join(", ");
    let plain = Problem::data(format!("the key ({names}) of `{source}` is not unique"));
    let Some(path) = path.filter(|path| path.extension().is_none_or(|ending| ending != "parquet")) else {
        return Ok(plain);
    };
    let mut reader = csv::Reader::from_reader(files::open(path)?);
    let headers = reader.headers()?.clone();
    let strip = |name: &str| name.trim_start_matches('\u{feff}').to_ascii_lowercase();
    let at: Vec<usize> = key
        .iter()
        .filter_map(|name| headers.iter().position(|header| strip(header) == name.to_ascii_lowercase()))
        .collect();
    let mut seen: HashMap<Vec<String>, u64> = HashMap::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let value: Vec<String> =
            at.iter().map(|&column| record.get(column).unwrap_or_default().to_owned()).collect();
        if let Some(first) = seen.insert(value.clone(), line) {
            let text = record.iter().collect::<Vec<_>>().join(",");
            let place = Place {
                file: path.display().to_string(),
                line: usize::try_from(line)?,
                column: 0,
                text: text.chars().take(100).collect(),
            };
            return Ok(Problem::data(format!(
                "duplicate key: {names} = {}, first in line {first}",
                value.join(", ")
            ))
            .at(place)
            .hint("one of the two rows has to go; nothing was loaded"));
        }
    }
    Ok(plain)
}
