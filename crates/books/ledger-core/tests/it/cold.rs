//! A ledger whose old transfers are in a cold store answers like one that keeps them all in memory.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use ids::Timestamp;
use ledger_core::{
    Account, AccountFilter, AccountFlags, ChangeEventsFilter, ColdError, ColdOptions, ColdSegment, ColdStore,
    CreateTransferStatus, Extent, Ledger, Operation, Outcome, QueryFilter, QueryOperation, SnapshotError,
    Transfer, TransferFlags,
};

/// Segments in memory.
#[derive(Default)]
struct Shelf(Mutex<BTreeMap<u32, Vec<u8>>>);

impl Shelf {
    fn change(&self, segment: u32, change: impl FnOnce(&mut Vec<u8>)) {
        change(self.0.lock().unwrap().get_mut(&segment).unwrap());
    }
}

impl ColdStore for Shelf {
    fn read(&self, segment: &ColdSegment, offset: u64, bytes: &mut [u8]) -> Result<(), ColdError> {
        let segment = segment.segment;
        let shelf = self.0.lock().unwrap();
        let offset = usize::try_from(offset).unwrap();
        let part = shelf.get(&segment).and_then(|content| content.get(offset..offset + bytes.len()));
        let missing = ColdError { segment, what: "not there".to_owned() };
        part.map(|part| bytes.copy_from_slice(part)).ok_or(missing)
    }
}

const OPTIONS: ColdOptions = ColdOptions { keep_rows: 1_000, segment_blocks: 32 };
const SEGMENT: u32 = 2 * 736;

/// How many transfers a snapshot itself holds: a count of its header.
fn rows_in(snapshot: &[u8]) -> u32 {
    u32::from_le_bytes(snapshot[40..44].try_into().unwrap())
}

/// One core's way to do two things.
fn in_turn(one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
    other();
    one();
}

/// The same ledger twice, with and without a cold store.
struct Twins {
    warm: Ledger,
    cold: Ledger,
    shelf: Arc<Shelf>,
    clock: u64,
}

impl Twins {
    fn new(accounts: u128) -> Self {
        Self::with(accounts, OPTIONS)
    }

    fn with(accounts: u128, options: ColdOptions) -> Self {
        let shelf = Arc::new(Shelf::default());
        let cold = Ledger::with_cold_store(shelf.clone(), options);
        let mut twins = Self { warm: Ledger::new(), cold, shelf, clock: 0 };
        let body: Vec<u8> = (1..=accounts)
            .flat_map(|id| {
                let flags = AccountFlags::HISTORY;
                Account { id, ledger: 1, code: 1, flags, ..Account::default() }.as_bytes().to_vec()
            })
            .collect();
        twins.apply(Operation::CreateAccounts, &body);
        twins
    }

    fn apply(&mut self, operation: Operation, body: &[u8]) -> Vec<u32> {
        self.clock += 1_000_000_000;
        let (mut warm, mut cold) = (Vec::new(), Vec::new());
        self.warm.apply(operation, Timestamp(self.clock), body, &mut warm).unwrap();
        self.cold.apply(operation, Timestamp(self.clock), body, &mut cold).unwrap();
        assert_eq!(warm, cold);
        while let Some(spill) = self.cold.spill() {
            let mut bytes = Vec::new();
            let written: Result<_, ()> = spill.encode(|part| {
                bytes.extend_from_slice(part);
                Ok(())
            });
            self.shelf.0.lock().unwrap().insert(spill.segment(), bytes);
            self.cold.spilled(written.unwrap());
        }
        warm.chunks_exact(16).filter_map(Outcome::from_bytes).map(|outcome| outcome.status).collect()
    }

    fn transfers(&mut self, transfers: &[Transfer]) -> Vec<CreateTransferStatus> {
        let body: Vec<u8> = transfers.iter().flat_map(|transfer| transfer.as_bytes().to_vec()).collect();
        let statuses = self.apply(Operation::CreateTransfers, &body);
        statuses.into_iter().map(|status| CreateTransferStatus::from_u32(status).unwrap()).collect()
    }

    fn assert_equal(&self) {
        let changes =
            |ledger: &Ledger| ledger.changes(Extent::default(), ledger.extent(ledger.clock()), usize::MAX);
        assert_eq!(changes(&self.warm), changes(&self.cold));
        assert_eq!(self.warm.state_hash(), self.cold.state_hash());
        assert_eq!(self.warm.counts(), self.cold.counts());
        let all = self.warm.transfers_before(None, usize::MAX);
        assert_eq!(all, self.cold.transfers_before(None, usize::MAX));
        for view in all.iter().step_by(97) {
            assert_eq!(self.cold.transfer(view.transfer.id), Some(*view));
            assert_eq!(
                self.warm.transfers_before(Some(view.transfer.timestamp), 5),
                self.cold.transfers_before(Some(view.transfer.timestamp), 5)
            );
        }
        for account in self.warm.accounts_after(None, usize::MAX) {
            let statement = self.warm.account_transfers(account.id, None, usize::MAX);
            assert_eq!(statement, self.cold.account_transfers(account.id, None, usize::MAX));
            self.assert_same_answers(account.id);
        }
        self.cold.check_invariants().unwrap();
    }
}

impl Twins {
    fn assert_same_answers(&self, account_id: u128) {
        let answer = |ledger: &Ledger, operation, body: &[u8]| {
            let mut out = Vec::new();
            ledger.answer(operation, body, &mut out).unwrap();
            out
        };
        let both = AccountFilter::DEBITS | AccountFilter::CREDITS;
        for flags in [both, both | AccountFilter::REVERSED] {
            for timestamp_min in [0, 6_000_000_000] {
                let filter =
                    AccountFilter { account_id, limit: 500, flags, timestamp_min, ..Default::default() };
                for operation in [QueryOperation::GetAccountTransfers, QueryOperation::GetAccountBalances] {
                    let warm = answer(&self.warm, operation, filter.as_bytes());
                    assert_eq!(warm.len(), 500 * 128);
                    assert_eq!(warm, answer(&self.cold, operation, filter.as_bytes()));
                }
            }
        }
        let filter = QueryFilter { user_data_128: account_id * 700, limit: 10, ..Default::default() };
        let operation = QueryOperation::QueryTransfers;
        let warm = answer(&self.warm, operation, filter.as_bytes());
        assert_eq!(warm.len(), 128);
        assert_eq!(warm, answer(&self.cold, operation, filter.as_bytes()));
        let filter = ChangeEventsFilter { limit: 100, timestamp_min: 5_000_000_000, ..Default::default() };
        let operation = QueryOperation::GetChangeEvents;
        let warm = answer(&self.warm, operation, filter.as_bytes());
        assert_eq!(warm, answer(&self.cold, operation, filter.as_bytes()));
    }
}

fn transfer(id: u128) -> Transfer {
    Transfer {
        id,
        debit_account_id: 1 + id % 5,
        credit_account_id: 6 + id % 3,
        amount: id,
        user_data_128: id * 7,
        user_data_64: 9,
        user_data_32: 11,
        ledger: 1,
        code: 3,
        ..Transfer::default()
    }
}

/// Eight accounts and 6,000 transfers; every tenth pending, with a timeout of an hour for some.
fn twins() -> Twins {
    let mut twins = Twins::new(8);
    for first in (1..6_000u128).step_by(500) {
        let batch: Vec<Transfer> = (first..first + 500)
            .map(|id| match id % 10 {
                0 => Transfer { flags: TransferFlags::PENDING, timeout: 3_600, ..transfer(id) },
                5 => Transfer { flags: TransferFlags::PENDING, ..transfer(id) },
                _ => transfer(id),
            })
            .collect();
        twins.transfers(&batch);
    }
    twins
}

#[test]
fn cold_transfers_answer_like_warm_ones() {
    let twins = twins();
    assert_eq!(twins.cold.cold_segments().len(), 4, "every full segment is written");
    assert!(twins.cold.cold_segments().iter().all(|segment| segment.rows == SEGMENT));
    assert_eq!(
        twins.cold.hot_transfers(),
        6_000 - 3 * SEGMENT as usize,
        "the newest of them stays in memory"
    );
    twins.cold.verify_cold_segments().unwrap();
    twins.assert_equal();
}

#[test]
fn cold_pending_transfers_are_posted_voided_and_expire() {
    let mut twins = twins();
    let resolve =
        |id, pending_id, flags| Transfer { id, pending_id, flags, amount: 0, ..Transfer::default() };
    use CreateTransferStatus as Status;
    let statuses = twins.transfers(&[
        Transfer { amount: u128::MAX, ..resolve(10_001, 5, TransferFlags::POST_PENDING_TRANSFER) },
        resolve(10_002, 15, TransferFlags::VOID_PENDING_TRANSFER),
        resolve(10_003, 15, TransferFlags::VOID_PENDING_TRANSFER),
        resolve(10_004, 10, TransferFlags::VOID_PENDING_TRANSFER),
        // A chain that fails takes back what it did to a cold transfer.
        resolve(10_005, 25, TransferFlags::VOID_PENDING_TRANSFER | TransferFlags::LINKED),
        resolve(10_006, 15, TransferFlags::VOID_PENDING_TRANSFER),
        Transfer { flags: TransferFlags::PENDING, timeout: 3_600, ..transfer(20) },
        transfer(1),
        Transfer { amount: 2, ..transfer(1) },
    ]);
    assert_eq!(
        statuses,
        [
            Status::Created,
            Status::Created,
            Status::PendingTransferAlreadyVoided,
            Status::Created,
            Status::LinkedEventFailed,
            Status::PendingTransferAlreadyVoided,
            Status::Exists,
            Status::Exists,
            Status::ExistsWithDifferentAmount,
        ]
    );
    twins.assert_equal();
    twins.clock += 4_000_000_000_000;
    twins.apply(Operation::Pulse, &[]);
    assert_eq!(twins.cold.next_expiry(), None);
    let late = twins.transfers(&[resolve(10_007, 20, TransferFlags::POST_PENDING_TRANSFER)]);
    assert_eq!(late, [Status::PendingTransferExpired]);
    twins.assert_equal();
}

#[test]
fn a_snapshot_names_cold_segments_and_goes_on() {
    let mut twins = twins();
    let mut bytes = Vec::new();
    twins.cold.snapshot(&mut bytes);
    assert_eq!(
        rows_in(&bytes),
        6_000 - 4 * SEGMENT,
        "what is in segments is not copied, not even from memory"
    );
    twins.cold = Ledger::restore_with_cold_store(&bytes, twins.shelf.clone(), OPTIONS, &in_turn).unwrap();
    twins.assert_equal();
    let more: Vec<Transfer> = (7_000..9_000).map(transfer).collect();
    twins.transfers(&more);
    assert_eq!(twins.cold.cold_segments().len(), 5);
    assert_eq!(twins.cold.hot_transfers(), 8_000 - 4 * SEGMENT as usize, "it fills up again");
    twins.assert_equal();
    // Another size for new segments does not break the old ones.
    let mut bytes = Vec::new();
    twins.cold.snapshot(&mut bytes);
    let options = ColdOptions { keep_rows: 0, segment_blocks: 16 };
    twins.cold = Ledger::restore_with_cold_store(&bytes, twins.shelf.clone(), options, &in_turn).unwrap();
    let more: Vec<Transfer> = (9_000..11_000).map(transfer).collect();
    twins.transfers(&more);
    twins.assert_equal();
}

#[test]
fn a_missing_or_damaged_segment_is_named() {
    let twins = twins();
    let mut bytes = Vec::new();
    twins.cold.snapshot(&mut bytes);
    let restore = || Ledger::restore_with_cold_store(&bytes, twins.shelf.clone(), OPTIONS, &in_turn).err();
    assert_eq!(restore(), None);
    let end = twins.shelf.0.lock().unwrap()[&1].len();
    let columns = SEGMENT as usize / 46 * 4_096;
    let directory = columns + SEGMENT as usize * 24;
    let guide = directory + 80;
    for at in [columns, columns + 5_000, directory, directory + 79, guide, guide + 300] {
        twins.shelf.change(1, |content| content[at] ^= 1);
        let error = restore();
        assert!(matches!(&error, Some(SnapshotError::Cold(error)) if error.segment == 1), "{at}: {error:?}");
        twins.shelf.change(1, |content| content[at] ^= 1);
    }
    for at in [100, end - 1] {
        twins.shelf.change(1, |content| content[at] ^= 1);
        let error = twins.cold.verify_cold_segments().unwrap_err();
        assert_eq!(error.to_string(), "cold segment 1: its content is not what was written");
        twins.shelf.change(1, |content| content[at] ^= 1);
    }
    twins.shelf.0.lock().unwrap().remove(&1);
    assert!(matches!(restore(), Some(SnapshotError::Cold(_))));
    let without = Ledger::restore(&bytes).err().map(|error| error.to_string());
    assert_eq!(
        without.as_deref(),
        Some("the snapshot needs a cold segment 0: this ledger has no cold store")
    );
}

#[test]
fn a_ledger_never_goes_on_from_a_damaged_block() {
    let twins = twins();
    twins.shelf.change(0, |content| content[100] ^= 1);
    let unwound = catch_unwind(AssertUnwindSafe(|| twins.cold.transfer(1))).unwrap_err();
    let error = unwound.downcast::<ColdError>().unwrap();
    assert_eq!(stdx::Coded::code(&*error), "LED-1501");
    assert_eq!(error.to_string(), "cold segment 0: the checksum of block 0 does not match");
}

#[test]
fn segments_may_be_smaller_than_a_page() {
    for (keep_rows, segment_blocks) in [(0, 1), (100, 3), (500, 16), (0, 17)] {
        let options = ColdOptions { keep_rows, segment_blocks };
        let mut twins = Twins::with(8, options);
        for first in (1..2_990u128).step_by(299) {
            let batch: Vec<Transfer> = (first..first + 299).map(transfer).collect();
            twins.transfers(&batch);
            let mut bytes = Vec::new();
            twins.cold.snapshot(&mut bytes);
            twins.cold =
                Ledger::restore_with_cold_store(&bytes, twins.shelf.clone(), options, &in_turn).unwrap();
        }
        twins.cold.verify_cold_segments().unwrap();
        assert!(twins.cold.hot_transfers() <= (keep_rows + segment_blocks * 46) as usize);
        assert_eq!(twins.warm.state_hash(), twins.cold.state_hash());
        let all = twins.warm.transfers_before(None, usize::MAX);
        assert_eq!(all, twins.cold.transfers_before(None, usize::MAX));
    }
}

/// Records whose fields have few values, so that several of them meet in queries.
fn varied(id: u128, of: u64) -> Transfer {
    let bits = (u64::try_from(id).unwrap() + of).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let field = |shift: u32, values: u64| (bits >> shift) % values;
    Transfer {
        user_data_128: field(10, 3).into(),
        user_data_64: field(20, 40),
        user_data_32: u32::try_from(field(30, 500)).unwrap(),
        code: u16::try_from(1 + field(40, 4)).unwrap(),
        ..transfer(id)
    }
}

fn query(ledger: &Ledger, filter: &QueryFilter) -> Vec<Transfer> {
    let mut out = Vec::new();
    ledger.answer(QueryOperation::QueryTransfers, filter.as_bytes(), &mut out).unwrap();
    out.chunks_exact(128).filter_map(Transfer::from_bytes).collect()
}

/// All pages of a search, one after the other.
fn searched(ledger: &Ledger, filter: &QueryFilter) -> Vec<Transfer> {
    let (mut all, mut filter) = (Vec::new(), *filter);
    loop {
        let found = ledger.search_transfers(&filter);
        all.extend(found.records.iter().map(|view| view.transfer));
        match found.next {
            None => return all,
            Some(next) if filter.flags == 0 => filter.timestamp_min = next + 1,
            Some(next) => filter.timestamp_max = next - 1,
        }
    }
}

fn fits(filter: &QueryFilter, transfer: &Transfer) -> bool {
    let fits = |asked: u128, actual: u128| asked == 0 || asked == actual;
    fits(filter.user_data_128, transfer.user_data_128)
        && fits(filter.user_data_64.into(), transfer.user_data_64.into())
        && fits(filter.user_data_32.into(), transfer.user_data_32.into())
        && fits(filter.ledger.into(), transfer.ledger.into())
        && fits(filter.code.into(), transfer.code.into())
        && filter.timestamp_min <= transfer.timestamp
        && (filter.timestamp_max == 0 || transfer.timestamp <= filter.timestamp_max)
}

#[test]
fn a_query_finds_the_same_in_memory_in_segments_and_by_looking_at_everything() {
    for options in [OPTIONS, ColdOptions { keep_rows: 0, segment_blocks: 3 }] {
        let mut twins = Twins::with(8, options);
        for first in (1..6_000u128).step_by(500) {
            let batch: Vec<Transfer> = (first..first + 500).map(|id| varied(id, 0)).collect();
            twins.transfers(&batch);
        }
        let mut bytes = Vec::new();
        twins.cold.snapshot(&mut bytes);
        let restored =
            Ledger::restore_with_cold_store(&bytes, twins.shelf.clone(), options, &in_turn).unwrap();
        let all = twins.warm.transfers_before(None, usize::MAX);
        let oldest_first: Vec<Transfer> = all.iter().rev().map(|view| view.transfer).collect();
        let none = QueryFilter { limit: 8_189, ..QueryFilter::default() };
        let of = |id: u128| {
            let Transfer { user_data_128, user_data_64, user_data_32, ledger, code, timestamp, .. } =
                oldest_first[usize::try_from(id).unwrap()];
            QueryFilter {
                user_data_128,
                user_data_64,
                user_data_32,
                ledger,
                code,
                timestamp_min: timestamp,
                ..none
            }
        };
        let mut filters =
            vec![none, QueryFilter { user_data_64: 41, ..none }, QueryFilter { ledger: 2, ..none }];
        for mask in 0..64u128 {
            let whole = of(mask * 90);
            let keep = |bit: u32| mask >> bit & 1 == 1;
            filters.push(QueryFilter {
                user_data_128: if keep(0) { whole.user_data_128 } else { 0 },
                user_data_64: if keep(1) { whole.user_data_64 } else { 0 },
                user_data_32: if keep(2) { whole.user_data_32 } else { 0 },
                ledger: if keep(3) { whole.ledger } else { 0 },
                code: if keep(4) { whole.code } else { 0 },
                timestamp_min: if keep(5) { whole.timestamp_min } else { 0 },
                timestamp_max: if keep(1) { 0 } else { of(5_900).timestamp_min },
                ..none
            });
        }
        let mut found = 0;
        for filter in filters {
            let mut expected: Vec<Transfer> =
                oldest_first.iter().filter(|transfer| fits(&filter, transfer)).copied().collect();
            for flags in [0, QueryFilter::REVERSED] {
                for (ledger, name) in [(&twins.warm, "warm"), (&twins.cold, "cold"), (&restored, "restored")]
                {
                    let filter = QueryFilter { flags, ..filter };
                    assert_eq!(query(ledger, &filter), expected, "{name}: {filter:?}");
                    assert_eq!(searched(ledger, &filter), expected, "{name}: {filter:?}");
                    let few = QueryFilter { limit: 3, ..filter };
                    assert_eq!(query(ledger, &few), expected[..expected.len().min(3)], "{name}: {few:?}");
                }
                expected.reverse();
            }
            found += expected.len();
        }
        assert!(found > 10_000, "{found} found: the filters ask for too little to mean much");
    }
}

#[test]
fn a_damaged_list_is_named_when_it_is_asked() {
    let mut twins = Twins::new(8);
    for first in (1..6_000u128).step_by(500) {
        let batch: Vec<Transfer> = (first..first + 500).map(|id| varied(id, 0)).collect();
        twins.transfers(&batch);
    }
    let end = twins.shelf.0.lock().unwrap()[&0].len();
    twins.shelf.change(0, |content| content[end - 100] ^= 1);
    let filter = QueryFilter { code: 4, limit: 10, ..QueryFilter::default() };
    let unwound = catch_unwind(AssertUnwindSafe(|| query(&twins.cold, &filter))).unwrap_err();
    let error = unwound.downcast::<ColdError>().unwrap();
    assert!(error.to_string().starts_with("cold segment 0: the checksum of list block"), "{error}");
}
