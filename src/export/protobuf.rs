//! Protocol buffers, as far as an ONNX file needs them: a message is the bytes of its fields.
//!
//! The crates that have ONNX's messages are very young (onnx-rs), bound to old releases of prost or protobuf (onnx-pb,
//! onnx-protobuf), or come with a whole runtime; and the format is a page.

/// A message in the making. Fields are named by their numbers, as in onnx.proto.
#[derive(Debug, Clone, Default)]
pub struct Message(Vec<u8>);

/// How a field's value is written, after its number.
const VARINT: u64 = 0;
const BYTES: u64 = 2;

impl Message {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn int(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3 | VARINT);
        self.varint(value.cast_unsigned());
        self
    }

    /// A text, a message, or bytes as they are.
    pub fn bytes(mut self, field: u64, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        self.varint(field << 3 | BYTES);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    pub fn ints(self, field: u64, values: &[i64]) -> Self {
        let mut packed = Self::default();
        for value in values {
            packed.varint(value.cast_unsigned());
        }
        self.bytes(field, packed)
    }

    /// A field that comes once for each value.
    pub fn each<T: AsRef<[u8]>>(self, field: u64, values: &[T]) -> Self {
        values.iter().fold(self, |message, value| message.bytes(field, value))
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
