//! Why each score: the inputs that moved it most, as a list in the table of scores.

use std::sync::Arc;

use duckdb::arrow::array::{ArrayRef, Float64Array, ListArray, StringArray, StructArray};
use duckdb::arrow::buffer::{NullBuffer, OffsetBuffer};
use duckdb::arrow::datatypes::{DataType, Field, Fields};

use crate::learn::{Contributions, Matrix, Scale};

/// So many that raised the score, and as many that lowered it.
const MOST: usize = 3;
/// What is smaller came of rounding.
const LEAST: f64 = 1e-12;

/// The type of the column, as DuckDB writes it.
pub const TYPE: &str = "STRUCT(\"input\" VARCHAR, \"value\" DOUBLE, contribution DOUBLE)[]";

/// What each input of a list of rows adds to their scores.
pub struct Reasons {
    pub inputs: Vec<String>,
    /// A row after the other; none where it is no number.
    pub values: Vec<Option<f64>>,
    /// Without a number in rows of which nothing can be said.
    pub contributions: Contributions,
}

impl Reasons {
    pub fn new(x: &Matrix, contributions: Contributions) -> Self {
        let values = x.all_row_major().into_iter().map(Some).collect();
        Self { inputs: x.columns().to_vec(), values, contributions }
    }

    /// Of scores of which nothing can be said.
    pub fn none() -> Self {
        let contributions = Contributions {
            scale: Scale::Rule,
            base: f64::NAN,
            is_exact: true,
            width: 0,
            values: Vec::new(),
        };
        Self { inputs: Vec::new(), values: Vec::new(), contributions }
    }

    pub fn at(&self, row: usize, input: usize) -> (Option<f64>, f64) {
        (self.values[row * self.inputs.len() + input], self.contributions.row(row)[input])
    }

    /// The inputs that moved the score of a row, the strongest first; `None` where nothing can be said.
    pub fn strongest(&self, row: usize) -> Option<Vec<usize>> {
        if !self.contributions.total(row).is_finite() {
            return None;
        }
        let by = self.contributions.row(row);
        let mut inputs: Vec<usize> = (0..by.len()).filter(|input| by[*input].abs() > LEAST).collect();
        inputs.sort_by(|left, right| by[*right].abs().total_cmp(&by[*left].abs()));
        Some(inputs)
    }

    pub fn column(&self, rows: usize) -> ArrayRef {
        let (mut names, mut values, mut by) = (Vec::new(), Vec::new(), Vec::new());
        let (mut lengths, mut is_known) = (Vec::new(), Vec::new());
        for row in 0..rows {
            let strongest = self.strongest(row);
            is_known.push(strongest.is_some());
            let (mut up, mut down) = (0, 0);
            for input in strongest.unwrap_or_default() {
                let (value, contribution) = self.at(row, input);
                let side = if contribution > 0.0 { &mut up } else { &mut down };
                if *side < MOST {
                    *side += 1;
                    names.push(self.inputs[input].as_str());
                    values.push(value);
                    by.push(contribution);
                }
            }
            lengths.push(up + down);
        }
        let number = |name| Field::new(name, DataType::Float64, true);
        let fields = Fields::from(vec![
            Field::new("input", DataType::Utf8, true),
            number("value"),
            number("contribution"),
        ]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(names)),
            Arc::new(Float64Array::from(values)),
            Arc::new(Float64Array::from(by)),
        ];
        let item = Arc::new(Field::new("item", DataType::Struct(fields.clone()), true));
        let reasons = Arc::new(StructArray::new(fields, columns, None));
        let nulls = Some(NullBuffer::from(is_known));
        Arc::new(ListArray::new(item, OffsetBuffer::from_lengths(lengths), reasons, nulls))
    }
}
