//! Expressions: their operators, and what they are made of.

use sqlparser::ast::{
    BinaryOperator, CaseWhen, CeilFloorKind, DateTimeField, Expr, InTarget, Interval, Spanned, TypedString,
    UnaryOperator, Value,
};

use super::types::is_double;
use super::walk::Walk;

pub const LIST: &str = "docs/spark.md has the list of what is the same";

impl Walk<'_> {
    pub fn expr(&mut self, expr: &Expr) {
        self.come_to(expr.span().start);
        match expr {
            Expr::Identifier(name) => self.identifier(&name.value),
            Expr::CompoundIdentifier(_) => {}
            Expr::TypedString(typed) => self.literal(typed),
            Expr::Value(value) => match &value.value {
                Value::Number(..) | Value::SingleQuotedString(_) | Value::Boolean(_) | Value::Null => {}
                _ => self.unlisted("this value", LIST),
            },
            Expr::IsFalse(e)
            | Expr::IsNotFalse(e)
            | Expr::IsTrue(e)
            | Expr::IsNotTrue(e)
            | Expr::IsNull(e)
            | Expr::IsNotNull(e)
            | Expr::Nested(e)
            | Expr::UnaryOp {
                op: UnaryOperator::Minus | UnaryOperator::Plus | UnaryOperator::Not,
                expr: e,
            } => self.expr(e),
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.all([&**left, &**right]);
            }
            Expr::Between { expr, low, high, .. } => self.all([&**expr, &**low, &**high]),
            Expr::BinaryOp { left, op, right } => self.operator(left, op, right),
            Expr::Like { expr, pattern, any: false, escape_char: None, .. }
            | Expr::ILike { expr, pattern, any: false, escape_char: None, .. } => self.like(expr, pattern),
            Expr::In { expr, target: InTarget::List(list), .. } => {
                self.expr(expr);
                self.all(list);
            }
            Expr::In { expr, target: InTarget::Subquery(query), .. } => {
                self.expr(expr);
                self.query(query);
            }
            Expr::Exists { subquery, .. } | Expr::Subquery(subquery) => self.query(subquery),
            Expr::Tuple(items) => self.all(items),
            Expr::Case { operand, conditions, else_result, .. } => {
                let cases = conditions.iter().flat_map(|CaseWhen { condition, result }| [condition, result]);
                self.all(operand.iter().map(|e| &**e).chain(cases).chain(else_result.iter().map(|e| &**e)));
            }
            Expr::Cast { kind, expr, data_type, format: None } => {
                self.cast(kind, expr, &data_type.to_string().to_lowercase());
            }
            Expr::Interval(interval) => self.interval(interval),
            Expr::Function(function) => self.function(function),
            _ => self.keyword_call(expr),
        }
    }

    /// Functions that the parser knows by their names.
    fn keyword_call(&mut self, expr: &Expr) {
        let (names, first): (&[&str], _) = match expr {
            Expr::Floor { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                (&["floor"], expr)
            }
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                (&["ceil", "ceiling"], expr)
            }
            Expr::Substring { expr, substring_from: Some(_), special: true, .. } => (&["substring"], expr),
            Expr::Trim { trim_where: None, trim_what: None, trim_characters: None, expr } => {
                (&["trim"], expr)
            }
            Expr::Extract { field, expr, .. } => return self.extract(&field.to_string(), expr),
            _ => return self.unlisted("this", LIST),
        };
        self.expr(first);
        if let Expr::Substring { substring_from, substring_for, .. } = expr {
            self.all(substring_from.iter().chain(substring_for).map(|e| &**e));
        }
        let Some(inside) = self.text.token_at(first.span().start) else { return };
        if let Some(call) = names.iter().find_map(|name| self.text.take_call(inside, name)) {
            self.call(&call, false);
        }
    }

    pub fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn identifier(&mut self, name: &str) {
        let what = format!(
            "`{name}` is a name of the same list: within an aggregate or a window Spark does not know it"
        );
        let is_made = self.depth > 0 && self.names.contains(&name.to_lowercase());
        self.refuse_if(is_made, &what, "make it in a step before: `with … as (select *, … as name from …)`");
    }

    /// `date '2018-01-01'`; a time zone would make another type of it.
    fn literal(&mut self, typed: &TypedString) {
        let is_known = ["DATE", "TIMESTAMP"].contains(&&*typed.data_type.to_string());
        let text = typed.value.to_string();
        if !is_known || text.contains(|c: char| c.is_alphabetic() || c == '+') {
            self.unlisted("this value", "`date '2018-01-01'`, `timestamp '2018-01-01 10:00:00'`");
        }
    }

    fn operator(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) {
        self.all([left, right]);
        self.come_to(left.span().start);
        match &*op.to_string() {
            "+" | "-" | "*" | "%" | "AND" | "OR" | ">" | "<" | ">=" | "<=" | "=" | "<>" => {}
            "/" => {
                let from = self.text.token_at(left.span().start).unwrap_or(0);
                let Some(sign) = self.text.take(from, "/") else { return };
                if !is_double(left) && !is_double(right) {
                    // Two decimals divide to a double in DuckDB; whole numbers do on both.
                    self.text.rename(sign, "/ 1D /");
                }
            }
            "||" => self.refuse(
                "`||` writes numbers otherwise on Spark",
                "keep the parts as columns, or compare them one by one",
            ),
            "//" => self.refuse("`//` is not on Spark", "`floor(a / b)`"),
            "^" => self.refuse("`^` and `**` are other operators on Spark", "`power(a, b)`"),
            other => self.unlisted(&format!("`{other}`"), LIST),
        }
    }

    /// A backslash escapes what follows it on Spark alone.
    fn like(&mut self, expr: &Expr, pattern: &Expr) {
        self.all([expr, pattern]);
        let is_plain = matches!(pattern, Expr::Value(value)
            if matches!(&value.value, Value::SingleQuotedString(text) if !text.contains('\\')));
        let what = "a pattern has to be a text without `\\` to be the same on Spark";
        self.refuse_if(!is_plain, what, "`starts_with`, `ends_with`, `contains`");
    }

    fn interval(&mut self, interval: &Interval) {
        let is_number = matches!(&*interval.value, Expr::Value(value) if match &value.value {
            Value::Number(..) => true,
            Value::SingleQuotedString(text) => text.parse::<i64>().is_ok(),
            _ => false,
        });
        let unit = interval.leading_field.as_ref().map(ToString::to_string).unwrap_or_default();
        let units = ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];
        let is_known = units.contains(&unit.trim_end_matches('S'));
        let differs = !is_number || !is_known || interval.last_field.is_some();
        let hint = "`interval '7' day`; for a computed number of days `{{ days_after(date, n) }}`";
        self.refuse_if(differs, "an interval on Spark is a whole number and a unit", hint);
    }

    fn extract(&mut self, field: &str, expr: &Expr) {
        self.expr(expr);
        let is_known = ["YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE"].contains(&field);
        let hint = "`isodow(…)`, `year(…)`, `quarter(…)`, `month(…)`, `day(…)`, `hour(…)`";
        self.refuse_if(!is_known, &format!("`{field}` is not the same on Spark"), hint);
    }
}
