//! Another way to the same numbers: day by day, with fractions as large as they get, and nothing ever folded.

use std::collections::BTreeMap;

use calendar::{Date, DayCount};
use interest_core::{
    AHEAD_DAYS, Accrual, BACK_DAYS, BalanceSide, InterestError, Product, Rate, Remainder, Rounding, Terms,
};
use num_rational::BigRational;
use proptest::prelude::*;
use proptest::sample::select;

use crate::{Period, end_period};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

fn fraction(numerator: impl Into<i128>, denominator: i128) -> BigRational {
    BigRational::new(numerator.into().into(), denominator.into())
}

struct Model {
    terms: Terms,
    opened: Date,
    moved: BTreeMap<Date, i128>,
    posted: BigRational,
    capitalised: BigRational,
    forgotten: BigRational,
    last_accrued: Option<Date>,
}

impl Model {
    fn rate_on(&self, day: Date) -> i32 {
        self.terms.rates.iter().rev().find(|rate| rate.from <= day).unwrap().ppm
    }

    fn part_of_a_year(&self, day: Date) -> BigRational {
        let next = day.add_days(1).unwrap();
        match self.terms.day_count {
            DayCount::Actual365Fixed => fraction(1, 365),
            DayCount::Actual360 => fraction(1, 360),
            DayCount::ActualActualIsda => fraction(1, if Date::is_leap_year(day.year()) { 366 } else { 365 }),
            DayCount::Thirty360 | DayCount::ThirtyE360 => {
                fraction(self.months_of_30(next) - self.months_of_30(day), 360)
            }
        }
    }

    /// Days from the first day on, by the formula of the definitions.
    fn months_of_30(&self, last: Date) -> i64 {
        let (y1, m1, d1) = self.opened.civil();
        let (y2, m2, d2) = last.civil();
        let d1 = d1.min(30);
        let d2 = if d1 == 30 || self.terms.day_count == DayCount::ThirtyE360 { d2.min(30) } else { d2 };
        (i64::from(y2) - i64::from(y1)) * 360 + (i64::from(m2) - i64::from(m1)) * 30 + i64::from(d2)
            - i64::from(d1)
    }

    fn interest(&self, through: Date) -> BigRational {
        let mut interest = fraction(0, 1);
        let mut day = self.opened;
        while day <= through {
            let balance: i128 = self.moved.range(..=day).map(|(_, delta)| delta).sum();
            let earning = match self.terms.side {
                BalanceSide::Credit if balance > 0 => balance,
                BalanceSide::Debit if balance < 0 => -balance,
                _ => 0,
            };
            if earning != 0 {
                let rate = fraction(self.rate_on(day), 1_000_000);
                interest += fraction(earning, 1) * rate * self.part_of_a_year(day);
            }
            day = day.add_days(1).unwrap();
        }
        interest
    }

    fn rounded(&self, exact: &BigRational) -> BigRational {
        let zero = fraction(0, 1);
        let half = fraction(1, 2);
        let fraction_part = exact - exact.floor();
        match self.terms.rounding {
            Rounding::HalfUp => exact.round(),
            Rounding::HalfEven if fraction_part == half => (exact / fraction(2, 1)).round() * fraction(2, 1),
            Rounding::HalfEven => exact.round(),
            Rounding::HalfDown if fraction_part == half => exact.trunc(),
            Rounding::HalfDown => exact.round(),
            Rounding::Up if *exact < zero => exact.floor(),
            Rounding::Up | Rounding::Ceiling => exact.ceil(),
            Rounding::Down => exact.trunc(),
            Rounding::Floor => exact.floor(),
        }
    }

    fn accrue(&mut self, through: Date) -> Result<BigRational, InterestError> {
        if let Some(earliest) = self.last_accrued.filter(|last| through < *last) {
            return Err(InterestError::AlreadySettled { through, earliest });
        }
        self.last_accrued = Some(through);
        let posted = self.rounded(&(self.interest(through) - &self.forgotten));
        let due = &posted - &self.posted;
        self.posted = posted;
        Ok(due)
    }

    fn capitalise(&mut self, through: Date) -> Result<(BigRational, BigRational), InterestError> {
        let due = self.accrue(through)?;
        let amount = &self.posted - &self.capitalised;
        self.capitalised = self.posted.clone();
        if self.terms.remainder == Remainder::Dropped {
            self.forgotten = self.interest(through);
            self.posted = fraction(0, 1);
            self.capitalised = fraction(0, 1);
        }
        Ok((due, amount))
    }

    fn book(&mut self, business_day: Date, value_date: Date, delta: i128) -> Result<(), InterestError> {
        let distance = value_date.days_since(business_day);
        if value_date < self.opened {
            return Err(InterestError::BeforeOpening { value_date, opened: self.opened });
        }
        if distance < -BACK_DAYS {
            let earliest = business_day.add_days(-BACK_DAYS).unwrap();
            return Err(InterestError::TooFarBack { value_date, earliest });
        }
        if distance > AHEAD_DAYS {
            let latest = business_day.add_days(AHEAD_DAYS).unwrap();
            return Err(InterestError::TooFarAhead { value_date, latest });
        }
        *self.moved.entry(value_date).or_default() += delta;
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Step {
    Sleep(i32),
    Book { days: i32, delta: i128 },
    TakeBack { nth: usize },
    Accrue { days_ago: i32 },
    Capitalise,
    SetRate { days: i32, ppm: i32 },
    Restart,
}

fn ppm() -> impl Strategy<Value = i32> {
    prop_oneof![select(vec![0, 36_500, -5_000, 36_000, 18_250]), -200_000..200_000, any::<i32>()]
        .prop_map(|ppm: i32| ppm % 100_000_001)
}

fn step() -> impl Strategy<Value = Step> {
    let delta = prop_oneof![
        (-40..40i128).prop_map(|units| units * 10_000),
        -5_000_000..5_000_000i128,
        -(1i128 << 50)..(1i128 << 50),
    ];
    let days = prop_oneof![6 => -40..40i32, 1 => 340..400i32, 1 => Just(-BACK_DAYS), 1 => Just(0)];
    prop_oneof![
        4 => (0..12i32).prop_map(Step::Sleep),
        1 => (25..50i32).prop_map(Step::Sleep),
        8 => (days, delta).prop_map(|(days, delta)| Step::Book { days, delta }),
        2 => (0..64usize).prop_map(|nth| Step::TakeBack { nth }),
        6 => (0..3i32).prop_map(|days_ago| Step::Accrue { days_ago: days_ago / 2 }),
        2 => Just(Step::Capitalise),
        1 => (-BACK_DAYS..20i32, ppm()).prop_map(|(days, ppm)| Step::SetRate { days, ppm }),
        1 => Just(Step::Restart),
    ]
}

fn some_terms() -> impl Strategy<Value = (Date, Terms)> {
    // Around the ends of months, years and Februaries.
    let opened =
        (select(vec!["2023-02-27", "2023-12-28", "2024-01-29", "2024-02-27", "2026-10-29"]), 0..5i32)
            .prop_map(|(near, days)| super::day(near).add_days(days).unwrap());
    let side = select(vec![BalanceSide::Credit, BalanceSide::Debit]);
    let remainder = select(vec![Remainder::Carried, Remainder::Dropped]);
    let ways = (select(&DayCount::ALL[..]), select(&Rounding::ALL[..]));
    let rates = (ppm(), proptest::collection::btree_map(1..200i32, ppm(), 0..4));
    (opened, side, remainder, ways, rates).prop_map(
        |(opened, side, remainder, (day_count, rounding), (first, later))| {
            let later =
                later.into_iter().map(|(days, ppm)| Rate { from: opened.add_days(days).unwrap(), ppm });
            let rates = [Rate { from: opened, ppm: first }].into_iter().chain(later).collect();
            (opened, Terms { side, day_count, rounding, remainder, rates })
        },
    )
}

fn check(opened: Date, terms: &Terms, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut product = Product::new(terms.clone()).unwrap();
    let mut accrual = Accrual::open(&product, opened).unwrap();
    let mut today = opened;
    let mut booked = Vec::new();
    let mut model = Model {
        terms: terms.clone(),
        opened,
        moved: BTreeMap::new(),
        posted: fraction(0, 1),
        capitalised: fraction(0, 1),
        forgotten: fraction(0, 1),
        last_accrued: None,
    };
    let whole = |amount: i128| fraction(amount, 1);
    for step in steps {
        match *step {
            Step::Sleep(days) => today = today.add_days(days).unwrap(),
            Step::Book { days, delta } => {
                let value_date = today.add_days(days).unwrap();
                let ours = accrual.book(&product, today, value_date, delta);
                prop_assert_eq!(ours, model.book(today, value_date, delta));
                booked.extend(ours.is_ok().then_some((value_date, delta)));
            }
            Step::TakeBack { nth } if !booked.is_empty() => {
                let (value_date, delta) = booked[nth % booked.len()];
                let ours = accrual.book(&product, today, value_date, -delta);
                prop_assert_eq!(ours, model.book(today, value_date, -delta));
            }
            Step::TakeBack { .. } => {}
            Step::Accrue { days_ago } => {
                let through = today.add_days(-days_ago).unwrap();
                if through >= opened {
                    let ours = accrual.accrue(&product, through);
                    prop_assert_eq!(ours.map(whole), model.accrue(through));
                }
            }
            Step::Capitalise => {
                let ours = end_period(&mut accrual, &product, today);
                let theirs = model.capitalise(today);
                prop_assert_eq!(ours.map(|Period { due, amount }| (whole(due), whole(amount))), theirs);
                prop_assert_eq!(accrual.accrue(&product, today), Ok(0));
            }
            Step::SetRate { days, ppm } => {
                let rate = Rate { from: today.add_days(days).unwrap(), ppm };
                if product.set_rate(today, rate).is_ok() {
                    model.terms.rates.retain(|old| old.from != rate.from);
                    model.terms.rates.push(rate);
                    model.terms.rates.sort_by_key(|rate| rate.from);
                } else {
                    prop_assert!(rate.from < opened);
                }
            }
            Step::Restart => {
                let mut bytes = Vec::new();
                accrual.encode(&mut bytes);
                let (read, rest) = Accrual::decode(&bytes).unwrap();
                prop_assert_eq!((&read, rest), (&accrual, &[][..]));
                accrual = read;
            }
        }
    }
    Ok(())
}

#[test]
fn every_amount_agrees_with_the_slow_way() {
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[5; 32]));
    let steps = proptest::collection::vec(step(), 1..40);
    runner.run(&(some_terms(), steps), |((opened, terms), steps)| check(opened, &terms, &steps)).unwrap();
}
