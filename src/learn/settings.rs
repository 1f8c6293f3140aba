//! Numbers within bounds, as serde reads them.

use std::fmt;
use std::ops::RangeInclusive;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A whole number from `MIN` to `MAX`.
struct Whole<const MIN: u64, const MAX: u64, T>(T);

impl<'de, const MIN: u64, const MAX: u64, T: TryFrom<u64>> Deserialize<'de> for Whole<MIN, MAX, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded<const MIN: u64, const MAX: u64>;
        impl<const MIN: u64, const MAX: u64> Visitor<'_> for Bounded<MIN, MAX> {
            type Value = u64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from {MIN} to {MAX}")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
                let wrong = || E::invalid_value(Unexpected::Unsigned(number), &self);
                (MIN..=MAX).contains(&number).then_some(number).ok_or_else(wrong)
            }
        }
        let number = deserializer.deserialize_u64(Bounded::<MIN, MAX>)?;
        T::try_from(number).map(Self).map_err(|_| D::Error::custom("this number is too large"))
    }
}

pub fn whole<'de, const MIN: u64, const MAX: u64, T: TryFrom<u64>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Whole::<MIN, MAX, T>::deserialize(deserializer).map(|Whole(number)| number)
}

/// As `whole`, or nothing.
pub fn maybe_whole<'de, const MIN: u64, const MAX: u64, T: TryFrom<u64>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(Option::<Whole<MIN, MAX, T>>::deserialize(deserializer)?.map(|Whole(number)| number))
}

/// A number within `range`.
pub fn number<'de, D: Deserializer<'de>>(
    deserializer: D,
    range: RangeInclusive<f64>,
) -> Result<f64, D::Error> {
    struct Bounded(RangeInclusive<f64>);
    impl Visitor<'_> for Bounded {
        type Value = f64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a number from {} to {}", self.0.start(), self.0.end())
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<f64, E> {
            let wrong = || E::invalid_value(Unexpected::Float(number), &self);
            self.0.contains(&number).then_some(number).ok_or_else(wrong)
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<f64, E> {
            self.visit_f64(number as f64)
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<f64, E> {
            self.visit_f64(number as f64)
        }
    }
    deserializer.deserialize_f64(Bounded(range))
}

/// A share of the rows, of which something is left.
pub fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    number(deserializer, 0.01..=1.0)
}
