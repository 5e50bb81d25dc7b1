//! Signed amounts.

use std::cmp::Ordering;
use std::fmt;

use crate::money::same_currency;
use crate::{Currency, MoneyError, decimal};

/// A signed amount in minor units of one currency: sign and 128-bit magnitude.
///
/// An `i128` cannot hold the difference of every two `u128` totals, and an account must be able to show
/// whatever the ledger accepted; with a sign of its own the difference always fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Balance {
    /// Never set when `magnitude` is zero.
    negative: bool,
    magnitude: u128,
    currency: Currency,
}

impl Balance {
    /// `credits − debits`, both in minor units: what the bank owes its customer. Exact for all values.
    pub const fn difference(credits: u128, debits: u128, currency: Currency) -> Self {
        Self { negative: credits < debits, magnitude: credits.abs_diff(debits), currency }
    }

    /// Reads a signed amount in major units, `-12.00` or `700`.
    ///
    /// Errors: as [`Money::parse`](crate::Money::parse), except that a minus sign is welcome.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let (negative, magnitude) = decimal::parse_signed(text, currency)?;
        Ok(Self { negative, magnitude, currency })
    }

    /// Whether the balance is below zero.
    pub const fn is_negative(self) -> bool {
        self.negative
    }

    /// The distance from zero, in minor units.
    pub const fn magnitude(self) -> u128 {
        self.magnitude
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The balance in minor units, if it fits an `i128`.
    pub const fn minor(self) -> Option<i128> {
        if self.negative {
            0i128.checked_sub_unsigned(self.magnitude)
        } else {
            0i128.checked_add_unsigned(self.magnitude)
        }
    }

    /// The distance between two balances, in minor units.
    ///
    /// Errors: [`MoneyError::CurrencyMismatch`]; [`MoneyError::Overflow`] if the signs differ and the sum of
    /// the magnitudes does not fit.
    pub fn distance(self, other: Self) -> Result<u128, MoneyError> {
        same_currency(self.currency, other.currency)?;
        if self.negative == other.negative {
            return Ok(self.magnitude.abs_diff(other.magnitude));
        }
        self.magnitude.checked_add(other.magnitude).ok_or(MoneyError::Overflow)
    }

    /// The balance in major units with all of the currency's fraction digits and no code: `-12.00`.
    pub fn decimal(self) -> impl fmt::Display {
        fmt::from_fn(move |f| decimal::write(f, self.negative, self.magnitude, self.currency))
    }
}

/// Balances of different currencies do not compare.
impl PartialOrd for Balance {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self.currency != other.currency {
            return None;
        }
        Some(match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude.cmp(&other.magnitude),
            (true, true) => other.magnitude.cmp(&self.magnitude),
        })
    }
}

impl fmt::Display for Balance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}
