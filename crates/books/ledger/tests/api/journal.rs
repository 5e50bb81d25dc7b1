//! The journal over HTTP: its records, and a check of all of them.

use std::fs::OpenOptions;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use serde_json::Value;
use shard::Role;

use crate::bank::{Answer, Bank, Site};

const BOOKS: &str = "open id=1 currency=CZK code=1
                     open id=2 currency=CZK code=1
                     pay id=10 from=1 to=2 amount=5.00 currency=CZK code=7";

fn seqs(page: &Value) -> Vec<u64> {
    page["records"].as_array().unwrap().iter().map(|record| record["seq"].as_u64().unwrap()).collect()
}

/// Waits for the verdict of the check that goes on.
async fn verdict(site: &Site) -> Answer {
    loop {
        let answer = site.get("/v1/journal/verify").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if answer.field("state") != "running" {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn records_are_paged_and_linked_by_their_hashes() {
    let bank = Bank::after(BOOKS).await.restarted().await;
    let page = bank.site.get("/v1/journal").await.json();
    assert_eq!(
        (seqs(&page), &page["last_seq"], &page["next"]),
        (vec![1, 2, 3, 4, 5], &5.into(), &Value::Null)
    );
    let records = page["records"].as_array().unwrap();
    for pair in records.windows(2) {
        assert_eq!(pair[0]["hash"], pair[1]["prev_hash"]);
    }
    let kinds: Vec<&str> = records.iter().map(|record| record["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["epoch", "commands", "commands", "commands", "epoch"]);
    assert!(records.iter().all(|record| record["leader"] == "east-1"), "{records:?}");
    assert_eq!((&records[3]["commands"], &records[3]["epoch"]), (&1.into(), &1.into()));

    let page = bank.site.get("/v1/journal?from=2&limit=2").await.json();
    assert_eq!((seqs(&page), &page["next"]), (vec![2, 3], &4.into()));
    assert_eq!(seqs(&bank.site.get("/v1/journal?limit=2").await.json()), [4, 5], "the newest");
    let beyond = bank.site.get("/v1/journal?from=6").await.json();
    assert_eq!((seqs(&beyond), &beyond["next"]), (Vec::new(), &Value::Null));
    assert_eq!(bank.site.get("/v1/journal?from=18446744073709551615").await.status, 200);
}

#[tokio::test]
async fn a_sound_journal_is_found_sound() {
    let bank = Bank::after(BOOKS).await;
    assert_eq!(bank.site.get("/v1/journal/verify").await.field("state"), "none");
    let started = bank.site.post("/v1/journal/verify", "").await;
    assert_eq!(started.status, 202, "{started:?}");
    let found = verdict(&bank.site).await;
    let fields = ["state", "records", "commands", "epochs", "first_seq", "last_seq", "site", "fault"];
    assert_eq!(fields.map(|name| found.field(name)), ["sound", "4", "3", "1", "1", "4", "east-1", "null"]);
    let newest = bank.site.get("/v1/journal?limit=1").await.json();
    assert_eq!(found.json()["head"], newest["records"][0]["hash"]);
}

#[tokio::test]
async fn damage_is_found_and_named() {
    let bank = Bank::after(BOOKS).await;
    flip_a_byte(bank.folder.path());
    assert_eq!(bank.site.post("/v1/journal/verify", "").await.status, 202);
    let found = verdict(&bank.site).await.json();
    assert_eq!((&found["state"], &found["fault"]["code"]), (&"failed".into(), &"JRN-0006".into()), "{found}");
    let page = bank.site.get("/v1/journal").await;
    assert_eq!((page.status, page.field("code")), (500, "JRN-0006".to_owned()));
}

/// Damages the first record's payload, long durable.
#[expect(clippy::disallowed_methods, reason = "the test plays a failing disk")]
fn flip_a_byte(folder: &Path) {
    let mut segments = std::fs::read_dir(folder.join("journal")).unwrap();
    let is_segment = |path: &Path| path.extension().is_some_and(|extension| extension == "seg");
    let segment = segments.find_map(|entry| Some(entry.unwrap().path()).filter(|path| is_segment(path)));
    let mut file = OpenOptions::new().write(true).open(segment.unwrap()).unwrap();
    file.seek(SeekFrom::Start(150)).unwrap();
    file.write_all(&[0xff]).unwrap();
}

#[tokio::test]
async fn only_the_leader_shows_its_journal() {
    let bank = Bank::after(BOOKS).await;
    let follower = Site::start(bank.folder.path(), "east-2", 1).until(Role::Follower).await;
    for answer in [
        follower.get("/v1/journal").await,
        follower.get("/v1/journal/verify").await,
        follower.post("/v1/journal/verify", "").await,
        follower.get("/v1/trial-balance").await,
        follower.get("/v1/pending").await,
        follower.get("/v1/transfers").await,
    ] {
        assert_eq!((answer.status, answer.field("code").as_str()), (421, "SHD-0002"), "{answer:?}");
    }
}
