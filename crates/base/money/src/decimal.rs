//! Decimal text to and from integer minor units.

use std::fmt;

use crate::{Currency, MoneyError, TEXT_BYTES_MAX};

/// Reads a sign and a magnitude. Negative zero reads as zero.
pub(crate) fn parse_signed(text: &str, currency: Currency) -> Result<(bool, u128), MoneyError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(MoneyError::TooLong);
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let minor = parse_magnitude(digits, currency)?;
    Ok((negative && minor != 0, minor))
}

fn parse_magnitude(text: &str, currency: Currency) -> Result<u128, MoneyError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return Err(MoneyError::Malformed);
    }
    let minor_digits = usize::from(currency.minor_digits());
    // Without a point the fraction is the "0" put in above, which a currency without minor units takes as
    // well.
    let fraction = if text.len() == whole.len() { "" } else { fraction };
    if fraction.len() > minor_digits {
        return Err(MoneyError::TooManyFractionDigits { currency });
    }
    let padding = std::iter::repeat_n(b'0', minor_digits - fraction.len());
    whole.bytes().chain(fraction.bytes()).chain(padding).try_fold(0u128, |value, digit| {
        let shifted = value.checked_mul(10).ok_or(MoneyError::Overflow)?;
        shifted.checked_add(u128::from(digit - b'0')).ok_or(MoneyError::Overflow)
    })
}

/// Writes a magnitude with exactly the currency's digits after the point.
pub(crate) fn write(
    f: &mut fmt::Formatter<'_>,
    negative: bool,
    minor: u128,
    currency: Currency,
) -> fmt::Result {
    let sign = if negative { "-" } else { "" };
    let digits = usize::from(currency.minor_digits());
    if digits == 0 {
        return write!(f, "{sign}{minor}");
    }
    let scale = 10u128.pow(u32::from(currency.minor_digits()));
    write!(f, "{sign}{}.{:0digits$}", minor / scale, minor % scale)
}
