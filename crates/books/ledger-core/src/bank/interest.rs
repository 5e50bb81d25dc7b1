//! Interest: what accounts earn or owe by value date, posted day by day and paid at the end of a period.
//!
//! The arithmetic is [`interest_core`]'s; here it meets the books.

use std::collections::{BTreeMap, BTreeSet};

use calendar::{Date, DayCount};
use interest_core::{Accrual, BalanceSide, InterestError, Product, Rate, Remainder, Rounding, Terms};

use super::{InterestAssignment, InterestRate};
use crate::Ledger;
use crate::accounts::{BEARS_INTEREST, Movement, Row};
use crate::status::{CreateTransferStatus, DeclarationStatus as Status};

/// The most products of a shard.
const PRODUCTS_MAX: usize = 10_000;

/// The most that may be debited or credited to an account that bears interest: then no balance of any day can be larger
/// than what interest is counted on.
const POSTED_MAX: u128 = 1 << 63;

/// Products, and the accounts that bear interest.
#[derive(Default)]
pub(crate) struct Interest {
    pub(crate) products: BTreeMap<u32, InterestProduct>,
    pub(crate) bearing: BTreeMap<u32, Bearing>,
    /// Transfers with a value date after the day that is open: value date and number. Maybe some of earlier days, too.
    pub(crate) ahead: BTreeSet<(u32, u32)>,
}

/// An interest product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterestProduct {
    /// Its number.
    pub product: u32,
    /// Expense or income.
    pub contra_account: u128,
    /// Where interest is collected until it is capitalised.
    pub accrued_account: u128,
    /// The code of the transfers that it posts.
    pub code: u16,
    /// How a balance earns.
    pub terms: Product,
}

/// An account that bears interest.
pub(crate) struct Bearing {
    pub(crate) product: u32,
    pub(crate) accrual: Accrual,
}

/// The interest of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountInterest {
    /// The account.
    pub account: u128,
    /// The product.
    pub product: u32,
    /// The first day that earns, counted from 1970-01-01.
    pub since: u32,
    /// The last day whose interest is posted, if there is one.
    pub accrued_through: Option<u32>,
    /// Minor units posted and not capitalised; negative if the other side owes them.
    pub accrued: i128,
}

impl InterestRate {
    /// The product, if it were new with this rate alone.
    fn product(&self) -> Result<InterestProduct, Status> {
        let pick = |number: u8, of: usize| usize::from(number) < of;
        let sides = [BalanceSide::Credit, BalanceSide::Debit];
        let roundings = [
            Rounding::HalfUp,
            Rounding::HalfEven,
            Rounding::HalfDown,
            Rounding::Up,
            Rounding::Down,
            Rounding::Ceiling,
            Rounding::Floor,
        ];
        let remainders = [Remainder::Carried, Remainder::Dropped];
        let is_whole = self.product != 0
            && self.code != 0
            && pick(self.side, sides.len())
            && pick(self.day_count, DayCount::ALL.len())
            && pick(self.rounding, roundings.len())
            && pick(self.remainder, remainders.len());
        if !is_whole {
            return Err(Status::ProductMalformed);
        }
        let from = Date::from_days(self.from).map_err(|_| Status::DateOutOfRange)?;
        let terms = Product::new(Terms {
            side: sides[usize::from(self.side)],
            day_count: DayCount::ALL[usize::from(self.day_count)],
            rounding: roundings[usize::from(self.rounding)],
            remainder: remainders[usize::from(self.remainder)],
            rates: vec![Rate { from, ppm: self.ppm }],
        });
        Ok(InterestProduct {
            product: self.product,
            contra_account: self.contra_account,
            accrued_account: self.accrued_account,
            code: self.code,
            terms: terms.map_err(|_| Status::RateOutOfRange)?,
        })
    }
}

impl InterestProduct {
    /// Whether the two differ in nothing but their rates.
    fn is_like(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.terms.terms(), other.terms.terms());
        (self.contra_account, self.accrued_account, self.code)
            == (other.contra_account, other.accrued_account, other.code)
            && (ours.side, ours.day_count, ours.rounding, ours.remainder)
                == (theirs.side, theirs.day_count, theirs.rounding, theirs.remainder)
    }
}

/// The day with this number; the books have only such that there are.
pub(super) fn date(days: u32) -> Date {
    Date::from_days(days).unwrap_or(Date::MAX)
}

impl Ledger {
    /// Declares a product, or one more rate of it.
    pub(crate) fn declare_interest(&mut self, rate: &InterestRate) -> Status {
        if rate.reserved != [0; 78] {
            return Status::ReservedField;
        }
        let new = match rate.product() {
            Ok(new) => new,
            Err(status) => return status,
        };
        let today = date(self.bank.days.today(self.clock));
        let products = &mut self.bank.interest.products;
        if let Some(product) = products.get_mut(&rate.product) {
            if !product.is_like(&new) {
                return Status::ExistsWithDifferentProduct;
            }
            let rate = new.terms.terms().rates[0];
            if product.terms.terms().rates.contains(&rate) {
                return Status::Exists;
            }
            return match product.terms.set_rate(today, rate) {
                Ok(()) => Status::Created,
                Err(InterestError::TooManyRates) => Status::TooManyRates,
                Err(_) => Status::RateTooEarly,
            };
        }
        let (contra, accrued) =
            (self.accounts.find(new.contra_account), self.accounts.find(new.accrued_account));
        let (Some(contra), Some(accrued)) = (contra, accrued) else { return Status::InterestAccountNotFound };
        let share = self.accounts.share_a_ledger(self.accounts.get(contra), self.accounts.get(accrued));
        if contra == accrued || !share {
            return Status::InterestAccountsDiffer;
        }
        if products.len() >= PRODUCTS_MAX {
            return Status::TooManyRates;
        }
        products.insert(rate.product, new);
        Status::Created
    }

    /// Lets an account bear interest, or no longer.
    pub(crate) fn assign_interest(&mut self, assignment: &InterestAssignment) -> Status {
        if assignment.reserved != [0; 108] {
            return Status::ReservedField;
        }
        let Some(number) = self.accounts.find(assignment.account) else { return Status::AccountNotFound };
        if assignment.product == 0 {
            return self.end_interest(number);
        }
        let interest = &self.bank.interest;
        let Some(product) = interest.products.get(&assignment.product) else {
            return Status::ProductNotFound;
        };
        match interest.bearing.get(&number) {
            Some(bearing) if bearing.product == assignment.product => return Status::Exists,
            Some(_) => return Status::BearsOtherInterest,
            None => {}
        }
        let (account, contra) = (self.accounts.get(number), self.accounts.find(product.contra_account));
        let is_third = contra.is_some_and(|contra| {
            contra != number && self.accounts.share_a_ledger(account, self.accounts.get(contra))
        });
        if !is_third || product.accrued_account == assignment.account {
            return Status::InterestAccountsDiffer;
        }
        if account.debits_posted.max(account.credits_posted) > POSTED_MAX {
            return Status::BalanceTooLarge;
        }
        let Some(today) = self.business_day() else { return Status::NoBusinessDay };
        let Some(accrual) = self.opened_accrual(number, &product.terms, today) else {
            return Status::NoRateYet;
        };
        let product = assignment.product;
        self.bank.interest.bearing.insert(number, Bearing { product, accrual });
        self.accounts.mark(number, BEARS_INTEREST, true);
        Status::Created
    }

    /// The accrual of an account from `today` on, with what it has and what is booked ahead; `None` without a rate.
    fn opened_accrual(&self, number: u32, product: &Product, today: u32) -> Option<Accrual> {
        let mut accrual = Accrual::open(product, date(today)).ok()?;
        let account = self.accounts.get(number);
        let mut balance = signed(account.credits_posted) - signed(account.debits_posted);
        for (value_date, transfer) in self.bank.interest.ahead.range((today + 1, 0)..) {
            let row = self.transfers.rows.get(*transfer);
            let amount = signed(self.transfers.movement(&row).post);
            let delta = match (row.debit == number, row.credit == number) {
                (true, _) => -amount,
                (_, true) => amount,
                _ => continue,
            };
            accrual.book(product, date(today), date(*value_date), delta).ok()?;
            balance -= delta;
        }
        accrual.book(product, date(today), date(today), balance).ok()?;
        Some(accrual)
    }

    fn end_interest(&mut self, number: u32) -> Status {
        let ended = self.closed_days().last().map(|day| day.date);
        let interest = &mut self.bank.interest;
        let Some(bearing) = interest.bearing.get(&number) else { return Status::Exists };
        let through = bearing.accrual.accrued_through().map(Date::days);
        // Without an ended day since, nothing was earned.
        let is_settled =
            through == ended || ended.is_none_or(|ended| ended < bearing.accrual.opened().days());
        let Some(product) = interest.products.get(&bearing.product) else { return Status::ProductNotFound };
        let due = match ended.filter(|_| through == ended) {
            Some(ended) => bearing.accrual.clone().accrue(&product.terms, date(ended)).unwrap_or(1),
            None => 0,
        };
        if !is_settled || due != 0 || bearing.accrual.accrued() != 0 {
            return Status::InterestNotCapitalised;
        }
        interest.bearing.remove(&number);
        self.accounts.mark(number, BEARS_INTEREST, false);
        Status::Created
    }

    /// Tells the accruals of two accounts what was posted with this value date, or, `back`, that it was taken back.
    pub(crate) fn book_interest(
        &mut self,
        (debit, credit): (u32, u32),
        movement: Movement,
        value_date: Option<u32>,
        timestamp: u64,
        back: bool,
    ) {
        let today = self.bank.days.today(timestamp);
        let value_date = date(value_date.unwrap_or(today));
        let posted = signed(movement.post);
        let gained = if back { -posted } else { posted };
        let Interest { products, bearing, .. } = &mut self.bank.interest;
        for (number, delta) in [(debit, -gained), (credit, gained)] {
            let Some(Bearing { product, accrual }) = bearing.get_mut(&number) else { continue };
            let Some(product) = products.get(product) else { continue };
            // What counts from before the account bore interest counts from the day on which it began to.
            let value_date = value_date.max(accrual.opened());
            let booked = accrual.book(&product.terms, date(today), value_date, delta);
            assert!(
                booked.is_ok(),
                "LED-INV-11: what the rules let pass, interest can be counted on: {booked:?}"
            );
        }
    }

    /// Whether an account that bears interest would leave what interest is counted on.
    pub(crate) fn check_interest(
        &self,
        debit: u32,
        credit: u32,
        amount: u128,
    ) -> Result<(), CreateTransferStatus> {
        let (debited, credited) = (self.accounts.get(debit), self.accounts.get(credit));
        let exceeds = |account: &Row, posted: u128| {
            account.flags.contains(BEARS_INTEREST)
                && posted.checked_add(amount).is_none_or(|sum| sum > POSTED_MAX)
        };
        if exceeds(debited, debited.debits_posted) {
            return Err(CreateTransferStatus::OverflowsDebitsPosted);
        }
        if exceeds(credited, credited.credits_posted) {
            return Err(CreateTransferStatus::OverflowsCreditsPosted);
        }
        Ok(())
    }

    /// The interest products, by number.
    pub fn interest_products(&self) -> impl ExactSizeIterator<Item = &InterestProduct> {
        self.bank.interest.products.values()
    }

    /// The interest of an account, if it bears any.
    pub fn interest_of(&self, account: u128) -> Option<AccountInterest> {
        let number = self.accounts.find(account)?;
        self.bank.interest.bearing.get(&number).map(|bearing| self.shown_interest(number, bearing))
    }

    /// Up to `limit` accounts that bear interest, created after the one called `after`, in order of creation; none if
    /// there is no such account.
    pub fn interest_after(&self, after: Option<u128>, limit: usize) -> Vec<AccountInterest> {
        let first = match after {
            None => 0,
            Some(id) => match self.accounts.find(id) {
                Some(number) => number + 1,
                None => return Vec::new(),
            },
        };
        let bearing = self.bank.interest.bearing.range(first..).take(limit);
        bearing.map(|(number, bearing)| self.shown_interest(*number, bearing)).collect()
    }

    fn shown_interest(&self, number: u32, bearing: &Bearing) -> AccountInterest {
        AccountInterest {
            account: self.accounts.get(number).id,
            product: bearing.product,
            since: bearing.accrual.opened().days(),
            accrued_through: bearing.accrual.accrued_through().map(Date::days),
            accrued: bearing.accrual.accrued(),
        }
    }
}

/// An amount that is known to be small enough for a sign.
fn signed(amount: u128) -> i128 {
    i128::try_from(amount).unwrap_or(i128::MAX)
}
