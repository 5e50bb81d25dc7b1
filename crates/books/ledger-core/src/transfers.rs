//! The accepted transfers, and the ids that failed for good.

use crate::accounts::Movement;
use crate::expiry::Expiries;
use crate::id_index::IdIndex;
use crate::pages::Pages;
use crate::wire::{Transfer, TransferFlags};

/// Stands for "no transfer" where a number is expected.
pub(crate) const NONE: u32 = u32::MAX;

/// The most transfers, and the most failed ids: numbers have 31 bits, the highest bit tells the two apart.
pub(crate) const TRANSFERS_MAX: u32 = FAILED;

const FAILED: u32 = 1 << 31;

/// Nanoseconds in a second.
const NS_PER_S: u64 = 1_000_000_000;

/// What became of a transfer after it was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// A transfer as it is kept: the record, where its accounts are, and its place in their statements.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) transfer: Transfer,
    /// The number of the debit account.
    pub(crate) debit: u32,
    /// The number of the credit account.
    pub(crate) credit: u32,
    /// The transfer of the debit account before this one, or [`NONE`].
    pub(crate) previous_of_debit: u32,
    /// The transfer of the credit account before this one, or [`NONE`].
    pub(crate) previous_of_credit: u32,
    /// The pending transfer that this one posts or voids, or [`NONE`].
    pub(crate) pending: u32,
    pub(crate) state: TransferState,
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
    entries: Pages<Entry>,
    failed: Vec<u128>,
    index: IdIndex,
    pub(crate) expiries: Expiries,
    /// How many transfers are pending now.
    pending: u32,
}

impl Transfers {
    pub(crate) fn new() -> Self {
        Self {
            entries: Pages::new(),
            failed: Vec::new(),
            index: IdIndex::default(),
            expiries: Expiries::default(),
            pending: 0,
        }
    }

    pub(crate) fn len(&self) -> u32 {
        self.entries.len()
    }

    pub(crate) fn pending(&self) -> u32 {
        self.pending
    }

    pub(crate) fn failed(&self) -> &[u128] {
        &self.failed
    }

    pub(crate) fn get(&self, number: u32) -> &Entry {
        self.entries.get(number)
    }

    pub(crate) fn entries(&self) -> &Pages<Entry> {
        &self.entries
    }

    pub(crate) fn known(&self, id: u128) -> Option<Known> {
        let has_id = |number: u32| match number & FAILED {
            0 => self.get(number).transfer.id == id,
            _ => self.failed[(number & !FAILED) as usize] == id,
        };
        let number = self.index.find(id, has_id)?;
        Some(if number & FAILED == 0 { Known::Transfer(number) } else { Known::Failed })
    }

    pub(crate) fn find(&self, id: u128) -> Option<u32> {
        match self.known(id)? {
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
    pub(crate) fn fail(&mut self, id: u128) {
        // `has_room` was asked before the request, so the number has 31 bits.
        let number = u32::try_from(self.failed.len()).unwrap_or(NONE) | FAILED;
        self.index.insert(id, number);
        self.failed.push(id);
    }

    /// Adds a transfer, and its timer and the new state of what it resolves. The accounts are the caller's
    /// part.
    pub(crate) fn push(&mut self, entry: Entry) {
        let number = self.len();
        self.index.insert(entry.transfer.id, number);
        if entry.state == TransferState::Pending {
            self.open(number, &entry.transfer);
        }
        if entry.pending != NONE {
            self.close(entry.pending, resolved_state(&entry.transfer));
        }
        self.entries.push(entry);
    }

    /// Takes back the newest transfer.
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop()?;
        let number = self.len();
        self.index.remove(entry.transfer.id, number);
        if entry.state == TransferState::Pending {
            self.pending -= 1;
            if let Some(due) = due(&entry.transfer) {
                self.expiries.disarm(due, number);
            }
        }
        if entry.pending != NONE {
            let pending = self.entries.get_mut(entry.pending);
            pending.state = TransferState::Pending;
            let transfer = pending.transfer;
            self.open(entry.pending, &transfer);
        }
        Some(entry)
    }

    /// Marks the pending transfer that falls due next as expired at `timestamp`, and returns it.
    pub(crate) fn expire_next(&mut self, timestamp: u64) -> Option<&Entry> {
        self.expire_next_after(timestamp, self.entries.len())
    }

    /// The same, when there were only `transfers`.
    pub(crate) fn expire_next_after(&mut self, timestamp: u64, transfers: u32) -> Option<&Entry> {
        let number = self.expiries.pop(timestamp, transfers)?;
        self.pending -= 1;
        let entry = self.entries.get_mut(number);
        entry.state = TransferState::Expired;
        Some(entry)
    }

    /// What a transfer does to its accounts.
    pub(crate) fn movement(&self, entry: &Entry) -> Movement {
        let amount = entry.transfer.amount;
        let release = if entry.pending == NONE { 0 } else { self.get(entry.pending).transfer.amount };
        let flags = entry.transfer.flags;
        if flags.contains(TransferFlags::PENDING) {
            Movement { reserve: amount, ..Movement::default() }
        } else if flags.contains(TransferFlags::VOID_PENDING_TRANSFER) {
            Movement { release, ..Movement::default() }
        } else {
            Movement { release, post: amount, ..Movement::default() }
        }
    }

    fn open(&mut self, number: u32, transfer: &Transfer) {
        self.pending += 1;
        if let Some(due) = due(transfer) {
            self.expiries.arm(due, number);
        }
    }

    fn close(&mut self, number: u32, state: TransferState) {
        self.pending -= 1;
        let entry = self.entries.get_mut(number);
        assert_eq!(entry.state, TransferState::Pending, "LED-INV-4: a pending transfer resolves once");
        entry.state = state;
        if let Some(due) = due(&entry.transfer) {
            self.expiries.disarm(due, number);
        }
    }
}

/// When a pending transfer expires, if ever. The rules refuse a due time beyond 2^63.
pub(crate) fn due(transfer: &Transfer) -> Option<u64> {
    let timeout = u64::from(transfer.timeout).saturating_mul(NS_PER_S);
    (timeout > 0).then(|| transfer.timestamp.saturating_add(timeout))
}

/// The state of a new transfer.
pub(crate) fn first_state(transfer: &Transfer) -> TransferState {
    if transfer.flags.contains(TransferFlags::PENDING) {
        TransferState::Pending
    } else if transfer.flags.contains(TransferFlags::VOID_PENDING_TRANSFER) {
        TransferState::Voided
    } else {
        TransferState::Posted
    }
}

/// The state of a pending transfer after `resolving` posted or voided it.
pub(crate) fn resolved_state(resolving: &Transfer) -> TransferState {
    match first_state(resolving) {
        TransferState::Voided => TransferState::Voided,
        _ => TransferState::PostedPending,
    }
}
