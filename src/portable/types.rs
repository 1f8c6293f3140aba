//! Casts, and what is known of the type of an expression.

use sqlparser::ast::{CastKind, Expr, ObjectName, Spanned, UnaryOperator, Value};

use super::call::filled;
use super::functions::{self, Gives};
use super::walk::Walk;

impl Walk<'_> {
    pub fn cast(&mut self, kind: &CastKind, expr: &Expr, sql_type: &str) {
        self.expr(expr);
        self.come_to(expr.span().start);
        let Some(inside) = self.text.token_at(expr.span().start) else { return };
        let (at, value) = match kind {
            CastKind::Cast => {
                let Some(call) = self.text.take_call(inside, "cast") else { return };
                let Some(word) = self.text.last_inside(&call, "as") else { return };
                (call.name..call.end, call.brackets.start + 1..word)
            }
            CastKind::DoubleColon => {
                let Some(sign) = self.text.take(inside, "::") else { return };
                let start = match expr {
                    Expr::Nested(_) => self.text.open(sign - 1),
                    Expr::Identifier(_)
                    | Expr::CompoundIdentifier(_)
                    | Expr::Value(_)
                    | Expr::Function(_)
                    | Expr::Case { .. } => inside,
                    _ => {
                        return self.refuse(
                            "`::` is read here only behind a name or brackets",
                            format!("`cast(… as {sql_type})`"),
                        );
                    }
                };
                let has_size = self.text.is(sign + 2, "(");
                let end = if has_size { self.text.close(sign + 2) } else { sign + 1 };
                (start..end + 1, start..sign)
            }
            _ => return self.refuse("`try_cast` reads other texts on Spark", "`cast(… as …)`"),
        };
        self.stand_at(at.start);
        match cast_template(expr, sql_type) {
            Ok(template) => {
                let (at, value) = (self.text.bytes(at), self.text.bytes(value));
                self.text.replace(at, filled(&template, &[value], &(0..0)));
            }
            Err((message, hint)) => self.refuse(message, hint),
        }
    }
}

const FLOATS: &str = "typeof($1) in ('double', 'float')";

/// What a cast is on Spark, which cuts where DuckDB rounds: halves of doubles to the even whole number, in decimals away
/// from zero. `typeof` is known before any row is read.
fn cast_template(expr: &Expr, sql_type: &str) -> Result<String, (String, String)> {
    let plain = format!("cast($1 as {sql_type})");
    Ok(match sql_type {
        "double" | "date" | "boolean" | "bool" => plain,
        // A time zone in a text counts in DuckDB alone.
        "timestamp" => format!(
            "case when typeof($1) = 'string' then raise_error('a text is another timestamp on Spark') else {plain} end"
        ),
        "varchar" | "text" | "string" => {
            let what = "a number with a point is written otherwise on Spark";
            format!("case when {FLOATS} then raise_error('{what}') else cast($1 as string) end")
        }
        "integer" | "int" | "bigint" | "smallint" | "tinyint" => match (is_whole(expr), is_double(expr)) {
            (true, _) => plain,
            (_, true) => format!("cast(rint($1) as {sql_type})"),
            _ => format!(
                "case when {FLOATS} then cast(rint(cast($1 as double)) as {sql_type}) \
                 when typeof($1) like 'decimal%' then cast(cast($1 as decimal(38, 0)) as {sql_type}) else {plain} end"
            ),
        },
        _ => {
            let sizes = sql_type.strip_prefix("decimal(").or(sql_type.strip_prefix("numeric("));
            let Some((width, scale)) = sizes.and_then(|sizes| sizes.trim_end_matches(')').split_once(','))
            else {
                let hint = "integer, bigint, double, decimal(p, s), varchar, date, timestamp and boolean are";
                return Err((format!("the type `{sql_type}` is not the same on Spark"), hint.to_owned()));
            };
            let (width, scale) = (width.trim(), scale.trim());
            let unit = if scale == "0" { "1BD".to_owned() } else { format!("1e-{scale}BD") };
            let plain = format!("cast($1 as decimal({width}, {scale}))");
            let rounded = format!(
                "cast(cast(round(($1) * 1e{scale}D) as bigint) * {unit} as decimal({width}, {scale}))"
            );
            match (is_whole(expr), is_double(expr)) {
                (true, _) => plain,
                (_, true) => rounded,
                _ => format!("case when {FLOATS} then {rounded} else {plain} end"),
            }
        }
    })
}

fn gives(name: &ObjectName) -> Gives {
    let name = name.to_string().to_lowercase();
    let known = functions::all().find(|function| function.name == name);
    known.map_or(Gives::Other, |function| function.gives)
}

/// Whether its type is surely DOUBLE, whatever those of its columns are.
pub fn is_double(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(e) | Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr: e } => {
            is_double(e)
        }
        Expr::Cast { data_type, .. } => data_type.to_string().eq_ignore_ascii_case("double"),
        Expr::Function(function) => gives(&function.name) == Gives::Double,
        Expr::Value(value) => matches!(&value.value, Value::Number(number, _) if number.contains(['e', 'E'])),
        Expr::BinaryOp { left, op, right } => match &*op.to_string() {
            "/" => true,
            "+" | "-" | "*" => is_double(left) || is_double(right),
            _ => false,
        },
        _ => false,
    }
}

/// Whether it is surely a whole number or a boolean.
fn is_whole(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(e) => is_whole(e),
        Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..)
        | Expr::In { .. }
        | Expr::Between { .. }
        | Expr::UnaryOp { op: UnaryOperator::Not, .. } => true,
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) => number.bytes().all(|byte| byte.is_ascii_digit()),
            other => matches!(other, Value::Boolean(_)),
        },
        Expr::Function(function) => gives(&function.name) == Gives::Whole,
        Expr::BinaryOp { op, left, right } => match &*op.to_string() {
            "+" | "-" | "*" => is_whole(left) && is_whole(right),
            other => [">", "<", ">=", "<=", "=", "<>", "AND", "OR"].contains(&other),
        },
        _ => false,
    }
}
