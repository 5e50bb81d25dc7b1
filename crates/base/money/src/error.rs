//! What can be wrong with an amount or a currency.

use crate::{Currency, TEXT_BYTES_MAX};

/// Why a text is not an amount, or two amounts do not combine. Each has a page under its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not digits, optionally followed by a point and more digits.
    #[error("an amount is written in digits with at most one decimal point, like 700 or 700.00")]
    Malformed,
    /// A minus sign where only amounts of zero or more make sense.
    #[error("an amount to move cannot be negative")]
    Negative,
    /// More digits after the point than the currency has.
    #[error("the amount has more than the {} digits after the point of {currency}", currency.minor_digits())]
    TooManyFractionDigits {
        /// The currency of the amount.
        currency: Currency,
    },
    /// More than 2^128 − 1 minor units, as text or as a sum.
    #[error("the amount does not fit into 128 bits of minor units")]
    Overflow,
    /// Longer than [`TEXT_BYTES_MAX`] bytes.
    #[error("the amount is longer than {TEXT_BYTES_MAX} bytes")]
    TooLong,
    /// Not an active currency with minor units in ISO 4217.
    #[error("the currency is not an active ISO 4217 code")]
    UnknownCurrency,
    /// Two amounts of different currencies in one sum or difference.
    #[error("{left} and {right} cannot be added or subtracted")]
    CurrencyMismatch {
        /// The currency on the left.
        left: Currency,
        /// The currency on the right.
        right: Currency,
    },
    /// A difference below zero where only amounts of zero or more make sense.
    #[error("the difference of the amounts is below zero")]
    Underflow,
}

impl stdx::Coded for MoneyError {
    fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "MON-0001",
            Self::Negative => "MON-0002",
            Self::TooManyFractionDigits { .. } => "MON-0003",
            Self::Overflow => "MON-0004",
            Self::TooLong => "MON-0005",
            Self::UnknownCurrency => "MON-0006",
            Self::CurrencyMismatch { .. } => "MON-0007",
            Self::Underflow => "MON-0008",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Malformed => "write the amount in digits, with a point before the minor units, like 700.00",
            Self::Negative => "swap the debit and the credit account instead of writing a negative amount",
            Self::TooManyFractionDigits { .. } => "round the amount to the currency's minor unit yourself",
            Self::Overflow => "split the amount; 128 bits of minor units are the limit",
            Self::TooLong => "write the amount without padding",
            Self::UnknownCurrency => {
                "use the three capital letters or the number of ISO 4217, like CZK or 203"
            }
            Self::CurrencyMismatch { .. } => "convert one amount with two linked transfers first",
            Self::Underflow => "subtract the smaller amount from the larger, or use a signed balance",
        }
    }
}
