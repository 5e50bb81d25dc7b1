//! The ledger under test: a leader without a journal, and its folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use ids::Timestamp;
use journal::Position;
use ledger::{ColdFiles, LedgerMachine, Levels, Storage};
use ledger_core::{
    Account, ColdOptions, CreateTransferStatus, EVENT_BYTES, Ledger, OUTCOME_BYTES, Operation,
    Outcome as EventOutcome, Transfer,
};
use shard::{Leader, Outcome, Replica, Request, Snapshot, SnapshotStore};

use crate::clock;
use crate::stop::Stop;
use crate::workload::{BATCH, Dice};

const SHARD: &str = "bench";
/// When the first batch is stamped, and how far apart they are: fixed, so that every run makes the same ledger.
const FIRST_STAMP: u64 = 1_767_225_600_000_000_000;
const STAMP_STEP: u64 = 10_000_000;

/// A ledger that grows.
pub(super) struct Book {
    folder: PathBuf,
    storage: Storage,
    /// Nothing only while the ledger is restarted.
    leader: Option<Leader<LedgerMachine, ()>>,
    dice: Dice,
    accounts: u32,
    transfers: u32,
    stamp: u64,
    slowest: Duration,
}

/// What a restart took.
pub(super) struct Restart {
    pub(super) bytes: u64,
    /// Taking the snapshot and writing it, durably.
    pub(super) stored: Duration,
    /// Reading and checking the snapshot, and building the ledger.
    pub(super) restored: Duration,
    /// The processor time of the restoring thread, if the kernel tells.
    pub(super) restored_cpu: Option<Duration>,
}

fn storage(folder: &Path, options: ColdOptions) -> Storage {
    Storage::with_cold(Arc::new(ColdFiles::new(cold_folder(folder))), options)
}

fn cold_folder(folder: &Path) -> PathBuf {
    folder.join("cold")
}

impl Book {
    /// A ledger with accounts and nothing else.
    pub(super) fn open(folder: &Path, accounts: u32, options: ColdOptions) -> Result<Self> {
        let storage = storage(folder, options);
        let mut book = Self {
            folder: folder.to_owned(),
            leader: Some(Leader::new(Replica::genesis(&storage))),
            storage,
            dice: Dice::new(11),
            accounts,
            transfers: 0,
            stamp: FIRST_STAMP,
            slowest: Duration::ZERO,
        };
        let ids: Vec<u32> = (1..=accounts).collect();
        for ids in ids.chunks(BATCH) {
            let account = |id: &u32| Account { id: (*id).into(), ledger: 1, code: 1, ..Account::default() };
            let body = ids.iter().map(account).flat_map(|account| account.as_bytes().to_vec()).collect();
            book.execute(Operation::CreateAccounts, body)?;
        }
        book.slowest = Duration::ZERO;
        Ok(book)
    }

    /// Books transfers until there are so many. The time is that of applying alone.
    pub(super) fn grow_to(&mut self, transfers: u32, stop: &Stop) -> Result<Duration> {
        let mut took = Duration::ZERO;
        while self.transfers < transfers {
            stop.check()?;
            let count = (transfers - self.transfers).min(8_190);
            let mut body = Vec::with_capacity(count as usize * EVENT_BYTES);
            for _ in 0..count {
                self.transfers += 1;
                let transfer = self.draw(self.transfers);
                body.extend_from_slice(transfer.as_bytes());
            }
            took += self.execute(Operation::CreateTransfers, body)?;
        }
        Ok(took)
    }

    fn draw(&mut self, number: u32) -> Transfer {
        let accounts = u64::from(self.accounts);
        let debit = self.dice.bits() % accounts;
        let credit = (debit + 1 + self.dice.bits() % (accounts - 1)) % accounts;
        Transfer {
            id: id_of(number),
            debit_account_id: u128::from(debit) + 1,
            credit_account_id: u128::from(credit) + 1,
            amount: u128::from(self.dice.bits() % 10_000 + 1),
            ledger: 1,
            ..carried_by(number)
        }
    }

    /// One batch; every one of its commands must be done.
    fn execute(&mut self, operation: Operation, body: Vec<u8>) -> Result<Duration> {
        let leader = self.leader.as_mut().context("the ledger is restarted")?;
        self.stamp += STAMP_STEP;
        let start = clock::now();
        if let Err(((), error)) = leader.submit(Request::forgotten(operation as u16, body), ()) {
            return Err(error.into());
        }
        let batch = leader.next_batch(Timestamp(self.stamp)).context("the leader made no batch")?;
        leader.replica_mut().maintain();
        leader.durable(batch.seq);
        let took = start.elapsed();
        self.slowest = self.slowest.max(took);
        for ((), outcome) in leader.take_released() {
            let Outcome::Reply(reply) = outcome else { bail!("a request was not executed: {outcome:?}") };
            let outcomes = reply.bytes.chunks_exact(OUTCOME_BYTES).filter_map(EventOutcome::from_bytes);
            let refused = outcomes.filter(|o| o.status != CreateTransferStatus::Created as u32).count();
            ensure!(refused == 0 && !reply.bytes.is_empty(), "{refused} commands were refused");
        }
        Ok(took)
    }

    /// Stores a snapshot, forgets the ledger, and restores it as a site does that starts.
    pub(super) fn restart(&mut self, options: ColdOptions) -> Result<Restart> {
        let leader = self.leader.take().context("the ledger is restarted")?;
        let mut replica = leader.into_replica();
        let (seq, before) = (replica.seq(), replica.state_hash());
        let store = SnapshotStore::open(self.folder.join("snapshots"), SHARD)?;
        let start = clock::now();
        let snapshot = Snapshot::freeze(SHARD, Position { seq, ..Position::genesis() }, &mut replica);
        let bytes = snapshot.bytes() as u64;
        store.store(seq, snapshot)?;
        let stored = start.elapsed();
        drop(replica);
        self.storage = storage(&self.folder, options);
        let (newest, took) = clock::timed(|| store.newest::<LedgerMachine>(&self.storage));
        let snapshot = newest?.context("the snapshot is unusable")?;
        ensure!(snapshot.replica.state_hash() == before, "the restored ledger is another one");
        let mut replica = snapshot.replica;
        replica.maintain();
        self.leader = Some(Leader::new(replica));
        Ok(Restart { bytes, stored, restored: took.wall, restored_cpu: took.cpu })
    }

    pub(super) fn ledger(&self) -> Result<&Ledger> {
        let leader = self.leader.as_ref().context("the ledger is restarted")?;
        Ok(leader.replica().machine().ledger())
    }

    pub(super) fn accounts(&self) -> u32 {
        self.accounts
    }

    pub(super) fn transfers(&self) -> u32 {
        self.transfers
    }

    pub(super) fn levels(&self) -> Levels {
        self.storage.levels()
    }

    pub(super) fn slowest_batch(&self) -> Duration {
        self.slowest
    }

    /// The files of cold segments.
    pub(super) fn cold_files(&self) -> Result<Vec<PathBuf>> {
        std::fs::read_dir(cold_folder(&self.folder))?.map(|entry| Ok(entry?.path())).collect()
    }
}

/// What a transfer carries besides money: an order of its own, one of a million payers, one of ten thousand merchants, and one
/// of a hundred codes.
pub(super) fn carried_by(number: u32) -> Transfer {
    let mut dice = Dice::new(u64::from(number) << 32);
    let mut one_of = |many: u64| 1 + dice.bits() % many;
    Transfer {
        user_data_128: u128::from(one_of(u64::MAX)) << 32 | u128::from(number),
        user_data_64: one_of(1_000_000),
        user_data_32: u32::try_from(one_of(10_000)).unwrap_or(1),
        code: u16::try_from(one_of(100)).unwrap_or(1),
        ..Transfer::default()
    }
}

/// The id of a transfer: nothing about it tells where it lies.
pub(super) fn id_of(number: u32) -> u128 {
    let bits = Dice::new(u64::from(number)).bits();
    u128::from(bits) << 64 | u128::from(number)
}
