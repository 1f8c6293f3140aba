//! A model as bytes, for a BLOB of the registry: a header, then postcard, compressed with zlib.
//!
//! postcard is a compact serde format with a published specification and a stable wire format since 1.0; zlib's
//! checksum finds damage. The header's version is raised whenever a stored type changes.

use super::fitted::Fitted;
use super::kmeans::Clustering;
use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{Read, Write};

/// Four letters and the version of the format, of each kind of model.
const PREDICTS: [u8; 5] = *b"OLML\x01";
const GROUPS: [u8; 5] = *b"OLMC\x01";
/// Damaged or hostile bytes must not fill the memory.
const LARGEST: u64 = 1 << 30;

impl Fitted {
    /// The model as bytes.
    ///
    /// # Errors
    /// When memory for the bytes cannot be written, which does not happen in practice.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        pack(PREDICTS, self)
    }

    /// The model that [`to_bytes`](Self::to_bytes) wrote; its predictions are the same to the bit.
    ///
    /// # Errors
    /// When the bytes are not a model, of another version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        unpack(PREDICTS, bytes, Self::is_sound)
    }
}

impl Clustering {
    /// The model as bytes.
    ///
    /// # Errors
    /// When memory for the bytes cannot be written, which does not happen in practice.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        pack(GROUPS, self)
    }

    /// The model that [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// When the bytes are not a clustering, of another version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        unpack(GROUPS, bytes, Self::is_sound)
    }
}

fn pack<T: Serialize>(header: [u8; 5], model: &T) -> Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(header.to_vec(), Compression::default());
    encoder.write_all(&postcard::to_stdvec(model)?)?;
    Ok(encoder.finish()?)
}

fn unpack<T: DeserializeOwned>(expected: [u8; 5], bytes: &[u8], is_sound: impl Fn(&T) -> bool) -> Result<T> {
    let (header, body) = bytes.split_at_checked(expected.len()).context("the stored model is cut off")?;
    ensure!(header[..4] == expected[..4], "these bytes are not a stored model of this task");
    let version = header[4];
    ensure!(
        version == expected[4],
        "the stored model has format {version}, this program reads {}",
        expected[4]
    );
    let mut plain = Vec::new();
    ZlibDecoder::new(body).take(LARGEST).read_to_end(&mut plain).context("the stored model is damaged")?;
    let (model, rest): (T, _) = postcard::take_from_bytes(&plain).context("the stored model is damaged")?;
    ensure!(rest.is_empty() && is_sound(&model), "the stored model is damaged");
    Ok(model)
}
