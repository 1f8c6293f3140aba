//! What differs between the two builds of a table, and who is the example.

use anyhow::Result;

use super::{CUT, Proof, SHUFFLED, WHOLE, build};
use crate::diagnose::column_place;
use crate::problem::{Place, Problem};
use crate::proof::side_by_side::{differs, joined};
use crate::template::Rendered;
use crate::warehouse::ident;

/// A table that stands in both databases.
pub struct Compared<'a> {
    pub name: &'a str,
    pub key: &'a [String],
    /// Columns that may know the future: the label.
    pub skipped: &'a [&'a str],
    pub rendered: &'a Rendered,
    /// Of a column that is a model's rule.
    pub rule_place: &'a dyn Fn(&str) -> Option<Place>,
}

impl Proof<'_> {
    /// Rows, columns compared, and what differs.
    pub(super) fn compare(
        &self,
        table: &Compared<'_>,
        shape: &[(String, String)],
    ) -> Result<(i64, usize, Vec<Problem>)> {
        let name = table.name;
        let cut = self.columns(CUT, name)?;
        let has = |columns: &[(String, String)], wanted: &str| columns.iter().any(|(name, _)| name == wanted);
        let mut problems = Vec::new();
        let (here, there) =
            (shape.iter().map(|column| (column, &cut)), cut.iter().map(|column| (column, shape)));
        let odd = here
            .map(|(column, other)| (column, &other[..]))
            .chain(there)
            .find(|((column, _), other)| !has(other, column));
        if let Some(((column, _), _)) = odd {
            let what = format!("column `{column}` of `{name}` is there or not, as the future has it");
            problems.push(self.leak(table, column, &what)?);
        }
        let is_compared = |column: &&(String, String)| {
            has(&cut, &column.0)
                && column.0 != "reference_date"
                && !table.key.contains(&column.0)
                && !table.skipped.iter().any(|skipped| column.0.eq_ignore_ascii_case(skipped))
        };
        let columns: Vec<&(String, String)> = shape.iter().filter(is_compared).collect();
        if problems.is_empty() && self.is_equal(table, &columns)? {
            let sql = format!("select count(*) from {WHOLE}.{name}");
            let rows = self.warehouse.row(&sql, &[], |row| row.get::<_, i64>(0))?.unwrap_or(0);
            return Ok((rows, columns.len(), problems));
        }
        let joined = joined(WHOLE, CUT, name, table.key);
        let mut counts = vec![
            "count(*) filter (where w.in_whole)".to_owned(),
            "count(*) filter (where c.in_cut is null)".to_owned(),
            "count(*) filter (where w.in_whole is null)".to_owned(),
        ];
        counts.extend(columns.iter().map(|column| format!("count(*) filter (where {})", differs(column))));
        let sql = format!("select [{}] {joined}", counts.join(", "));
        let counts =
            self.warehouse.row(&format!("select to_json(a)::varchar from ({sql}) as t(a)"), &[], |row| {
                row.get::<_, String>(0)
            })?;
        let counts: Vec<i64> = counts.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
        let [rows, gone, new, different @ ..] = &counts[..] else { return Ok((0, 0, problems)) };
        for (count, side, which) in
            [(*gone, "c.in_cut is null", "only with"), (*new, "w.in_whole is null", "only without")]
        {
            if count > 0 {
                let entity = self.example(&joined, table.key, side, &[])?;
                let what =
                    format!("{count} rows of `{name}` are there {which} what became known later: {entity}");
                problems.push(self.leak(table, "", &what)?);
            }
        }
        for (column, count) in columns.iter().zip(different).filter(|(_, count)| **count > 0) {
            let shown = ident(&column.0);
            let entity = self.example(&joined, table.key, &differs(column), &[&shown])?;
            let of = crate::term::thousands(u64::try_from(*rows).unwrap_or(0));
            problems.push(if (table.rule_place)(&column.0).is_none() && self.is_unsteady(table, &differs(column))? {
                Problem::data(format!("`{}` of `{name}` is not the same when it is built again: {entity}", column.0))
                    .at(column_place(self.catalog, table.rendered, &column.0))
                    .on(self.date)
                    .hint("it depends on the order of rows: give first(), limit, row_number() and the like an order without ties")
            } else {
                let what = format!("`{}` of `{name}` has seen the future in {count} of {of} rows: {entity}", column.0);
                self.leak(table, &column.0, &what)?
            });
        }
        Ok((*rows, columns.len(), problems))
    }

    fn leak(&self, table: &Compared<'_>, column: &str, what: &str) -> Result<Problem> {
        let place = match (table.rule_place)(column) {
            Some(place) => place,
            None => column_place(self.catalog, table.rendered, column),
        };
        let hint = if table.name.starts_with("scores.") {
            "the label is known only later: no input, and no condition on rows, may depend on it"
        } else if table.name.starts_with("abt.") {
            "outcome() is for the label and label_known_on alone; the population and all other columns come from source() and ref()"
        } else {
            "what is read has to be known before the reference date"
        };
        Ok(Problem::data(what).at(place).on(self.date).hint(hint))
    }

    /// Whether both have the same rows, to the last digit: mostly they have, and nothing more is to be asked.
    fn is_equal(&self, table: &Compared<'_>, columns: &[&(String, String)]) -> Result<bool> {
        let mut names: Vec<String> = table.key.iter().map(|name| ident(name)).collect();
        names.extend(columns.iter().map(|(name, _)| ident(name)));
        let (names, name) = (names.join(", "), table.name);
        let sql = format!(
            "select (select count(*) from {WHOLE}.{name}) = (select count(*) from {CUT}.{name})
                 and not exists (select {names} from {WHOLE}.{name} except all select {names} from {CUT}.{name})"
        );
        Ok(self.warehouse.row(&sql, &[], |row| row.get::<_, bool>(0))?.unwrap_or(false))
    }

    /// One entity, and its values in both.
    pub(super) fn example(
        &self,
        joined: &str,
        key: &[String],
        condition: &str,
        columns: &[&str],
    ) -> Result<String> {
        let mut parts: Vec<String> = key
            .iter()
            .map(|name| {
                format!("'{} ' || coalesce(w.{1}, c.{1})::varchar", name.replace('\'', "''"), ident(name))
            })
            .collect();
        for column in columns {
            parts.push(format!(
                "'has ' || coalesce(w.{column}::varchar, 'NULL') || ', and without the future ' || coalesce(c.{column}::varchar, 'NULL')"
            ));
        }
        let order = key.iter().map(|name| format!("coalesce(w.{0}, c.{0})", ident(name))).collect::<Vec<_>>();
        let sql = format!(
            "select concat_ws(' ', {}) {joined} where {condition} order by {} limit 1",
            parts.join(", "),
            order.join(", ")
        );
        Ok(self.warehouse.row(&sql, &[], |row| row.get::<_, String>(0))?.unwrap_or_default())
    }

    /// Whether the table differs by itself: built from the same rows in another order.
    fn is_unsteady(&self, table: &Compared<'_>, condition: &str) -> Result<bool> {
        if !self.is_shuffled.replace(true) {
            for source in &self.sources {
                let name = ident(source);
                self.warehouse.batch(&format!(
                    "create table {SHUFFLED}.sources.{name} as from {CUT}.sources.{name} order by random()"
                ))?;
            }
            self.macros(SHUFFLED)?;
        }
        for other in &table.rendered.refs {
            self.warehouse
                .batch(&format!("create or replace view {SHUFFLED}.{other} as from {CUT}.{other}"))?;
        }
        build(self.warehouse, self.catalog, self.date, SHUFFLED, table.name, table.rendered, None)?;
        let joined = joined(CUT, SHUFFLED, table.name, table.key);
        let sql = format!("select 1 {joined} where {condition} limit 1");
        let is_unsteady = self.warehouse.row(&sql, &[], |_| Ok(()))?.is_some();
        self.forget(SHUFFLED, table.name)?;
        Ok(is_unsteady)
    }
}
