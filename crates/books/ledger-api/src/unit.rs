//! What the amounts of a ledger are counted in.

use std::fmt;
use std::str::FromStr;

use money::{Currency, MoneyError};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::schema::text_schema;

/// The currency of a ledger; or its bare number, if a client of TigerBeetle's protocol has opened a ledger that is no
/// currency. Its amounts have no decimal places.
///
/// Text form: `CZK`, or the ledger's number in decimal. The number of a currency's ledger is read as that currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// A currency of ISO 4217.
    Currency(Currency),
    /// The number of a ledger that is no currency.
    Ledger(u32),
}

impl Unit {
    /// The unit of the ledger with this number.
    pub fn of_ledger(ledger: u32) -> Self {
        Currency::from_ledger(ledger).map_or(Self::Ledger(ledger), Self::Currency)
    }

    /// The number of the ledger.
    pub fn ledger(self) -> u32 {
        match self {
            Self::Currency(currency) => currency.ledger(),
            Self::Ledger(ledger) => ledger,
        }
    }

    /// How many digits follow the point.
    pub fn minor_digits(self) -> u8 {
        match self {
            Self::Currency(currency) => currency.minor_digits(),
            Self::Ledger(_) => 0,
        }
    }
}

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
            Self::Ledger(ledger) => f.pad(&ledger.to_string()),
        }
    }
}

impl FromStr for Unit {
    type Err = MoneyError;

    /// Errors: [`MoneyError::UnknownCurrency`].
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Self::Currency);
        }
        match text.parse() {
            Ok(0) | Err(_) => Err(MoneyError::UnknownCurrency),
            Ok(ledger) => Ok(Self::of_ledger(ledger)),
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
                f.write_str("an ISO 4217 currency code like CZK, or the number of a ledger")
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
    "^([A-Z]{3}|[1-9][0-9]{0,9})$",
    "CZK",
    "A currency's alphabetic code (ISO 4217); or the number of a ledger that is no currency."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_a_currency_or_its_number() {
        for (text, unit, digits) in [
            ("CZK", Unit::Currency(Currency::CZK), 2),
            ("203", Unit::Currency(Currency::CZK), 2),
            ("700", Unit::Ledger(700), 0),
            ("4294967295", Unit::Ledger(u32::MAX), 0),
        ] {
            let read: Unit = text.parse().unwrap();
            assert_eq!((read, read.minor_digits()), (unit, digits), "{text}");
            assert_eq!(Unit::of_ledger(unit.ledger()), unit);
            let json = serde_json::to_string(&unit).unwrap();
            assert_eq!(serde_json::from_str::<Unit>(&json).unwrap(), unit);
        }
        assert_eq!(Unit::Currency(Currency::CZK).to_string(), "CZK");
        assert_eq!(Unit::Ledger(700).to_string(), "700");
        for bad in ["", "czk", "XXX", "0", "4294967296", "-1", "+1", "７"] {
            assert_eq!(bad.parse::<Unit>(), Err(MoneyError::UnknownCurrency), "{bad}");
        }
    }
}
