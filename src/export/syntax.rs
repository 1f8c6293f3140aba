//! DuckDB's own syntax tree of an expression, as `json_serialize_sql` gives it.

use anyhow::{Context, Result};
use serde_json::Value as Json;

use crate::warehouse::{Warehouse, text};

/// One node, with the nodes below still as they came.
pub enum Syntax<'a> {
    /// A number, and whether it has no fraction.
    Number(f64, bool),
    Truth(bool),
    Null,
    Column(String),
    Cast {
        of: &'a Json,
        to: &'a str,
    },
    Function {
        name: String,
        arguments: Vec<&'a Json>,
    },
    /// `op` is ONNX's word.
    Compare {
        op: &'static str,
        left: &'a Json,
        right: &'a Json,
    },
    /// All, or any; `op` is ONNX's word.
    Join {
        op: &'static str,
        of: Vec<&'a Json>,
    },
    Not(&'a Json),
    Between {
        of: &'a Json,
        low: &'a Json,
        high: &'a Json,
    },
    In {
        of: &'a Json,
        list: Vec<&'a Json>,
        is_in: bool,
    },
    IsNull {
        of: &'a Json,
        is_null: bool,
    },
    Case {
        checks: Vec<(&'a Json, &'a Json)>,
        otherwise: &'a Json,
    },
    Coalesce(Vec<&'a Json>),
}

/// The tree of an expression.
pub fn parse(warehouse: &Warehouse, expression: &str) -> Result<Json> {
    let sql = format!("select json_serialize_sql({})::varchar", text(&format!("select ({expression})")));
    let tree = warehouse.row(&sql, &[], |row| row.get::<_, String>(0))?.context("no syntax tree")?;
    let mut tree: Json = serde_json::from_str(&tree)?;
    let found = tree.pointer_mut("/statements/0/node/select_list/0").map(Json::take);
    found.context("the expression is not read as one")
}

/// Names of the columns below a node, each once, in the order of the text.
pub fn columns(node: &Json) -> Vec<String> {
    let mut found = Vec::new();
    collect(node, &mut found);
    found
}

fn collect(node: &Json, found: &mut Vec<String>) {
    match node {
        Json::Object(map) if map.get("class").is_some_and(|class| class == "COLUMN_REF") => {
            if let Ok(name) = column(node)
                && !found.contains(&name)
            {
                found.push(name);
            }
        }
        Json::Object(map) => map.values().for_each(|value| collect(value, found)),
        Json::Array(list) => list.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// What a node is.
pub fn read(node: &Json) -> Result<Syntax<'_>> {
    let kind = string(node, "type")?;
    Ok(match kind {
        "VALUE_CONSTANT" => return constant(node),
        "COLUMN_REF" => Syntax::Column(column(node)?),
        "OPERATOR_CAST" => {
            let to = node.pointer("/type_expr/type_name").and_then(Json::as_str);
            let is_try = node.get("try_cast").is_some_and(|value| *value == Json::Bool(true));
            anyhow::ensure!(!is_try, "`try_cast` is not translated");
            Syntax::Cast { of: below(node, "child")?, to: to.context("a cast without a type")? }
        }
        "FUNCTION" => {
            let arguments = list(node, "arguments")?;
            Syntax::Function {
                name: string(node, "function_name")?.to_ascii_lowercase(),
                arguments: arguments
                    .into_iter()
                    .map(|one| below(one, "expression"))
                    .collect::<Result<_>>()?,
            }
        }
        "COMPARE_BETWEEN" => Syntax::Between {
            of: below(node, "input")?,
            low: below(node, "lower")?,
            high: below(node, "upper")?,
        },
        "COMPARE_IN" | "COMPARE_NOT_IN" => {
            let children = list(node, "children")?;
            let (of, list) = children.split_first().context("`in` without a value")?;
            Syntax::In { of, list: list.to_vec(), is_in: kind == "COMPARE_IN" }
        }
        "CONJUNCTION_AND" => Syntax::Join { op: "And", of: list(node, "children")? },
        "CONJUNCTION_OR" => Syntax::Join { op: "Or", of: list(node, "children")? },
        "OPERATOR_NOT" => Syntax::Not(only(node)?),
        "OPERATOR_IS_NULL" => Syntax::IsNull { of: only(node)?, is_null: true },
        "OPERATOR_IS_NOT_NULL" => Syntax::IsNull { of: only(node)?, is_null: false },
        "OPERATOR_COALESCE" => Syntax::Coalesce(list(node, "children")?),
        "CASE_EXPR" => {
            let check = |one| Ok((below(one, "when_expr")?, below(one, "then_expr")?));
            Syntax::Case {
                checks: list(node, "case_checks")?.into_iter().map(check).collect::<Result<_>>()?,
                otherwise: below(node, "else_expr")?,
            }
        }
        other => {
            let op = comparison(other).with_context(|| {
                format!("`{}` is not translated", other.to_ascii_lowercase().replace('_', " "))
            })?;
            Syntax::Compare { op, left: below(node, "left")?, right: below(node, "right")? }
        }
    })
}

fn comparison(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "COMPARE_EQUAL" => "Equal",
        "COMPARE_NOTEQUAL" => "NotEqual",
        "COMPARE_LESSTHAN" => "Less",
        "COMPARE_GREATERTHAN" => "Greater",
        "COMPARE_LESSTHANOREQUALTO" => "LessOrEqual",
        "COMPARE_GREATERTHANOREQUALTO" => "GreaterOrEqual",
        _ => return None,
    })
}

fn constant(node: &Json) -> Result<Syntax<'_>> {
    let literal = below(node, "literal")?;
    let (kind, text) = (string(literal, "kind")?, string(literal, "text")?);
    let number = || text.replace('_', "").parse::<f64>().with_context(|| format!("`{text}` is no number"));
    Ok(match kind {
        "INTEGER" => Syntax::Number(number()?, true),
        "NUMERIC" => Syntax::Number(number()?, false),
        "BOOLEAN" => Syntax::Truth(text.eq_ignore_ascii_case("true")),
        "NULL_LITERAL" => Syntax::Null,
        _ => anyhow::bail!("the constant `{text}` is no number"),
    })
}

/// Its name, without that of the table.
fn column(node: &Json) -> Result<String> {
    let name = list(node, "column_names")?.last().and_then(|name| name.as_str());
    name.map(str::to_owned).context("a column without a name")
}

fn string<'a>(node: &'a Json, field: &str) -> Result<&'a str> {
    node.get(field).and_then(Json::as_str).with_context(|| format!("a syntax tree without `{field}`"))
}

fn below<'a>(node: &'a Json, field: &str) -> Result<&'a Json> {
    node.get(field).with_context(|| format!("a syntax tree without `{field}`"))
}

fn list<'a>(node: &'a Json, field: &str) -> Result<Vec<&'a Json>> {
    let list = node.get(field).and_then(Json::as_array);
    Ok(list.with_context(|| format!("a syntax tree without `{field}`"))?.iter().collect())
}

fn only(node: &Json) -> Result<&Json> {
    list(node, "children")?.first().copied().context("an operator without its operand")
}
