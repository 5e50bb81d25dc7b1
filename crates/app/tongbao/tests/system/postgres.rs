//! Books in PostgreSQL servers of the bank's own.
//!
//! Without PostgreSQL these tests say so and do nothing; in CI that is a failure.

use std::fs;

use rustix::process::Signal;

use crate::bank::{Bank, Folder, signal, until};
use crate::load::{Load, check_books};

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

/// The process of a site's server.
fn server_pid(folder: &Folder, site: &str) -> u32 {
    let file = folder.path().join("sites").join(site).join("postgres/data/postmaster.pid");
    fs::read_to_string(file).unwrap().lines().next().unwrap().parse().unwrap()
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
    let bank = Bank::up_with(&folder, &["--journal", "postgres:local"]);
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
