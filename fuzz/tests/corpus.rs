//! Every file of the corpus goes through its door, in the plain build: what was found once stays found, and the doors
//! stay where they are. No fuzzer is needed.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests read the files they are about")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fuzz::TARGETS;

/// Small enough to be read at every run, and to be kept for ever.
const CORPUS_BYTES_MAX: u64 = 50_000;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The files of a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Sends the corpus of a target through its door, whole and cut, and asks that some of it gets past the door.
fn goes_through(name: &str) {
    let (_, run) = TARGETS.iter().find(|(target, _)| *target == name).unwrap();
    let mut taken = 0;
    for file in files(&corpus().join(name)) {
        let bytes = fs::read(&file).unwrap();
        taken += usize::from(run(&bytes));
        for length in [0, 1, bytes.len() / 3, bytes.len() / 2, bytes.len().saturating_sub(1)] {
            run(&bytes[..length.min(bytes.len())]);
        }
    }
    assert!(taken > 0, "nothing in the corpus of {name} gets past the door");
}

macro_rules! doors {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                goes_through(stringify!($name));
            }
        )*

        #[test]
        fn every_door_has_a_test_a_program_and_a_corpus() {
            let tests = BTreeSet::from([$(stringify!($name).to_owned()),*]);
            let doors: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
            let stem = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
            let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("targets");
            assert_eq!(doors, tests);
            assert_eq!(doors, files(&programs).iter().map(stem).collect());
            assert_eq!(doors, files(&corpus()).iter().map(stem).collect());
        }
    };
}

doors!(
    access_rules,
    bank_api,
    client_protocol,
    journal_segments,
    ledger_queries,
    ledger_requests,
    ledger_storage
);

#[test]
fn the_corpus_stays_small() {
    let all = files(&corpus()).into_iter().flat_map(|folder| files(&folder));
    let bytes: u64 = all.map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(bytes <= CORPUS_BYTES_MAX, "the corpus has {bytes} bytes; keep what proves most");
}
