//! Unsigned amounts.

use std::fmt;

use crate::{Currency, MoneyError, decimal};

/// An amount of zero or more, in minor units of one currency. What a payment moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor: u128,
    currency: Currency,
}

impl Money {
    /// `minor` units of `currency`.
    pub const fn new(minor: u128, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads an amount in major units, `700` or `700.00`. Leading zeroes are allowed, spaces are not.
    ///
    /// Errors: [`MoneyError::Malformed`], [`MoneyError::Negative`], [`MoneyError::TooManyFractionDigits`],
    /// [`MoneyError::Overflow`], [`MoneyError::TooLong`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        match decimal::parse_signed(text, currency)? {
            (false, minor) if !text.starts_with('-') => Ok(Self { minor, currency }),
            _ => Err(MoneyError::Negative),
        }
    }

    /// The amount in minor units.
    pub const fn minor(self) -> u128 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The amount in major units with all of the currency's fraction digits and no code: `700.00`.
    pub fn decimal(self) -> impl fmt::Display {
        fmt::from_fn(move |f| decimal::write(f, false, self.minor, self.currency))
    }

    /// The sum. Errors: [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        same_currency(self.currency, other.currency)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The difference. Errors: [`MoneyError::CurrencyMismatch`], [`MoneyError::Underflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        same_currency(self.currency, other.currency)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::Underflow)?;
        Ok(Self { minor, ..self })
    }
}

pub(crate) fn same_currency(left: Currency, right: Currency) -> Result<(), MoneyError> {
    if left == right { Ok(()) } else { Err(MoneyError::CurrencyMismatch { left, right }) }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}
