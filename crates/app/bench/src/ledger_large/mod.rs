//! `ledger-large`: far more transfers than memory should hold, in one ledger with its cold segments on the disk.

mod book;
mod lookups;
mod queries;

use std::path::Path;

use anyhow::{Context as _, Result};
use ledger_core::ColdOptions;

use crate::cli::LedgerLargeArgs;
use crate::clock;
use crate::machine;
use crate::report::{Report, Target};
use crate::scratch::{self, Steps};
use crate::stop::Stop;
use book::Book;

/// The size at which a restart is measured on the way, and the size after which its own key is named.
const RESTORED: u32 = 10_000_000;
const WHOLE: u32 = 100_000_000;

/// Runs the benchmark.
pub(crate) fn run(args: &LedgerLargeArgs, folder: &Path, stop: &Stop) -> Result<Report> {
    let mut report = Report::new("ledger-large");
    let steps = Steps::new("ledger-large: accounts");
    let folder = scratch::folder(folder)?;
    let options = ColdOptions { keep_rows: args.memory_transfers, ..ColdOptions::DEFAULT };
    let mut book = Book::open(folder.path(), args.accounts, options)?;

    let first = args.transfers.min(RESTORED);
    steps.next(format!("ledger-large: {first} transfers"));
    let mut took = book.grow_to(first, stop)?;
    steps.next("ledger-large: a restart");
    let restart = book.restart(options)?;
    let target = Target::Below(3.0);
    report.aim(
        "restore_s",
        restart.restored.as_secs_f64(),
        target,
        "from a snapshot of that many, from 10 M on",
    );
    report.figure(
        "restore_cpu_s",
        cpu_s(&restart),
        "the same by processor time: what others do does not count",
    );
    report.figure("restore_transfers", f64::from(first), "");
    note(&mut report, &restart);

    steps.next(format!("ledger-large: {} transfers", args.transfers));
    took += book.grow_to(args.transfers, stop)?;
    report.figure("transfers", f64::from(args.transfers), "");
    report.figure("accounts", f64::from(args.accounts), "");
    report.figure("load_per_s", f64::from(args.transfers) / took.as_secs_f64(), "applied, spilled meanwhile");
    report.figure("load_batch_max_ms", clock::ms(book.slowest_batch()), "the slowest batch of 8,190");
    let levels = book.levels();
    report.figure("hot_transfers", whole(levels.hot), "in memory");
    report.figure("cold_segments", whole(levels.segments), "");
    report.figure("cold_mb", whole(levels.bytes) / 1e6, "");

    steps.next("ledger-large: lookups");
    lookups::measure(&book, args.lookups, &mut report, stop)?;
    steps.next("ledger-large: queries");
    queries::measure(&book, args.lookups.min(10_000), &mut report, stop)?;
    if args.transfers > first {
        steps.next("ledger-large: another restart");
        let restart = book.restart(options)?;
        let key = if args.transfers == WHOLE { "restore_100m_s" } else { "restore_all_s" };
        report.figure(key, restart.restored.as_secs_f64(), "the same with all transfers");
        report.figure(key.replace("_s", "_cpu_s"), cpu_s(&restart), "");
        note(&mut report, &restart);
    }
    let rss = machine::peak_memory(std::process::id())
        .context("the kernel does not tell how much memory was used")?;
    report.aim(
        "rss_mb",
        whole(rss) / 1e6,
        Target::Below(8_000.0),
        "the most memory at any time, restarts included",
    );
    Ok(report)
}

/// Processor seconds of the restoring thread.
fn cpu_s(restart: &book::Restart) -> f64 {
    restart.restored_cpu.map_or(f64::NAN, |cpu| cpu.as_secs_f64())
}

fn note(report: &mut Report, restart: &book::Restart) {
    report.note(format!(
        "A snapshot of {:.0} MB was taken and stored in {:.1} s; read and restored in {:.1} s.",
        whole(restart.bytes) / 1e6,
        restart.stored.as_secs_f64(),
        restart.restored.as_secs_f64(),
    ));
}

#[expect(clippy::cast_precision_loss, reason = "counts and sizes are told to a few digits")]
fn whole(count: u64) -> f64 {
    count as f64
}
