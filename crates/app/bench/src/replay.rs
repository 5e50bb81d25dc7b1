//! `replay-journal`: a journal from the disk into an empty ledger, as a site does that starts without a snapshot.
//!
//! The journal is made by a real leader: full batches of transfers between 10,000 accounts. Before each pass the kernel is
//! told to forget the files, so that they come from the disk. A pass makes every check that a site makes: checksums,
//! hash chain, links, and the state hashes that the leader wrote down. At its end the whole state must have the leader's
//! hash.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use ids::{Seq, Timestamp};
use journal::{Batch, Disk, Options, Position, Reader, RealDisk, Record, Writer};
use ledger::{LedgerMachine, Storage};
use ledger_core::{CreateTransferStatus, OUTCOME_BYTES, Outcome as EventOutcome};
use rustix::fs::{Advice, fadvise};
use shard::{Leader, Outcome, Replica, Request};
use stdx::Digest;

use crate::cli::ReplayArgs;
use crate::clock::{self, Took};
use crate::meter::median;
use crate::report::{Report, Target};
use crate::scratch::{self, Steps};
use crate::stop::Stop;
use crate::transfers;
use crate::workload::{BATCH, Dice};

const SHARD: &str = "bench";
/// When the first batch is stamped, and how far apart they are: fixed, so that every run makes the same journal.
const FIRST_STAMP: u64 = 1_767_225_600_000_000_000;
const STAMP_STEP: u64 = 10_000_000;

/// Runs the benchmark.
pub(crate) fn run(args: &ReplayArgs, folder: &Path, stop: &Stop) -> Result<Report> {
    let steps = Steps::new("replay-journal: writing");
    let folder = scratch::folder(folder)?;
    let journal = folder.path().to_owned();
    let written = write_journal(&journal, args.batches, stop)?;
    let mut report = Report::new("replay-journal");
    let (mut whole, mut reading, mut applying) = (Rates::default(), Rates::default(), Rates::default());
    for round in 1..=args.rounds {
        stop.check()?;
        steps.next(format!("replay-journal: round {round} of {}", args.rounds));
        forget(&journal)?;
        let (replica, took) = clock::timed(|| replay(&journal));
        whole.add(&written, took);
        check(&replica?, &written, &mut report);
        stop.check()?;
        forget(&journal)?;
        let (records, took) = clock::timed(|| read(&journal));
        reading.add(&written, took);
        let records = records?;
        let (applied, took) = clock::timed(|| apply(&records));
        applying.add(&written, took);
        check(&applied?, &written, &mut report);
    }
    figures(&mut report, &written, &whole, &reading, &applying);
    Ok(report)
}

/// Compares a replayed state with the leader's.
fn check(replica: &Replica<LedgerMachine>, written: &Written, report: &mut Report) {
    let (seq, state_hash) = (replica.seq(), replica.state_hash());
    if seq != written.seq || state_hash != written.state_hash {
        report.fault(format!(
            "the replay ended at batch {seq} with state {state_hash}, but the leader at {} with {}",
            written.seq, written.state_hash
        ));
    }
}

/// The rates of one kind of pass, round by round.
#[derive(Default)]
struct Rates {
    wall: Vec<f64>,
    cpu: Vec<f64>,
}

impl Rates {
    fn add(&mut self, written: &Written, took: Took) {
        self.wall.push(written.per_s(took.wall));
        self.cpu.extend(took.cpu.map(|cpu| written.per_s(cpu)));
    }

    fn wall(&self) -> f64 {
        median(&self.wall).unwrap_or(f64::NAN)
    }

    fn cpu(&self) -> f64 {
        median(&self.cpu).unwrap_or(f64::NAN)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and sizes are told to a few digits")]
fn figures(report: &mut Report, written: &Written, whole: &Rates, reading: &Rates, applying: &Rates) {
    let target = Target::AtLeast(1_000_000.0);
    report.aim("commands_per_s", whole.wall(), target, "from the disk to an applied state, on one thread");
    report.figure(
        "commands_per_cpu_s",
        whole.cpu(),
        "the same by processor time: what others do does not count",
    );
    report.figure("read_verify_per_s", reading.wall(), "reading and checking alone");
    report.figure("read_verify_per_cpu_s", reading.cpu(), "");
    report.figure("apply_per_s", applying.wall(), "applying alone, from memory");
    report.figure("apply_per_cpu_s", applying.cpu(), "");
    let share = whole.cpu() / reading.cpu();
    report.figure("read_verify_cpu_share", share, "of the whole: reading and checking; the rest is applying");
    report.figure(
        "lead_per_s",
        written.per_s(written.took),
        "making the journal: leader and writer on one thread",
    );
    report.figure("commands", written.commands as f64, "");
    report.figure("journal_mb", written.bytes as f64 / 1e6, "");
    report.note(format!("State hash of leader and replay: {}", written.state_hash));
}

/// A journal and what its leader knows of it.
struct Written {
    seq: Seq,
    state_hash: Digest,
    commands: u64,
    bytes: u64,
    took: Duration,
}

impl Written {
    #[expect(clippy::cast_precision_loss, reason = "a rate is told to a few digits")]
    fn per_s(&self, took: Duration) -> f64 {
        self.commands as f64 / took.as_secs_f64()
    }
}

/// The leader of a shard, driven by hand.
struct Lead {
    leader: Leader<LedgerMachine, ()>,
    writer: Writer,
    commands: u64,
    stamp: u64,
}

fn write_journal(folder: &Path, batches: u32, stop: &Stop) -> Result<Written> {
    let start = clock::now();
    let mut lead = Lead::take(folder)?;
    for request in transfers::open_accounts() {
        lead.execute(request)?;
    }
    let mut dice = Dice::new(1);
    for batch in 0..u64::from(batches) {
        stop.check()?;
        lead.execute(transfers::batch(batch * BATCH as u64, &mut dice))?;
    }
    let took = start.elapsed();
    let Lead { mut leader, writer, commands, .. } = lead;
    let state_hash = leader.replica_mut().state_hash();
    Ok(Written { seq: writer.position().seq, state_hash, commands, bytes: size(folder)?, took })
}

impl Lead {
    fn take(folder: &Path) -> Result<Self> {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::create(folder)?);
        let mut takeover =
            Writer::take_over(Arc::clone(&disk), SHARD, Options::default(), Position::genesis())?;
        while takeover.next_record()?.is_some() {}
        let (writer, _) = takeover.lead(SHARD)?;
        // The new leader's own record is the first of the journal.
        let mut replica = Replica::genesis(&Storage::in_memory());
        let mut reader = Reader::open(disk, SHARD, Position::genesis())?;
        while let Some(record) = reader.next_record()? {
            replica.apply(&record)?;
        }
        Ok(Self { leader: Leader::new(replica), writer, commands: 0, stamp: FIRST_STAMP })
    }

    /// One request, one batch, durable; every one of its commands must be done.
    fn execute(&mut self, request: Request) -> Result<()> {
        if let Err(((), error)) = self.leader.submit(request, ()) {
            return Err(error.into());
        }
        self.stamp += STAMP_STEP;
        let out = self.leader.next_batch(Timestamp(self.stamp)).context("the leader made no batch")?;
        let batch = Batch {
            seq: out.seq,
            timestamp: out.timestamp,
            commands: out.commands,
            payload: &out.payload,
            state: out.state,
        };
        self.writer.append(&[batch])?;
        self.leader.durable(out.seq);
        self.commands += u64::from(out.commands);
        for ((), outcome) in self.leader.take_released() {
            let Outcome::Reply(reply) = outcome else { bail!("a request was not executed: {outcome:?}") };
            let all_done = reply.bytes.chunks_exact(OUTCOME_BYTES).all(is_done);
            ensure!(all_done && !reply.bytes.is_empty(), "a command was refused");
        }
        Ok(())
    }
}

/// Both kinds of commands give this outcome the same number.
fn is_done(outcome: &[u8]) -> bool {
    EventOutcome::from_bytes(outcome)
        .is_some_and(|outcome| outcome.status == CreateTransferStatus::Created as u32)
}

/// The pass that counts.
fn replay(folder: &Path) -> Result<Replica<LedgerMachine>> {
    let mut replica = Replica::genesis(&Storage::in_memory());
    let mut reader = reader(folder)?;
    while let Some(record) = reader.next_record()? {
        replica.apply(&record)?;
    }
    Ok(replica)
}

fn read(folder: &Path) -> Result<Vec<Record>> {
    let mut reader = reader(folder)?;
    std::iter::from_fn(|| reader.next_record().transpose()).map(|record| Ok(record?)).collect()
}

fn apply(records: &[Record]) -> Result<Replica<LedgerMachine>> {
    let mut replica = Replica::genesis(&Storage::in_memory());
    records.iter().try_for_each(|record| replica.apply(record))?;
    Ok(replica)
}

fn reader(folder: &Path) -> Result<Reader> {
    Ok(Reader::open(Arc::new(RealDisk::open(folder)?), SHARD, Position::genesis())?)
}

/// Has the kernel drop what it holds of the journal in memory. It is durable, so nothing is lost.
fn forget(folder: &Path) -> Result<()> {
    for path in files(folder)? {
        fadvise(&open(&path)?, 0, None, Advice::DontNeed)?;
    }
    Ok(())
}

fn size(folder: &Path) -> Result<u64> {
    files(folder)?.iter().try_fold(0, |sum, path| Ok(sum + open(path)?.metadata()?.len()))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

#[expect(clippy::disallowed_methods, reason = "only to advise the kernel and to measure")]
fn open(path: &Path) -> std::io::Result<File> {
    File::open(path)
}
