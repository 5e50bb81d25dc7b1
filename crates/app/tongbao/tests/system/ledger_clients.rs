//! TigerBeetle's own client for Rust against the whole bank, also while its leader dies.

use std::future::Future;

use rustix::process::Signal;
use tigerbeetle as tb;

use crate::bank::{Bank, Folder, signal, until};
use crate::http::Line;

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn account(id: u128) -> tb::Account {
    tb::Account { id, ledger: 203, code: 1, flags: tb::AccountFlags::History, ..Default::default() }
}

fn transfer(id: u128) -> tb::Transfer {
    let (debit_account_id, credit_account_id) = (1, 2);
    tb::Transfer {
        id,
        debit_account_id,
        credit_account_id,
        amount: 1,
        ledger: 203,
        code: 1,
        ..Default::default()
    }
}

fn make(client: &tb::Client, id: u128) -> tb::CreateTransferStatus {
    wait(client.create_transfers(&[transfer(id)])).unwrap()[0].status
}

/// A request whose reply was lost with the leader is sent again by the client, and must be answered as the first time:
/// `Created` each time, never `Exists`.
#[test]
fn the_leader_killed_under_a_published_client_loses_nothing_and_repeats_nothing() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.until_whole();
    let client = tb::Client::new(0, &bank.ledger).unwrap();
    let made = wait(client.create_accounts(&[account(1), account(2)])).unwrap();
    assert!(made.iter().all(|result| result.status == tb::CreateAccountStatus::Created), "{made:?}");

    let mut epoch = bank.epoch;
    let mut id = 0;
    let mut make_some = |count: u128| {
        for _ in 0..count {
            id += 1;
            assert_eq!(make(&client, id), tb::CreateTransferStatus::Created, "transfer {id}");
        }
    };
    for _ in 0..2 {
        make_some(50);
        let leader = bank.platform()["leader"].as_str().unwrap().to_owned();
        let pid = bank.site_pid(&leader);
        let killer = std::thread::spawn(move || signal(pid, Signal::KILL));
        make_some(50);
        killer.join().unwrap();
        make_some(10);
        until("another reign", || bank.platform()["epoch"].as_u64().unwrap() > epoch);
        bank.until_whole();
        epoch = bank.platform()["epoch"].as_u64().unwrap();
    }

    let found = wait(client.lookup_accounts(&[1, 2])).unwrap();
    assert_eq!((found[0].debits_posted, found[1].credits_posted), (220, 220));
    let filter = tb::AccountFilter {
        account_id: 2,
        limit: 8_189,
        flags: tb::AccountFilterFlags::Credits,
        ..Default::default()
    };
    let rows = wait(client.get_account_balances(filter)).unwrap();
    let sums: Vec<u128> = rows.iter().map(|row| row.credits_posted).collect();
    assert_eq!(sums, (1..=220).collect::<Vec<u128>>());
    // The same books through the other doors.
    assert_eq!(bank.balance(2), "2.20");
    assert_eq!(folder.json(&["status"])["ledger"], bank.ledger.as_str());
    assert!(folder.tongbao(&["status"]).out.contains(&bank.ledger));
    wait(client.close()).unwrap();
    folder.json(&["journal", "verify"]);
    assert!(bank.down().success());
}

#[test]
fn a_door_that_is_off_is_not_there() {
    let folder = Folder::new();
    let said = folder.tongbao(&["up", "--ledger-port", "over-there"]);
    assert!(!said.ok && said.err.contains("neither a port nor `off`"), "{said:?}");
    let bank = Bank::up_with(&folder, &["--ledger-port", "off"]);
    assert_eq!(bank.ledger, "");
    assert!(folder.tongbao(&["status"]).out.contains("TigerBeetle clients: not served"));
    let text = metrics(&bank);
    assert!(text.contains("tongbao_ledger_clients_connections_total 0"), "{text}");
}

#[test]
fn the_leaders_door_counts_what_it_does() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    let client = tb::Client::new(0, &bank.ledger).unwrap();
    wait(client.create_accounts(&[account(7)])).unwrap();
    let text = metrics(&bank);
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("tongbao_ledger_clients_{name} ")));
        let line = line.unwrap_or_else(|| panic!("no {name} in {text}"));
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    assert!(value("requests_total") >= 2 && value("replies_total") >= 2, "{text}");
    assert_eq!((value("open"), value("evictions_total")), (1, 0), "{text}");
    wait(client.close()).unwrap();
}

fn metrics(bank: &Bank) -> String {
    let site = bank.site(&bank.leader)["address"].as_str().unwrap().to_owned();
    Line::open(&format!("http://{site}")).get("/metrics/ledger-clients").body
}
