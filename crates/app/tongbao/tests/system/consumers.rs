//! The example consumers of the change feed, as they stand in the repository.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rdkafka::mocking::MockCluster;

use crate::bank::{Bank, Folder, until};
use crate::load::Load;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../examples/changes").join(name)
}

/// Whether a tool that is missing may be passed over, which is said aloud.
#[expect(clippy::print_stdout, reason = "it speaks aloud")]
fn skip(reason: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{reason}");
    println!("SKIPPED: {reason}");
}

/// Runs a program to its end; what it wrote is in either result.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() { Ok(words) } else { Err(words + &String::from_utf8_lossy(&output.stderr)) }
}

const SHOW: &str = "import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute('select account, posted from balance order by account'):
    print(*row)";

#[test]
fn a_consumer_that_is_killed_again_and_again_ends_with_the_banks_balances() {
    if let Err(reason) = run(Command::new("python3").arg("--version")) {
        return skip(&format!("there is no python3: {reason}"));
    }
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    let database = folder.path().join("balances.db");
    let consumer = || {
        let mut command = Command::new("python3");
        command.arg(example("consumer.py")).arg(&bank.gateway).arg(&database);
        command
    };
    let load = Load::start(&bank, 1_000);
    for _ in 0..3 {
        let mut child = consumer().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        load.until_more(30);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let heard = load.stop();
    assert_eq!(heard.errors, []);
    run(consumer().arg("--once")).unwrap();
    let shown = run(Command::new("python3").args(["-c", SHOW]).arg(&database)).unwrap();
    let expected = [1, 2].map(|account| format!("{account} {}\n", bank.balance(account))).concat();
    assert_eq!(shown, expected);
}

/// A Python with the package `kafka-python`, a client of Kafka that shares nothing with ours.
fn python_with_kafka() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kafka-python");
    let python = folder.join("bin/python");
    if run(Command::new(&python).args(["-c", "import kafka, lz4"])).is_ok() {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "kafka-python==2.2.15", "lz4"]))?;
    Ok(python)
}

#[test]
fn another_client_of_kafka_reads_every_transfer_once() {
    let python = match python_with_kafka() {
        Ok(python) => python,
        Err(reason) => return skip(&format!("kafka-python cannot be installed here: {reason}")),
    };
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("tongbao.changes", 1, 1).unwrap();
    let servers = cluster.bootstrap_servers();
    let folder = Folder::new();
    let bank = Bank::up_with(&folder, &["--ledger-port", "off", "--kafka", &servers]);
    bank.open_accounts(&[1, 2]);
    let load = Load::start(&bank, 1_000);
    load.until_more(200);
    load.stop();
    until("everything is published", || bank.platform()["outlet"]["lag_batches"] == 0);
    let mut command = Command::new(python);
    let shown =
        run(command.arg(example("kafka_consumer.py")).args([&servers, "tongbao.changes", "--once"])).unwrap();
    let mut ids: Vec<&str> = shown.lines().map(|line| line.split(' ').nth(1).unwrap()).collect();
    let printed = ids.len() as u64;
    ids.sort_unstable();
    ids.dedup();
    let transfers = bank.get("/v1/totals").json()["transfers"].as_u64().unwrap();
    assert_eq!((printed, ids.len() as u64), (transfers, transfers));
}
