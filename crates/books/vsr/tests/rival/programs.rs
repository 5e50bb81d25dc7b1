//! TigerBeetle's own programs against a site of ours: its load generator, and its shell.

use std::net::SocketAddr;
use std::path::Path;

use super::site::Site;
use super::tool::{self, Replica};

/// Loads of `tigerbeetle benchmark`: 5,000 transfers between 200 accounts unless something else is said. Its validation
/// takes every client's last batch for a full one, so several clients get batches of which all are full.
const LOADS: [&[&str]; 11] = [
    &["--validate"],
    &["--validate", "--id-order=random"],
    &["--validate", "--id-order=reversed", "--no-history"],
    // Ids by the clock cannot be made a second time to be validated.
    &["--id-order=tbid"],
    &["--validate", "--account-distribution=zipfian", "--clients=4", "--transfer-batch-count=250"],
    &["--validate", "--account-distribution=latest", "--seed=7"],
    &["--validate", "--account-count-hot=20", "--transfer-hot-percent=80"],
    &["--validate", "--transfer-pending"],
    &["--validate", "--account-batch-count=8", "--transfer-batch-count=100", "--clients=8"],
    &["--validate", "--transfer-batch-count=500", "--transfer-batch-delay=1ms", "--print-batch-timings"],
    // More than one message holds.
    &["--validate", "--account-count=10000", "--transfer-count=20000", "--query-count=20"],
];

#[tokio::test(flavor = "multi_thread")]
async fn every_load_of_the_benchmark_is_served() {
    let Some(binary) = tool::binary() else { return };
    for load in LOADS {
        let site = Site::start().await;
        is_served(&binary, &site, load).await;
        site.stop().await;
    }
}

async fn is_served(binary: &Path, site: &Site, load: &[&str]) {
    let has = |name: &str| load.iter().any(|flag| flag.starts_with(name));
    let mut arguments = load.to_vec();
    let usual = [("--account-count=", "--account-count=200"), ("--transfer-count=", "--transfer-count=5000")];
    arguments.extend(usual.iter().filter(|(name, _)| !has(name)).map(|(_, flag)| *flag));
    let ran = benchmark(binary, site.address, &arguments).await;
    let (said, logged) = ran.unwrap_or_else(|words| panic!("{words}"));
    let mut wanted = vec!["load accepted = ", "queries in ", "query latency p100 = "];
    if has("--validate") {
        wanted.extend(["validated ", " transfers\n"]);
    }
    for words in wanted {
        assert!(said.contains(words), "{load:?} did not say {words:?}:\n{said}\n{logged}");
    }
}

async fn benchmark(binary: &Path, address: SocketAddr, load: &[&str]) -> Result<(String, String), String> {
    let addresses = format!("--addresses={address}");
    tool::run(binary, &[&["benchmark", &addresses], load].concat()).await
}

/// What is typed into the shell, and words of what it says.
const SHELL: [(&str, &str); 20] = [
    ("create_accounts id=1 code=10 ledger=700 flags=history, id=2 code=10 ledger=700;", ""),
    (
        "create_accounts id=3 code=10 ledger=700 flags=debits_must_not_exceed_credits|history, id=0 code=10 ledger=700;",
        "Failed to create account (1): tigerbeetle.CreateAccountResult.id_must_not_be_zero.",
    ),
    ("create_accounts id=2 code=11 ledger=700;", "exists_with_different_code"),
    ("create_transfers id=1 debit_account_id=1 credit_account_id=2 amount=10 ledger=700 code=10;", ""),
    (
        "create_transfers id=2 debit_account_id=1 credit_account_id=2 amount=60 ledger=700 code=11 flags=pending, \
         id=3 debit_account_id=3 credit_account_id=1 amount=1 ledger=700 code=11;",
        "Failed to create transfer (1): tigerbeetle.CreateTransferResult.exceeds_credits.",
    ),
    ("create_transfers id=4 pending_id=2 amount=50 flags=post_pending_transfer user_data_64=5;", ""),
    ("create_transfers id=5 pending_id=2 amount=0 flags=void_pending_transfer;", "already_posted"),
    (
        "create_transfers id=6 debit_account_id=1 credit_account_id=2 amount=1 ledger=700 code=10 flags=linked, \
         id=7 debit_account_id=1 credit_account_id=9 amount=1 ledger=700 code=10;",
        "Failed to create transfer (0): tigerbeetle.CreateTransferResult.linked_event_failed.",
    ),
    ("lookup_accounts id=1;", "\"debits_posted\": \"60\""),
    ("lookup_accounts id=1, id=9, id=2;", "\"credits_posted\": \"60\""),
    ("lookup_accounts id=9;", "No accounts were found."),
    ("lookup_transfers id=1, id=4;", "\"flags\": [\"post_pending_transfer\"]"),
    ("lookup_transfers id=9;", "No transfers were found."),
    ("get_account_transfers account_id=1 flags=debits|credits;", "\"flags\": [\"pending\"]"),
    ("get_account_transfers account_id=2 flags=credits|reversed limit=1;", "\"id\": \"4\""),
    ("get_account_balances account_id=1 flags=debits|credits;", "\"debits_pending\": \"60\""),
    ("get_account_balances account_id=2 flags=debits|credits;", "No balances were found."),
    ("query_accounts code=10 ledger=700 flags=reversed limit=2;", "\"id\": \"3\""),
    ("query_transfers user_data_64=5;", "\"id\": \"4\""),
    ("query_transfers code=99;", "No transfers were found."),
];

/// What the shell says, its errors after the rest. Timestamps and what the client logs are left out.
async fn shell(binary: &Path, address: SocketAddr, typed: &str) -> String {
    let (addresses, command) = (format!("--addresses={address}"), format!("--command={typed}"));
    let ran = tool::run(binary, &["repl", "--cluster=0", &addresses, &command]).await;
    let words = ran.map_or_else(|words| words, |(said, logged)| said + &logged);
    let is_ours = |line: &&str| {
        ["\"timestamp\"", "(message_bus)", "--addresses="].iter().any(|other| line.contains(other))
    };
    words.lines().filter(|line| !is_ours(line)).collect::<Vec<&str>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn its_programs_say_the_same_of_a_site_as_of_a_replica() {
    let Some(binary) = tool::binary() else { return };
    let (site, replica) = tokio::join!(Site::start(), Replica::start(&binary));
    // This load is refused by everybody: its transfers have the timestamps of its accounts.
    let load = ["--imported", "--id-order=random", "--account-count=9", "--transfer-count=3"];
    for address in [site.address, replica.address] {
        let batches = ["--account-batch-count=9", "--transfer-batch-count=3"];
        let words = benchmark(&binary, address, &[&load[..], &batches].concat()).await.unwrap_err();
        assert_eq!(words.matches("imported_event_timestamp_must_not_regress").count(), 3, "{words}");
    }
    for (typed, expected) in SHELL {
        let (ours, theirs) =
            tokio::join!(shell(&binary, site.address, typed), shell(&binary, replica.address, typed));
        assert!(ours.contains(expected), "{typed}\n{ours}");
        assert_eq!(ours, theirs, "{typed}");
    }
    site.stop().await;
}
