//! A model as bytes, for a BLOB of the registry: a header, then postcard, compressed with zlib.
//!
//! postcard is a compact serde format with a published specification and a stable wire format since 1.0; zlib's
//! checksum finds damage. The header's version is raised whenever a stored type changes. A database may come from
//! anyone: what its bytes unpack to is bounded before it is kept.

use super::fitted::Fitted;
use super::kmeans::Clustering;
use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::io::{Read, Write};
use std::marker::PhantomData;

/// Four letters and the version of the format, of each task.
const PREDICTS: [u8; 5] = *b"OLML\x01";
const GROUPS: [u8; 5] = *b"OLMC\x01";
/// Bytes of a model before compression, at most: 40 million nodes of trees or so, which take some 16 bytes each in
/// memory. A forest as large as one may ask for is far below.
const LARGEST: u64 = 128 << 20;

impl Fitted {
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        pack(PREDICTS, self)
    }

    /// The model that [`to_bytes`](Self::to_bytes) wrote; its predictions are the same to the bit.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        unpack(PREDICTS, bytes, Self::is_sound)
    }
}

impl Clustering {
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        pack(GROUPS, self)
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        unpack(GROUPS, bytes, Self::is_sound)
    }
}

fn pack<T: Serialize>(header: [u8; 5], model: &T) -> Result<Vec<u8>> {
    let plain = postcard::to_stdvec(model)?;
    ensure!(
        plain.len() as u64 <= LARGEST,
        "the model takes {} MiB, and a stored one {} at most: fewer trees, or more rows in a leaf, help",
        plain.len() >> 20,
        LARGEST >> 20
    );
    let mut encoder = ZlibEncoder::new(header.to_vec(), Compression::default());
    encoder.write_all(&plain)?;
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
    let mut decoder = ZlibDecoder::new(body).take(LARGEST + 1);
    decoder.read_to_end(&mut plain).context("the stored model is damaged")?;
    ensure!(plain.len() as u64 <= LARGEST, "the stored model is larger than {} MiB", LARGEST >> 20);
    let (model, rest): (T, _) = postcard::take_from_bytes(&plain).context("the stored model is damaged")?;
    ensure!(rest.is_empty() && is_sound(&model), "the stored model is damaged");
    Ok(model)
}

/// For serde: a list of at most `N` items. A byte a name would be 24 of memory.
pub fn at_most<'de, const N: usize, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct Bounded<const N: usize, T>(PhantomData<T>);

    impl<'de, const N: usize, T: Deserialize<'de>> Visitor<'de> for Bounded<N, T> {
        type Value = Vec<T>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(formatter, "at most {N} items")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut kept = Vec::new();
            while let Some(item) = items.next_element()? {
                if kept.len() == N {
                    return Err(A::Error::invalid_length(N + 1, &self));
                }
                kept.push(item);
            }
            Ok(kept)
        }
    }

    deserializer.deserialize_seq(Bounded::<N, T>(PhantomData))
}
