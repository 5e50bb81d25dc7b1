//! `ledger`: the books against TigerBeetle, and the ledger's own speed.

mod apply;
mod records;

use anyhow::Result;

use crate::cli::LedgerArgs;
use crate::meter::median;
use crate::report::{Report, Target};
use crate::stop::Stop;
use apply::{Applied, apply};
use records::{Kind, Pairs, Workload};

const PLAIN: Workload = Workload { accounts: 10_000, pairs: Pairs::Uniform, kind: Kind::Posted };

/// The other workloads of which the ledger alone is measured: the figure's name, and what it means.
const OTHERS: [(&str, Workload, &str); 3] = [
    ("apply_zipf_per_s", Workload { pairs: Pairs::Zipf, ..PLAIN }, "the debit account drawn by Zipf(1.0)"),
    (
        "apply_two_phase_per_s",
        Workload { kind: Kind::TwoPhase, ..PLAIN },
        "half pending, half post or void them",
    ),
    (
        "apply_10m_accounts_per_s",
        Workload { accounts: 10_000_000, ..PLAIN },
        "10 M accounts, none in a cache",
    ),
];

/// Runs the benchmark.
pub(crate) fn run(args: &LedgerArgs, stop: &Stop) -> Result<Report> {
    let mut report = Report::new("ledger");
    let mut rounds = Vec::new();
    for _ in 0..args.rounds {
        rounds.push(apply(PLAIN, args.batches, stop)?);
    }
    let rates: Vec<f64> = rounds.iter().map(|round| round.per_s).collect();
    let target = Target::AtLeast(3_000_000.0);
    let rate = median(&rates).unwrap_or(f64::NAN);
    report.aim("apply_per_s_per_core", rate, target, "the ledger alone on one core, 10,000 accounts");
    let worst = |applied: &Applied| applied.batch_ms.last().copied().unwrap_or(f64::NAN);
    let worsts: Vec<f64> = rounds.iter().map(worst).collect();
    report.figure("apply_batch_max_ms", median(&worsts).unwrap_or(f64::NAN), "the slowest batch of a round");
    for (name, workload, meaning) in OTHERS {
        let applied = apply(workload, args.batches, stop)?;
        report.figure(name, applied.per_s, meaning);
        report.note(format!("{name}: the slowest batch took {:.1} ms.", worst(&applied)));
    }
    Ok(report)
}
