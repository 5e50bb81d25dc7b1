//! `journal`: what the journal makes of the disk.
//!
//! The journal appends batches of 128 KiB, each made durable before the next. The measure is a file opened with `O_DSYNC`
//! that is appended to in writes of the same size: the least that anything durable must do. The two take turns, and the
//! order within a round changes from round to round, so that what else happens on the machine hits both alike.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use ids::Timestamp;
use journal::{Batch, Disk, Options, Position, RealDisk, Writer};
use rustix::fs::OFlags;

use crate::cli::JournalArgs;
use crate::clock;
use crate::meter::{Meter, median};
use crate::report::{Report, Target};
use crate::scratch::{self, Steps};
use crate::stop::Stop;
use crate::workload::Dice;

const SHARD: &str = "bench";
/// The size of a batch and of a write.
const WRITE_BYTES: usize = 128 << 10;
/// What the state machine would count in a batch of this size: 128 bytes each.
const COMMANDS: u32 = 1_023;

/// Runs the benchmark.
pub(crate) fn run(args: &JournalArgs, folder: &Path, stop: &Stop) -> Result<Report> {
    let steps = Steps::new("journal: first writes");
    let folder = scratch::folder(folder)?;
    let payload = payload();
    let mut journal = Journal::create(&folder.path().join("journal"))?;
    let mut plain = Plain::create(&folder.path().join("plain"))?;
    // The first writes to a new file cost more than the later ones.
    journal.append(&payload, args.writes)?;
    plain.append(&payload, args.writes)?;
    let (mut journal_rates, mut plain_rates) = (Vec::new(), Vec::new());
    journal.latencies.open();
    plain.latencies.open();
    for round in 1..=args.rounds {
        stop.check()?;
        steps.next(format!("journal: round {round} of {}", args.rounds));
        let journal_first = round % 2 == 0;
        if journal_first {
            journal_rates.push(journal.append(&payload, args.writes)?);
        }
        plain_rates.push(plain.append(&payload, args.writes)?);
        if !journal_first {
            journal_rates.push(journal.append(&payload, args.writes)?);
        }
    }
    let mut report = Report::new("journal");
    figures(&mut report, &journal_rates, &plain_rates);
    let seal_us = journal.seal_us(&payload)?;
    latencies(&mut report, journal, plain, seal_us);
    Ok(report)
}

fn figures(report: &mut Report, journal: &[f64], plain: &[f64]) {
    let (Some(append), Some(disk)) = (median(journal), median(plain)) else { return };
    let pairs: Vec<f64> = journal.iter().zip(plain).map(|(journal, plain)| journal / plain).collect();
    report.figure(
        "append_mb_per_s",
        append,
        "batches of 128 KiB, each durable before the next; MB = 10^6 bytes",
    );
    report.figure("disk_dsync_mb_per_s", disk, "O_DSYNC writes of 128 KiB, appended to a new file");
    report.aim("ratio", append / disk, Target::AtLeast(0.6), "the first over the second");
    if let Some(paired) = median(&pairs) {
        report.figure("ratio_paired", paired, "median of the rounds' own ratios: less moved by a noisy disk");
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of rounds is small")]
fn latencies(report: &mut Report, journal: Journal, plain: Plain, seal_us: f64) {
    let (journal, plain) = (journal.latencies.into_readings(), plain.latencies.into_readings());
    let overall = journal.mean_ms().recip() * plain.mean_ms();
    report.figure(
        "ratio_overall",
        overall,
        "of all bytes over all time: new segments and every disturbance included",
    );
    report.figure("append_p50_ms", journal.quantile_ms(0.5), "one batch");
    report.figure("append_p99_ms", journal.quantile_ms(0.99), "");
    report.figure("disk_p50_ms", plain.quantile_ms(0.5), "one write");
    report.figure("disk_p99_ms", plain.quantile_ms(0.99), "");
    report.figure("seal_us", seal_us, "of a batch's time: hashing and laying it out, no disk");
    report.figure("batches", journal.count() as f64, "");
}

/// Bytes that no disk can compress.
fn payload() -> Vec<u8> {
    let mut dice = Dice::new(128);
    (0..WRITE_BYTES / 8).flat_map(|_| dice.bits().to_le_bytes()).collect()
}

/// Megabytes per second.
#[expect(clippy::cast_precision_loss, reason = "a rate is told to a few digits")]
fn rate(writes: u32, took: Duration) -> f64 {
    (u64::from(writes) * WRITE_BYTES as u64) as f64 / took.as_secs_f64() / 1e6
}

/// The journal, led by this process.
struct Journal {
    writer: Writer,
    latencies: Meter,
}

impl Journal {
    fn create(folder: &Path) -> Result<Self> {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::create(folder)?);
        let mut takeover = Writer::take_over(disk, SHARD, Options::default(), Position::genesis())?;
        while takeover.next_record()?.is_some() {}
        let (writer, _) = takeover.lead(SHARD)?;
        Ok(Self { writer, latencies: Meter::new() })
    }

    fn batch<'a>(&self, payload: &'a [u8]) -> Batch<'a> {
        let seq = self.writer.position().seq.next();
        Batch { seq, timestamp: Timestamp(seq.0), commands: COMMANDS, payload, state: None }
    }

    fn append(&mut self, payload: &[u8], writes: u32) -> Result<f64> {
        let start = clock::now();
        for _ in 0..writes {
            let begun = clock::now();
            let batch = self.batch(payload);
            self.writer.append(&[batch])?;
            self.latencies.note(begun.elapsed());
        }
        Ok(rate(writes, start.elapsed()))
    }

    /// What a batch takes before it meets the disk, in microseconds. Nothing is appended.
    fn seal_us(&self, payload: &[u8]) -> Result<f64> {
        const TIMES: u32 = 200;
        let batch = self.batch(payload);
        let start = clock::now();
        for _ in 0..TIMES {
            std::hint::black_box(self.writer.chain().seal(&batch)?);
        }
        Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES))
    }
}

/// A plain file.
struct Plain {
    file: File,
    latencies: Meter,
}

impl Plain {
    #[expect(clippy::disallowed_methods, reason = "this is the file that the disk is measured with")]
    fn create(path: &Path) -> Result<Self> {
        let dsync = i32::try_from(OFlags::DSYNC.bits()).context("O_DSYNC is no flag of this system")?;
        let file = OpenOptions::new().append(true).create_new(true).custom_flags(dsync).open(path)?;
        Ok(Self { file, latencies: Meter::new() })
    }

    fn append(&mut self, bytes: &[u8], writes: u32) -> Result<f64> {
        let start = clock::now();
        for _ in 0..writes {
            let begun = clock::now();
            self.file.write_all(bytes)?;
            self.latencies.note(begun.elapsed());
        }
        Ok(rate(writes, start.elapsed()))
    }
}
