//! Whole numbers that JSON numbers cannot carry: above 2^53 many readers lose digits, so they travel as strings.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::schema::text_schema;

macro_rules! number_text {
    ($(#[$doc:meta])* $name:ident, $number:ty, $schema:literal, $expecting:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub $number);

        impl $name {
            /// Whether the number is zero, which a request may leave out.
            pub fn is_zero(&self) -> bool {
                self.0 == 0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl de::Visitor<'_> for Visitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        // `parse` alone would also take a plus sign.
                        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
                            return Err(E::invalid_value(de::Unexpected::Str(text), &self));
                        }
                        match text.parse() {
                            Ok(number) => Ok($name(number)),
                            Err(_) => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                        }
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }

        text_schema!($name, $schema, "^[0-9]+$", "0", $expecting);
    };
}

number_text!(
    /// A 64-bit number as a decimal string.
    U64Text,
    u64,
    "U64",
    "a whole number below 2^64 as a decimal string"
);
number_text!(
    /// A 128-bit number as a decimal string.
    U128Text,
    u128,
    "U128",
    "a whole number below 2^128 as a decimal string"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_strings_of_digits() {
        let largest = format!("\"{}\"", u128::MAX);
        assert_eq!(serde_json::from_str::<U128Text>(&largest).unwrap(), U128Text(u128::MAX));
        assert_eq!(serde_json::to_string(&U128Text(u128::MAX)).unwrap(), largest);
        for bad in
            [r#""""#, "1", r#""+1""#, r#""-1""#, r#"" 1""#, r#""1.0""#, r#""18446744073709551616""#, "null"]
        {
            assert!(serde_json::from_str::<U64Text>(bad).is_err(), "{bad}");
        }
    }
}
