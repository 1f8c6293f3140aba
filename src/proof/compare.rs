//! What differs between the two builds of a table, and who is the example.

use anyhow::Result;

use super::Proof;
use super::layout::{CUT, SHUFFLED, WHOLE};
use crate::diagnose::Apart;
use crate::difference::{Column, Difference, Mismatch, is_equal};
use crate::problem::{Place, Problem};
use crate::template::Rendered;
use crate::term::thousands;
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
        shape: &[Column],
    ) -> Result<(i64, usize, Vec<Problem>)> {
        let name = table.name;
        let cut = self.warehouse.columns_of(CUT, name)?;
        let lacks =
            |columns: &[Column], (wanted, _): &Column| !columns.iter().any(|(name, _)| name == wanted);
        let mut problems = Vec::new();
        let odd = shape.iter().find(|column| lacks(&cut, column));
        if let Some((column, _)) = odd.or_else(|| cut.iter().find(|column| lacks(shape, column))) {
            let what = format!("column `{column}` of `{name}` is there or not, as the future has it");
            problems.push(self.leak(table, column, &what)?);
        }
        let is_skipped = |column: &str| table.skipped.iter().any(|name| column.eq_ignore_ascii_case(name));
        let is_compared = |column: &&Column| {
            !table.key.contains(&column.0) && !is_skipped(&column.0) && !lacks(&cut, column)
        };
        let columns: Vec<&Column> = shape.iter().filter(is_compared).collect();
        let names = table.key.iter().chain(columns.iter().map(|(name, _)| name));
        let names: Vec<String> = names.map(|name| ident(name)).collect();
        let (whole, cut) = (format!("{WHOLE}.{name}"), format!("{CUT}.{name}"));
        if problems.is_empty() && is_equal(self.warehouse, &whole, &cut, &names)? {
            let sql = format!("select count(*) from {whole}");
            let rows = self.warehouse.row(&sql, &[], |row| row.get(0))?.unwrap_or(0);
            return Ok((rows, columns.len(), problems));
        }
        let difference = self.difference([WHOLE, CUT], name, table.key);
        let compared = difference.compare(columns.iter().copied())?;
        let rows = [(compared.gone, "with"), (compared.new, "without")];
        for (mismatch, which) in rows.into_iter().filter_map(|(found, which)| Some((found?, which))) {
            let (count, entity) = (mismatch.rows, difference.example(&mismatch, "")?);
            let what =
                format!("{count} rows of `{name}` are there only {which} what became known later: {entity}");
            problems.push(self.leak(table, "", &what)?);
        }
        for mismatch in &compared.columns {
            let column = &mismatch.column;
            // A rule is made of the columns before it, and no better than they are.
            if !problems.is_empty() && (table.rule_place)(column).is_some() {
                continue;
            }
            let entity = difference.example(mismatch, "without the future")?;
            problems.push(if self.is_unsteady(table, mismatch)? {
                Problem::data(format!("`{column}` of `{name}` is not the same when it is built again: {entity}"))
                    .at(self.place([CUT, SHUFFLED], table.rendered, column)?)
                    .on(self.date)
                    .hint("it depends on the order of rows: give first(), limit, row_number() and the like an order without ties")
            } else {
                let (count, of) = (mismatch.rows, thousands(u64::try_from(compared.w)?));
                let what = format!("`{column}` of `{name}` has seen the future in {count} of {of} rows: {entity}");
                self.leak(table, column, &what)?
            });
        }
        Ok((compared.w, columns.len(), problems))
    }

    /// A table in two databases.
    pub(super) fn difference<'b>(
        &'b self,
        databases: [&str; 2],
        table: &str,
        key: &'b [String],
    ) -> Difference<'b> {
        let [w, c] = databases.map(|database| format!("{database}.{table}"));
        Difference::new(self.warehouse, &w, &c, key)
    }

    /// Where a column, or the rows for none, comes out otherwise in the second database.
    pub(super) fn place(&self, databases: [&str; 2], rendered: &Rendered, column: &str) -> Result<Place> {
        let templates = &self.catalog.templates;
        Apart { warehouse: self.warehouse, templates, rendered, databases }.place(column)
    }

    fn leak(&self, table: &Compared<'_>, column: &str, what: &str) -> Result<Problem> {
        let place = match (table.rule_place)(column) {
            Some(place) => place,
            None => self.place([WHOLE, CUT], table.rendered, column)?,
        };
        let hint = match table.name.split_once('.') {
            Some(("scores", _)) => {
                "the label is known only later: no input, and no condition on rows, may depend on it"
            }
            Some(("abt", _)) => {
                "outcome() is for the label and label_known_on alone; the population and all other columns come from source() and ref()"
            }
            _ => "what is read has to be known before the reference date",
        };
        Ok(Problem::data(what).at(place).on(self.date).hint(hint))
    }

    /// Whether the column differs by itself: built from the same rows in another order.
    fn is_unsteady(&self, table: &Compared<'_>, mismatch: &Mismatch) -> Result<bool> {
        if (table.rule_place)(&mismatch.column).is_some() {
            return Ok(false);
        }
        self.shuffle()?;
        self.refer(SHUFFLED, table.rendered, CUT)?;
        self.build(SHUFFLED, table.name, table.rendered, "q.*")?;
        let difference = self.difference([CUT, SHUFFLED], table.name, table.key);
        let found = difference.find(&mismatch.condition, "", "")?;
        self.forget(SHUFFLED, table.name)?;
        Ok(found.is_some())
    }
}
