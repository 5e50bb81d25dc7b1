//! A random life of a ledger: requests in which everything that may go wrong does.

use ledger_core::{Account, AccountFlags, Transfer, TransferFlags};

use super::dice::Dice;

/// Accounts that transfers name; the last two are often not there.
pub(crate) const ACCOUNTS: u64 = 14;
/// These are opened first.
const FIRST_ACCOUNTS: u64 = 11;
/// Transfers have ids up to this, so that they meet.
const TRANSFERS: u64 = 5_000;
const FLAG_CLOSED: u16 = 32;

/// What a life must know of time to import events.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    /// Nothing on either server is later.
    pub(crate) latest: u64,
    /// No transfer on either server is later, but accounts may be.
    pub(crate) latest_transfer: u64,
    /// The first timestamp of the last request that imported something.
    pub(crate) import: u64,
}

/// One ledger of a bank; its ids, its ledgers and its events are its own.
pub(crate) struct Life {
    pub(crate) dice: Dice,
    number: u32,
    /// Whether a request may hold several batches.
    pub(crate) has_batches: bool,
    /// Whether amounts are so large that sums overflow.
    is_wild: bool,
    sent: Vec<Transfer>,
    opened: Vec<Account>,
}

/// How a request imports its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Import {
    /// After all that is there.
    Next,
    /// After all transfers, but before the newest accounts.
    BeforeAccounts,
    /// When something else was imported to.
    Again,
    /// Long ago.
    Old,
}

impl Life {
    pub(crate) fn new(number: u32, has_batches: bool) -> Self {
        let mut dice = Dice::new(number.into());
        let is_wild = dice.once_in(3);
        Self { dice, number, has_batches, is_wild, sent: Vec::new(), opened: Vec::new() }
    }

    /// An id of this life; 0 and the largest stay what they are.
    pub(crate) fn id(&self, id: u64) -> u128 {
        u128::from(id) + (u128::from(self.number) << 64)
    }

    pub(crate) fn ledger(&self, ledger: u32) -> u32 {
        self.number * 10 + ledger
    }

    /// Ids of some transfers that were sent, and of some that were not.
    pub(crate) fn some_transfers(&mut self) -> Vec<u128> {
        let count = self.dice.within(1..400);
        let mut ids = Vec::new();
        for _ in 0..count {
            let other = self.dice.within(0..TRANSFERS + 20);
            let sent = self.sent.get(self.dice.index(self.sent.len().max(1)));
            ids.push(sent.filter(|_| !self.dice.once_in(4)).map_or(self.id(other), |sent| sent.id));
        }
        ids
    }

    /// Pending transfers that expire soon, and others that post or void each of them. The last one closes an account, and
    /// expires last.
    pub(crate) fn expiring(&mut self, count: u64) -> (Vec<Transfer>, Vec<Transfer>) {
        let (mut pending, mut late) = (Vec::new(), Vec::new());
        for number in 0..count {
            let (debit, credit) = (1 + number % 3, 4 + number % 3);
            let is_last = number + 1 == count;
            let flags = if is_last { TransferFlags::CLOSING_DEBIT } else { TransferFlags::NONE };
            let transfer = Transfer {
                id: self.id(TRANSFERS + number),
                debit_account_id: self.id(debit),
                credit_account_id: self.id(credit),
                amount: if is_last { 1 } else { (number % 7).into() },
                timeout: if is_last { 2 } else { self.dice.one_of(&[1, 1, 2]) },
                user_data_64: number % 5,
                ledger: self.ledger(1),
                code: 1,
                flags: TransferFlags::PENDING | flags,
                ..Transfer::default()
            };
            let is_void = self.dice.once_in(2);
            late.push(Transfer {
                id: self.id(TRANSFERS + count + number),
                pending_id: transfer.id,
                amount: if is_void { 0 } else { u128::MAX },
                flags: if is_void {
                    TransferFlags::VOID_PENDING_TRANSFER
                } else {
                    TransferFlags::POST_PENDING_TRANSFER
                },
                ..Transfer::default()
            });
            pending.push(transfer);
        }
        self.sent.extend_from_slice(&pending);
        (pending, late)
    }

    /// Accounts without limits, which nothing was sent to yet.
    pub(crate) fn plain_accounts(&self) -> Vec<Account> {
        let account = |id| Account {
            id: self.id(id),
            flags: AccountFlags::HISTORY,
            ledger: self.ledger(1),
            code: 1,
            ..Account::default()
        };
        (1..=6).map(account).collect()
    }

    /// Ordinary accounts to begin with.
    pub(crate) fn first_accounts(&mut self) -> Vec<Account> {
        let accounts = (1..=FIRST_ACCOUNTS).map(|id| Account {
            id: self.id(id),
            flags: AccountFlags(self.dice.one_of(&[0, 0, 8, 8, 8, 8, 2, 4, 10, 12])),
            ledger: self.ledger(1),
            code: 1,
            ..Account::default()
        });
        let accounts: Vec<Account> = accounts.collect();
        self.opened.extend_from_slice(&accounts);
        accounts
    }

    /// Mostly ordinary accounts in two ledgers, now and then with a field that is refused.
    pub(crate) fn accounts(&mut self, count: usize, times: &mut Times) -> Vec<Account> {
        let mut accounts: Vec<Account> = (0..count).map(|_| self.account()).collect();
        if self.dice.once_in(4) {
            let import = self.dice.one_of(&[Import::Next, Import::Next, Import::Again, Import::Old]);
            let start = self.start(import, times);
            for (account, at) in accounts.iter_mut().zip(start..) {
                let (timestamp, is_imported) = self.time(at, times, true);
                account.timestamp = timestamp;
                account.flags.0 |= u16::from(is_imported) * AccountFlags::IMPORTED.0;
            }
        }
        if self.dice.once_in(10)
            && let Some(last) = accounts.last_mut()
        {
            last.flags.0 |= AccountFlags::LINKED.0;
        }
        self.opened.extend_from_slice(&accounts);
        accounts
    }

    fn account(&mut self) -> Account {
        if !self.opened.is_empty() && self.dice.once_in(5) {
            let mut again = self.opened[self.dice.index(self.opened.len())];
            let odd = self.dice.within(0..14);
            self.set_odd_account_field(&mut again, odd);
            return again;
        }
        let id = self.dice.within(1..ACCOUNTS * 3);
        let flags = match self.dice.within(0..12) {
            0..8 => self.dice.one_of(&[0, 0, 2, 4, 8, 8]),
            8..10 => 1,
            _ => self.dice.one_of(&[3, 5, 6, 16, FLAG_CLOSED, 64, 1 << 15]),
        };
        let mut account = Account {
            id: self.id(id),
            flags: AccountFlags(flags),
            ledger: if self.dice.once_in(5) { self.ledger(2) } else { self.ledger(1) },
            code: if self.dice.once_in(6) { 2 } else { 1 },
            ..Account::default()
        };
        if self.dice.once_in(2) {
            account.user_data_128 = self.dice.within(0..3).into();
            account.user_data_64 = self.dice.within(0..3);
            account.user_data_32 = self.dice.one_of(&[0, 1, 2]);
        }
        if self.dice.once_in(8) {
            let odd = self.dice.within(0..14);
            self.set_odd_account_field(&mut account, odd);
        }
        account
    }

    fn set_odd_account_field(&mut self, account: &mut Account, odd: u64) {
        match odd {
            0 => account.id = u128::MAX,
            1 => account.id = 0,
            2 => account.timestamp = 1,
            3 => account.reserved = 1,
            4 => account.debits_posted = 1,
            5 => account.user_data_64 = 9,
            6 => account.user_data_128 = 9,
            7 => account.user_data_32 = 9,
            8 => account.debits_pending = 1,
            9 => account.credits_pending = 1,
            10 => account.credits_posted = 1,
            11 => account.ledger = self.dice.one_of(&[0, self.ledger(2)]),
            12 => account.code = self.dice.one_of(&[0, 7]),
            _ => {}
        }
    }

    /// Transfers over few ids and accounts, so that they meet; many post or void something.
    pub(crate) fn transfers(&mut self, count: usize, times: &mut Times) -> Vec<Transfer> {
        let import = self.dice.once_in(4).then(|| {
            let choices = [
                Import::Next,
                Import::Next,
                Import::Next,
                Import::BeforeAccounts,
                Import::Again,
                Import::Old,
            ];
            self.dice.one_of(&choices)
        });
        let start = import.map(|import| self.start(import, times));
        let mut transfers = Vec::with_capacity(count);
        for index in 0..count {
            let mut transfer = self.transfer();
            if let Some(start) = start {
                // A replica of 0.16.78 ends itself when a transfer that resolves another is imported to before that.
                let resolves = transfer
                    .flags
                    .intersects(TransferFlags::POST_PENDING_TRANSFER | TransferFlags::VOID_PENDING_TRANSFER);
                let is_old = matches!(import, Some(Import::Again | Import::Old));
                if resolves && is_old {
                    transfer.flags = TransferFlags::NONE;
                }
                let (timestamp, is_imported) = self.time(start + index as u64, times, !resolves);
                transfer.timestamp = timestamp;
                transfer.flags.0 |= u16::from(is_imported) * TransferFlags::IMPORTED.0;
                if !self.dice.once_in(20) {
                    transfer.timeout = 0;
                }
            }
            self.sent.push(transfer);
            transfers.push(transfer);
        }
        if self.dice.once_in(12)
            && let Some(last) = transfers.last_mut()
        {
            last.flags.0 |= TransferFlags::LINKED.0;
        }
        transfers
    }

    fn transfer(&mut self) -> Transfer {
        if !self.sent.is_empty() && self.dice.once_in(7) {
            let mut again = self.sent[self.dice.index(self.sent.len())];
            (again.timestamp, again.flags) = (0, again.flags.without(TransferFlags::IMPORTED));
            let odd = if self.dice.once_in(3) { 99 } else { self.dice.within(0..24) };
            self.set_odd_field(&mut again, odd);
            return again;
        }
        if self.dice.once_in(4)
            && let Some(resolving) = self.resolving()
        {
            return resolving;
        }
        let flags = match self.dice.within(0..40) {
            0..16 => 0,
            16..27 => 2,
            27 => 4,
            28 => 8,
            29..33 => self.dice.one_of(&[1, 3, 5, 9]),
            33..37 => self.dice.one_of(&[16, 32, 48, 18, 34, 50]),
            37 if self.dice.once_in(6) => self.dice.one_of(&[66, 130, 194, 82, 67]),
            37 => 0,
            _ => self.dice.one_of(&[6, 10, 12, 20, 36, 68, 136, 64, 128, 256, 512, 1 << 15]),
        };
        let flags = TransferFlags(flags);
        let resolves =
            flags.intersects(TransferFlags::POST_PENDING_TRANSFER | TransferFlags::VOID_PENDING_TRANSFER);
        let id = self.dice.within(1..TRANSFERS);
        let mut transfer = Transfer { id: self.id(id), amount: self.amount(), flags, ..Transfer::default() };
        if resolves {
            let pending = self.dice.within(1..TRANSFERS);
            transfer.pending_id = self.id(pending);
            if self.dice.once_in(2) && !self.sent.is_empty() {
                transfer.pending_id = self.sent[self.dice.index(self.sent.len())].id;
            }
        }
        if !resolves || self.dice.once_in(4) {
            let last = if self.dice.once_in(5) { ACCOUNTS * 3 } else { ACCOUNTS };
            let (debit, credit) = (self.dice.within(1..last), self.dice.within(1..last));
            (transfer.debit_account_id, transfer.credit_account_id) = (self.id(debit), self.id(credit));
            (transfer.ledger, transfer.code) = (self.ledger(1), 1);
        }
        if flags.contains(TransferFlags::PENDING) {
            // What expires, expires long after the test.
            transfer.timeout = self.dice.one_of(&[0, 0, 0, 100_000, 1_000_000, u32::MAX]);
        }
        if self.dice.once_in(3) {
            transfer.user_data_128 = self.dice.within(0..3).into();
            transfer.user_data_64 = self.dice.within(0..3);
            transfer.user_data_32 = self.dice.one_of(&[0, 1, 2]);
        }
        if self.dice.once_in(7) {
            let odd = self.dice.within(0..24);
            self.set_odd_field(&mut transfer, odd);
        }
        transfer
    }

    /// Posts or voids a pending transfer that was sent before, mostly as it may be.
    fn resolving(&mut self) -> Option<Transfer> {
        let pending = self.sent.iter().filter(|sent| sent.flags.contains(TransferFlags::PENDING));
        let pending: Vec<Transfer> = pending.copied().collect();
        let pending = *pending.get(self.dice.index(pending.len().max(1)))?;
        let is_void = self.dice.once_in(3);
        let id = self.dice.within(1..TRANSFERS);
        let mut transfer = Transfer {
            id: self.id(id),
            pending_id: pending.id,
            amount: match self.dice.within(0..8) {
                0..4 if is_void => 0,
                0..4 => u128::MAX,
                4..6 => pending.amount,
                6 => pending.amount / 2,
                _ => pending.amount.saturating_add(1),
            },
            flags: if is_void {
                TransferFlags::VOID_PENDING_TRANSFER
            } else {
                TransferFlags::POST_PENDING_TRANSFER
            },
            ..Transfer::default()
        };
        if self.dice.once_in(4) {
            let odd = self.dice.within(0..24);
            self.set_odd_field(&mut transfer, odd);
        }
        Some(transfer)
    }

    fn amount(&mut self) -> u128 {
        match self.dice.within(0..16) {
            0 if self.is_wild => u128::MAX,
            1 if self.is_wild => u128::MAX / 2,
            2 if self.is_wild => u128::MAX - 1,
            3 => 0,
            _ => self.dice.within(0..120).into(),
        }
    }

    /// Gives one field a value that is refused, or that differs from an earlier transfer with the same id.
    fn set_odd_field(&mut self, transfer: &mut Transfer, odd: u64) {
        let other = self.dice.within(1..TRANSFERS);
        let account = self.dice.within(1..ACCOUNTS);
        match odd {
            0 => transfer.timestamp = 1,
            1 => transfer.id = 0,
            2 => transfer.id = u128::MAX,
            3 => transfer.pending_id = self.id(other),
            4 => transfer.pending_id = 0,
            5 => transfer.pending_id = u128::MAX,
            6 => transfer.pending_id = transfer.id,
            7 => transfer.timeout = self.dice.one_of(&[0, 200_000]),
            8 => transfer.ledger = self.ledger(2),
            9 => transfer.ledger = 0,
            10 => transfer.code = 0,
            11 => transfer.code = 2,
            12 => transfer.debit_account_id = 0,
            13 => transfer.debit_account_id = u128::MAX,
            14 => transfer.credit_account_id = 0,
            15 => transfer.credit_account_id = u128::MAX,
            16 => transfer.user_data_128 = 9,
            17 => transfer.user_data_64 = 9,
            18 => transfer.user_data_32 = 9,
            19 => transfer.amount = self.amount(),
            20 => transfer.debit_account_id = self.id(account),
            21 => transfer.credit_account_id = self.id(account),
            22 => transfer.flags.0 ^= self.dice.one_of(&[1, 2, 4, 8, 16, 32, 64, 128]),
            _ => {}
        }
    }

    /// When the first event of a request was.
    fn start(&mut self, import: Import, times: &mut Times) -> u64 {
        let start = match import {
            Import::Next => times.latest + 1,
            Import::BeforeAccounts => times.latest_transfer.min(times.latest) + 1,
            Import::Again => times.import.max(1),
            Import::Old => 1 + self.dice.within(0..1_000),
        };
        times.import = start;
        start
    }

    /// The timestamp of one event of such a request, and whether it is imported after all.
    fn time(&mut self, at: u64, times: &Times, may_be_old: bool) -> (u64, bool) {
        match self.dice.within(0..40) {
            0 => (at, false),
            1 => (0, false),
            2 => (0, true),
            3 => (u64::MAX, true),
            4 => (times.latest + 1_000_000_000_000, true),
            5 if may_be_old => (1 + self.dice.within(0..1_000), true),
            _ => (at, true),
        }
    }
}
