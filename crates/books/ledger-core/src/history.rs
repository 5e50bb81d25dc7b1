//! What an account was after any of its events.
//!
//! Nothing is kept per event: an account as it was is found by undoing its newer events from the account as it is. So
//! that this never takes long, an account leaves a mark after every 104 transfers, which is the account at that moment,
//! and the walk starts at the next mark. Marks and the links between expiries follow from the records: they are no part
//! of the state hash.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::Ledger;
use crate::accounts::Movement;
use crate::expiry::Expiry;
use crate::pages::Pages;
use crate::query::Side;
use crate::rows::Row;
use crate::transfers::NONE;
use crate::wire::{Account, AccountFlags, TransferFlags};

/// A change of two accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The transfer with this number was created.
    Transfer(u32),
    /// The expiry with this number, counted from the first, happened.
    Expiry(u32),
}

/// The place of an event in the order of execution, which is that of the timestamps unless events are
/// imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// The number of the transfer, or of the next one after an expiry.
    transfer: u32,
    is_transfer: bool,
    expiry: u32,
}

/// An account right after one of its transfers.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Mark {
    state: Account,
    account: u32,
    /// The mark of the same account before this one, or [`NONE`].
    previous: u32,
    transfer: u32,
    /// The newest expiry of the account at that moment, or [`NONE`].
    expiry: u32,
}

/// The marks, and the expiries of each account.
pub(crate) struct History {
    marks: Pages<Mark>,
    newest_mark: HashMap<u32, u32, FixedState>,
    /// For each expiry the one of the debit account and the one of the credit account before it, or [`NONE`].
    expiry_links: Vec<[u32; 2]>,
    newest_expiry: HashMap<u32, u32, FixedState>,
}

impl History {
    pub(crate) fn new() -> Self {
        Self {
            marks: Pages::new(),
            newest_mark: HashMap::default(),
            expiry_links: Vec::new(),
            newest_expiry: HashMap::default(),
        }
    }

    pub(crate) fn marks(&self) -> &Pages<Mark> {
        &self.marks
    }

    /// Takes in the next mark of a snapshot. Whether it fits the transfers and accounts of `ledger` is the value.
    pub(crate) fn restore_mark(&mut self, mark: &Mark, transfers: u32, accounts: u32) -> bool {
        let previous = self.newest_mark.get(&mark.account).copied().unwrap_or(NONE);
        let last = self.marks.len().checked_sub(1).map_or(0, |last| self.marks.get(last).transfer);
        let is_known = mark.expiry == NONE || (mark.expiry as usize) < self.expiry_links.len();
        let fits = mark.account < accounts
            && mark.previous == previous
            && (last..transfers).contains(&mark.transfer)
            && is_known;
        if fits {
            self.push(*mark);
        }
        fits
    }

    fn push(&mut self, mark: Mark) {
        self.newest_mark.insert(mark.account, self.marks.len());
        self.marks.push(mark);
    }

    /// Takes back the marks at `transfer`, which is the newest.
    pub(crate) fn unmark(&mut self, transfer: u32) {
        while self.marks.len() > 0 && self.marks.get(self.marks.len() - 1).transfer == transfer {
            let Some(mark) = self.marks.pop() else { return };
            match mark.previous {
                NONE => self.newest_mark.remove(&mark.account),
                previous => self.newest_mark.insert(mark.account, previous),
            };
        }
    }

    fn newest_expiry(&self, account: u32) -> u32 {
        self.newest_expiry.get(&account).copied().unwrap_or(NONE)
    }

    /// Links the next expiry to those before it.
    pub(crate) fn link_expiry(&mut self, expiry: &Expiry) {
        // Every expiry is one of a transfer, so its number has 31 bits.
        let number = u32::try_from(self.expiry_links.len()).unwrap_or(NONE);
        let previous = [expiry.debit, expiry.credit]
            .map(|account| self.newest_expiry.insert(account, number).unwrap_or(NONE));
        self.expiry_links.push(previous);
    }

    /// The oldest mark of `account` at `position` or after it.
    fn mark_after(&self, account: u32, position: Position) -> Option<&Mark> {
        let mut found = None;
        let mut number = self.newest_mark.get(&account).copied().unwrap_or(NONE);
        while number != NONE {
            let mark = self.marks.get(number);
            if Position::of_transfer(mark.transfer) < position {
                break;
            }
            found = Some(mark);
            number = mark.previous;
        }
        found
    }
}

impl Position {
    fn of_transfer(number: u32) -> Self {
        Self { transfer: number, is_transfer: true, expiry: 0 }
    }
}

impl Ledger {
    /// Leaves a mark of an account right after `transfer`, which it contains.
    #[cold]
    pub(crate) fn mark(&mut self, account: u32, transfer: u32) {
        let previous = self.history.newest_mark.get(&account).copied().unwrap_or(NONE);
        let expiry = self.history.newest_expiry(account);
        let state = self.accounts.record(account);
        self.history.push(Mark { state, account, previous, transfer, expiry });
    }

    /// Links the expiry that has just happened.
    pub(crate) fn remember_expiry(&mut self) {
        if let Some(expiry) = self.transfers.expiries.expired().last() {
            self.history.link_expiry(expiry);
        }
    }

    /// Where an event stands in the order of execution.
    pub(crate) fn position(&self, event: Event) -> Position {
        match event {
            Event::Transfer(number) => Position::of_transfer(number),
            Event::Expiry(number) => {
                let transfer = self.expiry(number).transfers;
                Position { transfer, is_transfer: false, expiry: number }
            }
        }
    }

    /// When an event happened.
    pub(crate) fn timestamp_of(&self, event: Event) -> u64 {
        match event {
            Event::Transfer(number) => self.transfers.rows.get(number).timestamp.get(),
            Event::Expiry(number) => self.expiry(number).timestamp,
        }
    }

    fn expiry(&self, number: u32) -> &Expiry {
        &self.transfers.expiries.expired()[number as usize]
    }

    /// The account as it was right after each of `events`, which are some of its own in the order of
    /// execution.
    ///
    /// Cost: the events of the account between the first of `events` and the next mark after the last.
    pub(crate) fn states_after(&self, account: u32, events: &[Event]) -> Vec<Account> {
        let Some(last) = events.last().map(|event| self.position(*event)) else { return Vec::new() };
        let (end, expiry, state) = match self.history.mark_after(account, last) {
            Some(mark) => (mark.transfer + 1, mark.expiry, mark.state),
            None => {
                let newest = self.history.newest_expiry(account);
                (self.transfers.len(), newest, self.accounts.record(account))
            }
        };
        let mut transfers = self.accounts.listed_back(account, 0..end).peekable();
        let mut past = Past { account, state, expiry };
        let mut states: Vec<Account> = events
            .iter()
            .rev()
            .map(|event| {
                past.undo_after(self, &mut transfers, self.position(*event));
                past.state
            })
            .collect();
        states.reverse();
        states
    }
}

/// An account on the way back from the present.
struct Past {
    account: u32,
    state: Account,
    /// The newest expiry that is still in `state`, or [`NONE`].
    expiry: u32,
}

impl Past {
    /// Undoes the events after `position`, the newest first.
    fn undo_after(
        &mut self,
        ledger: &Ledger,
        transfers: &mut std::iter::Peekable<impl Iterator<Item = u32>>,
        position: Position,
    ) {
        loop {
            let transfer = transfers.peek().map(|number| ledger.position(Event::Transfer(*number)));
            let expiry = (self.expiry != NONE).then(|| ledger.position(Event::Expiry(self.expiry)));
            match transfer.max(expiry) {
                Some(newest) if newest > position => {
                    if newest.is_transfer {
                        transfers.next();
                        self.undo_transfer(ledger, newest.transfer);
                    } else {
                        self.undo_expiry(ledger);
                    }
                }
                _ => return,
            }
        }
    }

    fn undo_transfer(&mut self, ledger: &Ledger, number: u32) {
        let row = ledger.transfers.rows.get(number);
        let side = side_of(&row, self.account);
        undo(&mut self.state, side, ledger.transfers.movement(&row));
        if closes(side, ledger.transfers.closing_flags(&row)) {
            set_closed(&mut self.state, row.pending != NONE);
        }
    }

    fn undo_expiry(&mut self, ledger: &Ledger) {
        let row = ledger.transfers.rows.get(ledger.expiry(self.expiry).transfer);
        let side = side_of(&row, self.account);
        let [of_debit, of_credit] = ledger.history.expiry_links[self.expiry as usize];
        self.expiry = if side == Side::Debit { of_debit } else { of_credit };
        let movement = Movement { release: row.amount.get(), ..Movement::default() };
        undo(&mut self.state, side, movement);
        if closes(side, row.flags()) {
            set_closed(&mut self.state, true);
        }
    }
}

fn side_of(row: &Row, account: u32) -> Side {
    if row.debit == account { Side::Debit } else { Side::Credit }
}

fn closes(side: Side, closing: TransferFlags) -> bool {
    closing.contains(match side {
        Side::Debit => TransferFlags::CLOSING_DEBIT,
        Side::Credit => TransferFlags::CLOSING_CREDIT,
    })
}

fn set_closed(state: &mut Account, closed: bool) {
    state.flags = if closed {
        state.flags.with(AccountFlags::CLOSED)
    } else {
        state.flags.without(AccountFlags::CLOSED)
    };
}

fn undo(state: &mut Account, side: Side, movement: Movement) {
    let (pending, posted) = sums(state, side);
    *pending = pending.wrapping_sub(movement.reserve).wrapping_add(movement.release);
    *posted = posted.wrapping_sub(movement.post);
}

fn sums(state: &mut Account, side: Side) -> (&mut u128, &mut u128) {
    match side {
        Side::Debit => (&mut state.debits_pending, &mut state.debits_posted),
        Side::Credit => (&mut state.credits_pending, &mut state.credits_posted),
    }
}
