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

pub const FUNCTIONS: [Function; 79] = [
    // aggregates
    f("count", &[1], "count", Whole),
    f("count_if", &[1], "sum(cast($1 as integer))$~", Whole),
    f("sum", &[1], "sum", Other),
    f("avg", &[1], AVG, Double),
    f("min", &[1], "min", Other),
    f("max", &[1], "max", Other),
    f("any_value", &[1], "max", Other),
    f("median", &[1], MEDIAN, Other),
    f("quantile_cont", &[2], QUANTILE, Other),
    f("bool_and", &[1], "bool_and", Whole),
    f("bool_or", &[1], "bool_or", Whole),
    f("stddev", &[1], "stddev", Double),
    f("stddev_samp", &[1], "stddev_samp", Double),
    f("stddev_pop", &[1], "stddev_pop", Double),
    f("variance", &[1], "variance", Double),
    f("var_samp", &[1], "var_samp", Double),
    f("var_pop", &[1], "var_pop", Double),
    // windows
    f("row_number", &[0], "row_number", Whole),
    f("rank", &[0], "rank", Whole),
    f("dense_rank", &[0], "dense_rank", Whole),
    f("percent_rank", &[0], "percent_rank", Double),
    f("cume_dist", &[0], "cume_dist", Double),
    f("ntile", &[1], "ntile", Whole),
    f("lag", &[1, 2, 3], "lag", Other),
    f("lead", &[1, 2, 3], "lead", Other),
    f("first_value", &[1], "first_value", Other),
    f("last_value", &[1], "last_value", Other),
    // choices
    f("coalesce", ANY, "coalesce", Other),
    f("ifnull", &[2], "ifnull", Other),
    f("nullif", &[2], "nullif", Other),
    f("greatest", ANY, "greatest", Other),
    f("least", ANY, "least", Other),
    f("if", &[3], "if", Other),
    // numbers
    f("abs", &[1], "abs", Other),
    f("sign", &[1], "sign", Other),
    f("floor", &[1], FLOOR, Other),
    f("ceil", &[1], CEIL, Other),
    f("ceiling", &[1], CEIL, Other),
    f("round", &[1], "round", Other),
    f("mod", &[2], "mod", Other),
    f("sqrt", &[1], "sqrt", Double),
    f("cbrt", &[1], "cbrt", Double),
    f("power", &[2], "power", Double),
    f("pow", &[2], "power", Double),
    f("exp", &[1], "exp", Double),
    f("ln", &[1], LN, Double),
    f("log10", &[1], LOG10, Double),
    f("pi", &[0], "pi", Double),
    f("sin", &[1], "sin", Double),
    f("cos", &[1], "cos", Double),
    f("tan", &[1], "tan", Double),
    f("asin", &[1], "asin", Double),
    f("acos", &[1], "acos", Double),
    f("atan", &[1], "atan", Double),
    f("atan2", &[2], "atan2", Double),
    f("radians", &[1], "radians", Double),
    f("degrees", &[1], "degrees", Double),
    // texts
    f("lower", &[1], "lower", Other),
    f("upper", &[1], "upper", Other),
    f("length", &[1], "length", Whole),
    f("left", &[2], "left", Other),
    f("right", &[2], "right", Other),
    f("substring", &[2, 3], "substring", Other),
    f("trim", &[1], "trim", Other),
    f("ltrim", &[1], "ltrim", Other),
    f("rtrim", &[1], "rtrim", Other),
    f("replace", &[3], "replace", Other),
    f("starts_with", &[2], "startswith", Whole),
    f("ends_with", &[2], "endswith", Whole),
    f("contains", &[2], "contains", Whole),
    f("md5", &[1], "md5", Other),
    // dates
    f("year", &[1], "year", Whole),
    f("quarter", &[1], "quarter", Whole),
    f("month", &[1], "month", Whole),
    f("day", &[1], "day", Whole),
    f("hour", &[1], "hour", Whole),
    f("isodow", &[1], "(weekday($1) + 1)", Whole),
    f("date_trunc", &[2], DATE_TRUNC, Other),
    f("last_day", &[1], "last_day", Other),
];

/// Those that make one value of many rows, whether or not `over (…)` follows.
pub fn is_aggregate(name: &str) -> bool {
    FUNCTIONS
        .iter()
        .take_while(|function| function.name != "row_number")
        .any(|function| function.name == name)
        || name == "first"
}

/// Those whose second argument is a place in a text or a length: what 0 and less mean differs.
pub const COUNTED: [&str; 3] = ["left", "right", "substring"];

/// What `date_trunc` cuts to on both: Spark gives NULL for a word that it does not know.
pub const UNITS: [&str; 8] = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"];

/// How else it is said where a function is not on the list.
const PORTABLE: [(&str, &str); 17] = [
    ("arg_max", "rank the rows: `qualify row_number() over (partition by … order by …) = 1`"),
    ("arg_min", "rank the rows: `qualify row_number() over (partition by … order by …) = 1`"),
    ("last", "`first(x order by … desc)`"),
    ("mode", "count the values and rank them: `qualify row_number() over (… order by n desc, x) = 1`"),
    ("date_diff", "`{{ days_between(earlier, later) }}` or another macro of queries/macros/time.sql"),
    ("datediff", "`{{ days_between(earlier, later) }}` or another macro of queries/macros/time.sql"),
    ("datesub", "`{{ days_between(earlier, later) }}` or another macro of queries/macros/time.sql"),
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
pub fn find(name: &str, arguments: usize) -> Result<&'static Function, (String, String)> {
    let named = || FUNCTIONS.iter().filter(|function| function.name == name);
    if let Some(found) = named().find(|f| f.arguments.is_empty() || f.arguments.contains(&arguments)) {
        return Ok(found);
    }
    if name == "round" {
        let hint = "round(x * 100) / 100, which both engines round in the same way";
        return Err(("`round` to digits differs between DuckDB and Spark".to_owned(), hint.to_owned()));
    }
    if named().next().is_some() {
        let what =
            format!("`{name}` with {arguments} arguments is not on the list of what is the same on Spark");
        return Err((what, "docs/spark.md has the list".to_owned()));
    }
    let known = PORTABLE.iter().find(|(other, _)| *other == name);
    let hint = known.map_or(
        "docs/spark.md has the list; a macro in queries/macros/spark/ may say it for Spark",
        |(_, way)| way,
    );
    Err((format!("`{name}` is not on the list of what is the same on Spark"), hint.to_owned()))
}
