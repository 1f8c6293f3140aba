//! One table in two databases: its rows side by side, and when a value differs.

use crate::warehouse::ident;

/// Sums of floats on several threads differ in their last digits: numbers are equal within this, relative to the
/// larger one, and at least absolutely.
const TOLERANCE: f64 = 1e-9;

/// FROM with the rows of `table` in both databases: `w` and `c`, with `in_whole` and `in_cut` where they are.
pub fn joined(left: &str, right: &str, table: &str, key: &[String]) -> String {
    let on = key.iter().map(|name| format!("w.{0} is not distinct from c.{0}", ident(name)));
    format!(
        "from (select *, true as in_whole from {left}.{table}) as w
         full join (select *, true as in_cut from {right}.{table}) as c on {}",
        on.collect::<Vec<_>>().join(" and ")
    )
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
    format!("w.in_whole and c.in_cut and ({apart}){close}")
}
