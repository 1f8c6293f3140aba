//! Where an error is of which DuckDB does not say where: the query is tried without parts of it.
//!
//! The parts are those of DuckDB's own syntax tree. CTEs, subqueries and the branches of a UNION are run alone. Of the
//! SELECT that fails, items, conditions and keys are replaced by what cannot fail, until the guilty one is left.

use std::time::Instant;

use serde_json::Value as Json;

use super::parts::{Part, Role, all_of, class, expressions, parts, queries, with};
use super::place::{literal, sign};
use crate::sql::tree::{self, extent, leftmost, list};
use crate::sql::{Select, SqlError, tokens};
use crate::warehouse::Warehouse;

/// What became of a query that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    /// It gives the error that is looked for.
    Fails,
    Works,
    /// It does not bind without what was taken out, or took too long.
    Unclear,
}

pub struct Search<'a> {
    pub warehouse: &'a Warehouse,
    pub error: &'a SqlError,
    pub sql: &'a str,
    pub until: Instant,
    /// Whether the error comes before any row is made.
    pub fails_early: bool,
}

impl Search<'_> {
    /// The byte of the SQL, which is a SELECT, at which the error is.
    pub fn place(&self) -> Option<usize> {
        tree::deep(|| {
            let Ok(node) = tree::query(self.sql) else { return sign(self.error, self.sql) };
            // What works alone failed for what was put around it.
            (self.tries(&node) == Tried::Fails).then(|| self.within(&node, 0)).flatten()
        })
    }

    /// Every value of every row of a query, in one small result.
    fn tries(&self, node: &Json) -> Tried {
        let left = self.until.saturating_duration_since(Instant::now());
        let Some(sql) = tree::unparse(node).filter(|_| !left.is_zero()) else { return Tried::Unclear };
        let result = Select::of(&sql).and_then(|select| {
            let all = select.within("select bit_xor(hash(q)) from (\n", "\n) as q");
            self.warehouse.within(left, || {
                if self.fails_early {
                    self.warehouse.describe(&all).map(|_| ())
                } else {
                    self.warehouse.rows(all.as_str(), &[], |_| Ok(())).map(|_| ())
                }
            })
        });
        match result {
            Ok(()) => Tried::Works,
            Err(error) if error.is_like(self.error) => Tried::Fails,
            Err(_) => Tried::Unclear,
        }
    }

    /// The place in a query that fails; its first CTEs are `known` to work.
    fn within(&self, node: &Json, known: usize) -> Option<usize> {
        let ctes = list(&node["cte_map"]["map"]);
        for (at, cte) in ctes.iter().enumerate().skip(known) {
            let inner = &cte["value"]["query_node"];
            // The second half of a recursive one reads the first: it is tried in its place.
            let is_recursive = inner["type"] == "RECURSIVE_CTE_NODE";
            let alone = with(&ctes[..at], if is_recursive { &inner["left"] } else { inner });
            if self.tries(&alone) == Tried::Fails {
                return self.within(&alone, at);
            }
            let whole = all_of(&ctes[..=at], &cte["key"]);
            if is_recursive && self.tries(&whole) == Tried::Fails {
                return self.in_queries(&whole, &format!("/cte_map/map/{at}/value/query_node/right"));
            }
        }
        if node["type"] == "SET_OPERATION_NODE" {
            return self.of_branches(ctes, list(&node["children"]));
        }
        // Those in FROM; others may depend on the rows around them.
        for inner in queries(&node["from_table"], "") {
            let alone = with(ctes, node["from_table"].pointer(&inner)?);
            if self.tries(&alone) == Tried::Fails {
                return self.within(&alone, ctes.len());
            }
        }
        self.in_select(node, "").or_else(|| self.behind_items(node))
    }

    fn of_branches(&self, ctes: &[Json], branches: &[Json]) -> Option<usize> {
        let alone = |branch: &Json| with(ctes, branch);
        if let Some(branch) = branches.iter().find(|branch| self.tries(&alone(branch)) == Tried::Fails) {
            return self.within(&alone(branch), ctes.len());
        }
        // Each works alone: one of them has another number of columns than the first.
        let width = |branch: &Json| {
            let columns = tree::unparse(&alone(branch)).map(|sql| super::describe(self.warehouse, &sql));
            columns.and_then(Result::ok).map_or(0, |all| all.len())
        };
        let first = width(branches.first()?);
        let odd = branches.iter().find(|branch| width(branch) != first).unwrap_or(&branches[0]);
        // A SELECT has no place of its own; its first item has.
        let item = leftmost(odd)?;
        let mut before = tokens(self.sql).into_iter().filter(|token| token.range.start <= item);
        Some(before.rfind(|token| token.is("select")).map_or(item, |token| token.range.start))
    }

    /// The place in the SELECT at `path` of `root`, or in what stands there instead, which is tried in its place.
    fn in_queries(&self, root: &Json, path: &str) -> Option<usize> {
        let node = root.pointer(path)?;
        if node["type"] == "SELECT_NODE" {
            return self.in_select(root, path);
        }
        queries(node, path).iter().find_map(|inner| self.in_queries(root, inner))
    }

    fn in_select(&self, root: &Json, path: &str) -> Option<usize> {
        let node = root.pointer(path)?;
        let all = parts(node, path);
        let of =
            |roles: &[Role]| -> Vec<&Part> { all.iter().filter(|part| roles.contains(&part.role)).collect() };
        let items = of(&[Role::Item]);
        let conditions = of(&[Role::Condition, Role::Window]);
        let guilty = match self.without(root, &items) {
            Tried::Works => self.one_of(root, &items),
            // Where the error is not in the items, fewer of them are less to compute.
            Tried::Fails => self
                .last_needed(root, &conditions, &items)
                .or_else(|| self.last_needed(root, &of(&[Role::Key]), &items)),
            Tried::Unclear => self.last_needed(root, &conditions, &[]).or_else(|| self.alone(root, &items)),
        };
        let is_plain = |part: &&Part| {
            root.pointer(&part.at)
                .is_none_or(|node| ["COLUMN_REF", "STAR", "CONSTANT"].contains(&class(node)))
        };
        // Without any column DuckDB leaves out more than the items.
        let behind = || guilty.filter(is_plain).and_then(|_| self.last_needed(root, &conditions, &[]));
        if let Some(part) = guilty.filter(|part| !is_plain(part)).or_else(behind) {
            return self.in_expression(root, part, &part.at);
        }
        // A plain name fails for what stands in a subquery of FROM.
        let inner = queries(&node["from_table"], &format!("{path}/from_table"));
        inner
            .iter()
            .find_map(|inner| self.in_queries(root, inner))
            .or_else(|| guilty.and_then(|part| self.in_expression(root, part, &part.at)))
    }

    /// What becomes of the query with `parts` replaced by what cannot fail.
    fn without(&self, root: &Json, parts: &[&Part]) -> Tried {
        let mut tree = root.clone();
        for part in parts {
            part.replace(&mut tree, part.role.neutral());
        }
        self.tries(&tree)
    }

    /// The first of `items`, of which one or more fail.
    fn one_of<'p>(&self, root: &Json, items: &[&'p Part]) -> Option<&'p Part> {
        let mut some = items;
        while some.len() > 1 {
            let (first, second) = some.split_at(some.len() / 2);
            some = if self.without(root, second) == Tried::Fails { first } else { second };
        }
        some.first().copied()
    }

    /// The first of `items` that fails without the others.
    fn alone<'p>(&self, root: &Json, items: &[&'p Part]) -> Option<&'p Part> {
        let others =
            |one: &Part| items.iter().copied().filter(|other| other.at != one.at).collect::<Vec<_>>();
        items.iter().copied().find(|one| self.without(root, &others(one)) == Tried::Fails)
    }

    /// The first of `parts` that cannot be taken out without the error. The last ones are tried first and stay out: a
    /// condition often makes the ones behind it safe.
    fn last_needed<'p>(&self, root: &Json, parts: &[&'p Part], out: &[&'p Part]) -> Option<&'p Part> {
        let mut out = out.to_vec();
        let mut needed = None;
        for part in parts.iter().rev() {
            out.push(part);
            match self.without(root, &out) {
                Tried::Fails => continue,
                Tried::Works => needed = Some(*part),
                Tried::Unclear => {}
            }
            out.pop();
        }
        needed
    }

    /// The innermost expression at or below `at`, inside `part`, that fails in its place; there, what the message names.
    fn in_expression(&self, root: &Json, part: &Part, at: &str) -> Option<usize> {
        let node = root.pointer(at)?;
        if let Some(place) = queries(node, at).iter().find_map(|inner| self.in_queries(root, inner)) {
            return Some(place);
        }
        let deepest = self.deepest(root, part, at);
        let range = extent(root.pointer(deepest.as_deref().unwrap_or(at))?)?;
        Some(range.start + sign(self.error, &self.sql[range.clone()]).unwrap_or(0))
    }

    /// The innermost expression inside the one at `at` that fails by itself. Some cannot stand alone, such as one over the
    /// parameter of a lambda; those inside may.
    fn deepest(&self, root: &Json, part: &Part, at: &str) -> Option<String> {
        expressions(root.pointer(at)?, at).into_iter().find_map(|inner| {
            let mut tree = root.clone();
            let alone = part.role.alone(root.pointer(&inner)?);
            part.replace(&mut tree, alone);
            match self.tries(&tree) {
                Tried::Fails => Some(self.deepest(root, part, &inner).unwrap_or(inner)),
                Tried::Works => None,
                Tried::Unclear => self.deepest(root, part, &inner),
            }
        })
    }

    /// Of a SELECT of which no part can be replaced: what stands behind FROM.
    fn behind_items(&self, node: &Json) -> Option<usize> {
        let start = leftmost(&node["from_table"])?;
        let behind = &self.sql[start..extent(node)?.end.max(start)];
        let at = sign(self.error, behind).or_else(|| literal(self.error, behind));
        Some(start + at.unwrap_or(0))
    }
}
