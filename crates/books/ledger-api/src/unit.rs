//! What the amounts of a ledger are counted in.

use std::fmt;
use std::str::FromStr;

use money::{Currency, MoneyError};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::schema::text_schema;

/// What amounts are counted in, as it is written: a currency, the code of a unit that the bank has declared, or the
/// number of a ledger.
///
/// Text form: `CZK`, `XAU-G`, or the ledger's number in decimal. The number of a currency's ledger is read as that
/// currency. Only [`Units`](crate::Units) knows the ledger and the digits of a declared unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// A currency of ISO 4217.
    Currency(Currency),
    /// A unit that the bank has declared.
    Declared(UnitCode),
    /// The number of a ledger that is no currency.
    Ledger(u32),
}

/// The code of a declared unit: two to twelve of `A`–`Z`, `0`–`9`, `.` and `-`, the first no sign, a letter among them,
/// but not three letters, which are a currency's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitCode {
    bytes: [u8; UNIT_CODE_BYTES_MAX],
    len: u8,
}

/// The longest code of a unit.
pub const UNIT_CODE_BYTES_MAX: usize = 12;

impl UnitCode {
    /// The code `text`, if it is one.
    pub fn new(text: &str) -> Option<Self> {
        let (code, len) = (text.as_bytes(), text.len());
        let is_allowed =
            |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b".-".contains(byte);
        let is_currency = len == 3 && code.iter().all(u8::is_ascii_uppercase);
        let is_code = (2..=UNIT_CODE_BYTES_MAX).contains(&len)
            && code.iter().all(is_allowed)
            && code.iter().any(u8::is_ascii_uppercase)
            && code[0].is_ascii_alphanumeric()
            && !is_currency;
        let mut bytes = [0; UNIT_CODE_BYTES_MAX];
        bytes.iter_mut().zip(code).for_each(|(place, byte)| *place = *byte);
        is_code.then_some(Self { bytes, len: u8::try_from(len).ok()? })
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        // A code is ASCII, so the fallback is never taken.
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Display for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for UnitCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for UnitCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = UnitCode;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the code of a unit: two to twelve of A–Z, 0–9, point and hyphen, a letter among them; three letters are a currency's")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<UnitCode, E> {
                UnitCode::new(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

text_schema!(
    UnitCode,
    "UnitCode",
    "^[A-Z0-9][A-Z0-9.-]{1,11}$",
    "XAU-G",
    "The code of a declared unit: two to twelve of A–Z, 0–9, point and hyphen, a letter among them; not three letters, which are a currency's."
);

impl From<Currency> for Unit {
    fn from(currency: Currency) -> Self {
        Self::Currency(currency)
    }
}

impl PartialEq<Currency> for Unit {
    fn eq(&self, other: &Currency) -> bool {
        *self == Self::Currency(*other)
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Currency(currency) => f.pad(currency.code()),
            Self::Declared(code) => f.pad(code.as_str()),
            Self::Ledger(ledger) => f.pad(&ledger.to_string()),
        }
    }
}

impl FromStr for Unit {
    type Err = MoneyError;

    /// Errors: [`MoneyError::UnknownCurrency`].
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        if let Some(code) = UnitCode::new(text) {
            return Ok(Self::Declared(code));
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Self::Currency);
        }
        match text.parse() {
            Ok(0) | Err(_) => Err(MoneyError::UnknownCurrency),
            Ok(ledger) => Ok(Currency::from_ledger(ledger).map_or(Self::Ledger(ledger), Self::Currency)),
        }
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Unit;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an ISO 4217 currency code like CZK, the code of a declared unit, or the number of a ledger")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Unit, E> {
                text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

text_schema!(
    Unit,
    "Unit",
    "^([A-Z]{3}|[A-Z0-9][A-Z0-9.-]{1,11}|[1-9][0-9]{0,9})$",
    "CZK",
    "A currency's alphabetic code (ISO 4217), the code of a unit that the bank has declared, or the number of a ledger."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_a_currency_a_code_or_a_number() {
        let code = |text| Unit::Declared(UnitCode::new(text).unwrap());
        for (text, unit) in [
            ("CZK", Unit::Currency(Currency::CZK)),
            ("203", Unit::Currency(Currency::CZK)),
            ("700", Unit::Ledger(700)),
            ("4294967295", Unit::Ledger(u32::MAX)),
            ("XAU-G", code("XAU-G")),
            ("600519.SH", code("600519.SH")),
            ("CZKK", code("CZKK")),
            ("A1", code("A1")),
        ] {
            let read: Unit = text.parse().unwrap();
            assert_eq!(read, unit, "{text}");
            let json = serde_json::to_string(&unit).unwrap();
            assert_eq!(serde_json::from_str::<Unit>(&json).unwrap(), unit);
        }
        assert_eq!(Unit::Currency(Currency::CZK).to_string(), "CZK");
        assert_eq!(Unit::Ledger(700).to_string(), "700");
        assert_eq!(code("XAU-G").to_string(), "XAU-G");
        for bad in [
            "",
            "czk",
            "XXX",
            "0",
            "4294967296",
            "-1",
            "+1",
            "７",
            "-AB",
            "A",
            "A_B",
            "ABCDEFGHIJKLM",
            "1.5",
            "AÄ",
        ] {
            assert_eq!(bad.parse::<Unit>(), Err(MoneyError::UnknownCurrency), "{bad}");
        }
    }
}
