//! Queries: their clauses, what they read, and the order of rows.

use sqlparser::ast::WindowFrameBound::{self, CurrentRow, Following, Preceding};
use sqlparser::ast::{
    Cte, Distinct, ExcludeSelectItem, Expr, GroupByExpr, Ident, Join, JoinConstraint, JoinOperator,
    LimitClause, NamedWindowExpr, ObjectName, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectItem,
    SetExpr, Spanned, TableFactor, TableWithJoins, WildcardAdditionalOptions, WindowFrameUnits, WindowSpec,
};

use super::call::filled;
use super::text::Part;
use super::walk::Walk;
use crate::sql::Token;

impl Walk<'_> {
    pub fn query(&mut self, query: &Query) {
        if let Some(with) = &query.with {
            let hint = "`unnest(range(0, n))` makes rows of numbers";
            self.refuse_if(with.recursive, "a recursive query is not the same on Spark", hint);
            with.cte_tables.iter().for_each(|cte| self.cte(cte));
        }
        self.body(&query.body);
        if let Some(order_by) = &query.order_by {
            self.order_by(order_by);
        }
        match &query.limit_clause {
            None => {}
            Some(LimitClause::LimitOffset { limit: Some(limit), offset: None, limit_by })
                if limit_by.is_empty() =>
            {
                self.expr(limit);
                let what = "`limit` without `order by` takes any rows, on each engine others";
                self.refuse_if(query.order_by.is_none(), what, RANK);
            }
            Some(_) => self.refuse("this way of leaving out rows is not the same on Spark", RANK),
        }
        if query.fetch.is_some() || !query.pipe_operators.is_empty() {
            self.unlisted("this clause", RANK);
        }
    }

    fn cte(&mut self, cte: &Cte) {
        self.come_to(cte.alias.name.span.start);
        let what = "Spark decides by itself what it materialises";
        self.refuse_if(cte.materialized.is_some(), what, "leave `materialized` out");
        self.query(&cte.query);
    }

    fn body(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, set_quantifier, right, .. } => {
                self.body(left);
                self.body(right);
                let is_by_place = ["ALL", "DISTINCT", ""].contains(&&*set_quantifier.to_string());
                let what = "Spark joins queries by the place of their columns";
                self.refuse_if(!is_by_place, what, "name the columns in one order");
            }
            SetExpr::Values(values) => self.all(values.rows.iter().flat_map(|row| &row.content)),
            _ => self.refuse("only a SELECT runs on both engines", RANK),
        }
    }

    fn select(&mut self, select: &Select) {
        self.come_to(select.select_token.0.span.start);
        let is_on = matches!(select.distinct, Some(Distinct::On(_)));
        self.refuse_if(is_on, "`distinct on` is not on Spark", RANK);
        let (names, depth) = (std::mem::take(&mut self.names), std::mem::take(&mut self.depth));
        select.projection.iter().for_each(|item| self.item(item));
        select.from.iter().for_each(|from| self.from(from));
        self.all(select.selection.iter().chain(&select.having).chain(&select.qualify));
        match &select.group_by {
            GroupByExpr::All(more) if more.is_empty() => {}
            GroupByExpr::Expressions(keys, more) if more.is_empty() => self.all(keys),
            _ => self.unlisted("this way to group", RANK),
        }
        for window in &select.named_window {
            if let NamedWindowExpr::WindowSpec(spec) = &window.1 {
                self.window(spec);
            }
        }
        (self.names, self.depth) = (names, depth);
    }

    fn item(&mut self, item: &SelectItem) {
        match item {
            SelectItem::UnnamedExpr(expr) => self.expr(expr),
            SelectItem::ExprWithAlias { expr, alias } => {
                self.expr(expr);
                self.name(expr, alias);
            }
            SelectItem::QualifiedWildcard(_, options) | SelectItem::Wildcard(options) => self.star(options),
            SelectItem::ExprWithAliases { .. } => self.unlisted("this item", RANK),
        }
    }

    /// Keeps the name of an item, but for one that is made of a column of the same name: that is meant behind it.
    fn name(&mut self, expr: &Expr, alias: &Ident) {
        let [Some(start), Some(end)] = [expr.span().start, alias.span.start].map(|at| self.text.token_at(at))
        else {
            return;
        };
        if !(start..end).any(|at| self.text.is(at, &alias.value)) {
            self.names.push(alias.value.to_lowercase());
        }
    }

    /// `* exclude (…)`
    fn star(&mut self, options: &WildcardAdditionalOptions) {
        self.come_to(options.wildcard_token.0.span.start);
        let more =
            options.opt_ilike.is_some() || options.opt_replace.is_some() || options.opt_rename.is_some();
        self.refuse_if(more, "Spark knows `*` with `exclude` alone", "name the columns");
        let Some(exclude) = &options.opt_exclude else { return };
        let Some(star) = self.text.token_at(options.wildcard_token.0.span.start) else { return };
        let Some(word) = self.text.take(star, "exclude") else { return };
        self.text.rename(word, "except");
        if let ExcludeSelectItem::Single(_) = exclude
            && !self.text.is(word + 1, "(")
        {
            let name = self.text.bytes(word + 1..word + 2);
            self.text.replace(name.clone(), filled("($1)", &[name], &(0..0)));
        }
    }

    fn from(&mut self, from: &TableWithJoins) {
        self.table(&from.relation);
        from.joins.iter().for_each(|join| self.join(join));
    }

    fn join(&mut self, join: &Join) {
        use JoinOperator as Op;
        self.table(&join.relation);
        let (Op::Join(on)
        | Op::Inner(on)
        | Op::Left(on)
        | Op::LeftOuter(on)
        | Op::Right(on)
        | Op::RightOuter(on)
        | Op::FullOuter(on)
        | Op::CrossJoin(on)
        | Op::Semi(on)
        | Op::Anti(on)) = &join.join_operator
        else {
            return self.refuse(
                "this join is not on Spark",
                "inner, left, right, full, cross, semi and anti joins are",
            );
        };
        match on {
            JoinConstraint::On(condition) => self.expr(condition),
            JoinConstraint::Using(_) | JoinConstraint::None => {}
            _ => self.unlisted("this join", "join `on` or `using`"),
        }
    }

    fn table(&mut self, table: &TableFactor) {
        match table {
            TableFactor::Table { name, args, sample: None, .. } => self.named(name, args.is_some()),
            TableFactor::Derived { lateral: false, subquery, sample: None, .. } => self.query(subquery),
            TableFactor::NestedJoin { table_with_joins, .. } => self.from(table_with_joins),
            other => {
                self.come_to(other.span().start);
                self.refuse(NO_TABLE, ROWS);
            }
        }
    }

    /// A table of the warehouse, or a CTE.
    fn named(&mut self, name: &ObjectName, is_called: bool) {
        self.come_to(name.span().start);
        let idents = name.0.iter().filter_map(|part| part.as_ident());
        let parts: Vec<String> = idents.map(|ident| ident.value.to_lowercase()).collect();
        let Some(first) = self.text.token_at(name.span().start) else { return };
        let relation = match &parts[..] {
            [_] if !is_called => return,
            [schema, source] if schema == "sources" => {
                match source.strip_suffix("_as_of").filter(|_| is_called) {
                    Some(source) => (self.relations.as_of)(source),
                    None => (self.relations.whole)(source),
                }
            }
            [_, _] if !is_called => (self.relations.table)(&parts.join(".")),
            _ => return self.refuse(NO_TABLE, ROWS),
        };
        let last = first + 2 * (parts.len() - 1);
        let end = if is_called { self.text.close(last + 1) } else { last };
        let at = self.text.bytes(first..end + 1);
        self.text.replace(at, vec![Part::Made(relation)]);
    }

    pub fn window(&mut self, window: &WindowSpec) {
        self.depth += 1;
        self.all(&window.partition_by);
        self.order_items(&window.order_by);
        self.depth -= 1;
        let is_plain =
            |bound: &WindowFrameBound| matches!(bound, CurrentRow | Preceding(None) | Following(None));
        let is_known = window.window_frame.as_ref().is_none_or(|frame| match frame.units {
            WindowFrameUnits::Rows => true,
            WindowFrameUnits::Range => is_plain(&frame.start_bound) && frame.end_bound.iter().all(is_plain),
            WindowFrameUnits::Groups => false,
        });
        if !is_known || window.window_name.is_some() {
            self.unlisted("this frame", "`rows between … and …`");
        }
    }

    fn order_by(&mut self, order_by: &OrderBy) {
        match &order_by.kind {
            OrderByKind::Expressions(items) => self.order_items(items),
            OrderByKind::All(_) => self.refuse("`order by all` is not the same on Spark", "name the columns"),
        }
    }

    /// DuckDB has NULL last, in either direction.
    pub fn order_items(&mut self, items: &[OrderByExpr]) {
        self.all(items.iter().map(|item| &item.expr));
        for (item, key) in items.iter().zip(self.order_keys(items)) {
            if item.options.nulls_first.is_none() {
                self.text.insert(key.end, " nulls last");
            }
        }
    }

    /// The bytes of each key behind `order by`, with its direction.
    pub fn order_keys(&self, items: &[OrderByExpr]) -> Vec<std::ops::Range<usize>> {
        let place = items.first().and_then(|item| self.text.token_at(item.expr.span().start));
        let Some(by) = place.and_then(|first| (0..first).rev().find(|at| self.text.is(*at, "by"))) else {
            return Vec::new();
        };
        let depth = self.text.tokens[by].depth;
        let is_end = |token: &Token<'_>| {
            let ends = ["limit", "rows", "range", "groups", "union", "except", "intersect", ";"];
            token.depth < depth || token.depth == depth && ends.iter().any(|word| token.is(word))
        };
        let behind = &self.text.tokens[by + 1..];
        let count = behind.iter().position(is_end).unwrap_or(behind.len());
        self.text.items(by + 1..by + 1 + count)
    }
}

const NO_TABLE: &str = "this is not on the list of what is the same in FROM on Spark";
const ROWS: &str =
    "`select unnest(range(0, n)) as n` makes rows of numbers; tables come by ref() and source()";
const RANK: &str = "rank the rows: `qualify row_number() over (partition by … order by …) = 1`";
