//! What clients ask for: accounts, transfers of every kind, right and wrong.

use ids::RequestId;
use journal::sim::Dice;
use ledger_core::{Account, AccountFlags, Operation, Transfer, TransferFlags};
use shard::Request;

use crate::bank_workload::BankWorkload;
use crate::chance::Chance;

/// The currency of most accounts.
const CNY: u32 = 156;
/// Another one, so that transfers between the two are refused.
const USD: u32 = 840;

/// A stream of random requests. Every request it makes is well-formed; what the ledger thinks of it is another matter.
#[derive(Debug)]
pub(crate) struct Workload {
    dice: Dice,
    accounts: u64,
    /// The highest account id asked for so far.
    opened: u64,
    transfers: u64,
    requests: u64,
    /// Transfers that were meant to be pending, to post and void.
    pendings: Vec<u64>,
    bank: BankWorkload,
    /// The most events in a request. If it is thousands, the leader overlaps the appends of batches.
    events_max: usize,
}

impl Workload {
    pub(crate) fn new(seed: u64, is_heavy: bool) -> Self {
        let mut dice = Dice::new(seed);
        Self {
            accounts: 3 + dice.number(8),
            dice,
            opened: 0,
            transfers: 0,
            requests: 0,
            pendings: Vec::new(),
            bank: BankWorkload::default(),
            events_max: if is_heavy { 2_100 } else { 12 },
        }
    }

    /// The next request.
    pub(crate) fn next_request(&mut self) -> Request {
        let (operation, body) = self.next_operation();
        if self.dice.one_in(2) {
            // Its transfers have ids of their own, so its content names it.
            return Request::by_content(operation as u16, body);
        }
        self.requests += 1;
        Request::with_id(self.request_id(self.requests), operation as u16, body)
    }

    /// A request under the id of another one, with other content.
    pub(crate) fn rival_of(&mut self, number: u64) -> Request {
        let body = self.transfer().as_bytes().to_vec();
        Request::with_id(self.request_id(number), Operation::CreateTransfers as u16, body)
    }

    /// The number of a request id that was used, if there is one.
    pub(crate) fn used_request(&mut self) -> Option<u64> {
        (self.requests > 0).then(|| 1 + self.dice.number(self.requests))
    }

    fn request_id(&self, number: u64) -> RequestId {
        RequestId::new(u128::from(number)).expect("neither zero nor the largest")
    }

    fn next_operation(&mut self) -> (Operation, Vec<u8>) {
        let opening = self.opened < 2 || (self.opened < self.accounts && self.dice.one_in(4));
        if opening || self.dice.one_in(40) {
            let events = self.dice.between(1, 4);
            return (Operation::CreateAccounts, self.open_accounts(events));
        }
        if self.dice.one_in(8) {
            return self.bank.next(&mut self.dice, self.accounts);
        }
        let heavy = self.events_max > 100 && self.dice.flip();
        let events = if heavy {
            self.events_max
        } else if self.dice.one_in(4) {
            self.dice.between(2, self.events_max.min(12))
        } else {
            1
        };
        if events <= 12 && self.dice.one_in(4) {
            return (Operation::CreateBookings, self.bookings(events));
        }
        (Operation::CreateTransfers, self.transfers(events))
    }

    fn bookings(&mut self, events: usize) -> Vec<u8> {
        let transfers = self.transfers(events);
        let mut body = Vec::with_capacity(2 * transfers.len());
        for transfer in transfers.chunks_exact(ledger_core::EVENT_BYTES).filter_map(Transfer::from_bytes) {
            let booking = self.bank.booking(&mut self.dice, transfer, self.transfers);
            body.extend_from_slice(booking.as_bytes());
        }
        body
    }

    fn open_accounts(&mut self, events: usize) -> Vec<u8> {
        let mut body = Vec::new();
        for event in 0..events {
            let account = self.account(event + 1 < events);
            body.extend_from_slice(account.as_bytes());
        }
        body
    }

    fn account(&mut self, may_link: bool) -> Account {
        let limit = self.dice.pick(&[
            AccountFlags::NONE,
            AccountFlags::NONE,
            AccountFlags::HISTORY,
            AccountFlags::DEBITS_MUST_NOT_EXCEED_CREDITS,
            AccountFlags::CREDITS_MUST_NOT_EXCEED_DEBITS,
        ]);
        let linked = may_link && self.dice.one_in(5);
        let is_new = self.opened < self.accounts;
        self.opened += u64::from(is_new);
        let id = if is_new { self.opened } else { 1 + self.dice.number(self.accounts) };
        Account {
            id: u128::from(id),
            ledger: if self.dice.one_in(8) { USD } else { CNY },
            // A wrong event now and then: code 0 is refused.
            code: if self.dice.one_in(12) { 0 } else { 1 },
            flags: if linked { limit | AccountFlags::LINKED } else { limit },
            ..Account::default()
        }
    }

    fn transfers(&mut self, events: usize) -> Vec<u8> {
        let mut body = Vec::with_capacity(events * ledger_core::EVENT_BYTES);
        for event in 0..events {
            let mut transfer = self.transfer();
            let is_last = event + 1 == events;
            // A chain left open at the end is refused; it must be so everywhere.
            if events > 1 && self.dice.one_in(if is_last { 20 } else { 3 }) {
                transfer.flags = transfer.flags | TransferFlags::LINKED;
            }
            body.extend_from_slice(transfer.as_bytes());
        }
        body
    }

    fn transfer(&mut self) -> Transfer {
        // An id that was used before: the same transfer or another one under its name.
        let id = if self.transfers > 0 && self.dice.one_in(15) {
            1 + self.dice.number(self.transfers)
        } else {
            self.transfers += 1;
            self.transfers
        };
        if !self.pendings.is_empty() && self.dice.one_in(4) {
            return self.resolution(id);
        }
        let is_pending = self.dice.one_in(3);
        if is_pending && self.pendings.len() < 64 {
            self.pendings.push(id);
        }
        let timeout = if is_pending { self.dice.pick(&[0, 1, 5, 60]) } else { 0 };
        Transfer {
            id: u128::from(id),
            debit_account_id: u128::from(1 + self.dice.number(self.accounts)),
            credit_account_id: u128::from(1 + self.dice.number(self.accounts)),
            amount: self.amount(),
            timeout,
            ledger: CNY,
            code: 1,
            flags: if is_pending { TransferFlags::PENDING } else { TransferFlags::NONE },
            ..Transfer::default()
        }
    }

    /// Posts, in full or in part, or voids a transfer that may be pending.
    fn resolution(&mut self, id: u64) -> Transfer {
        let at = self.dice.below(self.pendings.len());
        let pending_id = if self.dice.one_in(3) { self.pendings[at] } else { self.pendings.swap_remove(at) };
        let void = self.dice.one_in(3);
        let (flags, amount) = if void {
            (TransferFlags::VOID_PENDING_TRANSFER, 0)
        } else {
            let part = u128::from(self.dice.number(50));
            (TransferFlags::POST_PENDING_TRANSFER, if part < 25 { part } else { u128::MAX })
        };
        Transfer {
            id: u128::from(id),
            pending_id: u128::from(pending_id),
            amount,
            flags,
            ..Transfer::default()
        }
    }

    fn amount(&mut self) -> u128 {
        match self.dice.below(30) {
            0 => 0,
            1 => u128::MAX - u128::from(self.dice.number(3)),
            _ => u128::from(1 + self.dice.number(100)),
        }
    }
}
