//! What the permits leave of a write.

use std::collections::BTreeMap;

use ledger_core::{
    Account, AccountFlags, CreateAccountStatus, CreateTransferStatus, EVENT_BYTES, Ledgers, Outcome,
    Transfer, TransferFlags,
};

use crate::{Permits, Right};

const LINKED: u16 = AccountFlags::LINKED.0;
const REFUSED: u32 = CreateTransferStatus::LedgerMustNotBeZero as u32;
const LINKED_EVENT_FAILED: u32 = CreateTransferStatus::LinkedEventFailed as u32;
const LINKED_EVENT_CHAIN_OPEN: u32 = CreateTransferStatus::LinkedEventChainOpen as u32;
const _: () = assert!(
    LINKED == TransferFlags::LINKED.0
        && LINKED_EVENT_FAILED == CreateAccountStatus::LinkedEventFailed as u32
        && LINKED_EVENT_CHAIN_OPEN == CreateAccountStatus::LinkedEventChainOpen as u32
);

/// What a write creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// Accounts.
    Accounts,
    /// Transfers.
    Transfers,
}

/// Which events of a write are refused for want of a right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    write: Write,
    /// For each event the right that is missing.
    missing: Vec<Option<Right>>,
}

impl Review {
    /// The pending transfers whose ledgers a review of `events` has to know: those named by events that post or void and
    /// leave the ledger open. None if the permits make no difference between ledgers.
    pub fn pending_ids(permits: &Permits, write: Write, events: &[u8]) -> Vec<u128> {
        let approve = permits.ledgers(Right::Approve);
        if write != Write::Transfers || approve == &Ledgers::All || approve.is_empty() {
            return Vec::new();
        }
        transfers(events).filter(leaves_ledger_open).map(|transfer| transfer.pending_id).collect()
    }

    /// Reviews `events`, whole records. `ledgers` are those of [`Review::pending_ids`], in their order.
    ///
    /// An event that posts or voids and leaves its ledger open gets the ledger that it is permitted for, so that the ledger
    /// refuses it if its pending transfer turns out to be in another one, whatever happens meanwhile. That is the ledger of
    /// the pending transfer it names: one in the books, or else the first before it in the same request.
    pub fn new(permits: &Permits, write: Write, events: &mut [u8], ledgers: &[Option<u32>]) -> Self {
        let missing = match write {
            Write::Accounts => {
                let post = permits.ledgers(Right::Post);
                let accounts = records(events).filter_map(Account::from_bytes);
                accounts.map(|account| missing(post, Right::Post, account.ledger)).collect()
            }
            Write::Transfers => review_transfers(permits, events, ledgers),
        };
        Self { write, missing }
    }

    /// How many events are refused for want of this right.
    pub fn refused(&self, right: Right) -> usize {
        self.missing.iter().filter(|missing| **missing == Some(right)).count()
    }

    /// Whether no event is refused.
    pub fn is_clean(&self) -> bool {
        self.missing.iter().all(Option::is_none)
    }

    /// Whether the ledger could do nothing of what is left: an event of every chain is refused.
    pub fn leaves_nothing(&self, events: &[u8]) -> bool {
        let mut is_lost = false;
        for (record, missing) in records(events).zip(&self.missing) {
            is_lost |= missing.is_some();
            if flags(record) & LINKED == 0 {
                if !is_lost {
                    return false;
                }
                is_lost = false;
            }
        }
        true
    }

    /// Replaces each refused event by one that the ledger refuses as well, wherever it stands and whatever is in the
    /// books, and that tells nothing of what was asked. So every event keeps its place, and a chain fails as a whole by the
    /// ledger's own rules. `name` is unique to the request: ids made of it are nobody's.
    pub fn neutralise(&self, events: &mut [u8], name: u128) {
        for (place, (record, missing)) in (1..).zip(events.chunks_exact_mut(EVENT_BYTES).zip(&self.missing)) {
            if missing.is_some() {
                // Neither 0 nor 2^128 − 1, which would be refused before the ledger is looked at.
                let id = name.wrapping_add(place).clamp(1, u128::MAX - 1);
                match self.write {
                    Write::Accounts => neutralise_account(record, id),
                    Write::Transfers => neutralise_transfer(record, id),
                }
            }
        }
    }

    /// The outcomes of events of which [nothing is left](Self::leaves_nothing), all judged at `timestamp`.
    pub fn outcomes(&self, events: &[u8], timestamp: u64) -> Vec<u8> {
        let mut statuses = Vec::with_capacity(self.missing.len());
        let mut is_lost = false;
        let mut open = None;
        for (place, (record, missing)) in records(events).zip(&self.missing).enumerate() {
            let is_first = missing.is_some() && !is_lost;
            statuses.push(if is_first { self.status() } else { LINKED_EVENT_FAILED });
            is_lost |= missing.is_some();
            let is_linked = flags(record) & LINKED != 0;
            open = is_linked.then_some(place);
            is_lost &= is_linked;
        }
        if let Some(last) = open {
            statuses[last] = LINKED_EVENT_CHAIN_OPEN;
        }
        let outcome = |status| Outcome { timestamp, status, reserved: 0 };
        statuses.into_iter().flat_map(|status| outcome(status).as_bytes().to_vec()).collect()
    }

    fn status(&self) -> u32 {
        match self.write {
            Write::Accounts => CreateAccountStatus::LedgerMustNotBeZero as u32,
            Write::Transfers => REFUSED,
        }
    }
}

fn records(events: &[u8]) -> impl Iterator<Item = &[u8]> {
    events.chunks_exact(EVENT_BYTES)
}

fn transfers(events: &[u8]) -> impl Iterator<Item = Transfer> {
    records(events).filter_map(Transfer::from_bytes)
}

/// The flags of an account or a transfer: they stand in the same place.
fn flags(record: &[u8]) -> u16 {
    Transfer::from_bytes(record).map_or(0, |transfer| transfer.flags.0)
}

fn resolves(transfer: &Transfer) -> bool {
    transfer.flags.intersects(TransferFlags::POST_PENDING_TRANSFER | TransferFlags::VOID_PENDING_TRANSFER)
}

fn leaves_ledger_open(transfer: &Transfer) -> bool {
    resolves(transfer) && transfer.ledger == 0
}

/// An event without a ledger is the ledger's to refuse, if its sender has the right anywhere.
fn missing(permitted: &Ledgers, right: Right, ledger: u32) -> Option<Right> {
    let may = permitted.contains(ledger) || (ledger == 0 && !permitted.is_empty());
    (!may).then_some(right)
}

fn review_transfers(permits: &Permits, events: &mut [u8], ledgers: &[Option<u32>]) -> Vec<Option<Right>> {
    let (post, approve) = (permits.ledgers(Right::Post), permits.ledgers(Right::Approve));
    if (post, approve) == (&Ledgers::All, &Ledgers::All) {
        return vec![None; events.len() / EVENT_BYTES];
    }
    // Pending transfers of the same request, as far as it was looked through for them.
    let (mut pending, mut looked) = (BTreeMap::new(), 0);
    let mut ledgers = ledgers.iter();
    let mut reviewed = Vec::with_capacity(events.len() / EVENT_BYTES);
    for start in (0..events.len()).step_by(EVENT_BYTES) {
        let Some(mut transfer) = events.get(start..start + EVENT_BYTES).and_then(Transfer::from_bytes) else {
            break;
        };
        if !resolves(&transfer) {
            reviewed.push(missing(post, Right::Post, transfer.ledger));
            continue;
        }
        if transfer.ledger == 0 && approve != &Ledgers::All && !approve.is_empty() {
            let known = ledgers.next().copied().flatten();
            let ledger = known.or_else(|| {
                for transfer in pending_in(&events[looked..start]) {
                    pending.entry(transfer.id).or_insert(transfer.ledger);
                }
                looked = start;
                pending.get(&transfer.pending_id).copied()
            });
            // Of a transfer that nobody knows any permitted ledger will do: the ledger does not find it either.
            transfer.ledger = ledger.unwrap_or_else(|| approve.first());
            events[start..start + EVENT_BYTES].copy_from_slice(transfer.as_bytes());
        }
        reviewed.push(missing(approve, Right::Approve, transfer.ledger));
    }
    reviewed
}

/// The pending transfers among `events`.
fn pending_in(events: &[u8]) -> impl Iterator<Item = Transfer> {
    transfers(events)
        .filter(|transfer| transfer.flags.contains(TransferFlags::PENDING) && transfer.ledger != 0)
}

fn neutralise_account(record: &mut [u8], id: u128) {
    let Some(refused) = Account::from_bytes(record) else { return };
    let kept = AccountFlags::LINKED | AccountFlags::IMPORTED;
    let flags = AccountFlags(refused.flags.0 & kept.0);
    let timestamp = refused.timestamp;
    let neutral = Account { id, code: 1, flags, timestamp, ..Account::default() };
    record.copy_from_slice(neutral.as_bytes());
}

fn neutralise_transfer(record: &mut [u8], id: u128) {
    let Some(refused) = Transfer::from_bytes(record) else { return };
    let kept = TransferFlags::LINKED | TransferFlags::IMPORTED;
    let neutral = Transfer {
        id,
        debit_account_id: 1,
        credit_account_id: 2,
        code: 1,
        flags: TransferFlags(refused.flags.0 & kept.0),
        timestamp: refused.timestamp,
        ..Transfer::default()
    };
    record.copy_from_slice(neutral.as_bytes());
}
