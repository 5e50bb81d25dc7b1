//! Sites that die and sites that hang, under load.

use std::fs;

use rustix::process::Signal;

use crate::bank::{Bank, Folder, signal, until};
use crate::load::{Load, check_books};

#[test]
fn the_leader_killed_under_load_loses_nothing_shows_no_error_and_comes_back() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    bank.until_whole();
    let load = Load::start(&bank, 1_000);
    let mut epoch = bank.epoch;
    for _ in 0..2 {
        load.until_more(50);
        let leader = bank.platform()["leader"].as_str().unwrap().to_owned();
        let (pid, restarts) = (bank.site_pid(&leader), bank.site(&leader)["restarts"].as_u64().unwrap());
        signal(pid, Signal::KILL);
        until("another reign", || bank.platform()["epoch"].as_u64().unwrap() > epoch);
        epoch = bank.platform()["epoch"].as_u64().unwrap();
        load.until_more(50);
        until("the site is started again", || {
            let site = bank.site(&leader);
            site["restarts"].as_u64().unwrap() > restarts && site["role"] == "follower"
        });
    }
    let heard = load.stop();
    assert_eq!(heard.errors, [], "clients see a pause, not an error");
    bank.until_whole();
    let sites = bank.platform()["sites"].as_array().unwrap().clone();
    assert!(sites.iter().all(|site| site["lag"] == 0 && site["state"] == "up"), "{sites:?}");
    check_books(&folder, &bank, &heard);
    assert!(bank.down().success());
}

#[test]
fn a_leader_that_hangs_is_shot_and_another_leads() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    bank.until_whole();
    let load = Load::start(&bank, 1_000);
    load.until_more(50);
    let hung = bank.site_pid(&bank.leader);
    signal(hung, Signal::STOP);
    until("another leader", || {
        let platform = bank.platform();
        platform["leader"].is_string() && platform["epoch"].as_u64().unwrap() > bank.epoch
    });
    load.until_more(50);
    let heard = load.stop();
    assert_eq!(heard.errors, []);
    until("the one that hung is gone", || !folder.processes().iter().any(|(pid, _)| *pid == hung));
    bank.until_whole();
    check_books(&folder, &bank, &heard);
}

#[test]
fn a_follower_killed_disturbs_nobody() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    bank.until_whole();
    let load = Load::start(&bank, 1_000);
    load.until_more(20);
    signal(bank.site_pid("south-1"), Signal::KILL);
    load.until_more(20);
    until("it is back", || {
        bank.site("south-1")["restarts"] == 1 && bank.site("south-1")["role"] == "follower"
    });
    let heard = load.stop();
    assert_eq!(heard.errors, []);
    assert_eq!(bank.platform()["epoch"], bank.epoch, "the same reign");
    bank.until_whole();
    check_books(&folder, &bank, &heard);
}

#[test]
fn a_drill_passes_and_leaves_its_evidence() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.until_whole();
    let drill = folder.json(&["drill", "kill-site", "leader"]);
    assert_eq!(
        (&drill["state"], &drill["report"]["verdict"]),
        (&"passed".into(), &"passed".into()),
        "{drill}"
    );
    assert_eq!(drill["site"], bank.leader.as_str());
    let report = &drill["report"];
    assert_eq!(
        (&report["lost"], &report["duplicated"], &report["balances_different"]),
        (&0.into(), &0.into(), &0.into())
    );
    assert_eq!(report["state_hash_live"], report["state_hash_replay"]);
    assert!(report["epoch_after"].as_u64() > report["epoch_before"].as_u64());

    let id = drill["id"].as_str().unwrap();
    let page = fs::read_to_string(folder.path().join(format!("drills/{id}.html"))).unwrap();
    assert!(page.starts_with("<!") && page.contains(id), "{page}");
    let stored: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join(format!("drills/{id}.json"))).unwrap()).unwrap();
    assert!(stored.to_string().contains(id));
    assert_eq!(folder.json(&["drill", "list"])["drills"][0]["id"], id);
    let listed = folder.tongbao(&["drill", "list"]);
    assert!(listed.ok && listed.out.contains("passed") && listed.out.contains(id), "{listed:?}");

    bank.until_whole();
    let again = folder.tongbao(&["drill", "kill-site", "south-1"]);
    assert!(again.ok && again.out.contains("0 lost, 0 duplicated"), "{again:?}");
    let unknown = folder.tongbao(&["drill", "kill-site", "north-1"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("error[DRL-0002]: there is no site `north-1`\n"), "{unknown:?}");
    assert!(unknown.err.contains("hint: name a site that `tongbao status` lists"), "{unknown:?}");
}
