//! Currencies and amounts of money, in integer minor units (haléře, fen, cents).
//!
//! [`Currency`] is a row of ISO 4217; [`Money`] an unsigned amount of one currency, as a payment carries it;
//! [`Balance`] a signed amount, as an account shows it. Text is decimal and exact: no exponent, no leading
//! plus, no more fraction digits than the currency has, and never a float, so what is written is what is
//! booked.

mod balance;
mod currency;
mod decimal;
mod error;
mod money;

pub use balance::Balance;
pub use currency::Currency;
pub use error::MoneyError;
pub use money::Money;

/// The longest text read as an amount, in bytes. 2^128 − 1 with a sign and a point has 41.
pub const TEXT_BYTES_MAX: usize = 64;
