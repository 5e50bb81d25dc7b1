//! Good books to ask and to damage, made once.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use ids::Timestamp;
use ledger_core::{
    Account, AccountFlags, ColdError, ColdOptions, ColdSegment, ColdStore, Ledger, Operation, Transfer,
    TransferFlags,
};

const SECOND: u64 = 1_000_000_000;
/// Accounts of the books.
pub(crate) const ACCOUNTS: u128 = 6;
/// Transfers of the small books.
pub(crate) const TRANSFERS: u128 = 60;
/// What moves out of memory at once: 736 transfers. The rest stays.
pub(crate) const COLD: ColdOptions = ColdOptions { keep_rows: 1, segment_blocks: 16 };
/// Transfers of the books with cold segments: two and some.
const COLD_TRANSFERS: u128 = 1_500;

/// A ledger's snapshot, and the cold segments that it needs.
pub(crate) struct Saved {
    pub(crate) snapshot: Vec<u8>,
    pub(crate) segments: BTreeMap<u32, Vec<u8>>,
}

/// A small ledger with everything in it: pending, posted, voided, expired, failed, closed, and balances over time.
pub(crate) fn small_ledger() -> Ledger {
    books(TRANSFERS, Ledger::new(), |_| ())
}

/// The small ledger's snapshot.
pub(crate) static SMALL: LazyLock<Saved> = LazyLock::new(|| {
    let mut snapshot = Vec::new();
    small_ledger().snapshot(&mut snapshot);
    Saved { snapshot, segments: BTreeMap::new() }
});

/// A ledger with cold transfers.
pub(crate) static LARGE: LazyLock<Saved> = LazyLock::new(|| {
    let shelf = Arc::new(Shelf::default());
    let ledger = books(COLD_TRANSFERS, Ledger::with_cold_store(shelf.clone(), COLD), |ledger| {
        while let Some(spill) = ledger.spill() {
            let mut bytes = Vec::new();
            let segment = spill.encode(|part| {
                bytes.extend_from_slice(part);
                Ok::<_, ColdError>(())
            });
            shelf.lock().insert(spill.segment(), bytes);
            ledger.spilled(segment.expect("memory takes everything"));
        }
    });
    let mut snapshot = Vec::new();
    ledger.snapshot(&mut snapshot);
    let segments = shelf.lock().clone();
    assert!(!segments.is_empty(), "these books are large enough to have a cold segment");
    Saved { snapshot, segments }
});

/// Cold segments in memory.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<BTreeMap<u32, Vec<u8>>>);

impl Shelf {
    pub(crate) fn of(segments: BTreeMap<u32, Vec<u8>>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(segments)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u32, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ColdStore for Shelf {
    fn read(&self, segment: &ColdSegment, offset: u64, bytes: &mut [u8]) -> Result<(), ColdError> {
        let shelf = self.lock();
        let range =
            usize::try_from(offset).ok().and_then(|start| Some(start..start.checked_add(bytes.len())?));
        let part = shelf.get(&segment.segment).zip(range).and_then(|(content, range)| content.get(range));
        let missing = || ColdError { segment: segment.segment, what: "not there".to_owned() };
        part.map(|part| bytes.copy_from_slice(part)).ok_or_else(missing)
    }
}

/// The same books every time. Every request is followed by `after`.
fn books(transfers: u128, mut ledger: Ledger, mut after: impl FnMut(&mut Ledger)) -> Ledger {
    let mut clock = 0;
    let mut apply = |operation, body: &[u8]| {
        clock += SECOND;
        let mut out = Vec::new();
        ledger.apply(operation, Timestamp(clock), body, &mut out).expect("a good request");
        after(&mut ledger);
    };
    let accounts: Vec<u8> = (1..=ACCOUNTS).flat_map(|id| account(id).as_bytes().to_vec()).collect();
    apply(Operation::CreateAccounts, &accounts);
    let ids: Vec<u128> = (1..=transfers).collect();
    for ids in ids.chunks(20) {
        let body: Vec<u8> = ids.iter().flat_map(|id| transfer(*id).as_bytes().to_vec()).collect();
        apply(Operation::CreateTransfers, &body);
    }
    apply(Operation::Pulse, &[]);
    ledger
}

fn account(id: u128) -> Account {
    let flags = match id {
        1 | 2 => AccountFlags::HISTORY,
        3 => AccountFlags::DEBITS_MUST_NOT_EXCEED_CREDITS,
        _ => AccountFlags::NONE,
    };
    let user_data_32 = u32::from(id.is_multiple_of(2));
    // The last account is alone in its ledger, so that transfers to it are refused.
    let ledger = if id == ACCOUNTS { 2 } else { 1 };
    Account { id, ledger, code: 1, flags, user_data_32, ..Account::default() }
}

/// The transfer with this id: each kind comes again after ten, and each pair of accounts after others.
fn transfer(id: u128) -> Transfer {
    let (debit_account_id, credit_account_id) =
        [(1, 2), (2, 3), (4, 1), (3, 4), (2, 1), (4, 2), (1, 4)][usize::try_from(id % 7).unwrap_or_default()];
    let plain = Transfer {
        id,
        debit_account_id,
        credit_account_id,
        amount: id % 5,
        ledger: 1,
        code: u16::from(id.is_multiple_of(3)) + 1,
        user_data_64: u64::from(id.is_multiple_of(2)),
        ..Transfer::default()
    };
    let pending = Transfer { flags: TransferFlags::PENDING, ..plain };
    let resolving = Transfer { id, pending_id: id - 1, ..Transfer::default() };
    match id % 10 {
        1 | 3 => pending,
        2 => Transfer { flags: TransferFlags::POST_PENDING_TRANSFER, amount: u128::MAX, ..resolving },
        4 => Transfer { flags: TransferFlags::VOID_PENDING_TRANSFER, ..resolving },
        5 => Transfer { timeout: 1, ..pending },
        6 => Transfer { timeout: 100_000, ..pending },
        7 => Transfer { credit_account_id: 99, ..plain },
        // The fifth account closes once, early, and opens again when that expires.
        8 if id == 18 => Transfer {
            debit_account_id: 5,
            timeout: 1,
            flags: pending.flags | TransferFlags::CLOSING_DEBIT,
            ..pending
        },
        _ => plain,
    }
}
