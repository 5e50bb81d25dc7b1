//! One account's interest under a product.

use calendar::Date;

use crate::bytes::{Reader, put, put_signed};
use crate::{AHEAD_DAYS, BACK_DAYS, BALANCE_MAX, InterestError, PARTS_PER_UNIT, Product, Remainder};

/// More than the largest amount that exact interest can round to, in minor units.
const AMOUNT_MAX: i128 = i128::MAX / PARTS_PER_UNIT + 1;

/// Days from the first that a booking can reach to the last.
const REACH_DAYS: i32 = BACK_DAYS + AHEAD_DAYS;

/// One for each day within reach.
const ENTRIES_MAX: usize = REACH_DAYS as usize + 1;

/// The interest of one account under one product.
///
/// The product is not kept here: whoever keeps the accrual hands the same one in each time, or another one that holds
/// for every day that is still open. Balances are signed, credits being positive.
///
/// [`encode`](Self::encode) writes an accrual in a few dozen bytes. That is also the form to keep millions of accounts
/// in, between the few times a month that one changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accrual {
    /// The first day that earns, from which 30/360 counts.
    opened: Date,
    /// The first day that no accrual has reached yet.
    accrued_to: Date,
    /// What no booking can change any more.
    folded: Standing,
    /// Minor units posted so far; with [`Remainder::Dropped`], since the last capitalisation.
    posted: i128,
    /// Minor units posted since the last capitalisation.
    uncapitalised: i128,
    /// What moved, by value date, from the first day that is not folded on; one entry a day, none of zero.
    entries: Vec<Entry>,
}

/// The count up to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    /// The first day that is not counted.
    day: Date,
    /// The balance at the end of the day before.
    balance: i128,
    /// The interest of the days before, in [`PARTS_PER_UNIT`]ths of a minor unit.
    exact: i128,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    value_date: Date,
    delta: i128,
}

/// A count that was made and not yet kept.
struct Settlement {
    folded: Standing,
    folded_entries: usize,
    exact: i128,
    posted: i128,
}

impl Accrual {
    /// An accrual whose first day is `opened`, with a balance of zero. Book what the account already has with this
    /// value date.
    ///
    /// # Errors
    /// [`NoRateOn`](InterestError::NoRateOn) this day.
    pub fn open(product: &Product, opened: Date) -> Result<Self, InterestError> {
        product.rate_on(opened)?;
        let folded = Standing { day: opened, balance: 0, exact: 0 };
        Ok(Self { opened, accrued_to: opened, folded, posted: 0, uncapitalised: 0, entries: Vec::new() })
    }

    /// The first day that earns.
    pub fn opened(&self) -> Date {
        self.opened
    }

    /// The last day whose interest was accrued, if there is one.
    pub fn accrued_through(&self) -> Option<Date> {
        if self.accrued_to == self.opened { None } else { self.accrued_to.add_days(-1).ok() }
    }

    /// Minor units accrued and posted since the last capitalisation.
    pub fn accrued(&self) -> i128 {
        self.uncapitalised
    }

    /// Books that the balance changed by `delta` minor units, credits being positive, from `value_date` on. The
    /// opposite booking with the same value date takes it back.
    ///
    /// # Errors
    /// [`BeforeOpening`](InterestError::BeforeOpening), [`TooFarBack`](InterestError::TooFarBack),
    /// [`TooFarAhead`](InterestError::TooFarAhead), [`BalanceTooLarge`](InterestError::BalanceTooLarge). With another
    /// product than before also [`NoRateOn`](InterestError::NoRateOn).
    pub fn book(
        &mut self,
        product: &Product,
        business_day: Date,
        value_date: Date,
        delta: i128,
    ) -> Result<(), InterestError> {
        self.check_value_date(business_day, value_date)?;
        self.check_balances(value_date, delta)?;
        let (folded, folded_entries) = self.count((self.folded, 0), product, self.horizon(business_day))?;
        self.keep(folded, folded_entries);
        match self.entries.binary_search_by_key(&value_date, |entry| entry.value_date) {
            Ok(at) if self.entries[at].delta == -delta => {
                self.entries.remove(at);
            }
            Ok(at) => self.entries[at].delta += delta,
            Err(_) if delta == 0 => {}
            Err(at) => self.entries.insert(at, Entry { value_date, delta }),
        }
        Ok(())
    }

    /// The minor units to post at the end of business day `through`: the interest of every day up to and with this
    /// one, rounded, less what was posted. Zero when nothing happened since the last time; of either sign when a value
    /// date in the past changed what was posted.
    ///
    /// # Errors
    /// [`AlreadySettled`](InterestError::AlreadySettled) for a day before one that was accrued or that no booking can
    /// reach any more; [`Calendar`](InterestError::Calendar) for the calendar's last day. With another product than
    /// before also [`NoRateOn`](InterestError::NoRateOn).
    pub fn accrue(&mut self, product: &Product, through: Date) -> Result<i128, InterestError> {
        let settlement = self.settle(product, through)?;
        Ok(self.post(&settlement, through.add_days(1)?))
    }

    /// Ends the interest period with the last day that was accrued, and returns what was posted in it, in minor units: what
    /// to move from accrued interest to the account. The next period begins the day after. A correction that was booked
    /// since falls into that.
    ///
    /// # Errors
    /// With [`Remainder::Dropped`] those of [`accrue`](Self::accrue).
    pub fn capitalise(&mut self, product: &Product) -> Result<i128, InterestError> {
        if let (Remainder::Dropped, Some(through)) = (product.terms().remainder, self.accrued_through()) {
            let settlement = self.settle(product, through)?;
            // What was not posted yet is a correction, and stays due. The fraction does not.
            let due = (settlement.posted - self.posted).checked_mul(PARTS_PER_UNIT);
            let left =
                due.and_then(|due| settlement.folded.exact.checked_sub(settlement.exact)?.checked_add(due));
            let left = left.ok_or(InterestError::Overflow)?;
            self.keep(Standing { exact: left, ..settlement.folded }, settlement.folded_entries);
            self.posted = 0;
        }
        Ok(std::mem::take(&mut self.uncapitalised))
    }

    fn settle(&self, product: &Product, through: Date) -> Result<Settlement, InterestError> {
        let end = through.add_days(1)?;
        let open = self.accrued_to.max(self.folded.day);
        if end < open {
            let earliest = open.add_days(-1)?;
            return Err(InterestError::AlreadySettled { through, earliest });
        }
        let fold = self.count((self.folded, 0), product, self.horizon(through))?;
        let (at_end, _) = self.count(fold, product, end)?;
        let posted = product.terms().rounding.to_minor_units(at_end.exact);
        Ok(Settlement { folded: fold.0, folded_entries: fold.1, exact: at_end.exact, posted })
    }

    fn post(&mut self, settlement: &Settlement, accrued_to: Date) -> i128 {
        self.keep(settlement.folded, settlement.folded_entries);
        let due = settlement.posted - self.posted;
        self.accrued_to = accrued_to;
        self.posted = settlement.posted;
        self.uncapitalised += due;
        due
    }

    fn keep(&mut self, folded: Standing, folded_entries: usize) {
        self.folded = folded;
        self.entries.drain(..folded_entries);
    }

    /// The first day that a booking can still reach, once it is `business_day`.
    fn horizon(&self, business_day: Date) -> Date {
        business_day.add_days(-BACK_DAYS).map_or(self.folded.day, |day| day.max(self.folded.day))
    }

    /// Counts on from a standing, with so many entries behind it, to the beginning of `day`.
    fn count(
        &self,
        (mut standing, mut passed): (Standing, usize),
        product: &Product,
        day: Date,
    ) -> Result<(Standing, usize), InterestError> {
        while let Some(entry) = self.entries.get(passed).filter(|entry| entry.value_date < day) {
            standing = self.earn(standing, product, entry.value_date)?;
            standing.balance += entry.delta;
            passed += 1;
        }
        Ok((self.earn(standing, product, day)?, passed))
    }

    /// Counts on to the beginning of `day` with the balance that is there.
    fn earn(&self, standing: Standing, product: &Product, day: Date) -> Result<Standing, InterestError> {
        let Standing { day: mut at, balance, mut exact } = standing;
        let earning = product.earning(balance);
        while earning != 0 && at < day {
            let (ppm, until) = product.rate_until(at)?;
            let until = until.min(day);
            exact = earning
                .checked_mul(ppm.into())
                .and_then(|a_year| a_year.checked_mul(self.parts(product, at, until).into()))
                .and_then(|interest| interest.checked_add(exact))
                .ok_or(InterestError::Overflow)?;
            at = until;
        }
        Ok(Standing { day, balance, exact })
    }

    /// The part of a year between two days. Under 30/360 parts do not add up by themselves, so both days are seen from
    /// the first: whatever lies between, a balance held from then on earns what the definition says.
    fn parts(&self, product: &Product, first: Date, last: Date) -> i64 {
        let day_count = product.terms().day_count;
        day_count.parts(self.opened, last) - day_count.parts(self.opened, first)
    }

    fn check_value_date(&self, business_day: Date, value_date: Date) -> Result<(), InterestError> {
        if value_date < self.opened {
            return Err(InterestError::BeforeOpening { value_date, opened: self.opened });
        }
        let earliest = self.horizon(business_day);
        if value_date < earliest {
            return Err(InterestError::TooFarBack { value_date, earliest });
        }
        let latest = business_day.add_days(AHEAD_DAYS).unwrap_or(Date::MAX);
        if value_date > latest {
            return Err(InterestError::TooFarAhead { value_date, latest });
        }
        Ok(())
    }

    /// Refuses a change after which the balance would be too large on some day from `value_date` on.
    fn check_balances(&self, value_date: Date, delta: i128) -> Result<(), InterestError> {
        let changed = |balance: i128| match balance.checked_add(delta) {
            Some(sum) if sum.unsigned_abs() <= BALANCE_MAX.unsigned_abs() => Ok(()),
            _ => Err(InterestError::BalanceTooLarge),
        };
        let later = self.entries.partition_point(|entry| entry.value_date <= value_date);
        let (before, after) = self.entries.split_at(later);
        let mut balance = self.folded.balance + before.iter().map(|entry| entry.delta).sum::<i128>();
        changed(balance)?;
        for entry in after {
            balance += entry.delta;
            changed(balance)?;
        }
        Ok(())
    }

    /// Appends the accrual's bytes, for a snapshot or to keep it small. Equal accruals have equal bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let after = |day: Date, base: Date| u128::from(day.days() - base.days());
        put(out, self.opened.days().into());
        put(out, after(self.accrued_to, self.opened));
        put(out, after(self.folded.day, self.opened));
        put_signed(out, self.folded.balance);
        put_signed(out, self.folded.exact);
        put_signed(out, self.posted);
        put_signed(out, self.uncapitalised);
        put(out, self.entries.len() as u128);
        let mut base = self.folded.day;
        for entry in &self.entries {
            put(out, after(entry.value_date, base));
            put_signed(out, entry.delta);
            base = entry.value_date;
        }
    }

    /// Reads an accrual from the beginning of `bytes`, and returns the rest of them.
    ///
    /// # Errors
    /// [`Damaged`](InterestError::Damaged) when no accrual is written so.
    pub fn decode(bytes: &[u8]) -> Result<(Self, &[u8]), InterestError> {
        let mut reader = Reader(bytes);
        let opened = reader.date()?;
        let accrued_to = reader.date_after(opened)?;
        let day = reader.date_after(opened)?;
        let balance = reader.signed_up_to(BALANCE_MAX, "a balance too large")?;
        let exact = reader.signed()?;
        let posted = reader.signed_up_to(AMOUNT_MAX, "an amount too large")?;
        let uncapitalised = reader.signed_up_to(2 * AMOUNT_MAX, "an amount too large")?;
        let folded = Standing { day, balance, exact };
        let entries = decode_entries(&mut reader, folded)?;
        Ok((Self { opened, accrued_to, folded, posted, uncapitalised, entries }, reader.0))
    }
}

fn decode_entries(reader: &mut Reader<'_>, folded: Standing) -> Result<Vec<Entry>, InterestError> {
    let count = reader.count(ENTRIES_MAX)?;
    let mut entries = Vec::with_capacity(count);
    let mut base = folded.day;
    let mut balance = folded.balance;
    for nth in 0..count {
        let value_date = reader.date_after(base)?;
        let delta = reader.signed_up_to(2 * BALANCE_MAX, "a balance too large")?;
        balance += delta;
        if balance.unsigned_abs() > BALANCE_MAX.unsigned_abs() {
            return Err(InterestError::Damaged { what: "a balance too large" });
        }
        if delta == 0 || (nth > 0 && value_date == base) {
            return Err(InterestError::Damaged { what: "an entry that is none" });
        }
        if value_date.days_since(folded.day) > REACH_DAYS {
            return Err(InterestError::Damaged { what: "an entry beyond reach" });
        }
        entries.push(Entry { value_date, delta });
        base = value_date;
    }
    Ok(entries)
}
