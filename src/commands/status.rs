//! `olist status`: what is built, stale, missing and failed, and what the next run does.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};

use super::Session;
use crate::cli::Selection;
use crate::ingest;
use crate::output::{self, Format, Table};
use crate::problem;
use crate::run::{Loaded, Prospect, Standing, State, status as standing};
use crate::term;
use crate::warehouse::Warehouse;

/// Dates that fit beside a table's name.
const DATES: usize = 48;
/// Characters of a reason that are shown.
const REASON: usize = 72;

pub fn status(session: &Session, selection: &Selection) -> Result<()> {
    let warehouse = session.open_whole(Vec::new())?;
    let loaded = Loaded::read(&warehouse)?;
    let mut catalog = session.catalog_of_the_rest(loaded.last_date())?;
    let mistakes = std::mem::take(&mut catalog.mistakes);
    let selected = selection.of(&catalog)?;
    let status = standing(&warehouse, &catalog, &loaded, &selected)?;
    let sources = sources(&warehouse)?;
    match session.options.format {
        Format::Json => {
            let data_until = loaded.data_until.to_string();
            let all = json!({
                "data_until": data_until,
                "synthetic": ingest::is_synthetic(&warehouse)?,
                "sources": serde_json::from_str::<Value>(&sources.json()?)?,
                "partitions": serde_json::from_str::<Value>(&partitions(&status.standings).json()?)?,
                "models": status.prospects.iter().map(|one| as_json(one, loaded.last_date())).collect::<Vec<_>>(),
            });
            output::json(&all)?;
        }
        Format::Csv => partitions(&status.standings).print(Format::Csv)?,
        _ => {
            term::note(&format!("data until {}", loaded.data_until));
            if ingest::is_synthetic(&warehouse)? {
                term::note(ingest::SYNTHETIC);
            }
            term::data(&sources.text())?;
            term::data(&map(&status.standings))?;
            term::data(&reasons(&status.standings))?;
            term::data(&quarantined(&status.standings))?;
            term::data(&models(&status.prospects, loaded.last_date()))?;
            term::note(&format!(
                "\n`olist run --date latest` ({}) builds {}",
                loaded.last_date(),
                term::counted(status.open, "partition")
            ));
        }
    }
    // Files with mistakes are left out of what is shown.
    Ok(problem::end(mistakes)?)
}

fn sources(warehouse: &Warehouse) -> Result<Table> {
    let sql =
        "select source, rows, strftime(loaded_at, '%Y-%m-%d %H:%M') as loaded, parse_filename(file) as file
        from pipeline.loads where is_current order by source";
    Ok(warehouse.arrow(sql)?.table())
}

fn partitions(standings: &[Standing]) -> Table {
    let mut table = Table::new(&["table_name", "reference_date", "state", "why", "rows", "quarantined"]);
    for one in standings {
        let rows = one.rows.map_or_else(String::new, |rows| rows.to_string());
        table.push(vec![
            one.table.clone(),
            one.date.to_string(),
            one.state.name().to_owned(),
            one.why.clone(),
            rows,
            one.quarantined.to_string(),
        ]);
    }
    table
}

const fn sign(state: State) -> char {
    match state {
        State::Built => '#',
        State::Stale => 's',
        State::Missing => 'm',
        State::Failed => 'F',
    }
}

/// Tables by dates, a character each: the last dates that fit.
fn map(standings: &[Standing]) -> String {
    let all: BTreeSet<NaiveDate> = standings.iter().map(|one| one.date).collect();
    let dates: Vec<NaiveDate> = all.iter().copied().skip(all.len().saturating_sub(DATES)).collect();
    let (Some(first), Some(last)) = (dates.first(), dates.last()) else {
        return "\nnothing is built yet: `olist run --date D` does\n".to_owned();
    };
    let mut lines: BTreeMap<&str, Vec<char>> = BTreeMap::new();
    for one in standings {
        let line = lines.entry(&one.table).or_insert_with(|| vec!['.'; dates.len()]);
        if let Ok(at) = dates.binary_search(&one.date) {
            line[at] = sign(one.state);
        }
    }
    let months: String = dates
        .iter()
        .scan(None, |before, date| {
            let month = (date.year(), date.month());
            let is_new = before.replace(month) != Some(month);
            Some(if is_new { char::from(b"JFMAMJJASOND"[date.month0() as usize]) } else { ' ' })
        })
        .collect();
    let of = if all.len() > dates.len() {
        format!(" (the last {} of {})", dates.len(), all.len())
    } else {
        String::new()
    };
    let head = format!(
        "\n{} from {first} to {last}{of}; # built, s stale, m missing, F failed\n{:<30}{months}\n",
        term::counted(dates.len(), "date"),
        ""
    );
    let line =
        |(table, line): (&str, Vec<char>)| format!("{table:<30}{}\n", line.into_iter().collect::<String>());
    [head].into_iter().chain(lines.into_iter().map(line)).collect()
}

/// What is not simply built, a line a table and reason.
fn reasons(standings: &[Standing]) -> String {
    let mut lines: BTreeMap<(usize, &str, &str), Vec<NaiveDate>> = BTreeMap::new();
    for one in standings.iter().filter(|one| one.state != State::Built) {
        let place = State::ALL.iter().position(|state| *state == one.state).unwrap_or(0);
        lines.entry((place, &one.table, &one.why)).or_default().push(one.date);
    }
    let line = |((place, table, why), dates): ((usize, &str, &str), Vec<NaiveDate>)| {
        let dates = match &dates[..] {
            [date] => date.to_string(),
            [first, .., last] => format!("{} from {first} to {last}", term::counted(dates.len(), "date")),
            [] => String::new(),
        };
        let why: String = why.lines().next().unwrap_or_default().chars().take(REASON).collect();
        format!("{:<8}{table}, {dates}\n        {why}\n", State::ALL[place].name())
    };
    let head = if lines.is_empty() { "" } else { "\n" };
    [head.to_owned()].into_iter().chain(lines.into_iter().map(line)).collect()
}

/// The tables out of which checks keep rows.
fn quarantined(standings: &[Standing]) -> String {
    let mut lines: BTreeMap<&str, (i64, usize)> = BTreeMap::new();
    for one in standings.iter().filter(|one| one.quarantined > 0) {
        let (rows, dates) = lines.entry(&one.table).or_default();
        (*rows, *dates) = (*rows + one.quarantined, *dates + 1);
    }
    let line = |(table, (rows, dates)): (&str, (i64, usize))| {
        let rows = term::counted(usize::try_from(rows).unwrap_or(0), "row");
        let dates = term::counted(dates, "date");
        format!("aside   {table}, {rows} of {dates}: pipeline.quarantine\n")
    };
    let head = if lines.is_empty() { "" } else { "\n" };
    [head.to_owned()].into_iter().chain(lines.into_iter().map(line)).collect()
}

fn models(prospects: &[Prospect], date: NaiveDate) -> String {
    let told = |Prospect { model, champion, training, failed }: &Prospect| {
        let champion = match champion {
            Some(version) => format!(
                "version {} (`{}`), as of {}, {} old",
                version.number,
                version.candidate,
                version.as_of,
                term::counted(usize::try_from((date - version.as_of).num_days()).unwrap_or(0), "day")
            ),
            None => "no champion".to_owned(),
        };
        let next = training.as_ref().map_or_else(|| "goes on".to_owned(), |why| format!("is trained: {why}"));
        let failed =
            failed.as_ref().map_or_else(String::new, |why| format!("    its training failed {why}\n"));
        format!("\n{model}: {champion}\n{failed}    at {date} it {next}\n")
    };
    prospects.iter().map(told).collect()
}

fn as_json(prospect: &Prospect, date: NaiveDate) -> Value {
    let champion = prospect.champion.as_ref();
    json!({
        "model": prospect.model,
        "champion": champion.map(|version| version.number),
        "candidate": champion.map(|version| &version.candidate),
        "as_of": champion.map(|version| version.as_of.to_string()),
        "age_days": champion.map(|version| (date - version.as_of).num_days()),
        "next_date": date.to_string(),
        "trained_next_because": prospect.training,
        "training_failed": prospect.failed,
    })
}
