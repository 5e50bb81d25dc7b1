//! The bank's part of a snapshot: how many records of each kind, then the records, kind by kind, then zeros up to a
//! multiple of 16 bytes.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use interest_core::{Accrual, Product};

use super::days::{ClosedDay, DATE_MAX};
use super::interest::Bearing;
use super::notes::Note;
use super::{InterestProduct, Placement, PurposeRule, UnitDeclaration};
use crate::Ledger;
use crate::accounts::BEARS_INTEREST;
use crate::error::SnapshotError;
use crate::status::DeclarationStatus;
use crate::trial_balance::{Total, TrialBalance, TrialBalanceLine};

/// The part is counted in pieces of so many bytes.
pub(crate) const PIECE_BYTES: usize = 16;

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Counts {
    units: u32,
    placements: u32,
    rules: u32,
    notes: u32,
    begun: u32,
    closed: u32,
    products: u32,
    bearing: u32,
}

/// An account and the one above it, by number.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Below {
    account: u32,
    control: u32,
}

/// What is noted about a transfer, zeros where nothing is.
#[derive(Clone, Copy, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct NoteRecord {
    transfer: u32,
    value_date: u32,
    purpose: u32,
    is_reversal: u32,
    reverses: u32,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Begun {
    date: u32,
    transfers: u32,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Closed {
    timestamp: u64,
    digest: [u8; 32],
    lines: u32,
    reserved: u32,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Line {
    ledger: u32,
    code: u32,
    accounts: u32,
    totals: [[u8; 24]; 4],
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct ProductRecord {
    contra_account: u128,
    accrued_account: u128,
    product: u32,
    code: u32,
    bytes: u32,
    reserved: u32,
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct BearingRecord {
    account: u32,
    product: u32,
}

/// What is left to read of the part.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn read<R: FromBytes>(&mut self) -> Result<R, SnapshotError> {
        let (record, rest) =
            R::read_from_prefix(self.0).map_err(|_| wrong("the length of the bank's part"))?;
        // `rest` is the tail of what was read from.
        self.0 = &self.0[self.0.len() - rest.len()..];
        Ok(record)
    }

    /// `count` records of a kind. Nothing is reserved for them before they are there.
    fn each<R: FromBytes>(
        &mut self,
        count: u32,
        mut take: impl FnMut(R) -> Result<(), SnapshotError>,
    ) -> Result<(), SnapshotError> {
        (0..count).try_for_each(|_| take(self.read()?))
    }
}

fn wrong(what: &'static str) -> SnapshotError {
    SnapshotError::Inconsistent { what }
}

fn ensure(holds: bool, what: &'static str) -> Result<(), SnapshotError> {
    if holds { Ok(()) } else { Err(wrong(what)) }
}

/// A declaration in a snapshot was accepted once.
fn accepted(status: DeclarationStatus, what: &'static str) -> Result<(), SnapshotError> {
    ensure(status == DeclarationStatus::Created, what)
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Ledger {
    /// Appends the bank's part, a multiple of [`PIECE_BYTES`] long.
    pub(crate) fn write_bank(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let (placements, rules): (Vec<_>, Vec<_>) =
            (self.placements().collect(), self.purpose_rules().collect());
        let notes = self.note_records();
        let days = &self.bank.days;
        let counts = Counts {
            units: count(self.bank.units.iter().len()),
            placements: count(placements.len()),
            rules: count(rules.len()),
            notes: count(notes.len()),
            begun: count(days.begun.len()),
            closed: count(days.closed.len()),
            products: count(self.bank.interest.products.len()),
            bearing: count(self.bank.interest.bearing.len()),
        };
        out.extend_from_slice(counts.as_bytes());
        self.bank.units.iter().for_each(|unit| out.extend_from_slice(unit.as_bytes()));
        for (account, control) in placements {
            out.extend_from_slice(Below { account, control }.as_bytes());
        }
        rules.iter().for_each(|rule| out.extend_from_slice(rule.as_bytes()));
        notes.iter().for_each(|note| out.extend_from_slice(note.as_bytes()));
        for (date, transfers) in &days.begun {
            out.extend_from_slice(Begun { date: *date, transfers: *transfers }.as_bytes());
        }
        days.closed.iter().for_each(|day| write_closed(day, out));
        self.write_interest(out);
        let end = start + (out.len() - start).next_multiple_of(PIECE_BYTES);
        out.resize(end, 0);
    }

    fn write_interest(&self, out: &mut Vec<u8>) {
        for product in self.bank.interest.products.values() {
            let mut terms = Vec::new();
            product.terms.encode(&mut terms);
            let record = ProductRecord {
                contra_account: product.contra_account,
                accrued_account: product.accrued_account,
                product: product.product,
                code: product.code.into(),
                bytes: count(terms.len()),
                reserved: 0,
            };
            out.extend_from_slice(record.as_bytes());
            out.extend_from_slice(&terms);
        }
        for (account, bearing) in &self.bank.interest.bearing {
            let record = BearingRecord { account: *account, product: bearing.product };
            out.extend_from_slice(record.as_bytes());
            bearing.accrual.encode(out);
        }
    }

    /// Every transfer with a note, by number.
    fn note_records(&self) -> Vec<NoteRecord> {
        let notes = &self.bank.notes;
        let mut numbers: Vec<u32> = notes
            .value_dates
            .keys()
            .chain(notes.purposes.keys())
            .chain(notes.reverses.keys())
            .copied()
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let record = |transfer: u32| {
            let reverses = notes.reverses.get(&transfer);
            NoteRecord {
                transfer,
                value_date: notes.value_dates.get(&transfer).copied().unwrap_or(0),
                purpose: notes.purposes.get(&transfer).copied().unwrap_or(0).into(),
                is_reversal: reverses.is_some().into(),
                reverses: reverses.copied().unwrap_or(0),
            }
        };
        numbers.into_iter().map(record).collect()
    }

    /// Reads what [`write_bank`](Self::write_bank) wrote, after the accounts and before the accounts that changed since
    /// the last checkpoint. There are `transfers` transfers.
    pub(crate) fn restore_bank(&mut self, part: &[u8], transfers: u32) -> Result<(), SnapshotError> {
        let mut rest = Rest(part);
        let counts: Counts = rest.read()?;
        rest.each(counts.units, |unit: UnitDeclaration| accepted(self.bank.units.declare(&unit), "a unit"))?;
        rest.each(counts.placements, |below: Below| self.restore_placement(&below))?;
        rest.each(counts.rules, |rule: PurposeRule| {
            accepted(self.set_purposes(&rule), "a rule of purposes")
        })?;
        let mut last = None;
        rest.each(counts.notes, |note: NoteRecord| {
            ensure(last < Some(note.transfer) && note.transfer < transfers, "a note about a transfer")?;
            last = Some(note.transfer);
            self.restore_note(&note)
        })?;
        self.restore_days(&mut rest, &counts, transfers)?;
        self.restore_interest(&mut rest, &counts)?;
        let is_end = rest.0.len() < PIECE_BYTES && rest.0.iter().all(|byte| *byte == 0);
        ensure(is_end, "the length of the bank's part")
    }

    fn restore_placement(&mut self, below: &Below) -> Result<(), SnapshotError> {
        let accounts = self.accounts.len();
        ensure(below.account < accounts && below.control < accounts, "an account below another")?;
        let control = self.accounts.get(below.control);
        let is_unused =
            control.debits_pending | control.debits_posted | control.credits_pending | control.credits_posted
                == 0;
        ensure(is_unused, "the sums of a control account")?;
        let (account, control) = (self.accounts.get(below.account).id, control.id);
        accepted(self.place(&Placement { account, control, reserved: [0; 96] }), "an account below another")
    }

    fn restore_note(&mut self, record: &NoteRecord) -> Result<(), SnapshotError> {
        let is_reversal = record.is_reversal == 1;
        let is_whole = record.value_date <= DATE_MAX
            && record.purpose <= u16::MAX.into()
            && record.is_reversal <= 1
            && if is_reversal { record.reverses < record.transfer } else { record.reverses == 0 };
        let reverses = is_reversal.then_some(record.reverses);
        let is_first = reverses.is_none_or(|number| !self.bank.notes.reversed_by.contains_key(&number));
        ensure(is_whole && is_first, "a note about a transfer")?;
        let note = Note {
            value_date: (record.value_date != 0).then_some(record.value_date),
            purpose: u16::try_from(record.purpose).unwrap_or(0),
            reverses,
        };
        self.bank.notes.add(record.transfer, &note);
        Ok(())
    }

    fn restore_days(
        &mut self,
        rest: &mut Rest<'_>,
        counts: &Counts,
        transfers: u32,
    ) -> Result<(), SnapshotError> {
        ensure(counts.closed == counts.begun.saturating_sub(1), "the business days")?;
        let begun = &mut self.bank.days.begun;
        rest.each(counts.begun, |day: Begun| {
            let last = begun.last().copied().unwrap_or((0, 0));
            let is_next = last.0 < day.date && day.date <= DATE_MAX;
            ensure(is_next && last.1 <= day.transfers && day.transfers <= transfers, "the business days")?;
            begun.push((day.date, day.transfers));
            Ok(())
        })?;
        let days: Vec<_> = begun.iter().copied().zip(begun.iter().copied().skip(1)).collect();
        for ((date, _), (next, transfers)) in days {
            let day: Closed = rest.read()?;
            ensure(day.reserved == 0 && day.timestamp <= self.clock, "the end of a business day")?;
            let mut lines = TrialBalance::new();
            let mut last = None;
            rest.each(day.lines, |line: Line| {
                let code = u16::try_from(line.code).map_err(|_| wrong("a line of a trial balance"))?;
                ensure(last < Some((line.ledger, code)), "a line of a trial balance")?;
                last = Some((line.ledger, code));
                lines.insert((line.ledger, code), restored_line(&line));
                Ok(())
            })?;
            let (timestamp, digest) = (day.timestamp, stdx::Digest(day.digest));
            let is_whole = lines.is_empty() || super::days::digest(&lines) == digest;
            ensure(is_whole, "the trial balance of a business day")?;
            self.bank.days.closed.push(ClosedDay { date, next, timestamp, transfers, digest, lines });
        }
        Ok(())
    }
}

impl Ledger {
    fn restore_interest(&mut self, rest: &mut Rest<'_>, counts: &Counts) -> Result<(), SnapshotError> {
        let today = self.bank.days.begun.last().map_or(0, |(date, _)| *date);
        let dates = self.bank.notes.value_dates.iter().map(|(number, date)| (*date, *number));
        self.bank.interest.ahead = dates.filter(|(date, _)| *date > today).collect();
        let mut last = 0;
        for _ in 0..counts.products {
            let record: ProductRecord = rest.read()?;
            let what = "an interest product";
            let (terms, tail) = Product::decode(rest.0).map_err(|_| wrong(what))?;
            ensure(rest.0.len() - tail.len() == record.bytes as usize, what)?;
            rest.0 = tail;
            let has_accounts = [record.contra_account, record.accrued_account]
                .iter()
                .all(|account| self.accounts.find(*account).is_some());
            ensure(has_accounts && record.reserved == 0 && last < record.product, what)?;
            last = record.product;
            let product = InterestProduct {
                product: record.product,
                contra_account: record.contra_account,
                accrued_account: record.accrued_account,
                code: u16::try_from(record.code).map_err(|_| wrong(what))?,
                terms,
            };
            self.bank.interest.products.insert(record.product, product);
        }
        let mut last = None;
        for _ in 0..counts.bearing {
            let record: BearingRecord = rest.read()?;
            let what = "the interest of an account";
            let (accrual, tail) = Accrual::decode(rest.0).map_err(|_| wrong(what))?;
            rest.0 = tail;
            let is_known = record.account < self.accounts.len()
                && self.bank.interest.products.contains_key(&record.product);
            ensure(is_known && last < Some(record.account), what)?;
            last = Some(record.account);
            self.accounts.mark(record.account, BEARS_INTEREST, true);
            self.bank.interest.bearing.insert(record.account, Bearing { product: record.product, accrual });
        }
        Ok(())
    }
}

fn write_closed(day: &ClosedDay, out: &mut Vec<u8>) {
    let record =
        Closed { timestamp: day.timestamp, digest: day.digest.0, lines: count(day.lines.len()), reserved: 0 };
    out.extend_from_slice(record.as_bytes());
    for ((ledger, code), line) in &day.lines {
        let totals = line.totals().map(Total::to_bytes);
        let line = Line { ledger: *ledger, code: u32::from(*code), accounts: line.accounts, totals };
        out.extend_from_slice(line.as_bytes());
    }
}

fn restored_line(line: &Line) -> TrialBalanceLine {
    let [debits_pending, debits_posted, credits_pending, credits_posted] = line.totals.map(Total::from_bytes);
    TrialBalanceLine {
        accounts: line.accounts,
        debits_pending,
        debits_posted,
        credits_pending,
        credits_posted,
    }
}
