//! Cold segments in a folder: restarts at every step, a disk that takes nothing, damage, a folder that is gone.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
#![expect(clippy::disallowed_methods, reason = "the tests damage files on purpose")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ids::Timestamp;
use ledger::{ColdFiles, LedgerMachine, Levels, Storage};
use ledger_core::{Account, AccountFlags, ColdOptions, Operation, Transfer};
use shard::{ShardError, StateMachine, guard};
use stdx::Coded as _;

const OPTIONS: ColdOptions = ColdOptions { keep_rows: 200, segment_blocks: 2 };
const SEGMENT: u64 = 92;

/// A ledger in a folder, beside one that keeps everything in memory.
struct Book {
    machine: LedgerMachine,
    storage: Storage,
    warm: LedgerMachine,
    stamp: u64,
    transfers: u128,
}

fn storage(folder: &Path, options: ColdOptions) -> Storage {
    Storage::with_cold(Arc::new(ColdFiles::new(folder.to_owned())), options)
}

impl Book {
    fn new(folder: &Path) -> Self {
        let storage = storage(folder, OPTIONS);
        let machine = LedgerMachine::genesis(&storage);
        let warm = LedgerMachine::genesis(&Storage::in_memory());
        let mut book = Self { machine, storage, warm, stamp: 0, transfers: 0 };
        let account =
            |id| Account { id, ledger: 1, code: 1, flags: AccountFlags::NONE, ..Account::default() };
        let body: Vec<u8> = (1..=4).flat_map(|id| account(id).as_bytes().to_vec()).collect();
        book.apply(Operation::CreateAccounts, &body);
        book
    }

    fn apply(&mut self, operation: Operation, body: &[u8]) {
        self.stamp += 1_000_000;
        let (mut cold, mut warm) = (Vec::new(), Vec::new());
        self.machine.apply(operation as u16, Timestamp(self.stamp), body, &mut cold);
        self.warm.apply(operation as u16, Timestamp(self.stamp), body, &mut warm);
        assert_eq!(cold, warm, "no reply depends on where transfers are");
        self.machine.maintain();
    }

    fn transfer(&mut self, count: u128) {
        let ids = self.transfers + 1..=self.transfers + count;
        self.transfers += count;
        let transfer = |id| Transfer {
            id,
            debit_account_id: 1 + id % 4,
            credit_account_id: 1 + (id + 1) % 4,
            amount: id,
            ledger: 1,
            code: 1,
            ..Transfer::default()
        };
        let body: Vec<u8> = ids.flat_map(|id| transfer(id).as_bytes().to_vec()).collect();
        self.apply(Operation::CreateTransfers, &body);
    }

    /// Maintains until nothing more is written or leaves the memory.
    fn settle(&mut self) {
        let full = u64::try_from(self.transfers).unwrap() / SEGMENT;
        until("everything is written that shall be", || {
            self.machine.maintain();
            let levels = self.storage.levels();
            levels.segments == full && levels.hot < u64::from(OPTIONS.keep_rows) + SEGMENT
        });
    }

    fn snapshot(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.machine.freeze().write(&mut bytes).unwrap();
        bytes
    }

    /// Lets go of the ledger and its files, as the end of a process does.
    fn end(&mut self, folder: &Path, options: ColdOptions) {
        self.machine = LedgerMachine::genesis(&Storage::in_memory());
        self.storage = storage(folder, options);
    }

    fn assert_whole(&self) {
        assert_eq!(self.machine.state_hash(), self.warm.state_hash());
        let all = self.warm.ledger().transfers_before(None, usize::MAX);
        assert_eq!(self.machine.ledger().transfers_before(None, usize::MAX), all);
        self.machine.ledger().verify_cold_segments().unwrap();
    }
}

/// Patience is for slow machines only; it decides nothing.
fn until(what: &str, mut reached: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if reached() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("never reached: {what}");
}

fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort_unstable();
    paths
}

fn folder(temp: &tempfile::TempDir) -> PathBuf {
    temp.path().join("cold")
}

#[test]
fn memory_holds_the_newest_and_answers_stay_the_same() {
    let temp = tempfile::tempdir().unwrap();
    let mut book = Book::new(&folder(&temp));
    for _ in 0..30 {
        book.transfer(50);
    }
    book.settle();
    let Levels { hot, cold, segments: count, bytes, .. } = book.storage.levels();
    assert_eq!(hot + cold, 1_500);
    assert!(
        hot >= u64::from(OPTIONS.keep_rows) && cold < count * SEGMENT,
        "some segments are in memory, too"
    );
    let files = segments(&folder(&temp));
    assert_eq!(files.len() as u64, count);
    assert_eq!(files.iter().map(|path| path.metadata().unwrap().len()).sum::<u64>(), bytes);
    assert_eq!(book.storage.failure(), None);
    book.assert_whole();
}

#[test]
fn the_ledger_waits_for_its_disk_when_it_holds_twice_too_much() {
    let temp = tempfile::tempdir().unwrap();
    let mut book = Book::new(&folder(&temp));
    for _ in 0..60 {
        book.transfer(90);
        let most = OPTIONS.hot_max() as u64 + 90;
        assert!(book.storage.levels().hot <= most, "{:?}", book.storage.levels());
    }
    book.assert_whole();
}

#[test]
fn a_restart_from_any_snapshot_or_from_empty_finds_what_it_needs() {
    let temp = tempfile::tempdir().unwrap();
    let folder = folder(&temp);
    let mut book = Book::new(&folder);
    let mut snapshots = Vec::new();
    for _ in 0..8 {
        book.transfer(150);
        book.settle();
        snapshots.push((book.snapshot(), book.warm.state_hash()));
    }
    for (bytes, state) in snapshots.iter().rev() {
        book.end(&folder, OPTIONS);
        let before = segments(&folder).len();
        book.machine = LedgerMachine::restore(bytes, &book.storage).unwrap();
        assert_eq!(book.machine.state_hash(), *state);
        let needed = book.machine.ledger().cold_segments().len();
        book.machine.maintain();
        until("only the segments needed remain", || segments(&folder).len() == needed);
        assert!(needed <= before);
        book.machine.ledger().verify_cold_segments().unwrap();
    }
    // What an older snapshot does not name is gone now: the newest one needs the journal again, and is refused.
    book.end(&folder, OPTIONS);
    let refused = LedgerMachine::restore(&snapshots[7].0, &book.storage).err().unwrap();
    assert!(refused.contains("needs a cold segment"), "{refused}");
}

#[test]
fn what_a_crash_leaves_behind_does_no_harm() {
    let temp = tempfile::tempdir().unwrap();
    let folder = folder(&temp);
    let mut book = Book::new(&folder);
    book.transfer(600);
    book.settle();
    let bytes = book.snapshot();
    let whole = segments(&folder);
    book.transfer(600);
    book.settle();
    // A segment after the snapshot, one that was never renamed, one of a ledger with other options, and a file of others.
    let foreign = folder.join(format!("{:010}-{}.cold", 0, "0".repeat(64)));
    std::fs::write(&foreign, b"another ledger's").unwrap();
    std::fs::write(folder.join("writing.partial"), b"half").unwrap();
    std::fs::write(folder.join("notes.txt"), b"mine").unwrap();
    book.end(&folder, ColdOptions { segment_blocks: 1, ..OPTIONS });
    book.machine = LedgerMachine::restore(&bytes, &book.storage).unwrap();
    book.machine.maintain();
    let mut expected = whole;
    expected.push(folder.join("notes.txt"));
    until("the rest is removed", || segments(&folder) == expected);
}

#[test]
fn a_disk_that_takes_nothing_leaves_the_ledger_in_memory() {
    let temp = tempfile::tempdir().unwrap();
    let folder = folder(&temp);
    std::fs::write(&folder, b"in the way").unwrap();
    let mut book = Book::new(&folder);
    until("the failure is told", || {
        book.transfer(50);
        book.storage.failure().is_some()
    });
    for _ in 0..40 {
        book.transfer(50);
    }
    let levels = book.storage.levels();
    assert_eq!((levels.hot, levels.cold), (u64::try_from(book.transfers).unwrap(), 0));
    assert!(levels.hot > OPTIONS.hot_max() as u64, "it goes on beyond twice");
    std::fs::remove_file(&folder).unwrap();
    book.settle();
    assert_eq!(book.storage.failure(), None);
    book.assert_whole();
}

#[test]
fn a_damaged_segment_ends_the_site_with_its_code() {
    let temp = tempfile::tempdir().unwrap();
    let folder = folder(&temp);
    let mut book = Book::new(&folder);
    book.transfer(600);
    book.settle();
    let bytes = book.snapshot();
    let victim = segments(&folder)[1].clone();
    let mut content = std::fs::read(&victim).unwrap();
    content[700] ^= 4;
    std::fs::write(&victim, &content).unwrap();
    // Rows are not read at the start: the damage is met when one is.
    book.end(&folder, OPTIONS);
    book.machine = LedgerMachine::restore(&bytes, &book.storage).unwrap();
    assert!(book.machine.ledger().transfer(1).is_some());
    let error = guard::<LedgerMachine, _>(|| Ok(book.machine.ledger().transfer(100))).unwrap_err();
    assert_eq!(error.code(), "LED-1501");
    let ShardError::Machine(failure) = error else { panic!("{error:?}") };
    assert_eq!(failure.to_string(), "cold segment 1: the checksum of block 0 does not match");
    // Columns are read at the start: a damaged one is met there, and an older snapshot or the journal takes its place.
    let columns = content.len() - 100;
    content[columns] ^= 4;
    std::fs::write(&victim, &content).unwrap();
    book.end(&folder, OPTIONS);
    let refused = LedgerMachine::restore(&bytes, &book.storage).err().unwrap();
    assert!(refused.contains("cold segment 1"), "{refused}");
}

#[test]
fn a_replay_heals_a_damaged_segment() {
    let temp = tempfile::tempdir().unwrap();
    let folder = folder(&temp);
    let mut book = Book::new(&folder);
    book.transfer(600);
    book.settle();
    for path in segments(&folder) {
        std::fs::write(path, b"rotten").unwrap();
    }
    let mut again = Book::new(&folder);
    again.transfer(600);
    again.settle();
    assert_eq!(segments(&folder).len() as u64, again.storage.levels().segments);
    again.assert_whole();
}

#[test]
fn a_folder_deleted_while_running_is_missed_only_by_a_restart() {
    let temp = tempfile::tempdir().unwrap();
    let folder = folder(&temp);
    let mut book = Book::new(&folder);
    book.transfer(600);
    book.settle();
    std::fs::remove_dir_all(&folder).unwrap();
    book.transfer(600);
    book.settle();
    book.assert_whole();
    let bytes = book.snapshot();
    book.end(&folder, OPTIONS);
    let refused = LedgerMachine::restore(&bytes, &book.storage).err().unwrap();
    assert!(refused.contains("needs a cold segment 0"), "{refused}");
}
