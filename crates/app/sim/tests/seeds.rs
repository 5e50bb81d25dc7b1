//! The simulator itself: clean seeds stay clean, it reaches every stage, it repeats itself, and it is not blind.

use std::process::Command;

use clap::ValueEnum as _;
use sim::{Campaign, Fault, FileKind, Invariant, Mutant, Op, Phase, Stage, Twist, campaign, tell};

/// Seeds that every test run goes through; the release build goes through thousands more.
const SEEDS: u64 = 700;
/// Seeds within which every deliberate bug must be found.
const MUTANT_SEEDS: u64 = 300;

/// Seeds within which a bug must stay hidden from all faults but those that reveal it.
const BLIND_SEEDS: u64 = 30;
/// Seeds within which one kind of fault alone must find a bug that it reveals.
const LONE_FAULT_SEEDS: u64 = 2_000;

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
    let plan = Campaign { seeds: 0..SEEDS, jobs: 2, twist: Twist::default() };
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
        let (first, second) = (tell(seed, &Twist::default(), true), tell(seed, &Twist::default(), true));
        assert_eq!(first.events, second.events, "seed {seed}");
        assert_eq!(first.result, second.result, "seed {seed}");
    }
    assert_ne!(tell(1, &Twist::default(), true).events, tell(2, &Twist::default(), true).events);
}

#[test]
fn every_deliberate_bug_is_found() {
    for mutant in Mutant::value_variants() {
        let plan = Campaign { seeds: 0..MUTANT_SEEDS, jobs: 2, twist: Some(*mutant).into() };
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
        let clean = tell(failure.seed, &Twist::default(), false);
        assert!(
            clean.result.is_ok(),
            "without {mutant:?} seed {} is clean: {:?}",
            failure.seed,
            clean.result
        );
    }
}

/// Bugs with the faults that reveal them, and nothing else does. A leader whose lock is gone looks the same whether or not it
/// stood still meanwhile; so does an answer that is lost, late, or behind a cut line.
const REVEALED_BY: [(Mutant, &[Fault]); 13] = [
    (Mutant::NoResend, &[Fault::Loss]),
    (Mutant::TrustFirstSending, &[Fault::Duplication]),
    (Mutant::TrustOrder, &[Fault::Reordering]),
    (Mutant::GiveUp, &[Fault::Loss, Fault::Delay, Fault::Partition]),
    (Mutant::FreshClock, &[Fault::ClockJump]),
    (Mutant::BlindFence, &[Fault::StealLock, Fault::PauseAcrossTakeover]),
    (Mutant::AckFenced, &[Fault::StealLock, Fault::PauseAcrossTakeover]),
    (Mutant::SkipDamage, &[Fault::JournalRot]),
    (Mutant::TrustSnapshot, &[Fault::SnapshotRot]),
    (Mutant::IgnoreColdDamage, &[Fault::ColdRot]),
    (Mutant::SyncLies, &[Fault::PowerLoss, Fault::PowerLossInOperation]),
    (Mutant::HastySpill, &[Fault::PowerLoss, Fault::PowerLossInOperation]),
    (Mutant::FutureSnapshot, &[Fault::PowerLoss, Fault::PowerLossInOperation]),
];

/// The lowest seed that finds a bug, if these faults do not happen.
fn found_at(mutant: Mutant, without: Vec<Fault>, seeds: u64) -> Option<u64> {
    let plan = Campaign { seeds: 0..seeds, jobs: 2, twist: Twist { mutant: Some(mutant), without } };
    campaign(&plan, |_| {}).err().map(|failure| failure.seed)
}

#[test]
fn every_kind_of_fault_finds_a_bug_that_no_other_finds() {
    for (mutant, faults) in REVEALED_BY {
        let seed = found_at(mutant, faults.to_vec(), BLIND_SEEDS);
        assert_eq!(seed, None, "{mutant:?} is found without {faults:?}");
        for fault in faults {
            let others = faults.iter().filter(|other| *other != fault).copied().collect();
            let found = found_at(mutant, others, LONE_FAULT_SEEDS);
            assert!(found.is_some(), "{mutant:?} lives through {fault:?} alone");
        }
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
