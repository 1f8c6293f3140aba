//! An ONNX graph, node by node. All arithmetic is in 64-bit floats, as in the tool itself.
//!
//! The numbers of fields are those of onnx/onnx.proto, version 1.16.

use super::protobuf::Message;

/// The format of the file, and the versions of its operators. `TreeEnsemble`, the first operator for trees whose result
/// is a 64-bit float, came with version 5 of `ai.onnx.ml`.
const IR_VERSION: i64 = 10;
const OPSET: i64 = 21;
const ML_OPSET: i64 = 5;
const ML_DOMAIN: &str = "ai.onnx.ml";

/// What a tensor holds, with ONNX's code for it.
#[derive(Debug, Clone, Copy)]
pub enum DataType {
    Uint8 = 2,
    Int32 = 6,
    Int64 = 7,
    String = 8,
    Double = 11,
}

/// The name of what a node gives.
pub type Value = String;

pub struct Builder {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    inputs: Vec<String>,
    outputs: Vec<Message>,
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

    pub fn op(&mut self, op: &str, inputs: &[&Value]) -> Value {
        self.op_with(op, inputs, &[])
    }

    pub fn op_with(&mut self, op: &str, inputs: &[&Value], attributes: &[Message]) -> Value {
        let output = self.name(op);
        self.node(op, inputs, &output, attributes);
        output
    }

    fn node(&mut self, op: &str, inputs: &[&Value], output: &str, attributes: &[Message]) {
        let domain = if op == "TreeEnsemble" { ML_DOMAIN } else { "" };
        let node = Message::new().each(1, inputs).bytes(2, output).bytes(3, output).bytes(4, op);
        self.nodes.push(node.each(5, attributes).bytes(7, domain));
    }

    /// A number that meets each row.
    pub fn number(&mut self, value: f64) -> Value {
        self.constant(doubles(&[], &[value]))
    }

    pub fn constant(&mut self, tensor: Message) -> Value {
        let name = self.name("constant");
        self.constants.push(tensor.bytes(8, &name));
        name
    }

    /// The inputs beside each other: rows x columns.
    pub fn matrix(&mut self) -> Value {
        let as_column = self.constant(int64s(&[-1, 1]));
        let inputs = self.inputs.clone();
        let columns: Vec<Value> = inputs.iter().map(|name| self.op("Reshape", &[name, &as_column])).collect();
        self.op_with("Concat", &columns.iter().collect::<Vec<_>>(), &[int("axis", 1)])
    }

    /// `value`, of one number a row whatever its shape, becomes an output.
    pub fn output(&mut self, name: &str, kind: DataType, value: &Value) {
        let as_row = self.constant(int64s(&[-1]));
        self.node("Reshape", &[value, &as_row], name, &[]);
        self.outputs.push(value_info(name, kind, false));
    }

    pub fn finish(self, name: &str, version: i32, about: &[(&str, String)]) -> Vec<u8> {
        // MLflow feeds the only input as a column of a matrix, and several ones as plain lists.
        let is_column = self.inputs.len() == 1;
        let inputs = self.inputs.iter().map(|name| value_info(name, DataType::Double, is_column));
        let graph = Message::new()
            .each(1, &self.nodes)
            .bytes(2, name)
            .each(5, &self.constants)
            .each(11, &inputs.collect::<Vec<_>>())
            .each(12, &self.outputs);
        let operators = |domain: &str, version| Message::new().bytes(1, domain).int(2, version);
        let property = |(key, value): &(&str, String)| Message::new().bytes(1, key).bytes(2, value);
        Message::new()
            .int(1, IR_VERSION)
            .bytes(2, "olist")
            .bytes(3, env!("CARGO_PKG_VERSION"))
            .int(5, version.into())
            .bytes(7, graph)
            .each(8, &[operators("", OPSET), operators(ML_DOMAIN, ML_OPSET)])
            .each(14, &about.iter().map(property).collect::<Vec<_>>())
            .into_bytes()
    }
}

/// Something named with one value a row: a list, or a matrix of one column.
fn value_info(name: &str, kind: DataType, is_column: bool) -> Message {
    let mut shape = Message::new().bytes(1, Message::new().bytes(2, "rows"));
    if is_column {
        shape = shape.bytes(1, Message::new().int(1, 1));
    }
    let tensor = Message::new().int(1, kind as i64).bytes(2, shape);
    Message::new().bytes(1, name).bytes(2, Message::new().bytes(1, tensor))
}

/// Numbers in a tensor of these dimensions; none for a single number.
pub fn doubles(dims: &[i64], values: &[f64]) -> Message {
    tensor(DataType::Double, dims, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

pub fn int64s(values: &[i64]) -> Message {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    tensor(DataType::Int64, &[length(values)], bytes)
}

pub fn int32s(values: &[i32]) -> Message {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    tensor(DataType::Int32, &[length(values)], bytes)
}

pub fn uint8s(values: Vec<u8>) -> Message {
    tensor(DataType::Uint8, &[length(&values)], values)
}

pub fn texts(values: &[String]) -> Message {
    Message::new().ints(1, &[length(values)]).int(2, DataType::String as i64).each(6, values)
}

/// Everything but texts, little-endian.
fn tensor(kind: DataType, dims: &[i64], bytes: Vec<u8>) -> Message {
    Message::new().ints(1, dims).int(2, kind as i64).bytes(9, bytes)
}

pub fn length<T>(values: &[T]) -> i64 {
    i64::try_from(values.len()).unwrap_or(i64::MAX)
}

/// An attribute of a node; the last field is ONNX's code of its type.
pub fn int(name: &str, value: i64) -> Message {
    Message::new().bytes(1, name).int(3, value).int(20, 2)
}

pub fn tensor_of(name: &str, value: Message) -> Message {
    Message::new().bytes(1, name).bytes(5, value).int(20, 4)
}

pub fn ints(name: &str, values: &[i64]) -> Message {
    Message::new().bytes(1, name).ints(8, values).int(20, 7)
}
