//! The change feed of a whole bank: what was told, against what is in the books.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::bank::{Bank, Folder, signal, until};
use crate::load::{Load, check_books};

/// `tongbao ledger changes --follow`, and the lines it prints.
struct Reader {
    child: Child,
    lines: Receiver<String>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Reader {
    fn follow(folder: &Folder) -> Self {
        let mut child = folder.spawn(&["ledger", "changes", "--from", "1", "--follow", "--output", "json"]);
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// Everything up to the event with `last`.
    fn until(&self, last: &str) -> Vec<String> {
        let mut read = Vec::new();
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(60)).unwrap();
            let event: Value = serde_json::from_str(&line).unwrap();
            read.push(line);
            if event["id"] == last {
                return read;
            }
        }
    }
}

fn events(lines: &[String]) -> Vec<Value> {
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn transfers(lines: &[String]) -> Vec<String> {
    let changes =
        events(lines).into_iter().flat_map(|event| event["data"]["changes"].as_array().unwrap().clone());
    let transfers = changes.filter(|change| change["type"] == "transfer_created");
    transfers.map(|change| change["id"].as_str().unwrap().to_owned()).collect()
}

fn told(folder: &Folder) -> Vec<String> {
    let said = folder.tongbao(&["ledger", "changes", "--output", "json"]);
    assert!(said.ok, "{said:?}");
    said.out.lines().map(str::to_owned).collect()
}

#[test]
fn every_transfer_is_told_once_whoever_leads() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    bank.until_whole();
    let reader = Reader::follow(&folder);
    let load = Load::start(&bank, 1_000);
    let mut epoch = bank.epoch;
    for _ in 0..2 {
        load.until_more(50);
        let leader = bank.platform()["leader"].as_str().unwrap().to_owned();
        signal(bank.site_pid(&leader), Signal::KILL);
        until("another reign", || bank.platform()["epoch"].as_u64().unwrap() > epoch);
        epoch = bank.platform()["epoch"].as_u64().unwrap();
    }
    load.until_more(50);
    let heard = load.stop();
    assert_eq!(heard.errors, []);
    bank.until_whole();
    check_books(&folder, &bank, &heard);

    let whole = told(&folder);
    let last = events(&whole).last().unwrap()["id"].as_str().unwrap().to_owned();
    let followed = reader.until(&last);
    assert_eq!(
        followed, whole,
        "the reader was at three leaders, and missed nothing and heard nothing twice"
    );
    let ids = transfers(&whole);
    let distinct: BTreeSet<&String> = ids.iter().collect();
    let totals = bank.get("/v1/totals").json();
    assert_eq!((ids.len() as u64, distinct.len()), (totals["transfers"].as_u64().unwrap(), ids.len()));

    let platform = bank.platform();
    let follower =
        platform["sites"].as_array().unwrap().iter().find(|site| site["role"] == "follower").unwrap();
    let address = format!("http://{}", follower["address"].as_str().unwrap());
    let said = folder.tongbao(&["--gateway", &address, "ledger", "changes", "--output", "json"]);
    let there: Vec<String> = said.out.lines().map(str::to_owned).collect();
    assert!(
        whole.starts_with(&there) && there.len() + 1 >= whole.len(),
        "{} of {}",
        there.len(),
        whole.len()
    );

    assert!(bank.down().success());
    let bank = Bank::up(&folder);
    assert_eq!(told(&folder), whole, "the same bytes after a restart of everything");
    bank.open_accounts(&[3]);
    let text = folder.tongbao(&["ledger", "changes", "--after", &whole.len().to_string(), "--account", "3"]);
    assert!(text.ok && text.out.contains("account 3 CZK"), "{text:?}");
    assert_eq!(text.out.lines().count(), 1);
    let beyond = folder.tongbao(&["ledger", "changes", "--from", "1000000"]);
    assert_eq!(beyond.code, Some(1));
    assert!(beyond.err.contains("FED-0001"), "{beyond:?}");
    assert!(bank.down().success());
}

#[test]
fn a_bank_with_readers_stops_at_once() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1]);
    let reader = Reader::follow(&folder);
    reader.until("bank/2");
    let begun = std::time::Instant::now();
    assert!(bank.down().success());
    // The gateway and each site cut what does not end in 5 and 2 seconds.
    let waited = begun.elapsed();
    let log = std::fs::read_to_string(folder.path().join("sites/east-1/log")).unwrap();
    assert!(!log.contains("were cut"), "{waited:?}: {log}");
}
