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
use crate::registry::Version;
use crate::run::{self, Loaded, Prospect, Standing, State, Status};
use crate::term;

/// Dates that fit beside a table's name.
const DATES: usize = 48;
/// Characters of a reason that are shown.
const REASON: usize = 72;
const SOURCES: &str =
    "select source, rows, strftime(loaded_at, '%Y-%m-%d %H:%M') as loaded, parse_filename(file) as file
     from pipeline.loads where is_current order by source";

pub fn status(session: &Session, selection: &Selection) -> Result<()> {
    let warehouse = session.open_whole(Vec::new())?;
    let loaded = Loaded::read(&warehouse)?;
    let (catalog, mistakes) = session.catalog_of_the_rest(loaded.last_date())?;
    let selected = selection.of(&catalog)?;
    let Status { standings, prospects, open } = run::status(&warehouse, &catalog, &loaded, &selected)?;
    let (last_date, data_until) = (loaded.last_date(), loaded.data_until.to_string());
    let sources = warehouse.arrow(SOURCES)?.table();
    match session.options.format {
        Format::Json => output::json(&json!({
            "data_until": data_until,
            "synthetic": ingest::is_synthetic(&warehouse)?,
            "sources": sources.values(),
            "partitions": partitions(&standings).values(),
            "models": prospects.iter().map(|one| as_json(one, last_date)).collect::<Vec<_>>(),
        }))?,
        Format::Csv => partitions(&standings).print(Format::Csv)?,
        _ => {
            term::note(&format!("data until {data_until}"));
            if ingest::is_synthetic(&warehouse)? {
                term::note(ingest::SYNTHETIC);
            }
            let parts = [map(&standings), reasons(&standings), quarantined(&standings)];
            term::data(&(sources.text() + &parts.concat() + &models(&prospects, last_date)))?;
            let open = term::counted(open, "partition");
            term::note(&format!("\n`olist run --date latest` ({last_date}) builds {open}"));
        }
    }
    // Files with mistakes are left out of what is shown.
    Ok(problem::end(mistakes)?)
}

fn partitions(standings: &[Standing]) -> Table {
    let mut table = Table::new(&["table_name", "reference_date", "state", "why", "rows", "quarantined"]);
    for Standing { table: name, date, state, why, rows, quarantined } in standings {
        let rows = rows.map_or_else(String::new, |rows| rows.to_string());
        table.row(&[name, date, state, why, &rows, quarantined]);
    }
    table
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
            line[at] = one.state.sign();
        }
    }
    let is_new = |at: usize| at == 0 || dates[at].with_day(1) != dates[at - 1].with_day(1);
    let initial = |date: &NaiveDate| char::from(b"JFMAMJJASOND"[date.month0() as usize]);
    let months = dates.iter().enumerate().map(|(at, date)| if is_new(at) { initial(date) } else { ' ' });
    let of = match all.len() {
        all if all > DATES => format!(" (the last {DATES} of {all})"),
        _ => String::new(),
    };
    let head = format!(
        "\n{} from {first} to {last}{of}; # built, s stale, m missing, F failed\n{:<30}{}\n",
        term::counted(dates.len(), "date"),
        "",
        months.collect::<String>()
    );
    let line =
        |(table, line): (&str, Vec<char>)| format!("{table:<30}{}\n", line.into_iter().collect::<String>());
    [head].into_iter().chain(lines.into_iter().map(line)).collect()
}

/// Lines behind an empty one, if there are any.
fn block(lines: impl Iterator<Item = String>) -> String {
    let lines: String = lines.collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}

/// What is not simply built, a line a table and reason.
fn reasons(standings: &[Standing]) -> String {
    let mut lines: BTreeMap<(State, &str, &str), Vec<NaiveDate>> = BTreeMap::new();
    for one in standings.iter().filter(|one| one.state != State::Built) {
        lines.entry((one.state, &one.table, &one.why)).or_default().push(one.date);
    }
    block(lines.into_iter().map(|((state, table, why), dates)| {
        let dates = match &dates[..] {
            [first, .., last] => format!("{} from {first} to {last}", term::counted(dates.len(), "date")),
            one => one.iter().map(ToString::to_string).collect(),
        };
        let why: String = why.lines().next().unwrap_or_default().chars().take(REASON).collect();
        format!("{state:<8}{table}, {dates}\n        {why}\n")
    }))
}

/// The tables out of which checks keep rows.
fn quarantined(standings: &[Standing]) -> String {
    let mut lines: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for one in standings.iter().filter(|one| one.quarantined > 0) {
        let (rows, dates) = lines.entry(&one.table).or_default();
        (*rows, *dates) = (*rows + one.quarantined, *dates + 1);
    }
    block(lines.into_iter().map(|(table, (rows, dates))| {
        let (rows, dates) = (term::counted(rows, "row"), term::counted(dates, "date"));
        format!("aside   {table}, {rows} of {dates}: pipeline.quarantine\n")
    }))
}

fn models(prospects: &[Prospect], date: NaiveDate) -> String {
    let told = |Prospect { model, champion, training, failed }: &Prospect| {
        let champion = match champion {
            Some(Version { number, candidate, as_of, .. }) => {
                let days = usize::try_from((date - *as_of).num_days()).unwrap_or(0);
                let days = term::counted(days, "day");
                format!("version {number} (`{candidate}`), as of {as_of}, {days} old")
            }
            None => "no champion".to_owned(),
        };
        let next = training.as_ref().map_or_else(|| "goes on".to_owned(), |why| format!("is trained: {why}"));
        let failed =
            failed.as_ref().map_or_else(String::new, |why| format!("    its training failed {why}\n"));
        format!("\n{model}: {champion}\n{failed}    at {date} it {next}\n")
    };
    prospects.iter().map(told).collect()
}

fn as_json(Prospect { model, champion, training, failed }: &Prospect, date: NaiveDate) -> Value {
    let champion = champion.as_ref();
    json!({
        "model": model,
        "champion": champion.map(|version| version.number),
        "candidate": champion.map(|version| &version.candidate),
        "as_of": champion.map(|version| version.as_of.to_string()),
        "age_days": champion.map(|version| (date - version.as_of).num_days()),
        "next_date": date.to_string(),
        "trained_next_because": training,
        "training_failed": failed,
    })
}
