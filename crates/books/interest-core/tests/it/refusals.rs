//! What is refused, by name, and that a refusal changes nothing.

use calendar::{CalendarError, Date, DayCount};
use interest_core::{
    Accrual, BALANCE_MAX, BalanceSide, InterestError, Product, RATE_PPM_MAX, RATES_MAX, Rate, Remainder,
    Rounding, Terms,
};

use super::{Account, day, deposit, end_period, rate, terms};

const DAILY: DayCount = DayCount::Actual365Fixed;

fn refused(rates: &[(&str, i32)]) -> InterestError {
    Product::new(terms(DAILY, rates)).unwrap_err()
}

#[test]
fn products_are_checked() {
    assert_eq!(refused(&[]), InterestError::NoRates);
    let from = day("2024-01-01");
    for out_of_order in [[("2024-01-02", 1), ("2024-01-01", 1)], [("2024-01-01", 1), ("2024-01-01", 2)]] {
        assert_eq!(refused(&out_of_order), InterestError::RatesOutOfOrder { from });
    }
    for ppm in [RATE_PPM_MAX + 1, -RATE_PPM_MAX - 1, i32::MAX, i32::MIN] {
        assert_eq!(refused(&[("2024-01-01", ppm)]), InterestError::RateTooLarge { ppm });
    }
    let many: Vec<Rate> =
        (0..).take(RATES_MAX + 1).map(|days| Rate { from: Date::from_days(days).unwrap(), ppm: 1 }).collect();
    let with = |rates: &[Rate]| Product::new(Terms { rates: rates.to_vec(), ..terms(DAILY, &[]) });
    assert_eq!(with(&many), Err(InterestError::TooManyRates));
    let mut full = with(&many[1..]).unwrap();
    let untouched = full.clone();
    assert_eq!(full.set_rate(day("1975-01-01"), rate(("1975-01-01", 1))), Err(InterestError::TooManyRates));
    assert_eq!(full, untouched);
    full.set_rate(many[9].from, Rate { from: many[9].from, ppm: 7 }).unwrap();
    assert_eq!(full.rate_on(many[9].from), Ok(7), "one that is there can be replaced");
}

#[test]
fn products_in_json_are_checked_as_well() {
    let json = r#"{"side":"credit","day_count":"ACT/365.FIXED","rounding":"half_even","remainder":"carried",
        "rates":[{"from":"2024-01-01","ppm":-5000}]}"#;
    let product: Product = serde_json::from_str(json).unwrap();
    let expected = Terms {
        side: BalanceSide::Credit,
        day_count: DAILY,
        rounding: Rounding::HalfEven,
        remainder: Remainder::Carried,
        rates: vec![rate(("2024-01-01", -5_000))],
    };
    assert_eq!(product.terms(), &expected);
    let written = serde_json::to_string(&product).unwrap();
    assert_eq!(serde_json::from_str::<Product>(&written).unwrap(), product);
    for (part, bad) in [
        ("credit", "both"),
        ("ACT/365.FIXED", "365"),
        ("half_even", "bankers"),
        ("carried", ""),
        ("-5000", "0.05"),
        ("-5000", "2147483647"),
        ("[{", "[{\"to\":\"2024-01-02\","),
        ("2024-01-01", "2024-02-30"),
        ("\"side\"", "\"tax\":1,\"side\""),
        ("{\"from\":\"2024-01-01\",\"ppm\":-5000}", ""),
    ] {
        assert!(
            json.contains(part) && serde_json::from_str::<Product>(&json.replace(part, bad)).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn a_rate_reaches_back_as_far_as_a_booking() {
    let mut product = deposit(DAILY, &[("2024-01-01", 1)]);
    let today = day("2024-03-06");
    let too_far =
        |from, earliest| Err(InterestError::RateTooFarBack { from: day(from), earliest: day(earliest) });
    assert_eq!(product.set_rate(today, rate(("2024-01-30", 2))), too_far("2024-01-30", "2024-01-31"));
    assert_eq!(product.set_rate(today, rate(("2024-01-31", 2))), Ok(()));
    let today = day("2024-01-10");
    assert_eq!(product.set_rate(today, rate(("2023-12-31", 2))), too_far("2023-12-31", "2024-01-01"));
    let ppm = RATE_PPM_MAX + 1;
    assert_eq!(product.set_rate(today, rate(("2024-01-10", ppm))), Err(InterestError::RateTooLarge { ppm }));
    assert_eq!(product.terms().rates.len(), 2);
}

#[test]
fn value_dates_reach_35_days_back_and_366_ahead() {
    let account = || Account::open(&deposit(DAILY, &[("2023-01-01", 1)]), "2024-01-01");
    let book = |account: &mut Account, today, value_date| {
        account.accrual.book(&account.product, day(today), day(value_date), 5)
    };
    let before = |value_date| {
        Err(InterestError::BeforeOpening { value_date: day(value_date), opened: day("2024-01-01") })
    };
    let back = |value_date, earliest| {
        Err(InterestError::TooFarBack { value_date: day(value_date), earliest: day(earliest) })
    };
    let ahead = |value_date, latest| {
        Err(InterestError::TooFarAhead { value_date: day(value_date), latest: day(latest) })
    };

    for (today, value_date, answer) in [
        ("2024-01-10", "2023-12-31", before("2023-12-31")),
        ("2024-06-01", "2023-12-31", before("2023-12-31")),
        ("2024-02-05", "2024-01-01", Ok(())),
        ("2024-02-06", "2024-01-01", back("2024-01-01", "2024-01-02")),
        ("2024-01-01", "2025-01-01", Ok(())),
        ("2024-01-01", "2025-01-02", ahead("2025-01-02", "2025-01-01")),
        ("2023-06-01", "2024-01-01", Ok(())),
        ("9999-12-31", "9999-12-31", Ok(())),
        ("9999-12-31", "9999-11-25", back("9999-11-25", "9999-11-26")),
    ] {
        let mut account = account();
        let untouched = account.accrual.clone();
        assert_eq!(book(&mut account, today, value_date), answer, "{value_date} on {today}");
        assert_eq!(account.accrual == untouched, answer.is_err(), "{value_date} on {today}");
    }

    let mut later = account();
    assert_eq!(book(&mut later, "2024-03-06", "2024-03-06"), Ok(()));
    assert_eq!(
        book(&mut later, "2024-02-01", "2024-01-30"),
        back("2024-01-30", "2024-01-31"),
        "folded already"
    );
    assert_eq!(book(&mut later, "2024-02-01", "2024-01-31"), Ok(()), "a business day may come late");
}

#[test]
fn days_are_accrued_forwards() {
    let mut account = Account::open(&deposit(DAILY, &[("2024-01-01", 36_500)]), "2024-01-01");
    account.pay("2024-01-01", 10_000);
    assert_eq!(account.accrue("2024-01-10"), 10);
    let untouched = account.accrual.clone();
    let settled = |through, earliest| {
        Err(InterestError::AlreadySettled { through: day(through), earliest: day(earliest) })
    };
    let Account { product, accrual, .. } = &mut account;
    assert_eq!(accrual.accrue(product, day("2024-01-09")), settled("2024-01-09", "2024-01-10"));
    assert_eq!(accrual.accrue(product, Date::MAX), Err(CalendarError::OutOfRange.into()));
    assert_eq!(*accrual, untouched);

    // Accruals that stood still while bookings went on: days beyond correction are not posted one by one any more.
    account.pay("2024-03-06", 1);
    let Account { product, accrual, .. } = &mut account;
    assert_eq!(accrual.accrue(product, day("2024-01-29")), settled("2024-01-29", "2024-01-30"));
    assert_eq!(accrual.accrue(product, day("2024-01-30")), Ok(20), "and what was missed is not lost");
}

#[test]
fn balances_have_a_limit_on_every_day() {
    for sign in [1, -1] {
        let mut account = Account::open(&deposit(DAILY, &[("2024-01-01", RATE_PPM_MAX)]), "2024-01-01");
        account.pay("2024-01-02", sign * BALANCE_MAX);
        account.pay_valued("2024-01-02", "2024-01-04", -sign);
        let untouched = account.accrual.clone();
        for (value_date, delta) in [
            ("2024-01-02", sign),
            ("2024-01-01", sign),
            ("2024-01-04", sign * 2),
            ("2024-01-05", sign * i128::MAX),
            ("2024-01-05", -sign * i128::MAX),
            ("2024-01-05", i128::MIN),
            ("2024-01-02", -sign * (2 * BALANCE_MAX + 1)),
        ] {
            let answer = account.accrual.book(&account.product, day("2024-01-05"), day(value_date), delta);
            assert_eq!(answer, Err(InterestError::BalanceTooLarge), "{delta} on {value_date}");
        }
        assert_eq!(account.accrual, untouched);
        account.pay_valued("2024-01-05", "2024-01-04", sign);
        let largest = account.accrual.clone();
        account.pay("2024-01-05", 0);
        assert_eq!(account.accrual, largest);
    }
}

#[test]
fn the_largest_interest_there_can_be_is_counted() {
    for (side, sign) in [(BalanceSide::Credit, 1), (BalanceSide::Debit, -1)] {
        for ppm in [RATE_PPM_MAX, -RATE_PPM_MAX] {
            let rates = vec![Rate { from: Date::MIN, ppm }];
            let terms =
                Terms { side, rates, remainder: Remainder::Dropped, ..terms(DayCount::Actual360, &[]) };
            let product = Product::new(terms).unwrap();
            let mut accrual = Accrual::open(&product, Date::MIN).unwrap();
            accrual.book(&product, Date::MIN, Date::MIN, sign * BALANCE_MAX).unwrap();
            let last = day("9999-12-30");
            let all = BALANCE_MAX * i128::from(ppm) * i128::from(last.days() + 1);
            let period = end_period(&mut accrual, &product, last).unwrap();
            let units = 360 * 1_000_000;
            let rounded = (all.abs() + units / 2) / units * all.signum();
            assert_eq!(period.amount, rounded);
        }
    }
}

#[test]
fn a_product_that_begins_later_has_no_rate() {
    let early = deposit(DAILY, &[("2024-01-01", 36_500)]);
    let late = deposit(DAILY, &[("2024-06-01", 36_500)]);
    let no_rate = InterestError::NoRateOn { day: day("2024-01-01") };
    assert_eq!(Accrual::open(&late, day("2024-01-01")), Err(no_rate));
    let mut account = Account::open(&early, "2024-01-01");
    account.pay("2024-01-01", 10_000);
    let untouched = account.accrual.clone();
    assert_eq!(account.accrual.accrue(&late, day("2024-06-30")), Err(no_rate));
    assert_eq!(account.accrual.book(&late, day("2024-06-30"), day("2024-06-30"), 1), Err(no_rate));
    assert_eq!(account.accrual, untouched);

    // An account changes its product on a day when all of the open days have a rate in the new one.
    assert_eq!(account.accrue("2024-07-06"), 188);
    assert_eq!(account.accrual.accrue(&late, day("2024-07-16")), Ok(10));
}
