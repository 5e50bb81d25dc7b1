//! The units that a bank has declared, and what is known about the unit of a ledger.

use std::collections::BTreeMap;

use money::{Currency, MoneyError};
use serde::{Deserialize, Serialize};
use stdx::Coded;
use utoipa::ToSchema;

use crate::{Unit, UnitCode};

/// A unit to be declared: what the amounts of a ledger are counted in. What was declared once is never changed. The same
/// again changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUnit {
    /// Its code, unique in the bank.
    #[schema(value_type = UnitCode)]
    pub code: UnitCode,
    /// The number of the ledger, from 1000 on: the numbers below are those of ISO 4217.
    #[schema(minimum = 1000)]
    pub ledger: u32,
    /// How many digits follow the point, at most 18.
    #[schema(maximum = 18)]
    pub minor_digits: u8,
}

/// A unit that was declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeclaredUnit {
    /// Its code.
    #[schema(value_type = UnitCode)]
    pub code: UnitCode,
    /// The number of its ledger.
    pub ledger: u32,
    /// How many digits follow the point.
    pub minor_digits: u8,
}

/// The units that a bank has declared, by ledger. The currencies of ISO 4217 need no declaration and are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnitList {
    /// The units.
    pub units: Vec<DeclaredUnit>,
}

/// The unit of a ledger, with what is known about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denomination {
    /// The unit, as it is shown.
    pub unit: Unit,
    /// The number of its ledger.
    pub ledger: u32,
    /// How many digits follow the point.
    pub minor_digits: u8,
}

impl From<Currency> for Denomination {
    fn from(currency: Currency) -> Self {
        Self { unit: currency.into(), ledger: currency.ledger(), minor_digits: currency.minor_digits() }
    }
}

impl Denomination {
    /// A ledger about which nothing is known: its amounts have no decimal places.
    fn bare(ledger: u32) -> Self {
        Self { unit: Unit::Ledger(ledger), ledger, minor_digits: 0 }
    }
}

/// The declared units, to look them up. Units are only ever added: what is found here stays true.
#[derive(Clone, Debug, Default)]
pub struct Units {
    by_ledger: BTreeMap<u32, DeclaredUnit>,
    by_code: BTreeMap<UnitCode, u32>,
}

impl FromIterator<DeclaredUnit> for Units {
    fn from_iter<I: IntoIterator<Item = DeclaredUnit>>(units: I) -> Self {
        let mut all = Self::default();
        for unit in units {
            all.by_ledger.insert(unit.ledger, unit);
            all.by_code.insert(unit.code, unit.ledger);
        }
        all
    }
}

impl Units {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_ledger.len()
    }

    /// Whether none is declared.
    pub fn is_empty(&self) -> bool {
        self.by_ledger.is_empty()
    }

    /// The units, by ledger.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &DeclaredUnit> {
        self.by_ledger.values()
    }

    /// The unit of the ledger with this number: a currency, a declared unit, or the bare number without decimal places.
    pub fn of_ledger(&self, ledger: u32) -> Denomination {
        match self.declared(ledger) {
            Some(declared) => declared,
            None => Currency::from_ledger(ledger).map_or_else(|_| Denomination::bare(ledger), Into::into),
        }
    }

    fn declared(&self, ledger: u32) -> Option<Denomination> {
        let DeclaredUnit { code, minor_digits, .. } = *self.by_ledger.get(&ledger)?;
        Some(Denomination { unit: Unit::Declared(code), ledger, minor_digits })
    }

    /// What is known about `unit`; `None` if it is neither a currency nor declared.
    pub fn find(&self, unit: Unit) -> Option<Denomination> {
        match unit {
            Unit::Currency(currency) => Some(currency.into()),
            Unit::Declared(code) => self.by_code.get(&code).and_then(|ledger| self.declared(*ledger)),
            Unit::Ledger(ledger) => self.declared(ledger),
        }
    }
}

/// Why an amount or a unit means nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Neither a currency nor a declared unit.
    #[error("{unit} is no currency of ISO 4217 and no declared unit")]
    Unknown {
        /// As it was written.
        unit: Unit,
    },
    /// More digits after the point than the unit has.
    #[error("the amount has more than the {digits} digits after the point of {unit}")]
    TooManyDigits {
        /// The unit.
        unit: Unit,
        /// Its digits.
        digits: u8,
    },
    /// What is wrong with an amount of any unit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Coded for UnitError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "API-0014",
            Self::TooManyDigits { .. } => "API-0015",
            Self::Money(error) => error.code(),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "check the code, or declare the unit first with POST /v1/units",
            Self::TooManyDigits { .. } => "round the amount to what the unit can be divided into",
            Self::Money(error) => error.hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AmountText;

    fn units() -> Units {
        let gold = DeclaredUnit { code: UnitCode::new("XAU-G").unwrap(), ledger: 1000, minor_digits: 3 };
        [gold].into_iter().collect()
    }

    #[test]
    fn a_ledger_shows_the_most_that_is_known_about_it() {
        let shown = |ledger| {
            let found = units().of_ledger(ledger);
            (found.unit.to_string(), found.minor_digits, AmountText::of(12_345, &found).to_string())
        };
        assert_eq!(shown(203), ("CZK".into(), 2, "123.45".into()));
        assert_eq!(shown(1000), ("XAU-G".into(), 3, "12.345".into()));
        assert_eq!(shown(1001), ("1001".into(), 0, "12345".into()));
    }

    #[test]
    fn what_is_not_declared_is_not_found() {
        let units = units();
        for text in ["CZK", "203", "XAU-G", "1000"] {
            let found = units.find(text.parse().unwrap()).unwrap();
            assert_eq!(units.of_ledger(found.ledger), found, "{text}");
        }
        for text in ["XAU-KG", "1001", "999"] {
            assert_eq!(units.find(text.parse().unwrap()), None, "{text}");
        }
    }

    #[test]
    fn an_amount_is_read_in_its_unit() {
        let gold = units().of_ledger(1000);
        let read = |text: &str| text.parse::<AmountText>().unwrap().minor_units(&gold);
        assert_eq!((read("1.5"), read("0.001"), read("7")), (Ok(1_500), Ok(1), Ok(7_000)));
        assert_eq!(read("0.0001"), Err(UnitError::TooManyDigits { unit: gold.unit, digits: 3 }));
        assert_eq!(read("340282366920938463463374607431768212"), Err(MoneyError::Overflow.into()));
        let crowns = Denomination::from(Currency::CZK);
        let error = "5.001".parse::<AmountText>().unwrap().minor_units(&crowns);
        assert_eq!(error, Err(MoneyError::TooManyFractionDigits { currency: Currency::CZK }.into()));
    }
}
