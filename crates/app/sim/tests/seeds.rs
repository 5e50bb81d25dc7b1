//! The simulator itself: clean seeds stay clean, it reaches every stage, it repeats itself, and it is not blind.

use std::process::Command;

use clap::ValueEnum as _;
use sim::{Campaign, FileKind, Invariant, Mutant, Op, Phase, Stage, campaign, tell};

/// Seeds that every test run goes through; the release build goes through thousands more.
const SEEDS: u64 = 300;
/// Seeds within which every deliberate bug must be found.
const MUTANT_SEEDS: u64 = 300;

/// Every operation of a site on its disks: takeover, append, roll and snapshot, one after the other.
const STAGES: [(Phase, Op, FileKind); 29] = [
    (Phase::Takeover, Op::Lock, FileKind::Lock),
    (Phase::Takeover, Op::Truncate, FileKind::Segment),
    (Phase::Takeover, Op::Remove, FileKind::Segment),
    (Phase::Takeover, Op::Create, FileKind::Segment),
    (Phase::Takeover, Op::Rewrite, FileKind::Segment),
    (Phase::Takeover, Op::Remove, FileKind::Epoch),
    (Phase::Takeover, Op::Create, FileKind::Epoch),
    (Phase::Takeover, Op::Append, FileKind::Epoch),
    (Phase::Takeover, Op::Sync, FileKind::Epoch),
    (Phase::Takeover, Op::Rename, FileKind::Epoch),
    (Phase::Takeover, Op::SyncFolder, FileKind::Folder),
    (Phase::Takeover, Op::Append, FileKind::Segment),
    (Phase::Takeover, Op::Sync, FileKind::Segment),
    (Phase::Append, Op::Append, FileKind::Segment),
    (Phase::Append, Op::Sync, FileKind::Segment),
    (Phase::Roll, Op::Create, FileKind::Segment),
    (Phase::Roll, Op::Append, FileKind::Segment),
    (Phase::Roll, Op::Sync, FileKind::Segment),
    (Phase::Roll, Op::SyncFolder, FileKind::Folder),
    (Phase::Snapshot, Op::Create, FileKind::Snapshot),
    (Phase::Snapshot, Op::Append, FileKind::Snapshot),
    (Phase::Snapshot, Op::Sync, FileKind::Snapshot),
    (Phase::Snapshot, Op::Rename, FileKind::Snapshot),
    (Phase::Snapshot, Op::SyncFolder, FileKind::Folder),
    (Phase::Spill, Op::Create, FileKind::Cold),
    (Phase::Spill, Op::Append, FileKind::Cold),
    (Phase::Spill, Op::Sync, FileKind::Cold),
    (Phase::Spill, Op::Rename, FileKind::Cold),
    (Phase::Spill, Op::SyncFolder, FileKind::Folder),
];

#[test]
fn seeds_are_clean_and_kill_a_process_at_every_stage() {
    let plan = Campaign { seeds: 0..SEEDS, jobs: 2, mutant: None };
    let totals = match campaign(&plan, |_| {}) {
        Ok(totals) => totals,
        Err(failure) => panic!("seed {}: {}\n{}", failure.seed, failure.violation, failure.events),
    };
    for (phase, op, file) in STAGES {
        let stage = Stage { phase, op, file };
        let hits = totals.coverage.0.get(&stage).copied().unwrap_or_default();
        assert!(hits.killed > 0 && hits.power_lost > 0, "{stage}: {hits:?}");
    }
    let unlisted = totals.coverage.0.keys().filter(|stage| {
        let Stage { phase, op, file } = **stage;
        !STAGES.contains(&(phase, op, file))
            && ![(Phase::Snapshot, Op::Remove), (Phase::Spill, Op::Remove)].contains(&(phase, op))
    });
    assert_eq!(unlisted.map(ToString::to_string).collect::<Vec<_>>(), [""; 0], "a stage nobody listed");
    let idle: Vec<&str> =
        totals.stats.named().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect();
    assert_eq!(idle, [""; 0], "what never happened was not tested");
}

#[test]
fn a_seed_repeats_itself() {
    for seed in 0..10 {
        let (first, second) = (tell(seed, None, true), tell(seed, None, true));
        assert_eq!(first.events, second.events, "seed {seed}");
        assert_eq!(first.result, second.result, "seed {seed}");
    }
    assert_ne!(tell(1, None, true).events, tell(2, None, true).events);
}

#[test]
fn every_deliberate_bug_is_found() {
    for mutant in Mutant::value_variants() {
        let plan = Campaign { seeds: 0..MUTANT_SEEDS, jobs: 2, mutant: Some(*mutant) };
        let Err(failure) = campaign(&plan, |_| {}) else {
            panic!("{mutant:?} lived through {MUTANT_SEEDS} seeds");
        };
        assert_ne!(
            failure.violation.invariant,
            Invariant::Deterministic,
            "{mutant:?}: {}",
            failure.violation
        );
        assert!(!failure.events.is_empty(), "{mutant:?} has no story");
        let clean = tell(failure.seed, None, false);
        assert!(
            clean.result.is_ok(),
            "without {mutant:?} seed {} is clean: {:?}",
            failure.seed,
            clean.result
        );
    }
}

fn simulator(args: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sim")).args(args).output().expect("the simulator starts");
    (output.status.success(), String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn a_failure_says_how_to_replay_it() {
    let (clean, text) = simulator(&["--seeds", "50", "--jobs", "1", "--mutant", "sync-lies"]);
    assert!(!clean, "{text}");
    let verdict: Vec<&str> = text.lines().take(3).collect();
    let command = text.lines().last().unwrap().strip_prefix("to replay it: ").unwrap();
    let args = command.strip_prefix("cargo run --release -p sim -- ").unwrap();
    let (clean, replayed) = simulator(&args.split(' ').collect::<Vec<_>>());
    assert!(!clean, "{replayed}");
    assert!(replayed.ends_with(&format!("\n\n{}\n", verdict.join("\n"))), "{verdict:?}\n{replayed}");
}
