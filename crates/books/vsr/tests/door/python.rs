//! TigerBeetle's own client for Python, in the releases that it is published in.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use ledger_core::{CreateTransferStatus, Placement, PurposeRole, PurposeRule};
use tokio::process::Command;

use super::site::{accounts, addresses, doors};

/// A Python with this release of the client, made on first use and kept beside the test's program. Nothing if there is
/// no Python or no package index, which is said aloud, and is a failure where a missing tool is one.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it asks whether this is CI, and speaks aloud"
)]
async fn python(release: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tigerbeetle-{release}"));
    let python = folder.join("bin/python");
    let has_client = async |python: &Path| {
        let check = format!("import importlib.metadata as m; assert m.version('tigerbeetle') == '{release}'");
        run(Command::new(python).args(["-c", &check])).await
    };
    if has_client(&python).await.is_ok() {
        return Some(python);
    }
    let made = async {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder)).await?;
        let package = format!("tigerbeetle=={release}");
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", &package])).await
    };
    match made.await {
        Ok(_) => Some(python),
        Err(reason) => {
            let words = format!("TigerBeetle's Python client {release} cannot be installed here: {reason}");
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{words}");
            println!("SKIPPED: {words}");
            None
        }
    }
}

/// Runs a program to its end; what it wrote is in either result.
async fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().await.map_err(|error| error.to_string())?;
    let words = [output.stdout, output.stderr].concat();
    let words = String::from_utf8_lossy(&words).into_owned();
    if output.status.success() { Ok(words) } else { Err(words) }
}

/// A script against these addresses.
pub(crate) async fn all_is_well(release: &str, script: &str, addresses: &[SocketAddr]) {
    let Some(python) = python(release).await else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let ran = run(Command::new(python).arg(script).arg(addresses.join(","))).await;
    let words = ran.unwrap_or_else(|words| panic!("{words}"));
    assert!(words.contains("every operation is as it should be"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_python_client_works_unchanged() {
    let (_, doors) = doors(3).await;
    all_is_well("0.17.8", "operations.py", &addresses(&doors)).await;
}

/// What `tigerbeetle benchmark` sends, in its order and with its checks.
#[tokio::test(flavor = "multi_thread")]
async fn the_load_of_the_published_benchmark_is_served() {
    let (_, doors) = doors(1).await;
    all_is_well("0.17.8", "benchmark.py", &addresses(&doors)).await;
}

/// Rules that TigerBeetle has not end in statuses that its clients have.
#[tokio::test(flavor = "multi_thread")]
async fn the_rules_of_a_bank_are_told_in_words_that_clients_know() {
    let (bank, doors) = doors(1).await;
    bank.apply(ledger_core::Operation::CreateAccounts, &accounts(1..6));
    let placement = Placement { account: 2, control: 1, reserved: [0; 96] };
    bank.apply(ledger_core::Operation::PlaceAccounts, placement.as_bytes());
    let seed =
        [PurposeRule::new(3, PurposeRole::SpentOn, &[7]), PurposeRule::new(4, PurposeRole::PaidFor, &[7])];
    bank.apply(ledger_core::Operation::SetPurposes, &seed.map(|rule| rule.as_bytes().to_vec()).concat());
    all_is_well("0.17.8", "bank_rules.py", &addresses(&doors)).await;
}

/// Whatever status the ledger may give a transfer, what leaves the door is one of TigerBeetle's.
#[test]
fn no_status_of_our_own_leaves_the_door() {
    for status in CreateTransferStatus::ALL {
        let told = vsr_core::published_status(*status as u32);
        let known = CreateTransferStatus::from_u32(told);
        assert!(known.is_some() && (told < 1000 || told == u32::MAX), "{status:?} leaves as {told}");
        let is_ours = *status as u32 >= 1000 && *status != CreateTransferStatus::Created;
        assert!(is_ours || known == Some(*status), "{status:?} is told as another one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_release_works_as_well_and_with_another_leader() {
    let (bank, doors) = doors(3).await;
    bank.change_view(5);
    all_is_well("0.17.9", "operations.py", &addresses(&doors)).await;
}

/// Before and after requests of several batches, which came with 0.16.34.
#[tokio::test(flavor = "multi_thread")]
async fn older_clients_are_answered_in_their_own_encoding() {
    for release in ["0.16.30", "0.16.60"] {
        let (_, doors) = doors(1).await;
        all_is_well(release, "older.py", &addresses(&doors)).await;
    }
}
