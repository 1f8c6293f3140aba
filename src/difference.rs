//! A table made twice, its rows side by side: when a value differs, in how many rows, and an example.

use anyhow::Result;

use crate::warehouse::{Warehouse, ident, text};

/// Sums of floats on several threads differ in their last digits: numbers are equal within this, relative to the
/// larger one, and at least absolutely.
const TOLERANCE: f64 = 1e-9;

/// Whether two numbers are equal in this way.
pub fn is_close(w: f64, c: f64) -> bool {
    (w - c).abs() <= TOLERANCE * 1_f64.max(w.abs()).max(c.abs())
}

/// The rows `w` of one table and the rows `c` of the other, joined by their key.
pub struct Difference<'a> {
    warehouse: &'a Warehouse,
    key: &'a [String],
    from: String,
}

impl<'a> Difference<'a> {
    /// True in rows that only `w` has.
    pub const GONE: &'static str = "c.in_c is null";
    /// True in rows that only `c` has.
    pub const NEW: &'static str = "w.in_w is null";

    pub fn new(warehouse: &'a Warehouse, w: &str, c: &str, key: &'a [String]) -> Self {
        let on = key.iter().map(|name| format!("w.{0} is not distinct from c.{0}", ident(name)));
        let from = format!(
            "from (select *, true as in_w from {w}) as w full join (select *, true as in_c from {c}) as c on {}",
            on.collect::<Vec<_>>().join(" and ")
        );
        Self { warehouse, key, from }
    }

    /// In how many rows `condition` is true, with an example of them; see `example`.
    pub fn find(&self, condition: &str, column: &str, what: &str) -> Result<Option<(i64, String)>> {
        match self.counts(&[condition.to_owned()])?.first() {
            None | Some(0) => Ok(None),
            Some(rows) => Ok(Some((*rows, self.example(condition, column, what)?))),
        }
    }

    /// How many rows each condition is true for.
    pub fn counts(&self, conditions: &[String]) -> Result<Vec<i64>> {
        let counts = conditions.iter().map(|condition| format!("count(*) filter (where {condition})"));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let sql = format!("select to_json([{counts}])::varchar {}", self.from);
        let json = self.warehouse.row(&sql, &[], |row| row.get::<_, String>(0))?.unwrap_or_default();
        Ok(serde_json::from_str(&json)?)
    }

    /// The first entity for which `condition` is true, and its values of `column` in both; `c` is `what`.
    pub fn example(&self, condition: &str, column: &str, what: &str) -> Result<String> {
        let name = |name: &String| format!("coalesce(w.{0}, c.{0})", ident(name));
        let mut parts: Vec<String> = self
            .key
            .iter()
            .map(|key| format!("{} || {}::varchar", text(&format!("{key} ")), name(key)))
            .collect();
        if !column.is_empty() {
            let value = |side: &str| format!("coalesce({side}.{}::varchar, 'NULL')", ident(column));
            parts.push(format!(
                "'has ' || {} || {} || {}",
                value("w"),
                text(&format!(", and {what} ")),
                value("c")
            ));
        }
        let sql = format!(
            "select concat_ws(' ', {}) {} where {condition} order by {} limit 1",
            parts.join(", "),
            self.from,
            self.key.iter().map(name).collect::<Vec<_>>().join(", ")
        );
        Ok(self.warehouse.row(&sql, &[], |row| row.get::<_, String>(0))?.unwrap_or_default())
    }
}

/// True where a column's values differ in a row that is in both.
pub fn differs((name, sql_type): &(String, String)) -> String {
    let name = ident(name);
    let apart = format!("w.{name} is distinct from c.{name}");
    let close = if matches!(sql_type.as_str(), "DOUBLE" | "FLOAT") {
        // Beside infinity everything would be close.
        format!(
            " and not coalesce(isfinite(w.{name}) and isfinite(c.{name})
                 and abs(w.{name} - c.{name}) <= {TOLERANCE:e} * greatest(1, abs(w.{name}), abs(c.{name})), false)"
        )
    } else if sql_type.contains("DOUBLE") || sql_type.contains("FLOAT") {
        // Within lists and structs: the same text, when numbers end after so many digits.
        let digits = |side: &str| {
            format!("regexp_replace({side}.{name}::varchar, '(\\d[\\d.]{{9}})[\\d.]+', '\\1', 'g')")
        };
        format!(" and {} is distinct from {}", digits("w"), digits("c"))
    } else {
        String::new()
    };
    format!("w.in_w and c.in_c and ({apart}){close}")
}

/// Whether two tables have the same values of `columns`, to the last digit: mostly they have, and nothing more is to be
/// asked.
pub fn is_equal(warehouse: &Warehouse, w: &str, c: &str, columns: &[String]) -> Result<bool> {
    let names = columns.join(", ");
    let sql = format!(
        "select (select count(*) from {w}) = (select count(*) from {c})
             and not exists (select {names} from {w} except all select {names} from {c})"
    );
    Ok(warehouse.row(&sql, &[], |row| row.get::<_, bool>(0))?.unwrap_or(false))
}
