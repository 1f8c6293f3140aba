//! Expressions: operators, casts and calls.

use std::ops::Range;

use sqlparser::ast::FunctionArgOperator::Equals;
use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DateTimeField, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, FunctionArguments, InTarget, Interval,
    ObjectName, OrderByExpr, OrderBySort, Spanned, UnaryOperator, Value, WindowType,
};

use super::functions::{self, Gives};
use super::text::Part;
use super::walk::Walk;

const LIST: &str = "docs/spark.md has the list of what is the same";

impl Walk<'_> {
    pub fn expr(&mut self, expr: &Expr) {
        self.come_to(expr.span().start);
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::TypedString(_) => {}
            Expr::Value(value) => self.value(&value.value),
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
                self.all([&**left, &**right])
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
            Expr::Floor { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.keyword("floor", expr, [&**expr]);
            }
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.keyword("ceil", expr, [&**expr]);
            }
            Expr::Substring { expr, substring_from: Some(from), substring_for, special: true, .. } => {
                self.keyword(
                    "substring",
                    expr,
                    [&**expr, &**from].into_iter().chain(substring_for.as_deref()),
                );
            }
            Expr::Trim { trim_where: None, trim_what: None, trim_characters: None, expr } => {
                self.keyword("trim", expr, [&**expr]);
            }
            Expr::Extract { field, expr, .. } => self.extract(field, expr),
            Expr::Interval(interval) => self.interval(interval),
            Expr::Function(function) => self.function(function),
            _ => self.refuse("this is not on the list of what is the same on Spark", LIST),
        }
    }

    fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Number(..) | Value::SingleQuotedString(_) | Value::Boolean(_) | Value::Null => {}
            _ => self.refuse("this value is not on the list of what is the same on Spark", LIST),
        }
    }

    fn operator(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) {
        use BinaryOperator as Op;
        self.all([left, right]);
        match op {
            Op::Plus | Op::Minus | Op::Multiply | Op::Modulo | Op::And | Op::Or => {}
            Op::Gt | Op::Lt | Op::GtEq | Op::LtEq | Op::Eq | Op::NotEq => {}
            Op::Divide => {
                let from = self.text.token_at(left.span().start).unwrap_or(0);
                let Some(sign) = self.text.take(from, "/") else { return };
                if !is_double(left) && !is_double(right) {
                    // Two decimals divide to a double in DuckDB; whole numbers do on both.
                    self.text.rename(sign, "/ 1D /");
                }
            }
            Op::StringConcat => {
                self.refuse(
                    "`||` writes numbers otherwise on Spark",
                    "keep the parts as columns, or compare them one by one",
                );
            }
            Op::DuckIntegerDivide => self.refuse("`//` is not on Spark", "`floor(a / b)`"),
            Op::PGExp => self.refuse("`^` and `**` are other operators on Spark", "`power(a, b)`"),
            other => self.refuse(format!("`{other}` is not on the list of what is the same on Spark"), LIST),
        }
    }

    /// A backslash escapes what follows it on Spark alone.
    fn like(&mut self, expr: &Expr, pattern: &Expr) {
        self.all([expr, pattern]);
        let is_plain = matches!(pattern, Expr::Value(value)
            if matches!(&value.value, Value::SingleQuotedString(text) if !text.contains('\\')));
        if !is_plain {
            self.refuse(
                "a pattern has to be a text without `\\` to be the same on Spark",
                "`starts_with`, `ends_with`, `contains`",
            );
        }
    }

    fn interval(&mut self, interval: &Interval) {
        use DateTimeField as Field;
        let is_number = matches!(&*interval.value, Expr::Value(value) if match &value.value {
            Value::Number(..) => true,
            Value::SingleQuotedString(text) => text.parse::<i64>().is_ok(),
            _ => false,
        });
        let is_known = matches!(
            interval.leading_field,
            Some(
                Field::Year
                    | Field::Years
                    | Field::Month
                    | Field::Months
                    | Field::Day
                    | Field::Days
                    | Field::Hour
                    | Field::Hours
                    | Field::Minute
                    | Field::Minutes
                    | Field::Second
                    | Field::Seconds
            )
        );
        if !is_number || !is_known || interval.last_field.is_some() {
            let hint = "`interval '7' day`; for a computed number of days `{{ days_after(date, n) }}`";
            self.refuse("an interval on Spark is a whole number and a unit", hint);
        }
    }

    fn extract(&mut self, field: &DateTimeField, expr: &Expr) {
        use DateTimeField as Field;
        self.expr(expr);
        if !matches!(
            field,
            Field::Year | Field::Quarter | Field::Month | Field::Day | Field::Hour | Field::Minute
        ) {
            self.refuse(
                format!("`{field}` is not the same on Spark"),
                "`isodow(…)`, `year(…)`, `quarter(…)`, `month(…)`, `day(…)`, `hour(…)`",
            );
        }
    }

    /// A call that the parser knows by its name.
    fn keyword<'e>(&mut self, name: &str, first: &Expr, arguments: impl IntoIterator<Item = &'e Expr>) {
        self.all(arguments);
        self.come_to(first.span().start);
        let Some(inside) = self.text.token_at(first.span().start) else { return };
        let names: &[&str] = if name == "ceil" { &["ceil", "ceiling"] } else { &[name] };
        let Some((name, brackets)) = names.iter().find_map(|name| self.text.take_call(inside, name)) else {
            return;
        };
        self.call(name, &brackets, brackets.end + 1, false);
    }

    fn function(&mut self, function: &Function) {
        let (distinct, order_by) = self.arguments(&function.args);
        if let Some(filter) = &function.filter {
            self.expr(filter);
        }
        if let Some(WindowType::WindowSpec(window)) = &function.over {
            self.window(window);
        }
        let place = function.name.span().start;
        self.come_to(place);
        let Some(first) = self.text.token_at(place) else { return };
        let name = self.lower(first);
        if function.name.0.len() == 2 && name == "spark" {
            // A macro of queries/macros/spark/ calls what only Spark has.
            self.text.rename(first, "");
            return self.text.rename(first + 1, "");
        }
        if function.name.0.len() > 1 || function.null_treatment.is_some() || !function.within_group.is_empty()
        {
            return self.refuse("this call is not on the list of what is the same on Spark", LIST);
        }
        let brackets = first + 1..self.text.close(first + 1);
        let mut end = brackets.end + 1;
        if function.filter.is_some() {
            end = self.text.close(end + 1) + 1;
        }
        if function.over.is_some() {
            end = if self.text.is(end + 1, "(") { self.text.close(end + 1) + 1 } else { end + 2 };
        }
        match (&*name, order_by) {
            ("unnest", _) => self.unnest(first, &brackets, &function.args),
            ("range", _) => self.refuse(
                "a list is not on the list of what is the same on Spark",
                "`unnest(range(a, b))` as a column",
            ),
            ("first", Some(order_by)) => self.first(first, &brackets, end, &order_by),
            (_, Some(_)) => self.refuse(
                format!("`{name}(… order by …)` is not on the list of what is the same on Spark"),
                "`first(x order by …)`, or rank the rows with `qualify row_number() over (…) = 1`",
            ),
            ("first", None) => {
                self.refuse("`first` takes any row: on each engine another", "`first(x order by …)`")
            }
            _ => self.call(first, &brackets, end, distinct),
        }
    }

    /// Whether they are distinct, and the order that stands behind them.
    fn arguments(&mut self, arguments: &FunctionArguments) -> (bool, Option<Vec<OrderByExpr>>) {
        let FunctionArguments::List(FunctionArgumentList { duplicate_treatment, args, clauses }) = arguments
        else {
            return (false, None);
        };
        for argument in args {
            match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.expr(expr),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => {}
                // The parser takes a comparison for an argument with a name.
                FunctionArg::Named { arg: FunctionArgExpr::Expr(expr), operator: Equals, .. } => {
                    self.expr(expr)
                }
                FunctionArg::ExprNamed { name, arg: FunctionArgExpr::Expr(expr), operator: Equals } => {
                    self.all([name, expr]);
                }
                _ => self.refuse("this argument is not on the list of what is the same on Spark", LIST),
            }
        }
        let mut order = None;
        for clause in clauses {
            match clause {
                FunctionArgumentClause::OrderBy(items) => {
                    items.iter().for_each(|item| self.expr(&item.expr));
                    order = Some(items.clone());
                }
                _ => self.refuse("this clause is not on the list of what is the same on Spark", LIST),
            }
        }
        (duplicate_treatment.is_some(), order)
    }

    fn lower(&self, token: usize) -> String {
        self.text.tokens[token].text.to_lowercase()
    }

    /// A function of the list; its name is token `name`, and what belongs to it ends before token `end`.
    fn call(&mut self, name: usize, brackets: &Range<usize>, end: usize, is_distinct: bool) {
        let arguments = self.text.arguments(brackets);
        let word = self.lower(name);
        let function = match functions::find(&word, arguments.len()) {
            Ok(function) => function,
            Err((message, hint)) => return self.refuse(message, hint),
        };
        let is_positive =
            |at: &Range<usize>| self.text.sql[at.clone()].parse::<u32>().is_ok_and(|number| number > 0);
        if functions::COUNTED.contains(&&*word) && !arguments[1..].iter().all(is_positive) {
            let what =
                format!("`{word}` takes 0 and less otherwise on Spark: write out a number of 1 or more");
            return self.refuse(what, format!("`{word}(text, 3)`"));
        }
        if !function.spark.contains('$') {
            if function.spark != word {
                self.text.rename(name, function.spark);
            }
            return;
        }
        if is_distinct && word != "avg" {
            return self.refuse(
                format!("`{word}(distinct …)` is not on Spark"),
                "make the rows distinct in a CTE before",
            );
        }
        let suffix = self.text.bytes(brackets.end + 1..end);
        let parts = filled(function.spark, &arguments, &suffix);
        let at = self.text.bytes(name..end);
        self.text.replace(at, parts);
    }

    /// `unnest(range(a, b))`: as many rows, none where `b` is not above `a`.
    fn unnest(&mut self, name: usize, brackets: &Range<usize>, arguments: &FunctionArguments) {
        let range = name + 2;
        let is_range = self.text.is(range, "range") && self.text.close(range + 1) + 1 == brackets.end;
        // The walk has refused the list inside.
        if matches!(arguments, FunctionArguments::List(list) if list.args.len() == 1) && is_range {
            self.refusals.retain(|refusal| refusal.at != self.text.tokens[range].range.start);
            let inner = range + 1..self.text.close(range + 1);
            let mut bounds = self.text.arguments(&inner);
            let template = match bounds.len() {
                1 => "explode(filter(sequence(0, $1), x -> x < $1))",
                2 => "explode(filter(sequence($1, $2), x -> x < $2))",
                _ => {
                    return self.refuse(
                        "a range with steps is not on the list of what is the same on Spark",
                        "multiply the numbers",
                    );
                }
            };
            let at = self.text.bytes(name..brackets.end + 1);
            return self.text.replace(at, filled(template, &std::mem::take(&mut bounds), &(0..0)));
        }
        self.refuse("`unnest` is on the list for `range` alone", "`unnest(range(a, b))`");
    }

    /// `first(x order by …)`: Spark orders a list of all, with NULL where DuckDB has it.
    fn first(&mut self, name: usize, brackets: &Range<usize>, end: usize, order_by: &[OrderByExpr]) {
        let order = (brackets.start..brackets.end).rev().find(|at| {
            self.text.is(*at, "order")
                && self.text.tokens[*at].depth == self.text.tokens[brackets.start].depth + 1
        });
        let Some(order) = order else { return };
        let value = self.text.bytes(brackets.start + 1..order);
        let suffix = self.text.bytes(brackets.end + 1..end);
        let mut template = "get(array_sort(collect_list(struct($1 as x".to_owned();
        let mut compared = "0".to_owned();
        let mut arguments = vec![value];
        for (number, (item, key)) in order_by.iter().zip(self.order_keys(order_by)).enumerate().rev() {
            let (left, right) = (format!("l.k{number}"), format!("r.k{number}"));
            let before = if matches!(item.options.sort, Some(OrderBySort::Desc)) { ">" } else { "<" };
            let null = if item.options.nulls_first == Some(true) { "-1" } else { "1" };
            let other = if null == "1" { "-1" } else { "1" };
            compared = format!(
                "case when {left} <=> {right} then {compared} when {left} is null then {null} when {right} is null then {other} \
                 when {left} {before} {right} then -1 else 1 end"
            );
            let bare = self
                .text
                .tokens
                .iter()
                .filter(|token| key.start <= token.range.start && token.range.end <= key.end);
            let is_direction =
                |text: &str| ["asc", "desc", "nulls"].iter().any(|word| text.eq_ignore_ascii_case(word));
            let depth = self.text.tokens[order].depth;
            let ends = bare.take_while(|token| token.depth != depth || !is_direction(token.text)).last();
            arguments.push(key.start..ends.map_or(key.end, |token| token.range.end));
            template.push_str(&format!(", ${} as k{number}", arguments.len()));
        }
        template.push_str(&format!("))$~, (l, r) -> {compared}), 0).x"));
        let at = self.text.bytes(name..end);
        self.text.replace(at, filled(&template, &arguments, &suffix));
    }

    fn cast(&mut self, kind: &CastKind, expr: &Expr, sql_type: &str) {
        self.expr(expr);
        self.come_to(expr.span().start);
        let Some(inside) = self.text.token_at(expr.span().start) else { return };
        let (at, value) = match kind {
            CastKind::Cast => {
                let Some((name, brackets)) = self.text.take_call(inside, "cast") else { return };
                let depth = self.text.tokens[brackets.start].depth + 1;
                let is_as = |at: &usize| self.text.is(*at, "as") && self.text.tokens[*at].depth == depth;
                let Some(word) = brackets.clone().rev().find(is_as) else { return };
                (name..brackets.end + 1, brackets.start + 1..word)
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
        match cast_template(expr, sql_type) {
            Ok(template) => {
                let (at, value) = (self.text.bytes(at), self.text.bytes(value));
                self.text.replace(at, filled(&template, &[value], &(0..0)));
            }
            Err((message, hint)) => self.refuse(message, hint),
        }
    }
}

/// What a cast is on Spark, which cuts where DuckDB rounds: halves of doubles to the even whole number, in decimals away
/// from zero. `typeof` is known before any row is read.
fn cast_template(expr: &Expr, sql_type: &str) -> Result<String, (String, String)> {
    let is_one = |names: &[&str]| names.contains(&sql_type);
    if is_one(&["double", "date", "timestamp", "boolean", "bool"]) {
        return Ok(format!("cast($1 as {sql_type})"));
    }
    if is_one(&["varchar", "text", "string"]) {
        let what = "a number with a point is written otherwise on Spark";
        return Ok(format!(
            "case when typeof($1) in ('double', 'float') then raise_error('{what}') else cast($1 as string) end"
        ));
    }
    if is_one(&["integer", "int", "bigint", "smallint", "tinyint"]) {
        return Ok(match (is_whole(expr), is_double(expr)) {
            (true, _) => format!("cast($1 as {sql_type})"),
            (_, true) => format!("cast(rint($1) as {sql_type})"),
            _ => format!(
                "case when typeof($1) in ('double', 'float') then cast(rint(cast($1 as double)) as {sql_type}) \
                 when typeof($1) like 'decimal%' then cast(cast($1 as decimal(38, 0)) as {sql_type}) \
                 else cast($1 as {sql_type}) end"
            ),
        });
    }
    let sizes = sql_type.strip_prefix("decimal(").or(sql_type.strip_prefix("numeric("));
    if let Some((width, scale)) = sizes.and_then(|sizes| sizes.trim_end_matches(')').split_once(',')) {
        let scale = scale.trim();
        let unit = if scale == "0" { "1BD".to_owned() } else { format!("1e-{scale}BD") };
        let sql_type = format!("decimal({}, {scale})", width.trim());
        let rounded = format!("cast(cast(round(($1) * 1e{scale}D) as bigint) * {unit} as {sql_type})");
        return Ok(match (is_whole(expr), is_double(expr)) {
            (true, _) => format!("cast($1 as {sql_type})"),
            (_, true) => rounded,
            _ => format!(
                "case when typeof($1) in ('double', 'float') then {rounded} else cast($1 as {sql_type}) end"
            ),
        });
    }
    let hint = "integer, bigint, double, decimal(p, s), varchar, date, timestamp and boolean are";
    Err((format!("the type `{sql_type}` is not the same on Spark"), hint.to_owned()))
}

/// The parts of a template of the list.
fn filled(template: &str, arguments: &[Range<usize>], suffix: &Range<usize>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut pieces = template.split('$');
    parts.extend(pieces.next().map(|head| Part::Made(head.to_owned())));
    for piece in pieces {
        let (sign, rest) = piece.split_at(1);
        match sign.parse::<usize>() {
            Ok(number) => parts.push(Part::Text(arguments[number - 1].clone())),
            Err(_) if suffix.is_empty() => {}
            Err(_) => parts.extend([Part::Made(" ".to_owned()), Part::Text(suffix.clone())]),
        }
        parts.push(Part::Made(rest.to_owned()));
    }
    parts
}

fn gives(name: &ObjectName) -> Gives {
    let name = name.to_string().to_lowercase();
    let known = functions::FUNCTIONS.iter().find(|function| function.name == name);
    known.map_or(Gives::Other, |function| function.gives)
}

/// Whether its type is surely DOUBLE, whatever those of its columns are.
fn is_double(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(e) | Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr: e } => {
            is_double(e)
        }
        Expr::Cast { data_type, .. } => data_type.to_string().eq_ignore_ascii_case("double"),
        Expr::Function(function) => gives(&function.name) == Gives::Double,
        Expr::Value(value) => matches!(&value.value, Value::Number(number, _) if number.contains(['e', 'E'])),
        Expr::BinaryOp { op: BinaryOperator::Divide, .. } => true,
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply,
            right,
        } => is_double(left) || is_double(right),
        _ => false,
    }
}

/// Whether it is surely a whole number or a boolean.
fn is_whole(expr: &Expr) -> bool {
    use BinaryOperator as Op;
    match expr {
        Expr::Nested(e) => is_whole(e),
        Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_)
        | Expr::In { .. }
        | Expr::Between { .. } => true,
        Expr::UnaryOp { op: UnaryOperator::Not, .. }
        | Expr::IsDistinctFrom(..)
        | Expr::IsNotDistinctFrom(..) => true,
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) => number.bytes().all(|byte| byte.is_ascii_digit()),
            other => matches!(other, Value::Boolean(_)),
        },
        Expr::Function(function) => gives(&function.name) == Gives::Whole,
        Expr::BinaryOp { op, left, right } => match op {
            Op::Plus | Op::Minus | Op::Multiply => is_whole(left) && is_whole(right),
            Op::Gt | Op::Lt | Op::GtEq | Op::LtEq | Op::Eq | Op::NotEq | Op::And | Op::Or => true,
            _ => false,
        },
        _ => false,
    }
}
