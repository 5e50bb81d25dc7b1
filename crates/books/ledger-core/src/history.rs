//! What an account was after any of its events.
//!
//! Nothing is kept per event: an account as it was is found by undoing its newer events from the account as it
//! is. So that this never takes long, every [`MARK_EVERY`]th event of an account leaves a mark, which is the
//! account at that moment, and the walk starts at the next mark. Marks follow from the records: a snapshot
//! does not carry them, and they are no part of the state hash.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::Ledger;
use crate::accounts::Movement;
use crate::pages::Pages;
use crate::query::Side;
use crate::transfers::{Entry, NONE, Transfers};
use crate::wire::{Account, AccountFlags, TransferFlags};

/// How many events of an account lie between two marks. A mark costs 160 bytes, five for each transfer, and
/// a walk undoes at most this many events for nothing.
pub(crate) const MARK_EVERY: u8 = 64;
// Events of an account are counted in eight bits.
const _: () = assert!(256 % MARK_EVERY as u16 == 0);

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

/// The newest events of an account at a moment, or [`NONE`].
#[derive(Clone, Copy)]
struct Newest {
    transfer: u32,
    expiry: u32,
}

/// An account at a moment.
struct Mark {
    account: u32,
    /// The mark of the same account before this one, or [`NONE`].
    previous: u32,
    position: Position,
    newest: Newest,
    state: Account,
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

    fn mark(&mut self, account: u32, position: Position, newest: Newest, state: Account) {
        let previous = self.newest_mark.insert(account, self.marks.len()).unwrap_or(NONE);
        self.marks.push(Mark { account, previous, position, newest, state });
    }

    /// Takes back the marks at `position`, which is that of the newest event.
    fn unmark(&mut self, position: Position) {
        while self.marks.len() > 0 && self.marks.get(self.marks.len() - 1).position == position {
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

    /// Links the next expiry, which is of `entry`, to those before it, and returns its number.
    fn link_expiry(&mut self, entry: &Entry) -> u32 {
        // Every expiry is one of a transfer, so its number has 31 bits.
        let number = u32::try_from(self.expiry_links.len()).unwrap_or(NONE);
        let previous = [entry.debit, entry.credit]
            .map(|account| self.newest_expiry.insert(account, number).unwrap_or(NONE));
        self.expiry_links.push(previous);
        number
    }

    /// The oldest mark of `account` at `position` or after it.
    fn mark_after(&self, account: u32, position: Position) -> Option<&Mark> {
        let mut found = None;
        let mut number = self.newest_mark.get(&account).copied().unwrap_or(NONE);
        while number != NONE {
            let mark = self.marks.get(number);
            if mark.position < position {
                break;
            }
            found = Some(mark);
            number = mark.previous;
        }
        found
    }
}

impl Ledger {
    /// Counts the new transfer `number`, which the accounts contain already.
    pub(crate) fn remember_transfer(&mut self, number: u32, debit: u32, credit: u32) {
        let position = Position { transfer: number, is_transfer: true, expiry: 0 };
        for account in [debit, credit] {
            if self.accounts.count_event(account) {
                self.mark(account, position);
            }
        }
    }

    /// Undoes [`remember_transfer`](Self::remember_transfer).
    pub(crate) fn forget_transfer(&mut self, number: u32, debit: u32, credit: u32) {
        self.history.unmark(Position { transfer: number, is_transfer: true, expiry: 0 });
        self.accounts.uncount_event(debit);
        self.accounts.uncount_event(credit);
    }

    /// Counts that `entry` has just expired; the accounts contain it already.
    pub(crate) fn remember_expiry(&mut self, entry: &Entry) {
        let number = self.history.link_expiry(entry);
        let position = self.position(Event::Expiry(number));
        for account in [entry.debit, entry.credit] {
            if self.accounts.count_event(account) {
                self.mark(account, position);
            }
        }
    }

    #[cold]
    fn mark(&mut self, account: u32, position: Position) {
        let newest = self.newest(account);
        self.history.mark(account, position, newest, *self.accounts.get(account));
    }

    fn newest(&self, account: u32) -> Newest {
        Newest { transfer: self.accounts.newest(account), expiry: self.history.newest_expiry(account) }
    }

    /// Where an event stands in the order of execution.
    pub(crate) fn position(&self, event: Event) -> Position {
        match event {
            Event::Transfer(number) => Position { transfer: number, is_transfer: true, expiry: 0 },
            Event::Expiry(number) => {
                let transfer = self.transfers.expiries.expired()[number as usize].transfers;
                Position { transfer, is_transfer: false, expiry: number }
            }
        }
    }

    /// When an event happened.
    pub(crate) fn timestamp_of(&self, event: Event) -> u64 {
        match event {
            Event::Transfer(number) => self.transfers.get(number).transfer.timestamp,
            Event::Expiry(number) => self.transfers.expiries.expired()[number as usize].timestamp,
        }
    }

    /// The account as it was right after each of `events`, which are some of its own in the order of
    /// execution.
    ///
    /// Cost: the events of the account between the first of `events` and the next mark after the last.
    pub(crate) fn states_after(&self, account: u32, events: &[Event]) -> Vec<Account> {
        let Some(last) = events.last().map(|event| self.position(*event)) else { return Vec::new() };
        let (newest, state) = match self.history.mark_after(account, last) {
            Some(mark) => (mark.newest, mark.state),
            None => (self.newest(account), *self.accounts.get(account)),
        };
        let mut transfers = self.scan().account_transfers_back_from(account, newest.transfer).peekable();
        let mut past = Past { account, state, expiry: newest.expiry };
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

    /// Finds the marks again after all records were restored.
    pub(crate) fn rebuild_history(&mut self) {
        let mut many = Replay::new(self);
        let expired = self.transfers.expiries.expired().len();
        let mut expiry = 0;
        for number in 0..=self.transfers.len() {
            while expiry < expired && self.transfers.expiries.expired()[expiry].transfers == number {
                let entry = *self.transfers.get(self.transfers.expiries.expired()[expiry].transfer);
                let link = self.history.link_expiry(&entry);
                many.expire(self, &entry, link);
                expiry += 1;
            }
            if number < self.transfers.len() {
                let entry = *self.transfers.get(number);
                many.transfer(self, &entry, number);
            }
        }
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
        let entry = ledger.transfers.get(number);
        let side = entry.side_of(self.account);
        let movement = entry.movement(&ledger.transfers);
        undo(&mut self.state, side, movement);
        if closes(side, entry.closing_flags(&ledger.transfers)) {
            set_closed(&mut self.state, entry.pending != NONE);
        }
    }

    fn undo_expiry(&mut self, ledger: &Ledger) {
        let number = self.expiry as usize;
        let entry = ledger.transfers.get(ledger.transfers.expiries.expired()[number].transfer);
        let side = entry.side_of(self.account);
        let [of_debit, of_credit] = ledger.history.expiry_links[number];
        self.expiry = if side == Side::Debit { of_debit } else { of_credit };
        let movement = Movement { release: entry.transfer.amount, ..Movement::default() };
        undo(&mut self.state, side, movement);
        if closes(side, entry.transfer.flags) {
            set_closed(&mut self.state, true);
        }
    }
}

/// The accounts that have marks, on the way from the beginning to the present.
struct Replay {
    /// The place of each account in `states`, or [`NONE`] if it has no marks.
    places: Vec<u32>,
    states: Vec<(Account, Newest)>,
}

impl Replay {
    fn new(ledger: &Ledger) -> Self {
        let mut events = vec![0; ledger.accounts.len() as usize];
        let expired = ledger.transfers.expiries.expired().iter().map(|expiry| expiry.transfer);
        for number in (0..ledger.transfers.len()).chain(expired) {
            let entry = ledger.transfers.get(number);
            for account in [entry.debit, entry.credit] {
                events[account as usize] += 1;
            }
        }
        let mut states = Vec::new();
        let places = (0..).zip(events).map(|(number, events)| {
            if events < u32::from(MARK_EVERY) {
                return NONE;
            }
            // An account that has transfers was open when it was created.
            let mut state = ledger.accounts.get(number).without_sums();
            set_closed(&mut state, false);
            states.push((state, Newest { transfer: NONE, expiry: NONE }));
            u32::try_from(states.len() - 1).unwrap_or(NONE)
        });
        let places = places.collect();
        Self { places, states }
    }

    fn transfer(&mut self, ledger: &mut Ledger, entry: &Entry, number: u32) {
        let movement = entry.movement(&ledger.transfers);
        let closing = entry.closing_flags(&ledger.transfers);
        let is_closing = entry.pending == NONE;
        let position = ledger.position(Event::Transfer(number));
        self.change(ledger, entry, position, |side, state, newest| {
            redo(state, side, movement);
            if closes(side, closing) {
                set_closed(state, is_closing);
            }
            newest.transfer = number;
        });
    }

    fn expire(&mut self, ledger: &mut Ledger, entry: &Entry, number: u32) {
        let movement = Movement { release: entry.transfer.amount, ..Movement::default() };
        let position = ledger.position(Event::Expiry(number));
        self.change(ledger, entry, position, |side, state, newest| {
            redo(state, side, movement);
            if closes(side, entry.transfer.flags) {
                set_closed(state, false);
            }
            newest.expiry = number;
        });
    }

    fn change(
        &mut self,
        ledger: &mut Ledger,
        entry: &Entry,
        position: Position,
        change: impl Fn(Side, &mut Account, &mut Newest),
    ) {
        for (side, account) in [(Side::Debit, entry.debit), (Side::Credit, entry.credit)] {
            let is_mark = ledger.accounts.count_event(account);
            if let Some((state, newest)) = self.states.get_mut(self.places[account as usize] as usize) {
                change(side, state, newest);
                if is_mark {
                    ledger.history.mark(account, position, *newest, *state);
                }
            }
        }
    }
}

impl Entry {
    fn side_of(&self, account: u32) -> Side {
        if self.debit == account { Side::Debit } else { Side::Credit }
    }

    fn movement(&self, transfers: &Transfers) -> Movement {
        transfers.movement(self)
    }
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

/// Does a movement again. The bounds were checked when it was done first.
fn redo(state: &mut Account, side: Side, movement: Movement) {
    let (pending, posted) = sums(state, side);
    *pending = pending.wrapping_sub(movement.release).wrapping_add(movement.reserve);
    *posted = posted.wrapping_add(movement.post);
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

impl Account {
    fn without_sums(&self) -> Self {
        Self { debits_pending: 0, debits_posted: 0, credits_pending: 0, credits_posted: 0, ..*self }
    }
}
