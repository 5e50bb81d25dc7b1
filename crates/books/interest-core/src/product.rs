//! How a balance earns.

use calendar::{Date, DayCount};
use serde::{Deserialize, Serialize};

use crate::bytes::{Reader, put, put_signed};
use crate::{BACK_DAYS, InterestError, Rounding};

/// The highest rate, positive or negative, in parts per million per year: 10,000 percent.
pub const RATE_PPM_MAX: i32 = 100_000_000;

/// The most rates a product has.
pub const RATES_MAX: usize = 1024;

/// Which side of an account's balance earns. The other side earns nothing, so an account that pays interest on both
/// has two accruals under two products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BalanceSide {
    /// Credit balances, like deposits. Positive interest is owed to the account's holder.
    Credit,
    /// Debit balances, like loans and overdrafts. Positive interest is owed by the account's holder.
    Debit,
}

/// What becomes of the fraction of a minor unit that is left when interest is capitalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remainder {
    /// It counts in the next period. Over all periods nothing is lost, and one period's amount may differ by a minor
    /// unit from the period computed alone.
    Carried,
    /// It is forgotten. Each period's amount is that of the period computed alone.
    Dropped,
}

/// A rate, and the day from which it holds until the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The first day that earns at this rate.
    pub from: Date,
    /// Parts per million per year: 35 000 are 3.5 percent. Negative when the holder of the balance pays.
    pub ppm: i32,
}

/// What a product is declared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Which side of the balance earns.
    pub side: BalanceSide,
    /// Which part of a year a day is.
    pub day_count: DayCount,
    /// How exact interest becomes minor units.
    pub rounding: Rounding,
    /// What becomes of the fraction left at the end of an interest period.
    pub remainder: Remainder,
    /// The rates, by the days from which they hold. The first is the product's first day.
    pub rates: Vec<Rate>,
}

/// How a balance earns: [`Terms`] that were checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Terms", try_from = "Terms")]
pub struct Product(Terms);

impl Product {
    /// A product with these terms.
    ///
    /// # Errors
    /// [`NoRates`](InterestError::NoRates), [`TooManyRates`](InterestError::TooManyRates),
    /// [`RatesOutOfOrder`](InterestError::RatesOutOfOrder) and [`RateTooLarge`](InterestError::RateTooLarge).
    pub fn new(terms: Terms) -> Result<Self, InterestError> {
        if terms.rates.is_empty() {
            return Err(InterestError::NoRates);
        }
        if terms.rates.len() > RATES_MAX {
            return Err(InterestError::TooManyRates);
        }
        for pair in terms.rates.windows(2) {
            if pair[0].from >= pair[1].from {
                return Err(InterestError::RatesOutOfOrder { from: pair[1].from });
            }
        }
        terms.rates.iter().try_for_each(|rate| checked(*rate))?;
        Ok(Self(terms))
    }

    /// What the product was declared with, and the rates set since.
    pub fn terms(&self) -> &Terms {
        &self.0
    }

    /// Sets the rate from a day on, until the next later rate there already is. A day in the past is possible as long
    /// as every account can still be corrected; the next accrual posts the corrections.
    ///
    /// # Errors
    /// [`RateTooFarBack`](InterestError::RateTooFarBack) for a day more than [`BACK_DAYS`] before `business_day` or
    /// before the product's first; [`RateTooLarge`](InterestError::RateTooLarge) and
    /// [`TooManyRates`](InterestError::TooManyRates). The product is then as before.
    pub fn set_rate(&mut self, business_day: Date, rate: Rate) -> Result<(), InterestError> {
        checked(rate)?;
        let reach = business_day.add_days(-BACK_DAYS).unwrap_or(Date::MIN);
        let earliest = self.0.rates.first().map_or(reach, |first| first.from.max(reach));
        if rate.from < earliest {
            return Err(InterestError::RateTooFarBack { from: rate.from, earliest });
        }
        match self.0.rates.binary_search_by_key(&rate.from, |rate| rate.from) {
            Ok(at) => self.0.rates[at] = rate,
            Err(_) if self.0.rates.len() == RATES_MAX => return Err(InterestError::TooManyRates),
            Err(at) => self.0.rates.insert(at, rate),
        }
        Ok(())
    }

    /// The rate that holds on a day, in parts per million per year.
    ///
    /// # Errors
    /// [`NoRateOn`](InterestError::NoRateOn) a day before the first rate.
    pub fn rate_on(&self, day: Date) -> Result<i32, InterestError> {
        self.rate_until(day).map(|(ppm, _)| ppm)
    }

    /// The rate that holds on `day`, and the first day after it that may have another.
    pub(crate) fn rate_until(&self, day: Date) -> Result<(i32, Date), InterestError> {
        let next = self.0.rates.partition_point(|rate| rate.from <= day);
        let Some(rate) = next.checked_sub(1).map(|at| self.0.rates[at]) else {
            return Err(InterestError::NoRateOn { day });
        };
        Ok((rate.ppm, self.0.rates.get(next).map_or(Date::MAX, |rate| rate.from)))
    }

    /// What earns of a balance, credits being positive.
    pub(crate) fn earning(&self, balance: i128) -> i128 {
        match self.0.side {
            BalanceSide::Credit => balance.max(0),
            BalanceSide::Debit => (-balance).max(0),
        }
    }

    /// Appends the product's bytes, for a snapshot.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let terms = &self.0;
        out.push(match terms.side {
            BalanceSide::Credit => 0,
            BalanceSide::Debit => 1,
        });
        out.push(match terms.day_count {
            DayCount::Actual365Fixed => 0,
            DayCount::Actual360 => 1,
            DayCount::Thirty360 => 2,
            DayCount::ThirtyE360 => 3,
            DayCount::ActualActualIsda => 4,
        });
        out.push(match terms.rounding {
            Rounding::HalfUp => 0,
            Rounding::HalfEven => 1,
            Rounding::HalfDown => 2,
            Rounding::Up => 3,
            Rounding::Down => 4,
            Rounding::Ceiling => 5,
            Rounding::Floor => 6,
        });
        out.push(match terms.remainder {
            Remainder::Carried => 0,
            Remainder::Dropped => 1,
        });
        put(out, terms.rates.len() as u128);
        for rate in &terms.rates {
            put(out, rate.from.days().into());
            put_signed(out, rate.ppm.into());
        }
    }

    /// Reads a product from the beginning of `bytes`, and returns the rest of them. Every product has one form.
    ///
    /// # Errors
    /// [`Damaged`](InterestError::Damaged) when the bytes are none, and those of [`Product::new`].
    pub fn decode(bytes: &[u8]) -> Result<(Self, &[u8]), InterestError> {
        let mut reader = Reader(bytes);
        let side = match reader.byte()? {
            0 => BalanceSide::Credit,
            1 => BalanceSide::Debit,
            _ => return Err(InterestError::Damaged { what: "unknown side of the balance" }),
        };
        let day_count = match reader.byte()? {
            0 => DayCount::Actual365Fixed,
            1 => DayCount::Actual360,
            2 => DayCount::Thirty360,
            3 => DayCount::ThirtyE360,
            4 => DayCount::ActualActualIsda,
            _ => return Err(InterestError::Damaged { what: "unknown day count" }),
        };
        let rounding = match reader.byte()? {
            0 => Rounding::HalfUp,
            1 => Rounding::HalfEven,
            2 => Rounding::HalfDown,
            3 => Rounding::Up,
            4 => Rounding::Down,
            5 => Rounding::Ceiling,
            6 => Rounding::Floor,
            _ => return Err(InterestError::Damaged { what: "unknown rounding" }),
        };
        let remainder = match reader.byte()? {
            0 => Remainder::Carried,
            1 => Remainder::Dropped,
            _ => return Err(InterestError::Damaged { what: "unknown treatment of the remainder" }),
        };
        let count = reader.count(RATES_MAX)?;
        let mut rates = Vec::with_capacity(count);
        for _ in 0..count {
            let from = reader.date()?;
            let ppm = i32::try_from(reader.signed()?)
                .map_err(|_| InterestError::Damaged { what: "a rate beyond 32 bits" })?;
            rates.push(Rate { from, ppm });
        }
        Ok((Self::new(Terms { side, day_count, rounding, remainder, rates })?, reader.0))
    }
}

impl TryFrom<Terms> for Product {
    type Error = InterestError;

    fn try_from(terms: Terms) -> Result<Self, InterestError> {
        Self::new(terms)
    }
}

impl From<Product> for Terms {
    fn from(product: Product) -> Self {
        product.0
    }
}

fn checked(rate: Rate) -> Result<(), InterestError> {
    if rate.ppm.unsigned_abs() > RATE_PPM_MAX.unsigned_abs() {
        return Err(InterestError::RateTooLarge { ppm: rate.ppm });
    }
    Ok(())
}
