//! Real transactions through the real front door, with the bank's own balances as the judge.

use std::path::{Path, PathBuf};

use crate::bank::{Bank, Folder};

/// The folder of the data set: `TONGBAO_BERKA`, or beside the project. It is not part of the repository.
fn data_set() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let folder = std::env::var_os("TONGBAO_BERKA").map_or(root.join("../shared/data/berka"), PathBuf::from);
    folder.join("trans.asc").exists().then_some(folder)
}

#[test]
fn every_row_of_a_real_bank_is_accepted_and_a_second_replay_changes_nothing() {
    let Some(data) = data_set() else {
        println!("SKIPPED: no trans.asc; set TONGBAO_BERKA to the folder of the PKDD'99 financial data set");
        return;
    };
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    let mapping = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../examples/berka/mapping.yaml");
    let unexplained = folder.path().join("unexplained.csv");
    let arguments = [
        "replay",
        "--mapping",
        mapping.to_str().unwrap(),
        "--unexplained",
        unexplained.to_str().unwrap(),
        data.to_str().unwrap(),
    ];
    let figures = |summary: &serde_json::Value| {
        ["rows", "accepted", "refused", "exact", "within_tolerance", "unexplained"]
            .map(|name| summary[name].as_u64().unwrap())
    };
    let first = folder.json(&arguments);
    assert_eq!(figures(&first), [49_101, 49_101, 0, 46_749, 2_323, 29], "{first}");
    assert_eq!(std::fs::read_to_string(&unexplained).unwrap().lines().count(), 30, "29 rows under a heading");
    let digest = || bank.get("/v1/state-hash").json()["state_hash"].clone();
    let totals = || bank.get("/v1/totals").json()["transfers"].clone();
    let (before, transfers) = (digest(), totals());
    assert_eq!(transfers, 49_101 + 2_323);

    let second = folder.json(&arguments);
    assert_eq!(figures(&second), figures(&first), "{second}");
    assert_eq!(second["already_made"], 49_101);
    assert_eq!((digest(), totals()), (before, transfers));
    folder.json(&["journal", "verify"]);
}
