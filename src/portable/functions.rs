//! The functions that give the same rows on both engines: anything else is refused, because the danger is a difference
//! that nobody sees. A test asks both engines about each of them, with NULL, NaN, empty and negative values and ties.

/// What a function of DuckDB is on Spark.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    pub name: &'static str,
    pub arguments: &'static [usize],
    /// Another name; or a text in which `$1` stands for the first argument, and `$~` for `filter (…) over (…)`.
    pub spark: &'static str,
    pub gives: Gives,
}

/// What is known of a function's type without knowing those of its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    Double,
    /// A whole number or a boolean.
    Whole,
    Other,
}

use Gives::{Double, Other, Whole};

const fn f(name: &'static str, arguments: &'static [usize], spark: &'static str, gives: Gives) -> Function {
    Function { name, arguments, spark, gives }
}

/// However many arguments.
const ANY: &[usize] = &[];

/// DuckDB rounds the median of decimals to their scale.
const MEDIAN: &str = "median(case when typeof($1) like 'decimal%' then raise_error('the median of decimals differs: cast them to double') else $1 end)$~";
const QUANTILE: &str = "percentile(case when typeof($1) like 'decimal%' then raise_error('a quantile of decimals differs: cast them to double') else $1 end, $2)$~";
/// Spark gives NULL for the logarithm of 0 and less.
const LN: &str = "case when $1 <= 0 then raise_error('the logarithm of 0 or less') else ln($1) end";
const LOG10: &str = "case when $1 <= 0 then raise_error('the logarithm of 0 or less') else log10($1) end";
/// Spark divides and rounds in decimals; whole numbers and decimals add up exactly on both.
const AVG: &str = "(sum($1)$~ / 1D / nullif(count($1)$~, 0))";
/// Spark gives a whole number, which has no NaN and no Infinity.
const FLOOR: &str = "case when abs(cast($1 as double)) < 9e15 then floor($1) else $1 end";
const CEIL: &str = "case when abs(cast($1 as double)) < 9e15 then ceil($1) else $1 end";
const DATE_TRUNC: &str = "cast(date_trunc($1, $2) as timestamp)";

/// Those of the same name on both, by how many arguments they have and what they give.
const SAME: [(&[usize], Gives, &str); 21] = [
    // aggregates
    (&[1], Whole, "count bool_and bool_or"),
    (&[1], Other, "sum min max"),
    (&[1], Double, "stddev stddev_samp stddev_pop variance var_samp var_pop"),
    // windows
    (&[0], Whole, "row_number rank dense_rank"),
    (&[0], Double, "percent_rank cume_dist"),
    (&[1], Whole, "ntile"),
    (&[1], Other, "first_value last_value"),
    (&[1, 2, 3], Other, "lag lead"),
    // choices
    (ANY, Other, "coalesce greatest least"),
    (&[2], Other, "ifnull nullif"),
    (&[3], Other, "if"),
    // numbers
    (&[0], Double, "pi"),
    (&[1], Other, "abs sign round"),
    (&[1], Double, "sqrt cbrt exp sin cos tan asin acos atan radians degrees"),
    (&[2], Double, "power atan2"),
    // texts, dates and numbers
    (&[1], Whole, "length year quarter month day hour"),
    (&[1], Other, "lower upper trim ltrim rtrim md5 last_day"),
    (&[2], Other, "left right mod"),
    (&[2], Whole, "contains"),
    (&[2, 3], Other, "substring"),
    (&[3], Other, "replace"),
];

/// Those of another name, or written otherwise.
const OTHERS: [Function; 15] = [
    f("count_if", &[1], "sum(cast($1 as integer))$~", Whole),
    f("avg", &[1], AVG, Double),
    f("any_value", &[1], "max", Other),
    f("median", &[1], MEDIAN, Other),
    f("quantile_cont", &[2], QUANTILE, Other),
    f("floor", &[1], FLOOR, Other),
    f("ceil", &[1], CEIL, Other),
    f("ceiling", &[1], CEIL, Other),
    f("pow", &[2], "power", Double),
    f("ln", &[1], LN, Double),
    f("log10", &[1], LOG10, Double),
    f("starts_with", &[2], "startswith", Whole),
    f("ends_with", &[2], "endswith", Whole),
    f("isodow", &[1], "(weekday($1) + 1)", Whole),
    f("date_trunc", &[2], DATE_TRUNC, Other),
];

/// All of the list.
pub fn all() -> impl Iterator<Item = Function> {
    let same = SAME.iter().flat_map(|(arguments, gives, names)| {
        names.split(' ').map(|name| Function { name, arguments, spark: name, gives: *gives })
    });
    same.chain(OTHERS)
}

/// Those that make one value of many rows, whether or not `over (…)` follows.
pub fn is_aggregate(name: &str) -> bool {
    let others = ["first", "count_if", "avg", "any_value", "median", "quantile_cont"];
    SAME[..3].iter().any(|(_, _, names)| names.split(' ').any(|own| own == name)) || others.contains(&name)
}

/// Those whose second argument is a place in a text or a length: what 0 and less mean differs.
pub const COUNTED: [&str; 3] = ["left", "right", "substring"];

/// What `date_trunc` cuts to on both: Spark gives NULL for a word that it does not know.
pub const UNITS: [&str; 8] = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"];

/// How else it is said where a function is not on the list.
const PORTABLE: [(&str, &str); 14] = [
    ("arg_max arg_min", "rank the rows: `qualify row_number() over (partition by … order by …) = 1`"),
    ("last", "`first(x order by … desc)`"),
    ("mode", "count the values and rank them: `qualify row_number() over (… order by n desc, x) = 1`"),
    (
        "date_diff datediff datesub",
        "`{{ days_between(earlier, later) }}` or another macro of queries/macros/time.sql",
    ),
    ("date_add", "`{{ days_after(date, n) }}` of queries/macros/time.sql"),
    ("date_part", "`year(…)`, `month(…)`, `day(…)`, `hour(…)`"),
    ("dayofweek", "`isodow(…)`, 1 Monday to 7 Sunday"),
    ("hash", "`md5(…)` of a text; or take it out of what runs on Spark"),
    ("concat", "`case when … then … end`, or keep the parts as columns"),
    ("log", "`ln(x)` or `log10(x)`"),
    ("log2", "`ln(x) / ln(2)`"),
    ("mean", "`avg(x)`"),
    ("quantile", "`quantile_cont(x, 0.25)`"),
    ("substr", "`substring(text, from, length)`"),
];

/// The function that is called with so many arguments.
///
/// # Errors
/// What differs, and how else to say it.
pub fn find(name: &str, arguments: usize) -> Result<Function, (String, String)> {
    let named = all().find(|function| function.name == name);
    if let Some(found) = named.filter(|f| f.arguments.is_empty() || f.arguments.contains(&arguments)) {
        return Ok(found);
    }
    if name == "round" {
        let hint = "round(x * 100) / 100, which both engines round in the same way";
        return Err(("`round` to digits differs between DuckDB and Spark".to_owned(), hint.to_owned()));
    }
    if named.is_some() {
        let what =
            format!("`{name}` with {arguments} arguments is not on the list of what is the same on Spark");
        return Err((what, "docs/spark.md has the list".to_owned()));
    }
    let known = PORTABLE.iter().find(|(others, _)| others.split(' ').any(|other| other == name));
    let hint = known.map_or(
        "docs/spark.md has the list; a macro in queries/macros/spark/ may say it for Spark",
        |(_, way)| way,
    );
    Err((format!("`{name}` is not on the list of what is the same on Spark"), hint.to_owned()))
}
