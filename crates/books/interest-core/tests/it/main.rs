//! Interest from outside: what moved on which day in, what to post out.
#![expect(clippy::unwrap_used, reason = "helpers of tests, with days and products written by hand")]

mod bytes;
mod model;
mod refusals;
mod rules;
mod worked;

use calendar::{Date, DayCount};
use interest_core::{Accrual, BalanceSide, InterestError, Product, Rate, Remainder, Rounding, Terms};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn rate((from, ppm): (&str, i32)) -> Rate {
    Rate { from: day(from), ppm }
}

/// Terms of deposits, rounded half up, with the remainder carried.
fn terms(day_count: DayCount, rates: &[(&str, i32)]) -> Terms {
    Terms {
        side: BalanceSide::Credit,
        day_count,
        rounding: Rounding::HalfUp,
        remainder: Remainder::Carried,
        rates: rates.iter().copied().map(rate).collect(),
    }
}

/// A product for deposits, rounded half up, with the remainder carried.
fn deposit(day_count: DayCount, rates: &[(&str, i32)]) -> Product {
    Product::new(terms(day_count, rates)).unwrap()
}

/// One account, its product and the business day.
struct Account {
    product: Product,
    accrual: Accrual,
    today: Date,
}

impl Account {
    fn open(product: &Product, opened: &str) -> Self {
        let accrual = Accrual::open(product, day(opened)).unwrap();
        Self { product: product.clone(), accrual, today: day(opened) }
    }

    /// Books today with today's value date.
    fn pay(&mut self, today: &str, delta: i128) {
        self.pay_valued(today, today, delta);
    }

    fn pay_valued(&mut self, today: &str, value_date: &str, delta: i128) {
        self.today = day(today);
        self.accrual.book(&self.product, self.today, day(value_date), delta).unwrap();
    }

    fn accrue(&mut self, through: &str) -> i128 {
        self.today = day(through);
        self.accrual.accrue(&self.product, self.today).unwrap()
    }

    /// Accrues every day from the one after the last through this one, and says what that posted.
    fn accrue_daily(&mut self, through: &str) -> i128 {
        let mut next = self.accrual.accrued_through().map_or(self.accrual.opened(), tomorrow);
        let mut posted = 0;
        while next <= day(through) {
            posted += self.accrual.accrue(&self.product, next).unwrap();
            next = tomorrow(next);
        }
        posted
    }
}

fn tomorrow(day: Date) -> Date {
    day.add_days(1).unwrap()
}

fn yesterday(day: Date) -> Date {
    day.add_days(-1).unwrap()
}

/// What a period brings: what was still due at its end, and all that was posted in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) due: i128,
    pub(crate) amount: i128,
}

/// Accrues through a day and ends the period with it.
pub(crate) fn end_period(
    accrual: &mut Accrual,
    product: &Product,
    through: Date,
) -> Result<Period, InterestError> {
    let due = accrual.accrue(product, through)?;
    Ok(Period { due, amount: accrual.capitalise(product)? })
}
