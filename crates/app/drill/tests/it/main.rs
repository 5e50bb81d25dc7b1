//! Drills on a real bank, in one process: real journal, real shards, real gateway. Only the kill is gentler than
//! SIGKILL.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod bank;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bank::{Bank, Door};
use client::{Client, ClientOptions};
use console_api::{Drill, DrillKind, DrillPhase, DrillRequest, DrillState, DrillTarget, Verdict};
use drill::{Desk, DrillError};

fn honest() -> Door {
    Arc::new(|_, _| false)
}

fn request(site: &str) -> DrillRequest {
    DrillRequest { kind: DrillKind::KillSite, site: site.parse().unwrap() }
}

async fn finished(desk: &Desk, request: DrillRequest) -> Drill {
    let id = desk.start(request).unwrap().id;
    loop {
        let drill = desk.get(id).unwrap();
        if drill.state != DrillState::Running {
            return drill;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loss_of_the_leader_is_proven_harmless_and_kept_as_evidence() {
    let bank = Bank::start(honest()).await;
    let desk = bank.desk();
    let before = bank.platform.borrow().leader.clone().unwrap();
    let drill = finished(&desk, request("leader")).await;
    assert_eq!(drill.state, DrillState::Passed, "{drill:?}");
    assert_eq!((drill.phase, &drill.error, drill.progress), (DrillPhase::Done, &None, None));
    let report = drill.report.as_ref().unwrap();
    assert_eq!((&report.site, &report.leader_before), (&before, &before));
    assert_ne!(report.leader_after, before);
    assert!(report.epoch_after > report.epoch_before && report.measurements.took_over);
    assert_eq!((report.lost, report.duplicated, report.balances_different), (0, 0, 0));
    assert_eq!((report.balances_compared, report.measurements.hashes_compared), (32, 2));
    assert_eq!(report.state_hash_live, report.state_hash_replay);
    assert!(report.acknowledged > 0 && report.acknowledged <= report.offered);
    assert!(report.measurements.journal_payments >= report.acknowledged);
    assert!(report.last_ack_before < report.killed_at && report.killed_at < report.first_ack_after);
    assert_eq!(report.measurements.phases.len(), 4);

    let again = bank.desk();
    assert_eq!(again.list().len(), 1);
    assert_eq!(again.get(drill.id).unwrap().state, DrillState::Passed);
    let html = tokio::fs::read_to_string(bank.reports().join(format!("{}.html", drill.id)));
    assert_eq!(html.await.unwrap(), desk.report_html(drill.id).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_of_others_may_flow_during_the_check() {
    let bank = Bank::start(honest()).await;
    let others = others(&bank).await;
    let drill = finished(&bank.desk(), request("leader")).await;
    let made = others.made.load(Ordering::Relaxed);
    others.task.abort();
    let report = drill.report.unwrap();
    assert_eq!(drill.state, DrillState::Passed, "{report:?}");
    assert_eq!((report.balances_compared, report.balances_different), (34, 0));
    assert!(made > 0 && report.measurements.journal_payments > report.acknowledged);
}

struct Others {
    made: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

/// Somebody who pays from account 1 to account 2 for as long as the bank stands.
async fn others(bank: &Bank) -> Others {
    let client = Client::new(&format!("http://{}", bank.gateway), ClientOptions::default()).unwrap();
    let accounts =
        r#"{"accounts":[{"id":"1","currency":"CZK","code":1},{"id":"2","currency":"CZK","code":1}]}"#;
    client.create_accounts(&serde_json::from_str(accounts).unwrap()).await.unwrap();
    let made = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&made);
    let task = tokio::spawn(async move {
        for id in 1_000u64.. {
            let payment = format!(
                r#"{{"id":"{id}","debit_account":"1","credit_account":"2","amount":"0.01","currency":"CZK","code":1}}"#
            );
            let payment = serde_json::from_str(&payment).unwrap();
            while client.pay(&payment).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    Others { made, task }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loss_of_a_follower_leaves_the_leader_and_its_epoch() {
    let bank = Bank::start(honest()).await;
    let desk = bank.desk();
    let leader = bank.platform.borrow().leader.clone().unwrap();
    let sites = bank.platform.borrow().sites.clone();
    let follower = sites.into_iter().map(|site| site.name).find(|name| *name != leader).unwrap();
    let target = DrillRequest { kind: DrillKind::KillSite, site: DrillTarget::Site(follower.clone()) };
    let drill = finished(&desk, target).await;
    let report = drill.report.unwrap();
    assert_eq!((drill.state, &report.site), (DrillState::Passed, &follower));
    assert_eq!((report.epoch_after, &report.leader_after), (report.epoch_before, &leader));
    assert!(!report.measurements.took_over);
    assert_eq!(report.rto_ms.to_bits(), report.measurements.longest_pause_ms.to_bits());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_acknowledges_what_it_does_not_book_is_caught() {
    let bank = Bank::start(Arc::new(|_, number| number % 50 == 7)).await;
    let drill = finished(&bank.desk(), request("leader")).await;
    let report = drill.report.unwrap();
    assert_eq!((drill.state, report.verdict), (DrillState::Failed, Verdict::Failed));
    assert!(report.lost > 0);
    assert_eq!(report.state_hash_live, report.state_hash_replay, "the books are in order, the door is not");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_drill_at_a_time_and_only_of_sites_there_are() {
    let bank = Bank::start(honest()).await;
    let desk = bank.desk();
    let site = |name: &str| name.parse().unwrap();
    assert_eq!(desk.start(request("west-1")), Err(DrillError::UnknownSite { site: site("west-1") }));
    let id = desk.start(request("leader")).unwrap().id;
    assert_eq!(desk.start(request("leader")), Err(DrillError::AlreadyRunning { id }));
    assert_eq!(desk.report_html(id), Err(DrillError::NoReport { id }));
    let other = ids::Id::new(7).unwrap();
    assert_eq!(desk.get(other), Err(DrillError::NotFound { id: other }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_that_cannot_be_finished_says_why() {
    let bank = Bank::start(honest()).await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let reports_dir = bank.reports();
    let desk = Desk::new(drill::DeskConfig {
        gateway: nobody,
        journal: bank::journal(bank.dir.path()),
        reports_dir,
        platform: bank.platform.clone(),
        kill: Arc::new(|_| Box::pin(async { Ok(()) })),
        clock: || ids::Timestamp(1_800_000_000_000_000_000),
    })
    .unwrap();
    let drill = finished(&desk, request("leader")).await;
    assert_eq!((drill.state, drill.phase, drill.report), (DrillState::Failed, DrillPhase::Load, None));
    let error = drill.error.unwrap();
    assert!(error.starts_with("DRL-0010: the bank did not open the drill's accounts"), "{error}");
    assert_eq!(bank.desk().get(drill.id).unwrap().error, Some(error), "it is kept as well");
}
