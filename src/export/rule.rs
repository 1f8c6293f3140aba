//! An analyst's rule as an ONNX graph. DuckDB itself reads the expression (`json_serialize_sql`); what is arithmetic is
//! translated, and anything else is named.
//!
//! A number is a 64-bit float here, whole numbers and decimals included, and NULL is NaN: it goes through arithmetic as
//! NULL does, and `coalesce` and `is null` see it. Comparisons would not, so that they are refused where NULL may come.

use anyhow::{Context, Result};
use serde_json::Value as Json;

use super::graph::{Builder, Value, int};
use super::proto::DataType;
use super::syntax::{self, Syntax};

/// What an ONNX value holds, as far as SQL treats it in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Number,
    /// A number without a fraction: casting it to an integer changes nothing.
    Whole,
    Truth,
    /// A FLOAT: DuckDB would go on in 32 bits.
    Single,
}

impl Kind {
    /// Of a column of a model's SELECT; `None` for texts, dates and the like.
    pub fn of_type(sql_type: &str) -> Option<Self> {
        match sql_type {
            "BOOLEAN" => Some(Self::Truth),
            "DOUBLE" => Some(Self::Number),
            "FLOAT" => Some(Self::Single),
            other if other.starts_with("DECIMAL") => Some(Self::Number),
            other if other.trim_start_matches('U').ends_with("INT") || other.ends_with("INTEGER") => {
                Some(Self::Whole)
            }
            _ => None,
        }
    }
}

/// A column that the rule may use.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub kind: Option<Kind>,
    /// Inputs of the model are never NULL.
    pub is_nullable: bool,
}

/// A part of the rule in the graph.
#[derive(Debug, Clone)]
struct Part {
    value: Value,
    kind: Kind,
    is_nullable: bool,
}

/// The columns that a rule uses, in their order.
pub fn columns_of(expression: &Json, columns: &[Column]) -> Result<Vec<String>> {
    let used = syntax::columns(expression);
    for name in &used {
        find(columns, name)?;
    }
    let is_used = |column: &&Column| used.iter().any(|name| name.eq_ignore_ascii_case(&column.name));
    Ok(columns.iter().filter(is_used).map(|column| column.name.clone()).collect())
}

fn find<'a>(columns: &'a [Column], name: &str) -> Result<&'a Column> {
    let column = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    let column = column.with_context(|| format!("the column `{name}` is not there any more"))?;
    anyhow::ensure!(column.kind.is_some(), "the column `{name}` is no number");
    Ok(column)
}

/// The values of a rule, one a row.
pub fn translate(graph: &mut Builder, expression: &Json, columns: &[Column]) -> Result<Value> {
    let mut rule = Rule { graph, columns };
    let part = rule.part(expression)?;
    rule.number(part)
}

struct Rule<'a> {
    graph: &'a mut Builder,
    columns: &'a [Column],
}

impl Rule<'_> {
    fn part(&mut self, expression: &Json) -> Result<Part> {
        match syntax::read(expression)? {
            Syntax::Number(value, is_whole) => {
                let kind = if is_whole { Kind::Whole } else { Kind::Number };
                Ok(Part { value: self.graph.number(value), kind, is_nullable: false })
            }
            Syntax::Truth(value) => {
                let number = self.graph.number(f64::from(u8::from(value)));
                Ok(self.truth("Cast", &[&number], false))
            }
            Syntax::Null => {
                Ok(Part { value: self.graph.number(f64::NAN), kind: Kind::Whole, is_nullable: true })
            }
            Syntax::Column(name) => {
                let column = find(self.columns, &name)?;
                let value = self.graph.column(&column.name);
                if column.kind == Some(Kind::Truth) && !column.is_nullable {
                    return Ok(self.truth("Cast", &[&value], false));
                }
                let kind = column.kind.filter(|kind| *kind != Kind::Truth).unwrap_or(Kind::Whole);
                Ok(Part { value, kind, is_nullable: column.is_nullable })
            }
            Syntax::Cast { of, to } => self.cast(of, to),
            Syntax::Function { name, arguments } => self.function(&name, &arguments),
            Syntax::Compare { op, left, right } => self.compare(op, left, right),
            Syntax::Join { op, of } => self.join(op, &of),
            Syntax::Not(of) => {
                let part = self.condition(of)?;
                Ok(self.truth("Not", &[&part], false))
            }
            Syntax::Between { of, low, high } => {
                let low = self.compare("GreaterOrEqual", of, low)?;
                let high = self.compare("LessOrEqual", of, high)?;
                Ok(self.truth("And", &[&low.value, &high.value], false))
            }
            Syntax::In { of, list, is_in } => {
                let equal: Vec<Part> =
                    list.iter().map(|item| self.compare("Equal", of, item)).collect::<Result<_>>()?;
                let any = self.fold("Or", equal);
                Ok(if is_in { any } else { self.truth("Not", &[&any.value], false) })
            }
            Syntax::IsNull { of, is_null } => {
                let part = self.part(of)?;
                let value = self.number(part)?;
                let null = self.truth("IsNaN", &[&value], false);
                Ok(if is_null { null } else { self.truth("Not", &[&null.value], false) })
            }
            Syntax::Case { checks, otherwise } => {
                let mut result = self.part(otherwise)?;
                for (when, then) in checks.into_iter().rev() {
                    let when = self.condition(when)?;
                    let then = self.part(then)?;
                    result = self.choose(&when, then, result)?;
                }
                Ok(result)
            }
            Syntax::Coalesce(of) => {
                let mut parts = of.into_iter().map(|part| self.part(part)).collect::<Result<Vec<_>>>()?;
                let mut result = parts.pop().context("`coalesce` of nothing")?;
                for part in parts.into_iter().rev() {
                    if part.is_nullable {
                        let is_null = self.graph.op("IsNaN", &[&part.value]);
                        let rest = result.is_nullable;
                        result = self.choose(&is_null, result, Part { is_nullable: false, ..part })?;
                        result.is_nullable = rest;
                    } else {
                        result = part;
                    }
                }
                Ok(result)
            }
        }
    }

    fn truth(&mut self, op: &str, inputs: &[&Value], is_nullable: bool) -> Part {
        let attributes = if op == "Cast" { vec![int("to", BOOL)] } else { Vec::new() };
        Part { value: self.graph.op_with(op, "", inputs, attributes), kind: Kind::Truth, is_nullable }
    }

    /// As a 64-bit float.
    fn number(&mut self, part: Part) -> Result<Value> {
        match part.kind {
            Kind::Truth => {
                let to = i64::from(i32::from(DataType::Double));
                Ok(self.graph.op_with("Cast", "", &[&part.value], vec![int("to", to)]))
            }
            Kind::Single => anyhow::bail!("a FLOAT is computed in 32 bits; cast it to double"),
            Kind::Number | Kind::Whole => Ok(part.value),
        }
    }

    /// What decides something: true or false, and never NULL.
    fn condition(&mut self, expression: &Json) -> Result<Value> {
        let part = self.part(expression)?;
        never_null(&part, expression)?;
        if part.kind == Kind::Truth {
            return Ok(part.value);
        }
        let value = self.number(part)?;
        Ok(self.truth("Cast", &[&value], false).value)
    }

    fn compare(&mut self, op: &str, left: &Json, right: &Json) -> Result<Part> {
        let mut sides = Vec::with_capacity(2);
        for side in [left, right] {
            let part = self.part(side)?;
            never_null(&part, side)?;
            sides.push(self.number(part)?);
        }
        let (op, is_negated) = if op == "NotEqual" { ("Equal", true) } else { (op, false) };
        let result = self.truth(op, &[&sides[0], &sides[1]], false);
        Ok(if is_negated { self.truth("Not", &[&result.value], false) } else { result })
    }

    fn join(&mut self, op: &str, of: &[&Json]) -> Result<Part> {
        let mut parts = Vec::with_capacity(of.len());
        for one in of {
            let value = self.condition(one)?;
            parts.push(Part { value, kind: Kind::Truth, is_nullable: false });
        }
        Ok(self.fold(op, parts))
    }

    fn fold(&mut self, op: &str, parts: Vec<Part>) -> Part {
        let joined = parts.into_iter().reduce(|left, right| {
            let value = self.graph.op(op, &[&left.value, &right.value]);
            Part { value, kind: Kind::Truth, is_nullable: false }
        });
        joined.unwrap_or_else(|| {
            let no = self.graph.number(0.0);
            self.truth("Cast", &[&no], false)
        })
    }

    fn choose(&mut self, when: &Value, then: Part, otherwise: Part) -> Result<Part> {
        let is_nullable = then.is_nullable || otherwise.is_nullable;
        let kind = common(&[&then, &otherwise]);
        let (then, otherwise) = (self.number(then)?, self.number(otherwise)?);
        Ok(Part { value: self.graph.op("Where", &[when, &then, &otherwise]), kind, is_nullable })
    }

    fn cast(&mut self, of: &Json, to: &str) -> Result<Part> {
        let part = self.part(of)?;
        let is_nullable = part.is_nullable;
        let target = Kind::of_type(&to.to_ascii_uppercase());
        match (target, part.kind) {
            // A FLOAT is a double already in the graph: the input is one.
            (Some(Kind::Number), Kind::Single) if to.eq_ignore_ascii_case("double") => {
                Ok(Part { kind: Kind::Number, ..part })
            }
            (Some(Kind::Number), Kind::Number) if to.eq_ignore_ascii_case("double") => Ok(part),
            (Some(Kind::Number | Kind::Whole), Kind::Truth | Kind::Whole) => {
                Ok(Part { value: self.number(part)?, kind: Kind::Whole, is_nullable })
            }
            (Some(Kind::Truth), _) => {
                let value = self.condition(of)?;
                Ok(Part { value, kind: Kind::Truth, is_nullable: false })
            }
            _ => anyhow::bail!("a cast to `{to}` rounds, or is no arithmetic"),
        }
    }

    fn function(&mut self, name: &str, arguments: &[&Json]) -> Result<Part> {
        let parts = arguments.iter().map(|one| self.part(one)).collect::<Result<Vec<_>>>()?;
        let is_nullable = parts.iter().any(|part| part.is_nullable);
        let kind = common(&parts.iter().collect::<Vec<_>>());
        let mut values = Vec::with_capacity(parts.len());
        for part in &parts {
            values.push(self.number(part.clone())?);
        }
        let values: Vec<&Value> = values.iter().collect();
        let (op, kind) = match (name, values.len()) {
            ("+", 1) => return Ok(Part { value: values[0].clone(), kind, is_nullable }),
            ("+", 2) => ("Add", kind),
            ("-", 1) => ("Neg", kind),
            ("-", 2) => ("Sub", kind),
            ("*", 2) => ("Mul", kind),
            ("/", 2) => ("Div", Kind::Number),
            ("**" | "^" | "pow" | "power", 2) => ("Pow", Kind::Number),
            ("abs" | "@", 1) => ("Abs", kind),
            ("exp", 1) => ("Exp", Kind::Number),
            ("ln", 1) => ("Log", Kind::Number),
            ("sqrt", 1) => ("Sqrt", Kind::Number),
            ("tanh", 1) => ("Tanh", Kind::Number),
            ("floor", 1) => ("Floor", Kind::Whole),
            ("ceil" | "ceiling", 1) => ("Ceil", Kind::Whole),
            ("least" | "greatest", 1..) => {
                for (part, source) in parts.iter().zip(arguments) {
                    never_null(part, source)?;
                }
                (if name == "least" { "Min" } else { "Max" }, kind)
            }
            ("if", 3) => {
                let when = self.condition(arguments[0])?;
                return self.choose(&when, parts[1].clone(), parts[2].clone());
            }
            _ => anyhow::bail!("`{name}` is not translated"),
        };
        Ok(Part { value: self.graph.op(op, &values), kind, is_nullable })
    }
}

/// ONNX's code of BOOL.
const BOOL: i64 = 9;

/// Whole only if all parts are.
fn common(parts: &[&Part]) -> Kind {
    let is_whole = |part: &&Part| matches!(part.kind, Kind::Whole | Kind::Truth);
    if parts.iter().all(is_whole) { Kind::Whole } else { Kind::Number }
}

fn never_null(part: &Part, expression: &Json) -> Result<()> {
    let what = syntax::columns(expression).join("`, `");
    anyhow::ensure!(
        !part.is_nullable,
        "`{what}` may be NULL where a comparison needs a value; `coalesce` helps"
    );
    Ok(())
}
