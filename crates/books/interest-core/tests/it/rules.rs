//! The rules of accrual, each with the case that broke somebody's books.

use calendar::{Date, DayCount};
use interest_core::{Accrual, BalanceSide, Product, Remainder, Rounding, Terms};

use super::{Account, Period, day, deposit, end_period, rate, terms};

/// 3.65 %: one unit a day on ten thousand.
fn a_unit_a_day() -> Product {
    deposit(DayCount::Actual365Fixed, &[("2024-01-01", 36_500)])
}

#[test]
fn accruing_again_posts_nothing() {
    // Apache Fineract posted the interest of a period again when its job ran again (FINERACT-1659).
    let mut account = Account::open(&a_unit_a_day(), "2024-01-01");
    account.pay("2024-01-01", 10_000);
    assert_eq!(account.accrue("2024-01-10"), 10);
    let before = account.accrual.clone();
    assert_eq!(account.accrue("2024-01-10"), 0);
    assert_eq!(account.accrual, before);

    let period = end_period(&mut account.accrual, &account.product, day("2024-01-31")).unwrap();
    assert_eq!(period, Period { due: 21, amount: 31 });
    let again = end_period(&mut account.accrual, &account.product, day("2024-01-31")).unwrap();
    assert_eq!(again, Period { due: 0, amount: 0 });
    assert_eq!(account.accrue("2024-01-31"), 0);
    assert_eq!(account.accrual.accrued(), 0);
}

#[test]
fn the_other_side_of_the_balance_earns_nothing() {
    // Apache Fineract paid interest to overdrawn accounts (FINERACT-1518).
    let mut account = Account::open(&a_unit_a_day(), "2024-01-01");
    account.pay("2024-01-01", -10_000);
    assert_eq!(account.accrue("2024-01-31"), 0);
    account.pay("2024-02-01", 30_000);
    assert_eq!(account.accrue("2024-02-10"), 20, "ten days on 20,000");
    account.pay("2024-02-11", -50_000);
    assert_eq!(account.accrue("2024-02-29"), 0);

    let overdraft = Terms { side: BalanceSide::Debit, ..account.product.terms().clone() };
    let mut account = Account::open(&Product::new(overdraft).unwrap(), "2024-01-01");
    account.pay("2024-01-01", -10_000);
    assert_eq!(account.accrue("2024-01-31"), 31);
    account.pay("2024-02-01", 30_000);
    assert_eq!(account.accrue("2024-02-10"), 0);
}

#[test]
fn the_balance_at_the_end_of_the_day_earns() {
    let mut account = Account::open(&a_unit_a_day(), "2024-01-01");
    account.pay("2024-01-01", 10_000);
    account.pay("2024-01-01", 10_000);
    assert_eq!(account.accrue("2024-01-01"), 2);
    account.pay("2024-01-02", -20_000);
    assert_eq!(account.accrue("2024-01-02"), 0, "the day of withdrawal earns nothing");
}

#[test]
fn small_interest_is_not_rounded_away_day_by_day() {
    for rounding in Rounding::ALL {
        let tenth = Terms { rounding, ..terms(DayCount::Actual365Fixed, &[("2024-01-01", 36_500)]) };
        let mut account = Account::open(&Product::new(tenth).unwrap(), "2024-01-01");
        account.pay("2024-01-01", 1_000);
        assert_eq!(account.accrue_daily("2024-01-30"), 3, "a tenth a day, {rounding:?}");
    }
}

#[test]
fn an_earlier_value_date_comes_out_as_one_correction() {
    let rates = [("2024-01-01", 36_500), ("2024-01-11", 73_000), ("2024-01-21", -36_500)];
    let mut account = Account::open(&deposit(DayCount::Actual365Fixed, &rates), "2024-01-01");
    account.pay("2024-01-01", 10_000);
    assert_eq!(account.accrue_daily("2024-01-31"), 10 + 20 - 11);
    account.pay_valued("2024-01-31", "2024-01-06", -10_000);
    assert_eq!(account.accrue("2024-01-31"), -(5 + 20 - 11), "over both changes of the rate");
    account.pay_valued("2024-01-31", "2024-01-06", 10_000);
    assert_eq!(account.accrue("2024-01-31"), 5 + 20 - 11);
    account.pay_valued("2024-02-01", "2024-01-16", 20_000);
    assert_eq!(account.accrue("2024-02-01"), 2 * (10 - 11) - 3);
}

#[test]
fn what_is_taken_back_leaves_no_trace() {
    let mut untouched = Account::open(&a_unit_a_day(), "2024-01-01");
    untouched.pay("2024-02-05", 0);
    assert_eq!(untouched.accrue("2024-02-05"), 0);
    // The first day that a booking can still reach, the business day, and one ahead.
    for value_date in ["2024-01-01", "2024-02-05", "2024-02-06"] {
        let mut account = Account::open(&a_unit_a_day(), "2024-01-01");
        account.pay_valued("2024-02-05", value_date, 10_000);
        let posted = account.accrue("2024-02-05");
        account.pay_valued("2024-02-05", value_date, -10_000);
        assert_eq!(account.accrue("2024-02-05"), -posted, "{value_date}");
        assert_eq!(account.accrual, untouched.accrual, "{value_date}");
    }
}

#[test]
fn a_value_date_ahead_earns_from_its_day_on() {
    let mut account = Account::open(&a_unit_a_day(), "2024-01-01");
    account.pay_valued("2024-01-01", "2024-01-11", 10_000);
    account.pay_valued("2024-01-01", "2025-01-01", -10_000);
    assert_eq!(account.accrue("2024-01-10"), 0);
    assert_eq!(account.accrue("2024-01-20"), 10);
    assert_eq!(account.accrue("2025-01-31"), 356 - 10, "through 31 December 2024");
}

#[test]
fn a_rate_of_the_past_is_corrected_for_every_account_alike() {
    let mut product = a_unit_a_day();
    let mut account = Account::open(&product, "2024-01-01");
    account.pay("2024-01-01", 10_000);
    assert_eq!(account.accrue_daily("2024-03-01"), 61);
    product.set_rate(day("2024-03-01"), rate(("2024-02-01", 73_000))).unwrap();
    account.product = product.clone();
    assert_eq!(account.accrue("2024-03-01"), 30);
    product.set_rate(day("2024-03-01"), rate(("2024-02-11", 36_500))).unwrap();
    account.product = product.clone();
    assert_eq!(account.accrue("2024-03-01"), -20);
    assert_eq!(product.rate_on(day("2024-01-31")), Ok(36_500));
    assert_eq!(product.rate_on(day("2024-02-01")), Ok(73_000));
    assert_eq!(product.rate_on(Date::MAX), Ok(36_500));
}

#[test]
fn the_remainder_is_carried_or_dropped_as_declared() {
    // A fraction of 0.6 a day: two days are 1.2, four 2.4, six 3.6.
    let periods = |remainder, rounding| {
        let terms = terms(DayCount::Actual365Fixed, &[("2024-01-01", 36_500)]);
        let mut account =
            Account::open(&Product::new(Terms { remainder, rounding, ..terms }).unwrap(), "2024-01-01");
        account.pay("2024-01-01", 6_000);
        ["2024-01-02", "2024-01-04", "2024-01-06"].map(|through| {
            let period = end_period(&mut account.accrual, &account.product, day(through)).unwrap();
            assert_eq!(account.accrue(through), 0, "{remainder:?} {rounding:?}");
            period.amount
        })
    };
    assert_eq!(periods(Remainder::Carried, Rounding::HalfUp), [1, 1, 2]);
    assert_eq!(periods(Remainder::Dropped, Rounding::HalfUp), [1, 1, 1]);
    assert_eq!(periods(Remainder::Carried, Rounding::Up), [2, 1, 1]);
    assert_eq!(periods(Remainder::Dropped, Rounding::Up), [2, 2, 2]);
    assert_eq!(periods(Remainder::Carried, Rounding::Down), [1, 1, 1]);
}

#[test]
fn a_correction_of_a_capitalised_period_falls_into_the_next() {
    for remainder in [Remainder::Carried, Remainder::Dropped] {
        let terms = Terms { remainder, ..terms(DayCount::Actual365Fixed, &[("2024-01-01", 36_500)]) };
        let mut account = Account::open(&Product::new(terms).unwrap(), "2024-01-01");
        account.pay("2024-01-01", 10_000);
        account.accrue_daily("2024-01-31");
        let january = end_period(&mut account.accrual, &account.product, day("2024-01-31")).unwrap();
        assert_eq!(january.amount, 31);
        account.pay_valued("2024-02-01", "2024-01-22", -10_000);
        assert_eq!(account.accrual.capitalise(&account.product), Ok(0), "nothing was posted since");
        let february = end_period(&mut account.accrual, &account.product, day("2024-02-29")).unwrap();
        assert_eq!(february.amount, -10, "{remainder:?}");
    }
}

#[test]
fn a_correction_between_the_last_accrual_and_the_end_of_the_period_falls_into_the_next() {
    for remainder in [Remainder::Carried, Remainder::Dropped] {
        let terms = Terms { remainder, ..terms(DayCount::Actual365Fixed, &[("2024-01-01", 36_500)]) };
        let mut account = Account::open(&Product::new(terms).unwrap(), "2024-01-01");
        account.pay("2024-01-01", 10_000);
        assert_eq!(account.accrue("2024-01-31"), 31);
        account.pay_valued("2024-02-01", "2024-01-22", -10_000);
        assert_eq!(account.accrual.capitalise(&account.product), Ok(31));
        assert_eq!(account.accrue("2024-02-01"), -10, "{remainder:?}");
    }
}

#[test]
fn the_order_of_bookings_and_accruals_is_of_no_consequence() {
    let payments =
        [("2024-01-15", 7_001), ("2024-01-31", -3_333), ("2024-01-03", 12_345), ("2024-01-20", -9_999)];
    for day_count in DayCount::ALL {
        let product = deposit(day_count, &[("2024-01-01", 36_501), ("2024-01-18", 12_347)]);
        let mut in_order = Account::open(&product, "2024-01-01");
        let mut backwards = Account::open(&product, "2024-01-01");
        let mut in_between = Account::open(&product, "2024-01-01");
        let mut posted = 0;
        for (value_date, delta) in payments {
            in_order.pay_valued("2024-02-01", value_date, delta);
            posted += in_between.accrue("2024-02-01");
            in_between.pay_valued("2024-02-01", value_date, delta);
        }
        for (value_date, delta) in payments.into_iter().rev() {
            backwards.pay_valued("2024-02-01", value_date, delta);
        }
        assert_eq!(in_order.accrual, backwards.accrual);
        let through = "2024-05-31";
        let due = in_order.accrue(through);
        assert!(due != 0);
        assert_eq!(backwards.accrue_daily(through), due, "{day_count}");
        assert_eq!(posted + in_between.accrue(through), due, "{day_count}");
        assert_eq!(in_between.accrual, in_order.accrual);
    }
}

#[test]
fn an_accrual_stays_small() {
    // Two changes a month and an accrual every day, over ten years.
    let mut account = Account::open(&a_unit_a_day(), "2024-01-01");
    let mut largest = 0;
    for month in 0..120 {
        let first = Date::new(2024 + month / 12, u8::try_from(month % 12 + 1).unwrap(), 1).unwrap();
        for (after, delta) in [(0, 2_500_000), (13, -2_400_000)] {
            let today = first.add_days(after).unwrap();
            account.accrual.book(&account.product, today, today, delta).unwrap();
        }
        for after in 0..i32::from(Date::days_in_month(first.year(), first.month())) {
            account.accrual.accrue(&account.product, first.add_days(after).unwrap()).unwrap();
            let mut bytes = Vec::new();
            account.accrual.encode(&mut bytes);
            largest = largest.max(bytes.len());
        }
    }
    assert!(largest <= 64, "{largest} bytes");
    assert_eq!(Accrual::open(&account.product, day("2024-01-01")).unwrap().accrued_through(), None);
    assert_eq!(account.accrual.accrued_through(), Some(day("2033-12-31")));
}
