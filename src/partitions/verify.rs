//! What has to hold of a partition's rows.

use anyhow::Result;
use chrono::NaiveDate;

use super::columns::column_place;
use super::partition::Partition;
use super::quarantine::{Examples, SetAside};
use crate::catalog::Node;
use crate::config::Severity;
use crate::diagnose;
use crate::loss;
use crate::problem::{Kind, Problem};
use crate::sql::{Expression, Select};
use crate::template;
use crate::term;
use crate::warehouse::{SqlError, Warehouse, ident, idents, joined};

const STAYS: &str = "the earlier partition stays";
const A_CHECK: &str = "a check is an expression over the columns of this table, such as `price >= 0`";

/// What is counted of a partition: its rows, its keys, rows without one, and those that fail each check.
pub fn counts(node: &Node) -> Vec<String> {
    let nulls = joined(node.spec.key.iter().map(|name| format!("{} is null", ident(name))), " or ");
    let mut counts = vec![
        "count(*)".to_owned(),
        format!("count(distinct ({}))", idents(&node.spec.key)),
        format!("count(*) filter (where {nulls})"),
    ];
    let checks = node.spec.checks.iter();
    counts.extend(checks.map(|check| format!("count(*) filter (where not ({}))", check.expression)));
    counts
}

impl Partition<'_> {
    /// Key and checks, in one pass over its rows, which `query` gave; where the table's columns are `new`, that the checks
    /// are conditions. Gives the number of rows, and what only warns; rows that fail join `examples`.
    pub fn verify_rows(
        self,
        query: &Select,
        is_new: bool,
        examples: &mut Vec<Examples>,
    ) -> Result<(i64, Vec<String>)> {
        let items = counts(self.node);
        let sql = format!("select {} {}", items.join(", "), self.rows());
        let read = |row: &duckdb::Row<'_>| {
            (0..items.len()).map(|at| row.get(at)).collect::<duckdb::Result<Vec<i64>>>()
        };
        let counts = self.warehouse.one(&sql, &[], read).map_err(|error| self.wrong_check(query, error))?;
        if is_new {
            self.verify_conditions()?;
        }
        if let Some(problem) = self.wrong_key(counts[0], counts[1], counts[2])? {
            return Err(problem.at(self.key("key")).on(self.date).into());
        }
        let mut warnings = Vec::new();
        let checks = self.node.spec.checks.iter().zip(&counts[3..]);
        for (check, failing) in checks.filter(|(_, failing)| **failing > 0) {
            let found = self.examples(check)?;
            let example = format!("for example {}", found.named);
            examples.push(found);
            let of = term::thousands(u64::try_from(counts[0])?);
            let what = format!("check failed for {failing} of {of} rows: {}", check.expression);
            let place = self.catalog.templates.in_config(&self.node.file, &check.path, 0);
            let problem = Problem::data(what).at(place).on(self.date);
            if check.severity != Severity::Warn {
                return Err(problem.hint(format!("{example}; {STAYS}")).into());
            }
            warnings.push(problem.hint(example).to_string());
        }
        Ok((counts[0], warnings))
    }

    /// Moves to the quarantine what checks keep out of it, which `query` gave.
    ///
    /// # Errors
    /// They keep out nearly all, unless that is `forced`; a check that does not work.
    pub fn set_aside(self, query: &Select, run_id: &str, forced: bool) -> Result<Vec<SetAside>> {
        let aside = self.quarantine(run_id).map_err(|error| self.wrong_check(query, error))?;
        let gone: usize = aside.iter().map(|aside| aside.rows).sum();
        if gone == 0 || forced {
            return Ok(aside);
        }
        let sql = format!("select count(*) {}", self.rows());
        let left: i64 = self.warehouse.one(&sql, &[], |row| row.get(0))?;
        let all = gone as f64 + left as f64;
        if !loss::is_most(left, all) {
            return Ok(aside);
        }
        let rows = term::thousands(gone as u64);
        let what = format!("checks would keep out {rows} of {all:.0} rows");
        let hint = format!("severity `drop` is for a few: look at the check; `--force` builds it; {STAYS}");
        Err(Problem::data(what).at(self.key("checks")).on(self.date).hint(hint).into())
    }

    /// The same of a table that is built in the database `place` for a proof: nothing is put down.
    pub fn drop_rows(self, query: &Select, place: &str) -> Result<()> {
        let dropped = self.drop_from(&format!("{place}.{}", self.node.name));
        Ok(dropped.map_err(|error| self.wrong_check(query, error))?)
    }

    /// Rows without a key, or with the key of another one.
    fn wrong_key(self, rows: i64, keys: i64, empty: i64) -> Result<Option<Problem>> {
        let key = idents(&self.node.spec.key);
        if empty > 0 {
            let what = format!("{empty} of {rows} rows have no key ({key})");
            return Ok(Some(Problem::data(what).hint(STAYS)));
        }
        if keys == rows {
            return Ok(None);
        }
        let sql = format!(
            "select {key}, count(*) {} group by {key} having count(*) > 1 order by {key} limit 3",
            self.rows()
        );
        let what = format!("the key ({key}) is not unique: {rows} rows, {keys} keys");
        let hint = format!("for example {}; {STAYS}", example_rows(self.warehouse, &sql)?);
        Ok(Some(Problem::data(what).hint(hint)))
    }

    /// DuckDB takes any number but 0 for true.
    fn verify_conditions(self) -> Result<()> {
        let Node { name, file, spec, .. } = self.node;
        if spec.checks.is_empty() {
            return Ok(());
        }
        let items = joined(spec.checks.iter().map(|check| format!("({})", check.expression)), ", ");
        let types = self.warehouse.describe(&Select::of(&format!("select {items} from {name}"))?)?;
        let wrong = spec.checks.iter().zip(types).find(|(_, (_, of))| of != "BOOLEAN");
        let Some((check, (_, other))) = wrong else { return Ok(()) };
        let what = format!("this check is no condition: it gives {}", other.replace('"', ""));
        let place = self.catalog.templates.in_config(file, &check.path, 0);
        Err(Problem::usage(what).at(place).on(self.date).hint(A_CHECK).into())
    }

    /// A partition of which nine of ten rows are gone, beside the `usual` number of the last dates.
    ///
    /// # Errors
    /// That, unless config says `row_count = 'warn'` or it is `forced`.
    pub fn verify_row_count(self, usual: Option<f64>, rows: i64, forced: bool) -> Result<Option<String>> {
        let Some(usual) = usual.filter(|usual| loss::is_most(rows, *usual)) else { return Ok(None) };
        let Self { node, date, .. } = self;
        let rows = term::counted(usize::try_from(rows)?, "row");
        let what = format!("{rows}, where the last dates had {usual:.0} (median of at most four)");
        let problem = Problem::data(what).at(self.key("row_count")).on(date);
        if forced || node.spec.row_count == Severity::Warn {
            return Ok(Some(problem.to_string()));
        }
        let sql = format!(
            "select {key} from {name}
             where reference_date = (select max(reference_date) from {name} where reference_date < date '{date}')
             except select {key} {rows} order by all limit 3",
            key = idents(&node.spec.key),
            name = node.name,
            rows = self.rows(),
        );
        let gone = match example_rows(self.warehouse, &sql)? {
            gone if gone.is_empty() => String::new(),
            gone => format!("gone since the last date are, for example, {gone}; "),
        };
        let again = format!("olist run --date {date} --select {} --force", node.name);
        Err(problem.hint(format!("{gone}{STAYS}. If it is right, `{again}` builds it")).into())
    }

    /// Labels are 0, 1 or NULL. Gives the day from which on all of them are known; `None` where there is none, or not one
    /// for each row.
    pub fn verify_label(self) -> Result<Option<NaiveDate>> {
        let Node { kind, spec, .. } = self.node;
        let label = spec.label.as_deref().filter(|_| *kind == template::Kind::Abt);
        let Some(label) = label else { return Ok(None) };
        let wrong = format!("filter (where {}::double not in (0, 1))", ident(label));
        let sql = format!(
            "select case when count(*) = count(label_known_on) then max(label_known_on)::date end,
                    count(*) {wrong}, any_value({}::varchar) {wrong}, min(({})::varchar) {wrong} {}",
            ident(label),
            idents(&spec.key),
            self.rows(),
        );
        let (known, rows, value, key): (_, i64, Option<String>, Option<String>) =
            self.warehouse.one(&sql, &[], |row| row.try_into())?;
        let (Some(value), Some(key)) = (value, key) else { return Ok(known) };
        let what = format!("the label `{label}` is neither 0 nor 1 in {rows} rows, for example {value}");
        let hint = "1 where it happened, 0 where it did not, NULL where that is not known yet";
        let place = column_place(self.catalog, self.node, self.rendered, label);
        let hint = format!("{hint}; the first is {key}; {STAYS}");
        Err(Problem::data(what).at(place).on(self.date).hint(hint).into())
    }

    /// Finds the check that DuckDB could not compute, one by one: this is rare and may be slow. The failed transaction is
    /// over, so another connection computes the rows again.
    fn wrong_check(self, query: &Select, error: SqlError) -> Problem {
        const HEAD: &str = "select count(*) filter (where not (";
        let templates = &self.catalog.templates;
        let other = self.warehouse.another().ok();
        let sql = |expression: &Expression| query.computing(HEAD, expression, "))");
        let failure = |expression| other.as_ref()?.rows(sql(expression).as_str(), &[], |_| Ok(())).err();
        let mut checks = self.node.spec.checks.iter();
        let found = checks.find_map(|check| Some((check, failure(&check.expression)?)));
        let (place, error, kind) = match found {
            Some((check, own)) => {
                let kind = diagnose::kind(self.warehouse, sql(&check.expression).as_str(), &own);
                let own = own.shifted(HEAD.len());
                let at = own.position.unwrap_or(0);
                (templates.in_config(&self.node.file, &check.path, at), own, kind)
            }
            None => (self.key("checks"), error, Kind::Usage),
        };
        let advice = diagnose::advice(self.warehouse, "", &error, &[]);
        let problem = Problem::usage(format!("a check does not work: {}", advice.message));
        Problem { kind, ..problem }.at(place).on(self.date).hint(A_CHECK).maybe_hint(advice.hint)
    }
}

fn example_rows(warehouse: &Warehouse, sql: &str) -> Result<String> {
    Ok(joined(warehouse.arrow(sql)?.texts().iter().map(|cells| cells.join(" ")), ", "))
}
