//! Numbers that others have published.
#![expect(clippy::inconsistent_digit_grouping, reason = "the last two digits are cents")]

use calendar::DayCount;
use interest_core::{Accrual, Product, Remainder, Terms};

use super::{Account, day, deposit, end_period, terms, tomorrow, yesterday};

/// Pays the interest of every day to the account on the day after, as an account with daily compounding does, and says
/// how much that was. One unit is a hundred-thousandth of a dollar: Regulation DD has "daily interest earned carried to
/// five or more decimal places" (12 CFR 1030, comment to appendix A).
fn compounded_daily(rates: &[(&str, i32)], first: &str, days: i32, dollars: i128) -> i128 {
    let terms = Terms { remainder: Remainder::Dropped, ..terms(DayCount::Actual365Fixed, rates) };
    let product = Product::new(terms).unwrap();
    let mut today = day(first);
    let mut accrual = Accrual::open(&product, today).unwrap();
    accrual.book(&product, today, today, dollars * 100_000).unwrap();
    let mut paid = 0;
    for _ in 0..days {
        let period = end_period(&mut accrual, &product, today).unwrap();
        assert_eq!(period.due, period.amount, "a period of one day");
        paid += period.amount;
        today = tomorrow(today);
        accrual.book(&product, today, today, period.amount).unwrap();
    }
    paid
}

/// Cents from hundred-thousandths of a dollar.
fn cents(units: i128) -> i128 {
    (units + 500) / 1000
}

/// 12 CFR 1030 (Regulation DD), appendix A, part I, "Tiered-rate accounts": daily compounding pays $53.90 on $1,000 at
/// 5.25 %, $452.29 on $8,000 at 5.50 % and $1,183.61 on $20,000 at 5.75 % in 365 days.
#[test]
fn regulation_dd_pays_a_year_of_daily_compounding() {
    for (dollars, ppm, interest) in
        [(1_000, 52_500, 53_90), (8_000, 55_000, 452_29), (20_000, 57_500, 1_183_61)]
    {
        assert_eq!(cents(compounded_daily(&[("2023-01-01", ppm)], "2023-01-01", 365, dollars)), interest);
    }
}

/// The same appendix, "Stepped-rate accounts": $1,000 for 91 days at 5 % and 92 days at 5.5 %, compounded daily, earn
/// $26.68.
#[test]
fn regulation_dd_pays_a_stepped_rate() {
    let rates = [("2023-01-01", 50_000), ("2023-04-02", 55_000)];
    assert_eq!(day(rates[1].0).days_since(day(rates[0].0)), 91);
    assert_eq!(cents(compounded_daily(&rates, "2023-01-01", 183, 1_000)), 26_68);
}

/// ISDA, "EMU and Market Conventions: Recent Developments" (1998): 10 % on 10,000 from 1 November 2003 to 1 May 2004
/// is 497.72 under Actual/Actual (ISDA): 61 days over 365 and 121 over 366.
#[test]
fn isdas_memorandum_crosses_into_a_leap_year() {
    let mut account =
        Account::open(&deposit(DayCount::ActualActualIsda, &[("2003-01-01", 100_000)]), "2003-11-01");
    account.pay("2003-11-01", 10_000_00);
    assert_eq!(account.accrue_daily("2004-04-30"), 497_72);
}

/// Rows of ISDA's table of 30/360 day counts
/// (<https://www.isda.org/2008/12/22/30-360-day-count-conventions/>), each accrued day by day. 3.6 % on 1,000,000.00
/// are 100.00 for each of 360 days.
#[test]
fn isdas_table_of_months_with_thirty_days_is_accrued_day_by_day() {
    for (first, last, bond, eurobond) in [
        ("2006-08-20", "2007-02-20", 180, 180),
        ("2006-08-31", "2007-02-28", 178, 178),
        ("2007-02-28", "2007-08-31", 183, 182),
        ("2007-08-31", "2008-02-29", 179, 179),
        ("2008-02-29", "2008-08-31", 182, 181),
        ("2006-01-31", "2006-02-28", 28, 28),
        ("2006-01-30", "2006-02-28", 28, 28),
        ("2006-02-28", "2006-03-03", 5, 5),
        ("2006-09-30", "2006-10-31", 30, 30),
        ("2006-10-31", "2006-11-28", 28, 28),
        ("2007-02-26", "2008-02-29", 363, 363),
        ("2008-02-29", "2009-02-28", 359, 359),
        ("2008-02-28", "2008-03-31", 33, 32),
    ] {
        for (day_count, days) in [(DayCount::Thirty360, bond), (DayCount::ThirtyE360, eurobond)] {
            let mut account = Account::open(&deposit(day_count, &[("2006-01-01", 36_000)]), first);
            account.pay(first, 1_000_000_00);
            let through = yesterday(day(last)).to_string();
            assert_eq!(account.accrue_daily(&through), days * 100_00, "{day_count} from {first} to {last}");
        }
    }
}

/// The ECB's deposit facility at −0.50 % (18 September 2019 to 26 July 2022, Actual/360): a bank that leaves ten
/// million euros there pays 138.89 for a night and, in a February of 29 days, 4,027.78.
#[test]
fn a_negative_rate_is_paid_by_the_holder() {
    let facility = deposit(DayCount::Actual360, &[("2014-06-11", -1_000), ("2019-09-18", -5_000)]);
    let mut account = Account::open(&facility, "2020-02-01");
    account.pay("2020-02-01", 10_000_000_00);
    assert_eq!(account.accrue("2020-02-01"), -138_89);
    assert_eq!(account.accrue_daily("2020-02-29"), 138_89 - 4_027_78);
}

#[test]
fn a_leap_day_earns_as_the_day_count_says() {
    for (day_count, common, leap) in [
        (DayCount::Actual365Fixed, 365_00, 366_00),
        (DayCount::Actual360, 370_07, 371_08),
        (DayCount::Thirty360, 365_00, 365_00),
        (DayCount::ThirtyE360, 365_00, 365_00),
        (DayCount::ActualActualIsda, 365_00, 365_00),
    ] {
        for (first, last, interest) in
            [("2023-01-01", "2023-12-31", common), ("2024-01-01", "2024-12-31", leap)]
        {
            let mut account = Account::open(&deposit(day_count, &[("2023-01-01", 36_500)]), first);
            account.pay(first, 10_000_00);
            assert_eq!(account.accrue_daily(last), interest, "{day_count} {first}");
            let mut at_once = Account::open(&account.product, first);
            at_once.pay(first, 10_000_00);
            assert_eq!(at_once.accrue(last), interest, "{day_count} {first} at once");
        }
    }
    let leap_day = |day_count| {
        let mut account = Account::open(&deposit(day_count, &[("2024-01-01", 36_500)]), "2024-02-28");
        account.pay("2024-02-28", 1_000_000_00);
        [account.accrue("2024-02-28"), account.accrue("2024-02-29"), account.accrue("2024-03-01")]
    };
    assert_eq!(leap_day(DayCount::Actual365Fixed), [100_00, 100_00, 100_00]);
    assert_eq!(leap_day(DayCount::ThirtyE360), [101_39, 202_78, 101_39], "29 and 30 February in one day");
}
