//! An ONNX graph, node by node. All arithmetic is in 64-bit floats, as in the tool itself.

use prost::Message;

use super::proto::{
    Attribute, AttributeType, DataType, Dimension, Graph, Model, Node, OperatorSet, Property, Shape, Tensor,
    TensorType, Type, ValueInfo,
};

/// The format of the file, and the versions of its operators. `TreeEnsemble`, the first operator for trees whose result
/// is a 64-bit float, came with version 5 of `ai.onnx.ml`.
const IR_VERSION: i64 = 10;
const OPSET: i64 = 21;
const ML_OPSET: i64 = 5;
pub const ML_DOMAIN: &str = "ai.onnx.ml";

/// The name of what a node gives.
pub type Value = String;

/// A graph in the making.
pub struct Builder {
    nodes: Vec<Node>,
    constants: Vec<Tensor>,
    inputs: Vec<String>,
    outputs: Vec<(String, DataType)>,
    names: usize,
}

impl Builder {
    /// A graph with one input a column.
    pub fn new(inputs: &[String]) -> Self {
        let inputs = inputs.to_vec();
        Self { nodes: Vec::new(), constants: Vec::new(), inputs, outputs: Vec::new(), names: 0 }
    }

    /// A name that nothing else has.
    fn name(&mut self, what: &str) -> String {
        loop {
            self.names += 1;
            let name = format!("{what}/{}", self.names);
            if !self.inputs.contains(&name) {
                return name;
            }
        }
    }

    /// A node with one result.
    pub fn op(&mut self, op: &str, inputs: &[&Value]) -> Value {
        self.op_with(op, "", inputs, Vec::new())
    }

    pub fn op_with(&mut self, op: &str, domain: &str, inputs: &[&Value], attribute: Vec<Attribute>) -> Value {
        let output = self.name(op);
        self.nodes.push(Node {
            input: inputs.iter().map(|&name| name.clone()).collect(),
            output: vec![output.clone()],
            name: output.clone(),
            op_type: op.to_owned(),
            attribute,
            domain: domain.to_owned(),
        });
        output
    }

    /// A number that meets each row.
    pub fn number(&mut self, value: f64) -> Value {
        self.constant(doubles(&[], &[value]))
    }

    pub fn constant(&mut self, mut tensor: Tensor) -> Value {
        tensor.name = self.name("constant");
        let name = tensor.name.clone();
        self.constants.push(tensor);
        name
    }

    /// The inputs beside each other: rows x columns.
    pub fn matrix(&mut self) -> Value {
        let as_column = self.constant(int64s(&[-1, 1]));
        let columns: Vec<Value> = self.inputs.clone();
        let columns: Vec<Value> =
            columns.iter().map(|name| self.op("Reshape", &[name, &as_column])).collect();
        let columns: Vec<&Value> = columns.iter().collect();
        self.op_with("Concat", "", &columns, vec![int("axis", 1)])
    }

    /// The values of one input, one a row.
    pub fn column(&mut self, name: &str) -> Value {
        let as_row = self.constant(int64s(&[-1]));
        self.op("Reshape", &[&name.to_owned(), &as_row])
    }

    /// `value`, of one number a row whatever its shape, becomes an output.
    pub fn output(&mut self, name: &str, kind: DataType, value: &Value) {
        let as_row = self.constant(int64s(&[-1]));
        self.nodes.push(Node {
            input: vec![value.clone(), as_row],
            output: vec![name.to_owned()],
            name: name.to_owned(),
            op_type: "Reshape".to_owned(),
            ..Node::default()
        });
        self.outputs.push((name.to_owned(), kind));
    }

    /// The bytes of `model.onnx`.
    pub fn finish(self, name: &str, version: i32, about: &[(&str, String)]) -> Vec<u8> {
        // MLflow feeds the only input as a column of a matrix, and several ones as plain lists.
        let shape: &[Option<i64>] = if self.inputs.len() == 1 { &[None, Some(1)] } else { &[None] };
        let graph = Graph {
            node: self.nodes,
            name: name.to_owned(),
            initializer: self.constants,
            input: self.inputs.iter().map(|name| info(name, DataType::Double, shape)).collect(),
            output: self.outputs.iter().map(|(name, kind)| info(name, *kind, &[None])).collect(),
        };
        let set = |domain: &str, version| OperatorSet { domain: domain.to_owned(), version };
        let property =
            |(key, value): &(&str, String)| Property { key: (*key).to_owned(), value: value.clone() };
        let model = Model {
            ir_version: IR_VERSION,
            producer_name: "olist".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            model_version: i64::from(version),
            doc_string: String::new(),
            graph: Some(graph),
            opset_import: vec![set("", OPSET), set(ML_DOMAIN, ML_OPSET)],
            metadata_props: about.iter().map(property).collect(),
        };
        model.encode_to_vec()
    }
}

/// A named value; `None` is the number of rows, which differs from call to call.
fn info(name: &str, kind: DataType, shape: &[Option<i64>]) -> ValueInfo {
    let dimension = |length: &Option<i64>| Dimension {
        dim_value: *length,
        dim_param: length.is_none().then(|| "rows".to_owned()),
    };
    let shape = Shape { dim: shape.iter().map(dimension).collect() };
    let tensor_type = TensorType { elem_type: kind.into(), shape: Some(shape) };
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type: Some(tensor_type) }) }
}

/// Numbers in a tensor of these dimensions; none for a single number.
pub fn doubles(dims: &[i64], values: &[f64]) -> Tensor {
    raw(DataType::Double, dims, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

pub fn int64s(values: &[i64]) -> Tensor {
    raw(DataType::Int64, &[length(values)], values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

pub fn int32s(values: &[i32]) -> Tensor {
    raw(DataType::Int32, &[length(values)], values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

pub fn uint8s(values: Vec<u8>) -> Tensor {
    raw(DataType::Uint8, &[length(&values)], values)
}

pub fn texts(values: &[String]) -> Tensor {
    Tensor {
        dims: vec![length(values)],
        data_type: DataType::String.into(),
        string_data: values.iter().map(|value| value.clone().into_bytes()).collect(),
        ..Tensor::default()
    }
}

fn raw(kind: DataType, dims: &[i64], bytes: Vec<u8>) -> Tensor {
    Tensor { dims: dims.to_vec(), data_type: kind.into(), raw_data: Some(bytes), ..Tensor::default() }
}

pub fn length<T>(values: &[T]) -> i64 {
    i64::try_from(values.len()).unwrap_or(i64::MAX)
}

pub fn int(name: &str, value: i64) -> Attribute {
    let kind = AttributeType::Int.into();
    Attribute { name: name.to_owned(), i: Some(value), r#type: kind, ..Attribute::default() }
}

pub fn ints(name: &str, values: Vec<i64>) -> Attribute {
    let kind = AttributeType::Ints.into();
    Attribute { name: name.to_owned(), ints: values, r#type: kind, ..Attribute::default() }
}

pub fn tensor(name: &str, value: Tensor) -> Attribute {
    let kind = AttributeType::Tensor.into();
    Attribute { name: name.to_owned(), t: Some(value), r#type: kind, ..Attribute::default() }
}
