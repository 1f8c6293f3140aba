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

/// Name and type.
pub type Column = (String, String);

/// The rows `w` of one table and the rows `c` of the other, joined by their key.
pub struct Difference<'a> {
    warehouse: &'a Warehouse,
    key: &'a [String],
    from: String,
}

/// What is not the same in both: the values of a column, or rows that one of them lacks.
pub struct Mismatch {
    /// Empty for rows.
    pub column: String,
    pub rows: i64,
    pub condition: String,
}

/// How many rows each has, and what is not the same.
pub struct Comparison {
    pub w: i64,
    pub c: i64,
    /// Rows that only `w` has, and those that only `c` has.
    pub gone: Option<Mismatch>,
    pub new: Option<Mismatch>,
    pub columns: Vec<Mismatch>,
}

impl<'a> Difference<'a> {
    pub fn new(warehouse: &'a Warehouse, w: &str, c: &str, key: &'a [String]) -> Self {
        let on = key.iter().map(|name| format!("w.{0} is not distinct from c.{0}", ident(name)));
        let from = format!(
            "from (select *, true as in_w from {w}) as w full join (select *, true as in_c from {c}) as c on {}",
            on.collect::<Vec<_>>().join(" and ")
        );
        Self { warehouse, key, from }
    }

    /// Compares the rows, and the values of `columns` in rows that are in both.
    pub fn compare<'c>(&self, columns: impl IntoIterator<Item = &'c Column>) -> Result<Comparison> {
        let of_rows = ["w.in_w", "c.in_c", "c.in_c is null", "w.in_w is null"];
        let of_rows = of_rows.map(|condition| (String::new(), condition.to_owned()));
        let of_columns = columns.into_iter().map(|column| (column.0.clone(), differs(column)));
        let (columns, conditions): (Vec<String>, Vec<String>) = of_rows.into_iter().chain(of_columns).unzip();
        let counts = self.counts(&conditions)?;
        let all = columns.into_iter().zip(conditions).zip(&counts);
        let mut all = all
            .skip(2)
            .map(|((column, condition), &rows)| (rows > 0).then_some(Mismatch { column, rows, condition }));
        let (gone, new) = (all.next().flatten(), all.next().flatten());
        Ok(Comparison { w: counts[0], c: counts[1], gone, new, columns: all.flatten().collect() })
    }

    /// In how many rows `condition` is true, with an example of them, in which `c` is `what`.
    pub fn find(&self, condition: &str, column: &str, what: &str) -> Result<Option<(i64, String)>> {
        let rows = self.counts(&[condition.to_owned()])?[0];
        let mismatch = Mismatch { column: column.to_owned(), rows, condition: condition.to_owned() };
        (rows > 0).then(|| Ok((rows, self.example(&mismatch, what)?))).transpose()
    }

    /// How many rows each condition is true for.
    fn counts(&self, conditions: &[String]) -> Result<Vec<i64>> {
        let counts = conditions.iter().map(|condition| format!("count(*) filter (where {condition})"));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let sql = format!("select to_json([{counts}])::varchar {}", self.from);
        let json = self.warehouse.row(&sql, &[], |row| row.get::<_, String>(0))?.unwrap_or_default();
        Ok(serde_json::from_str(&json)?)
    }

    /// The first entity of a mismatch, and its values in both; `c` is `what`.
    pub fn example(&self, Mismatch { column, condition, .. }: &Mismatch, what: &str) -> Result<String> {
        let name = |name: &String| format!("coalesce(w.{0}, c.{0})", ident(name));
        let keys =
            self.key.iter().map(|key| format!("{} || {}::varchar", text(&format!("{key} ")), name(key)));
        let mut parts: Vec<String> = keys.collect();
        if !column.is_empty() {
            let [w, c] =
                ["w", "c"].map(|side| format!("coalesce({side}.{}::varchar, 'NULL')", ident(column)));
            parts.push(format!("'has ' || {w} || {} || {c}", text(&format!(", and {what} "))));
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
pub fn differs((name, sql_type): &Column) -> String {
    let name = ident(name);
    let close = if matches!(sql_type.as_str(), "DOUBLE" | "FLOAT") {
        // Beside infinity everything would be close.
        format!(
            " and not coalesce(isfinite(w.{name}) and isfinite(c.{name})
                 and abs(w.{name} - c.{name}) <= {TOLERANCE:e} * greatest(1, abs(w.{name}), abs(c.{name})), false)"
        )
    } else if sql_type.contains("DOUBLE") || sql_type.contains("FLOAT") {
        // Within lists and structs: the same text, when numbers end after so many digits.
        let [w, c] = ["w", "c"].map(|side| {
            format!("regexp_replace({side}.{name}::varchar, '(\\d[\\d.]{{9}})[\\d.]+', '\\1', 'g')")
        });
        format!(" and {w} is distinct from {c}")
    } else {
        String::new()
    };
    format!("w.in_w and c.in_c and (w.{name} is distinct from c.{name}){close}")
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
