//! Calls: functions of the list, and those whose arguments are written otherwise.

use std::ops::Range;

use sqlparser::ast::FunctionArgOperator::Equals;
use sqlparser::ast::{
    Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, FunctionArguments,
    OrderByExpr, OrderBySort, Spanned, WindowType,
};

use super::expression::LIST;
use super::functions;
use super::text::{Call, Part};
use super::walk::Walk;
use crate::sql::Token;

impl Walk<'_> {
    pub fn function(&mut self, function: &Function) {
        let last = function.name.0.last().map_or(String::new(), |part| part.to_string().to_lowercase());
        let gathers = usize::from(function.over.is_some() || functions::is_aggregate(&last));
        self.depth += gathers;
        let (distinct, order_by) = self.arguments(&function.args);
        if let Some(filter) = &function.filter {
            self.expr(filter);
        }
        self.depth -= gathers;
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
        let is_plain = function.null_treatment.is_none() && function.within_group.is_empty();
        if function.name.0.len() > 1 || !is_plain || !self.text.is(first + 1, "(") {
            return self.unlisted("this call", LIST);
        }
        let mut call = self.text.call(first);
        let behind = [function.filter.is_some(), function.over.is_some()];
        for _ in behind.into_iter().filter(|is_there| *is_there) {
            let is_open = self.text.is(call.end + 1, "(");
            call.end = if is_open { self.text.close(call.end + 1) + 1 } else { call.end + 2 };
        }
        match (&*name, order_by) {
            ("unnest", _) => self.unnest(&call, &function.args),
            ("range", _) => self.unlisted("a list", "`unnest(range(a, b))` as a column"),
            ("first", Some(order_by)) => self.first(&call, &order_by),
            (_, Some(_)) => self.unlisted(
                &format!("`{name}(… order by …)`"),
                "`first(x order by …)`, or rank the rows with `qualify row_number() over (…) = 1`",
            ),
            ("first", None) => {
                self.refuse("`first` takes any row: on each engine another", "`first(x order by …)`");
            }
            _ => self.call(&call, distinct),
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
                    self.expr(expr);
                }
                FunctionArg::ExprNamed { name, arg: FunctionArgExpr::Expr(expr), operator: Equals } => {
                    self.all([name, expr]);
                }
                _ => self.unlisted("this argument", LIST),
            }
        }
        let mut order = None;
        for clause in clauses {
            match clause {
                FunctionArgumentClause::OrderBy(items) => {
                    self.all(items.iter().map(|item| &item.expr));
                    order = Some(items.clone());
                }
                _ => self.unlisted("this clause", LIST),
            }
        }
        (duplicate_treatment.is_some(), order)
    }

    fn lower(&self, token: usize) -> String {
        self.text.tokens[token].text.to_lowercase()
    }

    /// A function of the list.
    pub fn call(&mut self, call: &Call, is_distinct: bool) {
        let arguments = self.text.arguments(call);
        let word = self.lower(call.name);
        self.stand_at(call.name);
        let function = match functions::find(&word, arguments.len()) {
            Ok(function) => function,
            Err((message, hint)) => return self.refuse(message, hint),
        };
        let is_positive =
            |at: &Range<usize>| self.text.sql[at.clone()].parse::<u32>().is_ok_and(|number| number > 0);
        if functions::COUNTED.contains(&&*word) && !arguments[1..].iter().all(is_positive) {
            return self.refuse(
                format!("`{word}` takes 0 and less otherwise on Spark: write out a number of 1 or more"),
                format!("`{word}(text, 3)`"),
            );
        }
        let unit = || self.text.sql[arguments[0].clone()].trim_matches('\'').to_lowercase();
        if word == "date_trunc" && !functions::UNITS.contains(&&*unit()) {
            let units = functions::UNITS.join(", ");
            return self.refuse(
                "`date_trunc` to this is not the same on Spark",
                format!("one of {units}, in quotes"),
            );
        }
        if !function.spark.contains('$') {
            if function.spark != word {
                self.text.rename(call.name, function.spark);
            }
            return;
        }
        if is_distinct && word != "avg" {
            return self.refuse(
                format!("`{word}(distinct …)` is not on Spark"),
                "make the rows distinct in a CTE before",
            );
        }
        self.fill(call, function.spark, &arguments);
    }

    /// Puts a template of the list in the place of a call.
    fn fill(&mut self, call: &Call, template: &str, arguments: &[Range<usize>]) {
        let suffix = self.text.bytes(call.brackets.end + 1..call.end);
        self.text.replace(self.text.bytes(call.name..call.end), filled(template, arguments, &suffix));
    }

    /// `unnest(range(a, b))`: as many rows, none where `b` is not above `a`.
    fn unnest(&mut self, call: &Call, arguments: &FunctionArguments) {
        let range = self.text.call(call.name + 2);
        let is_range = self.text.is(range.name, "range") && range.end == call.brackets.end;
        // The walk has refused the list inside.
        if matches!(arguments, FunctionArguments::List(list) if list.args.len() == 1) && is_range {
            self.refusals.retain(|refusal| refusal.at != self.text.tokens[range.name].range.start);
            let bounds = self.text.arguments(&range);
            let template = match bounds.len() {
                1 => "explode(filter(sequence(0, $1), olist_n -> olist_n < $1))",
                2 => "explode(filter(sequence($1, $2), olist_n -> olist_n < $2))",
                _ => return self.unlisted("a range with steps", "multiply the numbers"),
            };
            return self.fill(call, template, &bounds);
        }
        self.refuse("`unnest` is on the list for `range` alone", "`unnest(range(a, b))`");
    }

    /// `first(x order by …)`: Spark orders a list of all, with NULL where DuckDB has it.
    fn first(&mut self, call: &Call, order_by: &[OrderByExpr]) {
        let Some(order) = self.text.last_inside(call, "order") else { return };
        let depth = self.text.tokens[order].depth;
        let value = self.text.bytes(call.brackets.start + 1..order);
        let mut fields = String::new();
        let mut compared = "0".to_owned();
        let mut arguments = vec![value];
        for (number, (item, key)) in order_by.iter().zip(self.order_keys(order_by)).enumerate().rev() {
            let (left, right) = (format!("l.k{number}"), format!("r.k{number}"));
            let before = if matches!(item.options.sort, Some(OrderBySort::Desc)) { ">" } else { "<" };
            let (null, other) =
                if item.options.nulls_first == Some(true) { ("-1", "1") } else { ("1", "-1") };
            compared = format!(
                "case when {left} <=> {right} then {compared} when {left} is null then {null} when {right} is null then {other} \
                 when {left} {before} {right} then -1 else 1 end"
            );
            let is_direction = |token: &&Token<'_>| {
                token.depth == depth && ["asc", "desc", "nulls"].iter().any(|word| token.is(word))
            };
            let inside = self.text.tokens.iter().filter(|token| key.contains(&token.range.start));
            let bare = inside.take_while(|token| !is_direction(token)).last();
            arguments.push(key.start..bare.map_or(key.end, |token| token.range.end));
            fields.extend([", $", &arguments.len().to_string(), " as k", &number.to_string()]);
        }
        let template =
            format!("get(array_sort(collect_list(struct($1 as x{fields}))$~, (l, r) -> {compared}), 0).x");
        self.fill(call, &template, &arguments);
    }
}

/// The parts of a template of the list.
pub fn filled(template: &str, arguments: &[Range<usize>], suffix: &Range<usize>) -> Vec<Part> {
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
