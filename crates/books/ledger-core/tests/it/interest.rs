//! Interest in the books: what is posted when, to which accounts, and never twice.

use std::collections::BTreeMap;

use ledger_core::{
    AccountFlags, Booking, CreateTransferStatus as Status, DeclarationStatus as Declared, InterestAssignment,
    InterestRate, InterestRun, InterestRunKind, Operation, Transfer, TransferFlags,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::bank::{Books, booking};

/// 2026-11-20.
const FRIDAY: u32 = 20_777;
const EXPENSE: u128 = 101;
const PAYABLE: u128 = 102;

/// 3.65 % a year on credit balances, actual/365: a ten-thousandth a day.
fn savings() -> InterestRate {
    InterestRate {
        contra_account: EXPENSE,
        accrued_account: PAYABLE,
        product: 7,
        from: FRIDAY - 10,
        ppm: 36_500,
        code: 90,
        side: 0,
        day_count: 0,
        rounding: 1,
        remainder: 0,
        reserved: [0; 78],
    }
}

impl Books {
    /// The accounts of [`Books::new`], those of the product, the product, and Friday open.
    fn with_savings() -> Self {
        let mut books = Self::new();
        for id in [EXPENSE, PAYABLE] {
            books.open(id, 203, AccountFlags::NONE);
        }
        assert_eq!(books.rate(savings()), Declared::Created);
        assert_eq!(books.cut(0, FRIDAY), Declared::Created);
        books
    }

    fn rate(&mut self, rate: InterestRate) -> Declared {
        self.declare(Operation::DeclareInterestRates, rate.as_bytes())
    }

    fn assign(&mut self, account: u128, product: u32) -> Declared {
        let assignment = InterestAssignment { account, product, reserved: [0; 108] };
        self.declare(Operation::AssignInterest, assignment.as_bytes())
    }

    fn run(&mut self, operation: Operation, account: u128, through: u32) -> u32 {
        let run = InterestRun { account, through, reserved: [0; 108] };
        self.request(operation, run.as_bytes())[0]
    }

    fn accrue(&mut self, account: u128, through: u32) -> Declared {
        Declared::from_u32(self.run(Operation::AccrueInterest, account, through)).unwrap()
    }

    fn capitalise(&mut self, account: u128, through: u32) -> Declared {
        Declared::from_u32(self.run(Operation::CapitaliseInterest, account, through)).unwrap()
    }

    /// Credits less debits.
    fn balance(&self, account: u128) -> i128 {
        let account = self.ledger.account(account).unwrap();
        account.credits_posted.cast_signed() - account.debits_posted.cast_signed()
    }

    fn balances(&self) -> [i128; 3] {
        [1, EXPENSE, PAYABLE].map(|account| self.balance(account))
    }

    fn interest_transfer(&self, account: u128, through: u32, kind: InterestRunKind) -> Option<Transfer> {
        self.ledger.transfer(kind.transfer_id(account, through)).map(|view| view.transfer)
    }
}

#[test]
fn interest_is_posted_by_the_day_and_paid_at_the_end_of_the_period() {
    let mut books = Books::with_savings();
    assert_eq!(books.pay(1, 9, 1, 1_004_900), Status::Created);
    assert_eq!(books.assign(1, 7), Declared::Created);
    assert_eq!(books.assign(1, 7), Declared::Exists);
    assert_eq!(books.accrue(1, FRIDAY), Declared::DayNotEnded);
    assert_eq!(books.cut(FRIDAY, FRIDAY + 3), Declared::Created);

    // 100.49 a day is posted as 100; over the days the fraction is not lost.
    assert_eq!(books.accrue(1, FRIDAY), Declared::Created);
    assert_eq!(books.balances(), [1_004_900, -100, 100]);
    assert_eq!(books.accrue(1, FRIDAY), Declared::Exists);
    let posted = books.interest_transfer(1, FRIDAY, InterestRunKind::Accrue).unwrap();
    assert_eq!((posted.user_data_128, posted.user_data_32, posted.code), (1, FRIDAY, 90));
    assert_eq!(books.booked(posted.id).value_date, FRIDAY, "booked on Monday for Friday");
    assert_eq!(books.cut(FRIDAY + 3, FRIDAY + 4), Declared::Created);
    let mut books = books.restored();
    assert_eq!(books.capitalise(1, FRIDAY + 3), Declared::InterestNotAccrued);
    assert_eq!(books.accrue(1, FRIDAY + 3), Declared::Created);
    assert_eq!(books.balances(), [1_004_900, -402, 402], "Saturday, Sunday and Monday: 401.96 in all");
    assert_eq!(books.accrue(1, FRIDAY + 2), Declared::DaySettled);

    assert_eq!(books.capitalise(1, FRIDAY + 3), Declared::Created);
    assert_eq!(books.capitalise(1, FRIDAY + 3), Declared::Exists);
    assert_eq!(books.balances(), [1_005_302, -402, 0]);
    let interest = books.ledger.interest_of(1).unwrap();
    assert_eq!((interest.accrued, interest.accrued_through), (0, Some(FRIDAY + 3)));
    // Paid interest earns from the day after.
    assert_eq!(books.cut(FRIDAY + 4, FRIDAY + 5), Declared::Created);
    assert_eq!(books.accrue(1, FRIDAY + 4), Declared::Created);
    assert_eq!(books.balance(PAYABLE), 100, "100.53, and 401.96 before: 502.49 less 402");
}

#[test]
fn an_entry_with_an_earlier_value_date_is_corrected_once() {
    let mut books = Books::with_savings();
    assert_eq!(books.pay(1, 9, 1, 1_000_000), Status::Created);
    assert_eq!(books.assign(1, 7), Declared::Created);
    for day in FRIDAY..FRIDAY + 3 {
        assert_eq!(books.cut(day, day + 1), Declared::Created);
        assert_eq!(books.accrue(1, day), Declared::Created);
    }
    assert_eq!(books.balance(PAYABLE), 300);
    // Half of it should have been there from the second day on, and is reversed again.
    let late = Booking { value_date: FRIDAY + 1, ..booking(10, 1, 9, 500_000) };
    assert_eq!(books.book(late), Status::Created);
    assert_eq!(books.accrue(1, FRIDAY + 2), Declared::Exists, "a day is posted once");
    assert_eq!(books.cut(FRIDAY + 3, FRIDAY + 4), Declared::Created);
    assert_eq!(books.accrue(1, FRIDAY + 3), Declared::Created);
    assert_eq!(books.balance(PAYABLE), 250, "100 + 3 × 50: a correction may be negative");
    let back = Booking { reverses: 10, ..booking(11, 9, 1, 500_000) };
    assert_eq!(books.book(back), Status::Created);
    assert_eq!(books.cut(FRIDAY + 4, FRIDAY + 5), Declared::Created);
    assert_eq!(books.accrue(1, FRIDAY + 4), Declared::Created);
    assert_eq!(books.balance(PAYABLE), 500, "as if nothing had happened");
}

#[test]
fn a_loan_owes_and_a_chain_that_fails_leaves_no_interest() {
    let mut books = Books::with_savings();
    let loan = InterestRate { product: 8, side: 1, ppm: 73_000, ..savings() };
    assert_eq!(books.rate(loan), Declared::Created);
    books.open(50, 203, AccountFlags::CREDITS_MUST_NOT_EXCEED_DEBITS);
    assert_eq!(books.assign(50, 8), Declared::Created);
    assert_eq!(books.pay(1, 50, 9, 100_000), Status::Created);
    let flagged = Booking {
        transfer: Transfer { flags: TransferFlags::LINKED, ..booking(2, 50, 9, 900_000).transfer },
        ..Booking::default()
    };
    let refused = [Status::LinkedEventFailed, Status::ExceedsCredits];
    assert_eq!(books.book_all(&[flagged, booking(3, 2, 3, 1)]), refused);
    assert_eq!(books.cut(FRIDAY, FRIDAY + 1), Declared::Created);
    assert_eq!(books.accrue(50, FRIDAY), Declared::Created);
    assert_eq!([EXPENSE, PAYABLE].map(|id| books.balance(id)), [20, -20], "income, and a receivable");
    assert_eq!(books.capitalise(50, FRIDAY), Declared::Created);
    assert_eq!([50, PAYABLE].map(|id| books.balance(id)), [-100_020, 0]);
}

#[test]
fn a_run_that_cannot_post_is_done_later() {
    let mut books = Books::with_savings();
    assert_eq!(books.pay(1, 9, 1, 1_000_000), Status::Created);
    assert_eq!(books.assign(1, 7), Declared::Created);
    assert_eq!(books.cut(FRIDAY, FRIDAY + 1), Declared::Created);
    // The expense account becomes a control account for a while.
    books.open(60, 203, AccountFlags::NONE);
    assert_eq!(books.place(60, EXPENSE), Declared::Created);
    let refused = books.run(Operation::AccrueInterest, 1, FRIDAY);
    assert_eq!(refused, Status::DebitAccountIsControl.as_u32());
    assert_eq!(books.ledger.interest_of(1).unwrap().accrued_through, None);
    assert_eq!(books.place(60, 0), Declared::Created);
    assert_eq!(books.accrue(1, FRIDAY), Declared::Created);
    assert_eq!(books.balances(), [1_000_000, -100, 100]);
}

#[test]
fn what_is_declared_of_interest_is_checked() {
    let mut books = Books::with_savings();
    let good = savings();
    let mut rate = |rate| books.rate(rate);
    assert_eq!(rate(good), Declared::Exists);
    assert_eq!(rate(InterestRate { from: FRIDAY + 5, ppm: -5_000, ..good }), Declared::Created);
    assert_eq!(rate(InterestRate { from: FRIDAY - 11, ..good }), Declared::RateTooEarly);
    assert_eq!(rate(InterestRate { code: 91, ..good }), Declared::ExistsWithDifferentProduct);
    assert_eq!(rate(InterestRate { product: 0, ..good }), Declared::ProductMalformed);
    assert_eq!(rate(InterestRate { code: 0, ..good }), Declared::ProductMalformed);
    assert_eq!(rate(InterestRate { side: 2, ..good }), Declared::ProductMalformed);
    assert_eq!(rate(InterestRate { day_count: 5, ..good }), Declared::ProductMalformed);
    assert_eq!(rate(InterestRate { rounding: 7, ..good }), Declared::ProductMalformed);
    assert_eq!(rate(InterestRate { remainder: 2, ..good }), Declared::ProductMalformed);
    assert_eq!(rate(InterestRate { from: u32::MAX, ..good }), Declared::DateOutOfRange);
    assert_eq!(rate(InterestRate { ppm: i32::MIN, ..good }), Declared::RateOutOfRange);
    assert_eq!(rate(InterestRate { reserved: [1; 78], ..good }), Declared::ReservedField);
    let new = InterestRate { product: 9, ..good };
    assert_eq!(rate(InterestRate { contra_account: 77, ..new }), Declared::InterestAccountNotFound);
    assert_eq!(rate(InterestRate { contra_account: PAYABLE, ..new }), Declared::InterestAccountsDiffer);
    assert_eq!(rate(InterestRate { from: FRIDAY + 1, ..new }), Declared::Created);

    assert_eq!(books.assign(77, 7), Declared::AccountNotFound);
    assert_eq!(books.assign(1, 6), Declared::ProductNotFound);
    assert_eq!(books.assign(EXPENSE, 7), Declared::InterestAccountsDiffer);
    assert_eq!(books.assign(1, 9), Declared::NoRateYet);
    books.open(70, 840, AccountFlags::NONE);
    assert_eq!(books.assign(70, 7), Declared::InterestAccountsDiffer);
    assert_eq!(books.pay(1, 9, 2, (1 << 63) + 1), Status::Created);
    assert_eq!(books.assign(2, 7), Declared::BalanceTooLarge);
    assert_eq!(books.accrue(1, FRIDAY), Declared::BearsNoInterest);
    assert_eq!(books.accrue(77, FRIDAY), Declared::AccountNotFound);
    assert_eq!(books.assign(1, 7), Declared::Created);
    assert_eq!(books.pay(3, 9, 1, (1 << 63) + 1), Status::OverflowsCreditsPosted);
    assert_eq!(books.pay(4, 9, 1, 1 << 62), Status::Created);
    assert_eq!(books.assign(1, 9), Declared::BearsOtherInterest);
    assert_eq!(books.cut(FRIDAY, FRIDAY + 1), Declared::Created);
    assert_eq!(books.assign(1, 0), Declared::InterestNotCapitalised);
    assert_eq!(books.accrue(1, FRIDAY), Declared::Created);
    assert_eq!(books.assign(1, 0), Declared::InterestNotCapitalised);
    assert_eq!(books.capitalise(1, FRIDAY), Declared::Created);
    assert_eq!(books.assign(1, 0), Declared::Created);
    assert_eq!(books.assign(1, 0), Declared::Exists);
    assert_eq!(books.assign(1, 9), Declared::Created);

    let mut without_days = Books::new();
    for id in [EXPENSE, PAYABLE] {
        without_days.open(id, 203, AccountFlags::NONE);
    }
    assert_eq!(without_days.rate(good), Declared::Created);
    assert_eq!(without_days.assign(1, 7), Declared::NoBusinessDay);
}

/// What happens on a day: amounts to or from account 1 with a value date so many days away; whether the day's interest is
/// posted, and paid; whether everything is read back from a snapshot.
#[derive(Clone, Debug)]
struct Day {
    bookings: Vec<(i32, i64)>,
    is_posted: bool,
    is_paid: bool,
    is_restored: bool,
}

fn any_day() -> impl Strategy<Value = Day> {
    let bookings = prop::collection::vec((-8..9i32, -400_000..500_000i64), 0..4);
    (bookings, any::<bool>(), prop::bool::weighted(0.2), prop::bool::weighted(0.2)).prop_map(
        |(bookings, is_posted, is_paid, is_restored)| Day { bookings, is_posted, is_paid, is_restored },
    )
}

/// Interest of all days up to one, counted day by day from every booking: in millionths of a minor unit times 365.
fn exact(bookings: &[(u32, i128)], first: u32, through: u32) -> i128 {
    let balance =
        |day| bookings.iter().filter(|(date, _)| *date <= day).map(|(_, delta)| delta).sum::<i128>();
    (first..=through).map(|day| balance(day).max(0) * 36_500).sum()
}

fn half_even(exact: i128) -> i128 {
    let unit = 365_000_000;
    let (whole, rest) = (exact.div_euclid(unit), exact.rem_euclid(unit));
    whole + i128::from(rest * 2 > unit || rest * 2 == unit && whole % 2 != 0)
}

fn live(days: &[Day]) -> Result<(), TestCaseError> {
    let mut books = Books::with_savings();
    books.open(200, 203, AccountFlags::NONE);
    // Account 200 has no limits, so that a balance may change its sign.
    let mut bookings: Vec<(u32, i128)> = Vec::new();
    let (mut id, mut paid) = (1_000, 0);
    for (day, today) in days.iter().zip(FRIDAY..) {
        if today == FRIDAY + 1 {
            assert_eq!(books.assign(200, 7), Declared::Created);
        }
        for (away, amount) in &day.bookings {
            id += 1;
            let value_date = today.saturating_add_signed(*away);
            let (from, to) = if *amount < 0 { (200, 9) } else { (9, 200) };
            let new = Booking { value_date, ..booking(id, from, to, amount.unsigned_abs().into()) };
            prop_assert_eq!(books.book(new), Status::Created);
            // What is older than the interest counts from its first day on.
            bookings.push((value_date.max(FRIDAY + 1), i128::from(*amount)));
        }
        prop_assert_eq!(books.cut(today, today + 1), Declared::Created);
        if today > FRIDAY && day.is_posted {
            prop_assert_eq!(books.accrue(200, today), Declared::Created);
            let expected = half_even(exact(&bookings, FRIDAY + 1, today));
            prop_assert_eq!(books.ledger.interest_of(200).unwrap().accrued, expected - paid);
            prop_assert_eq!(books.balance(PAYABLE), expected - paid);
            prop_assert_eq!(books.balance(EXPENSE), -expected);
            if day.is_paid {
                let amount = expected - paid;
                prop_assert_eq!(books.capitalise(200, today), Declared::Created);
                prop_assert_eq!(books.balance(PAYABLE), 0);
                bookings.push((today + 1, amount));
                paid = expected;
            }
        }
        if day.is_restored {
            books = books.restored();
        }
    }
    Ok(())
}

#[test]
fn interest_is_that_of_every_day_counted_anew() {
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[8; 32]));
    runner.run(&prop::collection::vec(any_day(), 2..25), |days| live(&days)).unwrap();
}

#[test]
fn a_correction_after_the_last_accrual_of_a_period_is_paid_with_the_next() {
    let mut books = Books::with_savings();
    assert_eq!(books.pay(1, 9, 1, 1_000_000), Status::Created);
    assert_eq!(books.assign(1, 7), Declared::Created);
    for day in FRIDAY..FRIDAY + 2 {
        assert_eq!(books.cut(day, day + 1), Declared::Created);
    }
    assert_eq!(books.accrue(1, FRIDAY + 1), Declared::Created);
    let late = Booking { value_date: FRIDAY + 1, ..booking(10, 1, 9, 500_000) };
    assert_eq!(books.book(late), Status::Created);
    assert_eq!(books.capitalise(1, FRIDAY), Declared::DaySettled);
    assert_eq!(books.capitalise(1, FRIDAY + 1), Declared::Created);
    assert_eq!(books.balances(), [500_200, -200, 0]);
    assert_eq!(books.cut(FRIDAY + 2, FRIDAY + 3), Declared::Created);
    assert_eq!(books.accrue(1, FRIDAY + 2), Declared::Created);
    assert_eq!(books.balance(PAYABLE), 0, "50 for the day, and 50 less for the day before");
}

/// The numbers of a product's record are kept in journals: they mean the same for ever.
#[test]
fn day_counts_have_their_numbers() {
    let names: Vec<&str> = calendar::DayCount::ALL.iter().map(|day_count| day_count.name()).collect();
    assert_eq!(names, ["ACT/365.FIXED", "ACT/360", "30/360", "30E/360", "ACT/ACT.ISDA"]);
}

/// Two accounts under one product do not mix, and accounts are listed in order.
#[test]
fn accounts_that_bear_interest_are_listed() {
    let mut books = Books::with_savings();
    for id in [3, 1, 2] {
        assert_eq!(books.assign(id, 7), Declared::Created);
    }
    let listed = |after, limit| -> Vec<u128> {
        books.ledger.interest_after(after, limit).iter().map(|interest| interest.account).collect()
    };
    assert_eq!(listed(None, 2), [1, 2]);
    assert_eq!(listed(Some(2), 2), [3]);
    assert!(listed(Some(77), 2).is_empty());
    let rates: BTreeMap<u32, usize> = books
        .ledger
        .interest_products()
        .map(|product| (product.product, product.terms.terms().rates.len()))
        .collect();
    assert_eq!(rates, BTreeMap::from([(7, 1)]));
}
