//! The accepted transfers, and the ids that failed for good.

use crate::accounts::Movement;
use crate::cold::Cold;
use crate::expiry::{Expiries, Expiry};
use crate::id_index::{IdHash, IdIndex};
use crate::pages::Pages;
use crate::prefetch::prefetch;
use crate::rows::{Row, Rows};
use crate::wire::{Transfer, TransferFlags};

/// Stands for "no transfer" or "no account" where a number is expected.
pub(crate) const NONE: u32 = u32::MAX;

/// The most transfers, and the most failed ids: numbers have 31 bits, the highest bit tells the two apart.
pub(crate) const TRANSFERS_MAX: u32 = FAILED;

const FAILED: u32 = 1 << 31;

/// Nanoseconds in a second.
const NS_PER_S: u64 = 1_000_000_000;

/// What became of a transfer after it was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TransferState {
    /// Its amount is in the posted sums: a single-phase transfer, or one that posted a pending transfer.
    Posted,
    /// Its amount is reserved, in the pending sums.
    Pending,
    /// It was pending and was posted by another transfer, which carries the amount posted.
    PostedPending,
    /// It was pending and was voided; or it is the transfer that voided it. Moves nothing.
    Voided,
    /// It was pending until its timeout. Moves nothing.
    Expired,
}

impl TransferState {
    /// The name, `posted_pending`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Pending => "pending",
            Self::PostedPending => "posted_pending",
            Self::Voided => "voided",
            Self::Expired => "expired",
        }
    }

    /// The state that is kept as `number`.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        [Self::Posted, Self::Pending, Self::PostedPending, Self::Voided, Self::Expired]
            .into_iter()
            .find(|state| *state as u8 == number)
    }
}

/// A transfer, where its accounts are, and what it does.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) transfer: Transfer,
    /// The number of the debit account.
    pub(crate) debit: u32,
    /// The number of the credit account.
    pub(crate) credit: u32,
    /// The pending transfer that this one posts or voids, or [`NONE`].
    pub(crate) pending: u32,
    pub(crate) state: TransferState,
}

impl Row {
    /// A transfer that moves `amount` from the account with the number `debit` to the one with the number `credit`, and
    /// posts or voids the transfer with the number `pending`, or [`NONE`].
    pub(crate) fn new(
        transfer: &Transfer,
        timestamp: u64,
        amount: u128,
        [debit, credit, pending]: [u32; 3],
    ) -> Self {
        Self {
            id: transfer.id.into(),
            amount: amount.into(),
            user_data_128: transfer.user_data_128.into(),
            user_data_64: transfer.user_data_64.into(),
            timestamp: timestamp.into(),
            debit: debit.into(),
            credit: credit.into(),
            pending: pending.into(),
            user_data_32: transfer.user_data_32.into(),
            timeout: transfer.timeout.into(),
            code: transfer.code.into(),
            flags: transfer.flags.0.into(),
        }
    }

    /// What the transfer does to its accounts; `resolved` is the amount of the pending transfer it posts or voids.
    pub(crate) fn movement(&self, resolved: u128) -> Movement {
        let (flags, amount) = (self.flags(), self.amount.get());
        if flags.contains(TransferFlags::PENDING) {
            Movement { reserve: amount, ..Movement::default() }
        } else if flags.contains(TransferFlags::VOID_PENDING_TRANSFER) {
            Movement { release: resolved, ..Movement::default() }
        } else {
            Movement { release: resolved, post: amount, ..Movement::default() }
        }
    }

    pub(crate) fn flags(&self) -> TransferFlags {
        TransferFlags(self.flags.get())
    }

    /// When a pending transfer expires, if ever.
    pub(crate) fn due(&self) -> Option<u64> {
        due(self.timestamp.get(), self.timeout.get())
    }
}

/// What an id means.
pub(crate) enum Known {
    /// The number of the transfer with this id.
    Transfer(u32),
    /// A transfer with this id failed, and every later one does.
    Failed,
}

/// Transfers in order of creation, found by id.
pub(crate) struct Transfers {
    pub(crate) rows: Rows,
    states: Pages<TransferState>,
    failed: Vec<u128>,
    index: IdIndex,
    pub(crate) expiries: Expiries,
    /// How many transfers are pending now.
    pending: u32,
}

impl Transfers {
    pub(crate) fn new(cold: Cold) -> Self {
        Self {
            rows: Rows::new(cold),
            states: Pages::new(),
            failed: Vec::new(),
            index: IdIndex::default(),
            expiries: Expiries::default(),
            pending: 0,
        }
    }

    pub(crate) fn len(&self) -> u32 {
        self.states.len()
    }

    pub(crate) fn pending(&self) -> u32 {
        self.pending
    }

    pub(crate) fn failed(&self) -> &[u128] {
        &self.failed
    }

    pub(crate) fn state(&self, number: u32) -> TransferState {
        *self.states.get(number)
    }

    pub(crate) fn states(&self) -> &Pages<TransferState> {
        &self.states
    }

    /// Asks for the first slot for an id.
    #[inline]
    pub(crate) fn ask_for_id(&self, hash: IdHash) {
        self.index.ask_for(hash);
    }

    #[inline]
    pub(crate) fn known(&self, hash: IdHash, id: u128) -> Option<Known> {
        let has_id = |number: u32| match number & FAILED {
            0 => self.rows.get(number).id.get() == id,
            _ => self.failed[(number & !FAILED) as usize] == id,
        };
        let number = self.index.find(hash, has_id)?;
        Some(if number & FAILED == 0 { Known::Transfer(number) } else { Known::Failed })
    }

    /// Asks for the transfers whose ids have these hashes; the cold store begins to fetch those of them that are cold.
    pub(crate) fn ask_for_rows(&self, hashes: &[IdHash]) {
        let likely = |hash: &IdHash| self.index.find(*hash, |number| number & FAILED == 0);
        let numbers = hashes.iter().filter_map(likely);
        self.rows.ask_for(numbers.inspect(|number| prefetch(self.states.get(*number))));
    }

    pub(crate) fn find(&self, id: u128) -> Option<u32> {
        match self.known(IdHash::of(id), id)? {
            Known::Transfer(number) => Some(number),
            Known::Failed => None,
        }
    }

    /// Whether `transfers` more transfers and as many failed ids can be numbered.
    pub(crate) fn has_room(&self, transfers: u32) -> bool {
        let fits = |len: u32| len.checked_add(transfers).is_some_and(|sum| sum <= TRANSFERS_MAX);
        fits(self.len()) && u32::try_from(self.failed.len()).is_ok_and(fits)
    }

    /// Remembers that a new id failed.
    pub(crate) fn fail(&mut self, hash: IdHash, id: u128) {
        // `has_room` was asked before the request, so the number has 31 bits.
        let number = u32::try_from(self.failed.len()).unwrap_or(NONE) | FAILED;
        self.index.insert(hash, number);
        self.failed.push(id);
    }

    /// Adds a transfer of `ledger`, and its timer and the new state of what it resolves. The accounts are the caller's
    /// part.
    #[inline]
    pub(crate) fn push(&mut self, hash: IdHash, state: TransferState, row: Row, ledger: u32) {
        let number = self.len();
        self.index.insert(hash, number);
        self.states.push(state);
        if state == TransferState::Pending {
            self.open(number, row.due());
        }
        if row.pending != NONE {
            self.close(row.pending.get(), resolved_state(row.flags()));
        }
        self.rows.push(row, ledger);
    }

    /// Takes back the newest transfer.
    pub(crate) fn pop(&mut self) -> Option<Row> {
        let row = self.rows.pop()?;
        let state = self.states.pop()?;
        let number = self.len();
        self.index.remove(IdHash::of(row.id.get()), number);
        if state == TransferState::Pending {
            self.pending -= 1;
            if let Some(due) = row.due() {
                self.expiries.disarm(due, number);
            }
        }
        let pending = row.pending.get();
        if pending != NONE {
            *self.states.get_mut(pending) = TransferState::Pending;
            let due = self.rows.get(pending).due();
            self.open(pending, due);
        }
        Some(row)
    }

    /// Marks the pending transfer that falls due next as expired at `timestamp`, and returns it.
    pub(crate) fn expire_next(&mut self, timestamp: u64) -> Option<Row> {
        let transfer = self.expiries.pop()?;
        self.pending -= 1;
        *self.states.get_mut(transfer) = TransferState::Expired;
        let row = self.rows.get(transfer);
        let (debit, credit) = (row.debit.get(), row.credit.get());
        self.expiries.push(Expiry { transfer, transfers: self.len(), timestamp, debit, credit });
        Some(row)
    }

    /// What a row does, or did, to its accounts.
    pub(crate) fn movement(&self, row: &Row) -> Movement {
        let pending = row.pending.get();
        let resolved = if pending == NONE { 0 } else { self.rows.get(pending).amount.get() };
        row.movement(resolved)
    }

    /// The flags of the transfer that closes accounts: those of a row, or of the pending transfer it voids.
    pub(crate) fn closing_flags(&self, row: &Row) -> TransferFlags {
        match row.pending.get() {
            NONE => row.flags(),
            pending => self.rows.get(pending).flags(),
        }
    }

    fn open(&mut self, number: u32, due: Option<u64>) {
        self.pending += 1;
        if let Some(due) = due {
            self.expiries.arm(due, number);
        }
    }

    fn close(&mut self, number: u32, state: TransferState) {
        self.pending -= 1;
        let old = std::mem::replace(self.states.get_mut(number), state);
        assert_eq!(old, TransferState::Pending, "LED-INV-4: a pending transfer resolves once");
        if let Some(due) = self.rows.get(number).due() {
            self.expiries.disarm(due, number);
        }
    }

    /// Makes room for so many ids at once, so that the index need not grow on the way.
    pub(crate) fn expect(&mut self, ids: usize) {
        self.index.reserve(ids);
    }

    /// The index to enter ids of a snapshot into, and the rows.
    pub(crate) fn index_and_rows(&mut self) -> (&mut IdIndex, &Rows) {
        (&mut self.index, &self.rows)
    }

    /// Takes in the state of the next transfer of a snapshot.
    pub(crate) fn restore(&mut self, state: TransferState) {
        self.states.push(state);
        self.pending += u32::from(state == TransferState::Pending);
    }
}

/// When a pending transfer of `timestamp` expires, if ever. The rules refuse a due time beyond 2^63.
pub(crate) fn due(timestamp: u64, timeout: u32) -> Option<u64> {
    let timeout = u64::from(timeout).saturating_mul(NS_PER_S);
    (timeout > 0).then(|| timestamp.saturating_add(timeout))
}

/// The state of a new transfer.
pub(crate) fn first_state(flags: TransferFlags) -> TransferState {
    if flags.contains(TransferFlags::PENDING) {
        TransferState::Pending
    } else if flags.contains(TransferFlags::VOID_PENDING_TRANSFER) {
        TransferState::Voided
    } else {
        TransferState::Posted
    }
}

/// The state of a pending transfer after one with these flags posted or voided it.
pub(crate) fn resolved_state(flags: TransferFlags) -> TransferState {
    match first_state(flags) {
        TransferState::Voided => TransferState::Voided,
        _ => TransferState::PostedPending,
    }
}
