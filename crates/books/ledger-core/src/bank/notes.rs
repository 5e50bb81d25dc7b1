//! What the books say about transfers beyond their records. Most transfers have none of it, so it is kept beside them.

use std::collections::BTreeMap;

use crate::Ledger;
use crate::rows::Row;

/// Notes by the number of the transfer.
#[derive(Default)]
pub(crate) struct Notes {
    /// Value dates that are not the booking date.
    pub(crate) value_dates: BTreeMap<u32, u32>,
    /// Purposes that were said.
    pub(crate) purposes: BTreeMap<u32, u16>,
    /// Which transfer a reversal reverses.
    pub(crate) reverses: BTreeMap<u32, u32>,
    /// The reversal of a transfer.
    pub(crate) reversed_by: BTreeMap<u32, u32>,
}

/// A note about a new transfer.
#[derive(Clone, Copy)]
pub(crate) struct Note {
    /// The value date, if it is not the booking date.
    pub(crate) value_date: Option<u32>,
    /// 0 if it was not said.
    pub(crate) purpose: u16,
    /// The number of the transfer that it reverses.
    pub(crate) reverses: Option<u32>,
}

/// What the books say about a transfer. Days are counted from 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    /// The business day it was booked on; before the first business day, that of its timestamp, UTC.
    pub booking_date: u32,
    /// The day from which it counts for interest.
    pub value_date: u32,
    /// What it is for; 0 if that was not said.
    pub purpose: u16,
    /// The transfer that it reverses.
    pub reverses: Option<u128>,
    /// The transfer that reverses it.
    pub reversed_by: Option<u128>,
}

impl Notes {
    /// Adds what is said about the transfer with this number.
    pub(crate) fn add(&mut self, number: u32, note: &Note) {
        if let Some(date) = note.value_date {
            self.value_dates.insert(number, date);
        }
        if note.purpose != 0 {
            self.purposes.insert(number, note.purpose);
        }
        if let Some(reversed) = note.reverses {
            self.reverses.insert(number, reversed);
            self.reversed_by.insert(reversed, number);
        }
    }

    /// Forgets what was said about a transfer that is taken back.
    pub(crate) fn forget(&mut self, number: u32) {
        self.value_dates.remove(&number);
        self.purposes.remove(&number);
        if let Some(reversed) = self.reverses.remove(&number) {
            self.reversed_by.remove(&reversed);
        }
    }
}

impl Ledger {
    /// Adds what is said about a new transfer.
    pub(crate) fn note(&mut self, number: u32, note: &Note, timestamp: u64) {
        self.bank.notes.add(number, note);
        if let Some(date) = note.value_date.filter(|date| *date > self.bank.days.today(timestamp)) {
            self.bank.interest.ahead.insert((date, number));
        }
    }

    /// Takes back what is said about the newest transfer, which has just been taken off, and the interest on it.
    pub(crate) fn undo_notes(&mut self, row: &Row) {
        let number = self.transfers.len();
        let value_date = self.bank.notes.value_dates.get(&number).copied();
        let (debit, credit) = (row.debit.get(), row.credit.get());
        if self.accounts.bear_interest(debit, credit) {
            let movement = self.transfers.movement(row);
            self.book_interest((debit, credit), movement, value_date, row.timestamp.get(), true);
        }
        if let Some(date) = value_date {
            self.bank.interest.ahead.remove(&(date, number));
        }
        self.bank.notes.forget(number);
    }

    /// What the books say about the transfer with this number.
    pub(crate) fn booked(&self, number: u32, timestamp: u64) -> Booked {
        let Notes { value_dates, purposes, reverses, reversed_by } = &self.bank.notes;
        let id = |number: &u32| self.transfers.rows.get(*number).id.get();
        let booking_date = self.booking_date(number, timestamp);
        Booked {
            booking_date,
            value_date: value_dates.get(&number).copied().unwrap_or(booking_date),
            purpose: purposes.get(&number).copied().unwrap_or(0),
            reverses: reverses.get(&number).map(id),
            reversed_by: reversed_by.get(&number).map(id),
        }
    }
}
