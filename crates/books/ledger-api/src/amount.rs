//! Amounts as they travel: decimal strings in major units.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use money::{Balance, Currency, Money, MoneyError, TEXT_BYTES_MAX};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::schema::text_schema;
use crate::{Denomination, Unit, UnitError};

/// An amount of at least zero as written, `700.00`: the digits, and how many of them stand after the point.
///
/// In JSON the currency may follow the amount, and it says how many digits a minor unit has; so
/// [`AmountText::in_currency`] finishes the reading. Equality is that of the text: `700` and `700.00` differ here
/// and are the same [`Money`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AmountText {
    units: u128,
    scale: u8,
}

impl AmountText {
    /// `minor` units of a ledger.
    pub fn of(minor: u128, of: &Denomination) -> Self {
        Self { units: minor, scale: of.minor_digits }
    }

    /// The amount in the smallest part of the unit it was written for.
    ///
    /// Errors: [`UnitError::TooManyDigits`], and [`UnitError::Money`] with what
    /// [`in_currency`](Self::in_currency) refuses.
    pub fn minor_units(self, of: &Denomination) -> Result<u128, UnitError> {
        if let Unit::Currency(currency) = of.unit {
            return Ok(self.in_currency(currency)?.minor());
        }
        let too_many = UnitError::TooManyDigits { unit: of.unit, digits: of.minor_digits };
        let missing = of.minor_digits.checked_sub(self.scale).ok_or(too_many)?;
        Ok(self.shifted(missing)?)
    }

    fn shifted(self, digits: u8) -> Result<u128, MoneyError> {
        let minor = 10u128.checked_pow(digits.into()).and_then(|factor| self.units.checked_mul(factor));
        minor.ok_or(MoneyError::Overflow)
    }

    /// The amount in the currency it was written for.
    ///
    /// Errors: [`MoneyError::TooManyFractionDigits`] (even if they are zeroes), [`MoneyError::Overflow`].
    pub fn in_currency(self, currency: Currency) -> Result<Money, MoneyError> {
        let digits = currency.minor_digits();
        let missing = digits.checked_sub(self.scale).ok_or(MoneyError::TooManyFractionDigits { currency })?;
        Ok(Money::new(self.shifted(missing)?, currency))
    }
}

impl From<Money> for AmountText {
    fn from(money: Money) -> Self {
        Self { units: money.minor(), scale: money.currency().minor_digits() }
    }
}

impl FromStr for AmountText {
    type Err = MoneyError;

    /// Errors: [`MoneyError::Malformed`], [`MoneyError::Negative`], [`MoneyError::Overflow`],
    /// [`MoneyError::TooLong`].
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(MoneyError::TooLong);
        }
        let (mut units, mut point) = (0u128, None);
        for (index, byte) in text.bytes().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    let shifted = units.checked_mul(10).ok_or(MoneyError::Overflow)?;
                    units = shifted.checked_add(u128::from(byte - b'0')).ok_or(MoneyError::Overflow)?;
                }
                b'.' if point.is_none() && index > 0 => point = Some(index),
                b'-' if index == 0 && text.len() > 1 => return Err(MoneyError::Negative),
                _ => return Err(MoneyError::Malformed),
            }
        }
        let scale = match point {
            Some(index) => text.len() - index - 1,
            None => 0,
        };
        if text.is_empty() || (point.is_some() && scale == 0) {
            return Err(MoneyError::Malformed);
        }
        // TEXT_BYTES_MAX bounds the scale far below 256.
        Ok(Self { units, scale: u8::try_from(scale).map_err(|_| MoneyError::TooLong)? })
    }
}

impl fmt::Display for AmountText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        if scale == 0 {
            return fmt::Display::fmt(&self.units, f);
        }
        // A scale beyond 38 means that every digit of `units` stands after the point.
        let (whole, rest) = match 10u128.checked_pow(u32::from(self.scale)) {
            Some(factor) => (self.units / factor, self.units % factor),
            None => (0, self.units),
        };
        write!(f, "{whole}.{rest:0scale$}")
    }
}

impl Serialize for AmountText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AmountText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

/// A signed amount as written, `-12.00`: a balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignedAmountText {
    negative: bool,
    magnitude: AmountText,
}

impl SignedAmountText {
    /// `credits − debits`, both in minor units of a ledger.
    pub fn difference(credits: u128, debits: u128, of: &Denomination) -> Self {
        Self { negative: credits < debits, magnitude: AmountText::of(credits.abs_diff(debits), of) }
    }

    /// The balance in the currency it was written for.
    ///
    /// Errors: [`MoneyError::TooManyFractionDigits`], [`MoneyError::Overflow`].
    pub fn in_currency(self, currency: Currency) -> Result<Balance, MoneyError> {
        let magnitude = self.magnitude.in_currency(currency)?.minor();
        let (credits, debits) = if self.negative { (0, magnitude) } else { (magnitude, 0) };
        Ok(Balance::difference(credits, debits, currency))
    }
}

impl From<Balance> for SignedAmountText {
    fn from(balance: Balance) -> Self {
        let magnitude = Money::new(balance.magnitude(), balance.currency()).into();
        Self { negative: balance.is_negative(), magnitude }
    }
}

impl FromStr for SignedAmountText {
    type Err = MoneyError;

    /// Errors: [`MoneyError::Malformed`], [`MoneyError::Overflow`], [`MoneyError::TooLong`].
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        match digits.parse() {
            Ok(magnitude) => Ok(Self { negative, magnitude }),
            Err(MoneyError::Negative) => Err(MoneyError::Malformed),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Display for SignedAmountText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.negative { "-" } else { "" }, self.magnitude)
    }
}

impl Serialize for SignedAmountText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SignedAmountText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

/// Reads both kinds from a string without copying it.
struct TextVisitor<T>(PhantomData<T>);

impl<T: FromStr<Err = MoneyError>> de::Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount as a decimal string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

text_schema!(
    AmountText,
    "Amount",
    r"^[0-9]+(\.[0-9]+)?$",
    "700.00",
    "An amount in major units with at most the currency's decimal places."
);
text_schema!(
    SignedAmountText,
    "SignedAmount",
    r"^-?[0-9]+(\.[0-9]+)?$",
    "-12.00",
    "A signed amount in major units with the currency's decimal places."
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_currency_gives_the_digits() {
        let minor = |text: &str, currency| Ok(text.parse::<AmountText>()?.in_currency(currency)?.minor());
        assert_eq!(minor("700.00", Currency::CZK), Ok(70_000));
        assert_eq!(minor("700", Currency::CZK), Ok(70_000));
        assert_eq!(minor("0.5", Currency::BHD), Ok(500));
        assert_eq!(minor("7", Currency::JPY), Ok(7));
        let currency = Currency::JPY;
        assert_eq!(minor("7.0", currency), Err(MoneyError::TooManyFractionDigits { currency }));
        assert_eq!(minor(&u128::MAX.to_string(), Currency::JPY), Ok(u128::MAX));
        assert_eq!(minor(&u128::MAX.to_string(), Currency::CZK), Err(MoneyError::Overflow));
    }

    #[test]
    fn other_texts_are_errors() {
        for bad in
            ["", ".", ".5", "5.", "+1", "-", "1e3", "1,5", " 1", "1 ", "1.2.3", "1-", "NaN", "１", "0x1"]
        {
            assert_eq!(bad.parse::<AmountText>(), Err(MoneyError::Malformed), "{bad}");
        }
        assert_eq!("-1".parse::<AmountText>(), Err(MoneyError::Negative));
        let large = "340282366920938463463374607431768211456";
        assert_eq!(large.parse::<AmountText>(), Err(MoneyError::Overflow));
        assert_eq!("0".repeat(65).parse::<AmountText>(), Err(MoneyError::TooLong));
        for bad in ["--1", "-", "-+1", "- 1"] {
            assert_eq!(bad.parse::<SignedAmountText>(), Err(MoneyError::Malformed), "{bad}");
        }
        assert!(
            serde_json::from_str::<AmountText>("700.00").is_err(),
            "a JSON number may be rounded on its way"
        );
    }

    #[test]
    fn balances_carry_their_sign() {
        let text = |credits, debits, currency| {
            SignedAmountText::from(Balance::difference(credits, debits, currency)).to_string()
        };
        assert_eq!(text(0, 1_200, Currency::CZK), "-12.00");
        assert_eq!(text(5, 0, Currency::CZK), "0.05");
        assert_eq!(text(7, 7, Currency::JPY), "0");
        let tiny = format!("0.{}1", "0".repeat(50));
        assert_eq!(tiny.parse::<AmountText>().unwrap().to_string(), tiny);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// What is written reads back, and as `money` reads it.
        #[test]
        fn text_round_trips(minor: u128, other: u64, which in 0..Currency::all().len()) {
            let currency = Currency::all()[which];
            let money = Money::new(minor, currency);
            let text = AmountText::from(money).to_string();
            prop_assert_eq!(text.parse::<AmountText>().unwrap().in_currency(currency), Ok(money));
            prop_assert_eq!(Money::parse(&text, currency), Ok(money));
            let balance = Balance::difference(u128::from(other), minor, currency);
            let text = SignedAmountText::from(balance).to_string();
            prop_assert_eq!(text.parse::<SignedAmountText>().unwrap().in_currency(currency), Ok(balance));
        }
    }
}
