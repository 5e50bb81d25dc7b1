//! 128-bit ids and their text form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A 128-bit id. Zero and the largest value are reserved and never name anything.
///
/// Text form: ids up to 2^64 − 1 are decimal (`2378`), larger ones are written like a UUID
/// (`0190163d-8694-739b-aea5-966c26f8ad91`, RFC 9562, hexadecimal, big-endian). Both forms are read for every value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Id(u128);

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Neither decimal digits nor a UUID, or too large for 128 bits.
    #[error("an id is a decimal number below 2^128 or a UUID")]
    Malformed,
    /// Zero and 2^128 − 1 are reserved.
    #[error("ids 0 and 2^128 − 1 are reserved")]
    Reserved,
}

impl Id {
    /// Checks that `value` is not reserved.
    pub fn new(value: u128) -> Result<Self, IdError> {
        if value == 0 || value == u128::MAX { Err(IdError::Reserved) } else { Ok(Self(value)) }
    }

    /// The number itself.
    pub fn get(self) -> u128 {
        self.0
    }

    /// An id that sorts by time, in the layout of a version 7 UUID (RFC 9562): 48 bits of milliseconds, then
    /// version and variant, then 74 bits of `random`.
    pub fn time_ordered(unix_ms: u64, random: u128) -> Self {
        let time = u128::from(unix_ms & 0xffff_ffff_ffff) << 80;
        let rand_a = (random & 0xfff) << 64;
        let rand_b = (random >> 12) & 0x3fff_ffff_ffff_ffff;
        Self(time | (7 << 76) | rand_a | (0b10 << 62) | rand_b)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ok(small) = u64::try_from(self.0) {
            return fmt::Display::fmt(&small, f);
        }
        let [a, b, c, d] = [96, 80, 64, 48].map(|shift| self.0 >> shift);
        let tail = self.0 & 0xffff_ffff_ffff;
        write!(f, "{a:08x}-{:04x}-{:04x}-{:04x}-{tail:012x}", b & 0xffff, c & 0xffff, d & 0xffff)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let bytes = text.as_bytes();
        if !bytes.is_empty() && bytes.len() <= 39 && bytes.iter().all(u8::is_ascii_digit) {
            return Self::new(text.parse().map_err(|_| IdError::Malformed)?);
        }
        if bytes.len() != 36 {
            return Err(IdError::Malformed);
        }
        let mut value = 0u128;
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 8 | 13 | 18 | 23) {
                if *byte != b'-' {
                    return Err(IdError::Malformed);
                }
                continue;
            }
            let digit = char::from(*byte).to_digit(16).ok_or(IdError::Malformed)?;
            value = value << 4 | u128::from(digit);
        }
        Self::new(value)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Id;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id as a string: a decimal number or a UUID")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Id, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// Names one kind of 128-bit id.
macro_rules! id_kind {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Id);

        impl $name {
            /// Checks that `value` is not reserved.
            pub fn new(value: u128) -> Result<Self, IdError> {
                Id::new(value).map(Self)
            }

            /// The number itself.
            pub fn get(self) -> u128 {
                self.0.get()
            }
        }

        impl From<Id> for $name {
            fn from(id: Id) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Id {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

id_kind!(
    /// Names an account of the ledger.
    AccountId
);
id_kind!(
    /// Names a transfer of the ledger; at the API a payment's id.
    TransferId
);
id_kind!(
    /// Names a client's request, so that sending it twice is doing it once.
    RequestId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_form_two_readable() {
        let large = 0x0190_163d_8694_739b_aea5_966c_26f8_ad91_u128;
        let text = "0190163d-8694-739b-aea5-966c26f8ad91";
        assert_eq!(Id::new(large).unwrap().to_string(), text);
        assert_eq!(text.parse::<Id>().unwrap().get(), large);
        assert_eq!(text.to_uppercase().parse::<Id>().unwrap().get(), large);
        assert_eq!(large.to_string().parse::<Id>().unwrap().get(), large);
        assert_eq!("2378".parse::<Id>().unwrap().to_string(), "2378");
        assert_eq!("00000000-0000-0000-0000-00000000094a".parse::<Id>().unwrap().to_string(), "2378");
        assert_eq!(Id::new(u128::from(u64::MAX)).unwrap().to_string(), u64::MAX.to_string());
    }

    #[test]
    fn bad_ids_are_named() {
        for bad in
            ["", " 1", "-1", "+1", "1.0", "0x10", "９", &"9".repeat(39), &"9".repeat(40), &"-".repeat(36)]
        {
            assert_eq!(bad.parse::<Id>(), Err(IdError::Malformed), "{bad}");
        }
        for reserved in ["0", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]
        {
            assert_eq!(reserved.parse::<Id>(), Err(IdError::Reserved), "{reserved}");
        }
        assert!(serde_json::from_str::<AccountId>("12").is_err(), "a JSON number loses digits above 2^53");
    }

    #[test]
    fn time_ordered_ids_are_version_7_and_sort() {
        let early = Id::time_ordered(1_700_000_000_000, u128::MAX);
        let late = Id::time_ordered(1_700_000_000_001, 0);
        assert!(early < late);
        assert_eq!(&early.to_string()[14..15], "7");
        assert!("89ab".contains(&early.to_string()[19..20]));
        assert_ne!(Id::time_ordered(0, 1), Id::time_ordered(0, 1 << 12));
    }
}
