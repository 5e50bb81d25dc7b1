//! Business days: which one a transfer is booked on, and what the books were at the end of each.

use calendar::Date;
use ids::Timestamp;
use stdx::{Digest, Sha256};

use super::DayCut;
use crate::status::DeclarationStatus as Status;
use crate::trial_balance::TrialBalance;
use crate::{Ledger, TrialBalanceLine};

/// How many days before the business day a value date may lie.
pub const VALUE_DAYS_BEFORE_MAX: u32 = interest_core::BACK_DAYS.unsigned_abs();
/// How many days after the business day a value date may lie.
pub const VALUE_DAYS_AFTER_MAX: u32 = interest_core::AHEAD_DAYS.unsigned_abs();

/// The most days from one business day to the next.
const DAYS_MAX: u32 = 366;

/// 9999-12-31.
pub(crate) const DATE_MAX: u32 = Date::MAX.days();

/// The most lines of old trial balances that are kept. The journal has all of them.
const LINES_MAX: usize = 1_000_000;

/// A business day that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedDay {
    /// The day, counted from 1970-01-01.
    pub date: u32,
    /// The day that began.
    pub next: u32,
    /// When it ended, in nanoseconds since 1970.
    pub timestamp: u64,
    /// How many transfers there were.
    pub transfers: u32,
    /// The SHA-256 of the trial balance: every line's ledger (4 bytes), code (2), accounts (4), and its pending debits,
    /// posted debits, pending credits and posted credits (16 each, with 8 of carry), little-endian, by ledger and code.
    pub digest: Digest,
    /// The trial balance at its end; empty if it is so long ago that only its digest was kept.
    pub lines: TrialBalance,
}

/// The business days.
#[derive(Default)]
pub(crate) struct Days {
    /// Every day that began, and how many transfers there were before it. The last one is open.
    pub(crate) begun: Vec<(u32, u32)>,
    /// Every day that ended: all that began but the last.
    pub(crate) closed: Vec<ClosedDay>,
}

/// The digest of a [`ClosedDay`].
pub(crate) fn digest(lines: &TrialBalance) -> Digest {
    let mut sha = Sha256::default();
    for ((ledger, code), line) in lines {
        sha.update(&ledger.to_le_bytes());
        sha.update(&code.to_le_bytes());
        sha.update(&line.accounts.to_le_bytes());
        for total in line.totals() {
            sha.update(&total.to_bytes());
        }
    }
    sha.finish()
}

impl Days {
    fn open(&self) -> Option<u32> {
        self.begun.last().map(|(date, _)| *date)
    }

    /// The day on which something is booked at `timestamp`.
    pub(crate) fn today(&self, timestamp: u64) -> u32 {
        self.open().unwrap_or_else(|| day_of(timestamp))
    }

    /// Drops the oldest trial balances until few enough lines are left.
    pub(crate) fn forget_old_lines(&mut self) {
        let mut lines: usize = self.closed.iter().map(|day| day.lines.len()).sum();
        for day in &mut self.closed {
            if lines <= LINES_MAX {
                return;
            }
            lines -= std::mem::take(&mut day.lines).len();
        }
    }
}

/// The day of a timestamp, UTC.
fn day_of(timestamp: u64) -> u32 {
    Date::of_timestamp(Timestamp(timestamp)).days()
}

impl Ledger {
    pub(crate) fn cut_day(&mut self, cut: &DayCut, stamp: u64) -> Status {
        if cut.reserved != [0; 120] {
            return Status::ReservedField;
        }
        if cut.opens == 0 || cut.opens > DATE_MAX {
            return Status::DateOutOfRange;
        }
        if cut.closes >= cut.opens {
            return Status::NextDayMustBeLater;
        }
        let days = &self.bank.days;
        let last = days.closed.last().map_or(0, |day| day.date);
        if last == cut.closes && days.open() == Some(cut.opens) {
            return Status::Exists;
        }
        if days.open().unwrap_or(0) != cut.closes {
            return Status::DayIsNotOpen;
        }
        if cut.closes != 0 && cut.opens - cut.closes > DAYS_MAX {
            return Status::NextDayTooLate;
        }
        let transfers = self.transfers.len();
        if cut.closes != 0 {
            let lines = self.trial_balance();
            let (date, next, digest) = (cut.closes, cut.opens, digest(&lines));
            self.bank.days.closed.push(ClosedDay { date, next, timestamp: stamp, transfers, digest, lines });
            self.bank.days.forget_old_lines();
        }
        self.bank.days.begun.push((cut.opens, transfers));
        let ahead = &mut self.bank.interest.ahead;
        *ahead = ahead.split_off(&(cut.opens + 1, 0));
        Status::Created
    }

    /// The day on which a transfer was booked.
    pub(crate) fn booking_date(&self, number: u32, timestamp: u64) -> u32 {
        let begun = &self.bank.days.begun;
        let before = begun.partition_point(|(_, transfers)| *transfers <= number);
        before.checked_sub(1).map_or_else(|| day_of(timestamp), |day| begun[day].0)
    }

    /// The business day that is open, counted from 1970-01-01; `None` if the bank keeps none.
    pub fn business_day(&self) -> Option<u32> {
        self.bank.days.open()
    }

    /// The business days that ended, oldest first.
    pub fn closed_days(&self) -> &[ClosedDay] {
        &self.bank.days.closed
    }
}

impl TrialBalanceLine {
    pub(crate) fn totals(&self) -> [crate::Total; 4] {
        [self.debits_pending, self.debits_posted, self.credits_pending, self.credits_posted]
    }
}
