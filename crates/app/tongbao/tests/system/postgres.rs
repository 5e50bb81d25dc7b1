//! Books in PostgreSQL servers of the bank's own.
//!
//! Without PostgreSQL these tests say so and do nothing; in CI that is a failure.

use std::fs;
use std::net::TcpListener;

use rustix::process::Signal;

use crate::bank::{Bank, Folder, payment, signal, until};
use crate::load::{Load, check_books};

#[expect(clippy::print_stdout, reason = "a test that does nothing says so")]
fn is_installed() -> bool {
    match pg_local::Installation::find(&std::env::var("PATH").unwrap_or_default()) {
        Ok(_) => true,
        Err(error) if std::env::var("CI").as_deref() == Ok("true") => panic!("{error}"),
        Err(error) => {
            println!("SKIPPED: {error}");
            false
        }
    }
}

/// The process of a site's server. What `status` says of it is up to a second old, and it may just be starting again to
/// follow another primary.
fn server_pid(folder: &Folder, site: &str) -> u32 {
    let file = folder.path().join("sites").join(site).join("postgres/data/postmaster.pid");
    let pid = || fs::read_to_string(&file).ok()?.lines().next()?.parse().ok();
    until("the server has a process", || pid().is_some());
    pid().unwrap()
}

fn roles(folder: &Folder) -> Vec<(String, String)> {
    let status = folder.json(&["status"]);
    let servers = status["books"]["servers"].as_array().cloned().unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    servers.iter().map(|server| (text(&server["site"]), text(&server["role"]))).collect()
}

fn until_roles(folder: &Folder, primary: &str) {
    until("one primary and two standbys", || {
        let roles = roles(folder);
        let wanted =
            |(site, role): &(String, String)| role == if site == primary { "primary" } else { "standby" };
        roles.len() == 3 && roles.iter().all(wanted)
    });
}

#[test]
fn the_loss_of_the_primary_server_is_a_pause_and_the_lost_one_comes_back() {
    if !is_installed() {
        return;
    }
    let folder = Folder::open_to_all();
    let bank = Bank::up_with(&folder, &["--ledger-port", "0", "--journal", "postgres:local"]);
    bank.open_accounts(&[1, 2]);
    bank.until_whole();
    until_roles(&folder, "east-1");
    let load = Load::start(&bank, 1_000);
    load.until_more(50);
    signal(server_pid(&folder, "east-1"), Signal::KILL);
    until("another reign", || bank.platform()["epoch"].as_u64().unwrap() > bank.epoch);
    load.until_more(50);
    until("another primary", || {
        roles(&folder).iter().any(|(site, role)| site != "east-1" && role == "primary")
    });
    let primary = roles(&folder).into_iter().find(|(_, role)| role == "primary").unwrap().0;
    until_roles(&folder, &primary);
    // A standby that is lost costs nobody anything.
    signal(server_pid(&folder, "east-1"), Signal::KILL);
    load.until_more(50);
    until_roles(&folder, &primary);
    let heard = load.stop();
    assert_eq!(heard.errors, [], "clients see a pause, not an error");
    bank.until_whole();
    check_books(&folder, &bank, &heard);
    assert!(folder.json(&["journal", "verify"])["records"].as_u64().unwrap() > 100);
    let before = bank.balance(2);
    assert!(bank.down().success());

    // The folder remembers where its books are, and who is the primary.
    let refused = folder.tongbao(&["up", "--journal", "files"]);
    assert!(!refused.ok && refused.err.contains("RUN-0008"), "{refused:?}");
    let bank = Bank::up(&folder);
    assert_eq!(bank.balance(2), before);
    until_roles(&folder, &primary);
    assert!(bank.down().success());
    assert!(!folder.path().join("sites/east-1/postgres/data/postmaster.pid").exists(), "stopped in order");
}

#[test]
fn servers_that_a_killed_up_left_behind_end_in_order_and_the_next_up_goes_on() {
    if !is_installed() {
        return;
    }
    let folder = Folder::open_to_all();
    let bank = Bank::up_with(&folder, &["--ledger-port", "0", "--journal", "postgres:local"]);
    bank.open_accounts(&[1, 2]);
    for id in 0..20 {
        assert_eq!(bank.pay(&payment(100 + id, "1.00")).status, 201);
    }
    bank.until_whole();
    until_any_primary(&folder);
    let sites = ["east-1", "east-2", "south-1"];
    let left = sites.map(|site| server_pid(&folder, site));
    let said = sites.map(|site| server_log(&folder, site).len());
    signal(bank.pid(), Signal::KILL);
    drop(bank);
    until("the sites have ended and the servers have not", || {
        let mut alive: Vec<u32> = folder.processes().into_iter().map(|(pid, _)| pid).collect();
        alive.retain(|pid| !left.contains(pid));
        alive.iter().all(|pid| parent(*pid).is_some_and(|parent| left.contains(&parent)))
            && left.iter().all(|pid| folder.processes().iter().any(|(alive, _)| alive == pid))
    });

    let bank = Bank::up(&folder);
    assert_eq!((bank.balance(1), bank.balance(2)), ("-20.00".to_owned(), "20.00".to_owned()));
    until_any_primary(&folder);
    for ((site, old), said) in sites.iter().zip(left).zip(said) {
        assert_ne!(server_pid(&folder, site), old, "the server of {site} is another one now");
        let log = server_log(&folder, site).split_off(said);
        assert!(log.contains("received fast shutdown request"), "{site} was not asked to end:\n{log}");
        let found = log.lines().find(|line| line.contains("database system was")).unwrap();
        assert!(found.contains("was shut down"), "{site} was cut off:\n{log}");
    }

    // The ledger made again from rows is the ledger, also when the first day lies in files.
    bank.until_whole();
    let checked = folder.json(&["journal", "verify"]);
    let rebuilt = folder.json(&["journal", "verify", "--from-empty"]);
    assert_eq!((&rebuilt["records"], &rebuilt["head"]), (&checked["records"], &checked["head"]));
    assert_eq!((rebuilt["accounts"].as_u64(), rebuilt["transfers"].as_u64()), (Some(2), Some(20)));
    let archived = folder.json(&["journal", "archive", "--before", "2026-01-01"]);
    assert_eq!(archived["through_seq"], 1, "the first epoch's record is as old as the genesis: {archived}");
    let again = folder.json(&["journal", "verify", "--from-empty"]);
    assert_eq!((&again["state_hash"], &again["records"]), (&rebuilt["state_hash"], &rebuilt["records"]));
    let from = folder.json(&["journal", "dump", "--from", "5", "--limit", "1"]);
    assert_eq!(from[0]["seq"], 5);
    assert!(bank.down().success());
}

/// Waits until one server is the primary, whichever that is on a slow machine, and the others follow it.
fn until_any_primary(folder: &Folder) {
    until("a primary and two standbys", || {
        let mut roles: Vec<String> = roles(folder).into_iter().map(|(_, role)| role).collect();
        roles.sort();
        roles == ["primary", "standby", "standby"]
    });
}

/// All that a site's server has said.
fn server_log(folder: &Folder, site: &str) -> String {
    fs::read_to_string(folder.path().join("sites").join(site).join("postgres/log")).unwrap()
}

/// The process that started another one.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// A password in an argument would be in the list of processes; in the environment it is nobody else's business.
#[test]
fn books_can_be_named_without_showing_the_password_to_everybody() {
    let folder = Folder::new();
    let url = "postgres://bank:hunter2@127.0.0.1:1/books";
    let said = folder.tongbao_with(&["journal", "verify"], &[("TONGBAO_JOURNAL", url)]);
    assert!(!said.ok && said.err.contains("JPG-0003") && !said.err.contains("hunter2"), "{said:?}");
    let said = folder
        .tongbao_with(&["up", "--port", "0", "--console-port", "0"], &[("TONGBAO_JOURNAL", "mysql://x")]);
    assert!(!said.ok && said.err.contains("error[JPG-0001]"), "{said:?}");
}

/// Kills both standbys, and keeps their addresses taken so that they cannot come back before the result is dropped.
fn lose_standbys(folder: &Folder) -> Vec<TcpListener> {
    let kept: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("postgres.json")).unwrap()).unwrap();
    let port = u16::try_from(kept["port"].as_u64().unwrap()).unwrap();
    let take = |(site, address): (&str, &str)| {
        let mut taken = None;
        until("the address is free", || {
            signal(server_pid(folder, site), Signal::KILL);
            taken = TcpListener::bind((address, port)).ok();
            taken.is_some()
        });
        taken.unwrap()
    };
    [("east-2", "127.12.0.1"), ("south-1", "127.21.0.1")].map(take).into()
}

fn until_condition(folder: &Folder, wanted: &str) {
    until(wanted, || folder.json(&["status"])["books"]["survey"]["condition"]["state"] == wanted);
}

#[test]
fn without_any_standby_the_strict_policy_waits_and_everybody_can_see_it() {
    if !is_installed() {
        return;
    }
    let folder = Folder::open_to_all();
    let bank = Bank::up_with(&folder, &["--ledger-port", "0", "--journal", "postgres:local"]);
    bank.open_accounts(&[1, 2]);
    until_roles(&folder, "east-1");
    let load = Load::start(&bank, 1_000);
    load.until_more(20);
    let taken = lose_standbys(&folder);
    until_condition(&folder, "blocked");
    assert!(folder.tongbao(&["status"]).out.contains("BLOCKED until a standby is back"));
    drop(taken);
    load.until_more(20);
    until_condition(&folder, "synchronous");
    let heard = load.stop();
    check_books(&folder, &bank, &heard);
}

#[test]
fn without_any_standby_the_lax_policy_goes_on_and_says_so_loudly() {
    if !is_installed() {
        return;
    }
    let folder = Folder::open_to_all();
    let bank = Bank::up_with(
        &folder,
        &["--ledger-port", "0", "--journal", "postgres:local?durability=allow-degraded"],
    );
    bank.open_accounts(&[1, 2]);
    until_roles(&folder, "east-1");
    let load = Load::start(&bank, 1_000);
    load.until_more(20);
    let taken = lose_standbys(&folder);
    until_condition(&folder, "degraded");
    load.until_more(20);
    assert!(folder.tongbao(&["status"]).out.contains("DEGRADED"));
    drop(taken);
    until_condition(&folder, "synchronous");
    until_roles(&folder, "east-1");
    load.until_more(20);
    let heard = load.stop();
    assert_eq!(heard.errors, []);
    check_books(&folder, &bank, &heard);
}
