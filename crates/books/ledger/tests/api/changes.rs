//! The change feed over HTTP: what is told, in which bytes, from where on, and how it ends.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use expect_test::expect;
use futures_util::StreamExt as _;
use ledger::{ColdFiles, FeedLimits, Storage};
use ledger_api::{BatchEvent, Change};
use ledger_core::ColdOptions;
use shard::Role;
use tower::ServiceExt as _;

use crate::bank::{Answer, Bank, Site, until};

const BOOKS: &str = "open id=1 currency=CZK code=1
                     open id=2 currency=CZK code=1
                     open id=3 currency=EUR code=1
                     open id=4 currency=EUR code=1
                     pay id=10 from=1 to=2 amount=5.00 currency=CZK code=7
                     pay id=11 from=2 to=1 amount=2.00 currency=CZK code=7 flags=[pending] timeout=3600
                     pay id=12 from=2 to=1 amount=1.50 currency=CZK code=7 flags=[post_pending_transfer] pending_id=11
                     pay id=13 from=3 to=4 amount=9.00 currency=EUR code=8";

/// One frame of a stream: its `id`, its `event` and its `data`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Frame {
    id: Option<String>,
    event: Option<String>,
    data: Option<String>,
}

fn frame(text: &str) -> Frame {
    let mut frame = Frame::default();
    for line in text.trim_end().lines() {
        match line.split_once(": ") {
            Some(("id", id)) => frame.id = Some(id.to_owned()),
            Some(("event", event)) => frame.event = Some(event.to_owned()),
            Some(("data", data)) => frame.data = Some(data.to_owned()),
            Some(("", _)) => {}
            other => panic!("not a line of an event stream: {other:?}"),
        }
    }
    frame
}

/// The events of a stream that has ended.
fn events(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!((answer.status, answer.headers["content-type"].to_str().unwrap()), (200, "text/event-stream"));
    let frames = answer.body.split_terminator("\n\n").map(frame);
    frames.filter_map(|frame| Some((frame.id?, frame.data?))).collect()
}

async fn all(site: &Site, query: &str) -> Vec<(String, String)> {
    events(&site.get(&format!("/v1/changes?follow=false{query}")).await)
}

async fn after(site: &Site, place: &str) -> Answer {
    let request = Request::get("/v1/changes?follow=false&from=1").header("last-event-id", place);
    site.send(request.body(Body::empty()).unwrap()).await
}

fn parsed(events: &[(String, String)]) -> Vec<BatchEvent> {
    events.iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect()
}

fn changes(events: &[(String, String)]) -> Vec<String> {
    let name = |change: &Change| match change {
        Change::AccountCreated(account) => format!("account {}", account.id),
        Change::TransferCreated(transfer) => format!("transfer {} {:?}", transfer.id, transfer.status),
        Change::TransferExpired(expired) => format!("expired {}", expired.id),
    };
    parsed(events).iter().flat_map(|event| event.data.changes.iter().map(name).collect::<Vec<_>>()).collect()
}

/// Opens two accounts and makes batches of payments of the given sizes.
async fn make_payments(bank: &Bank, first: usize, sizes: &[usize]) {
    let mut id = first;
    for size in sizes {
        let payments: Vec<String> = (id..id + size)
            .map(|id| format!(r#"{{"id":"{id}","debit_account":"1","credit_account":"2","amount":"0.01","currency":"CZK","code":1}}"#))
            .collect();
        id += size;
        let answer =
            bank.site.post("/v1/payments/batch", format!(r#"{{"payments":[{}]}}"#, payments.join(","))).await;
        assert_eq!((answer.status, answer.field("created")), (200, size.to_string()), "{answer:?}");
    }
}

async fn caught_up(follower: &Site, leader: &Site) {
    until("the follower has caught up", || follower.handle.status().seq == leader.handle.status().seq).await;
}

#[tokio::test]
async fn every_batch_that_changed_something_is_told_once_in_order() {
    let bank = Bank::after(BOOKS).await;
    let refused = bank.line("pay id=14 from=1 to=3 amount=1 currency=CZK code=1").await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let told = all(&bank.site, "").await;
    let ids: Vec<&str> = told.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(
        ids,
        ["2", "3", "4", "5", "6", "7", "8", "9"],
        "not the leader's own record, not the refused request"
    );
    assert_eq!(
        changes(&told).join(", "),
        "account 1, account 2, account 3, account 4, transfer 10 Posted, transfer 11 Pending, transfer 12 Posted, \
         transfer 13 Posted"
    );
    let times = parsed(&told);
    assert!(times.is_sorted_by(|one, next| one.time < next.time));
    let mut event = times[5].clone();
    event.time = ids::Timestamp(1);
    event.data.timestamp = ids::Timestamp(1);
    if let Change::TransferCreated(transfer) = &mut event.data.changes[0] {
        assert_eq!(transfer.timestamp, times[5].time, "one request, one stamp");
        transfer.timestamp = ids::Timestamp(1);
    }
    expect![[r#"{"specversion":"1.0","id":"bank/7","source":"/shards/bank","type":"cn.tongbao.ledger.batch.v1","time":"1970-01-01T00:00:00.000000001Z","datacontenttype":"application/json","partitionkey":"bank","data":{"shard":"bank","seq":7,"epoch":1,"part":1,"parts":1,"timestamp":"1970-01-01T00:00:00.000000001Z","changes":[{"type":"transfer_created","id":"11","debit_account":"2","credit_account":"1","amount":"2.00","currency":"CZK","code":7,"flags":["pending"],"timeout":3600,"user_data_128":"0","user_data_64":"0","user_data_32":0,"timestamp":"1970-01-01T00:00:00.000000001Z","status":"pending","booking_date":"2026-11-22","value_date":"2026-11-22"}]}}"#]]
    .assert_eq(&serde_json::to_string(&event).unwrap());
    for ((_, bytes), event) in told.iter().zip(&times) {
        assert_eq!(serde_json::to_string(event).unwrap(), *bytes, "the bytes are those of the wire type");
    }
}

#[tokio::test]
async fn an_expiry_is_told_with_the_batch_that_brought_it() {
    let script =
        format!("{BOOKS}\npay id=20 from=1 to=2 amount=1.00 currency=CZK code=7 flags=[pending] timeout=1");
    let bank = Bank::after(&script).await;
    until("it has expired", || bank.site.handle.status().seq.0 > 10).await;
    let told = all(&bank.site, "&from=11").await;
    assert_eq!(changes(&told), ["expired 20"]);
    assert!(told[0].1.contains(r#""amount":"1.00","currency":"CZK""#), "{told:?}");
}

#[tokio::test]
async fn a_large_batch_is_told_in_parts_and_resumed_between_them() {
    let bank = Bank::after(BOOKS).await;
    make_payments(&bank, 1_000, &[2_500, 1_000, 1]).await;
    let told = all(&bank.site, "&from=10").await;
    let ids: Vec<&str> = told.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["10.1", "10.2", "10", "11", "12"]);
    let sizes: Vec<_> = parsed(&told)
        .iter()
        .map(|event| (event.id.clone(), event.data.part, event.data.parts, event.data.changes.len()))
        .collect();
    let size = |id: &str, part, parts, changes| (format!("bank/{id}"), part, parts, changes);
    assert_eq!(
        sizes,
        [
            size("10.1", 1, 3, 1_000),
            size("10.2", 2, 3, 1_000),
            size("10", 3, 3, 500),
            size("11", 1, 1, 1_000),
            size("12", 1, 1, 1)
        ]
    );
    let transfers: Vec<String> = (1_000..4_501).map(|id| format!("transfer {id} Posted")).collect();
    assert_eq!(changes(&told), transfers);
    for (index, (id, _)) in told.iter().enumerate() {
        // A reader who begins inside a batch finds nothing of it kept, and then everything.
        let fresh = Site::start(bank.folder.path(), "east-2", 1).until(Role::Follower).await;
        caught_up(&fresh, &bank.site).await;
        let rest = events(&after(&bank.site, id).await);
        assert_eq!(rest, told[index + 1..], "after {id}");
        let rest = events(&after(&fresh, id).await);
        assert!(told[index + 1..].starts_with(&rest), "after {id} on a follower");
    }
    assert_eq!(events(&after(&bank.site, "10.3").await), told[3..], "a part that does not exist is the last");
    assert_eq!(events(&after(&bank.site, "12.7").await), []);
}

#[tokio::test]
async fn every_site_tells_the_same_bytes_at_any_time() {
    let bank = Bank::after(BOOKS).await;
    make_payments(&bank, 1_000, &[3, 1_200, 700, 40]).await;
    let told = all(&bank.site, "").await;
    assert_eq!(all(&bank.site, "").await, told, "from what is kept");

    let follower = Site::start(bank.folder.path(), "east-2", 1).until(Role::Follower).await;
    caught_up(&follower, &bank.site).await;
    let there = all(&follower, "").await;
    assert_eq!(there, told[..there.len()], "a follower");
    assert_eq!(there.len(), told.len() - 1, "the newest batch is not known to be durable there");

    let cold = cold_storage(bank.folder.path());
    let shrunk = Site::start_with(bank.folder.path(), "south-1", 2, cold.clone(), FeedLimits::default());
    let shrunk = shrunk.until(Role::Follower).await;
    until("most transfers are cold", || cold.levels().cold > 1_500).await;
    assert_eq!(all(&shrunk, "").await, there, "from cold segments");

    drop((follower, shrunk));
    let bank = bank.restarted().await;
    assert_eq!(all(&bank.site, "").await, told, "after a restart from a snapshot");
}

/// A store that keeps nearly nothing in memory.
fn cold_storage(folder: &Path) -> Storage {
    let files = ColdFiles::new(folder.join("cold"));
    Storage::with_cold(Arc::new(files), ColdOptions { keep_rows: 50, segment_blocks: 4 })
}

#[tokio::test]
async fn a_filter_leaves_places_as_they_are() {
    let bank = Bank::after(BOOKS).await;
    let euros = all(&bank.site, "&currency=EUR").await;
    assert_eq!(changes(&euros), ["account 3", "account 4", "transfer 13 Posted"]);
    assert_eq!(euros[2].0, "9");
    let of_four = all(&bank.site, "&account=4").await;
    assert_eq!(changes(&of_four), ["account 4", "transfer 13 Posted"]);
    assert_eq!(changes(&all(&bank.site, "&account=1&currency=EUR").await), [""; 0]);
    let everything = all(&bank.site, "").await;
    assert_eq!(euros[2], everything[7], "the same bytes, if all of an event is asked for");
}

/// A stream that goes on.
struct Live {
    body: BodyDataStream,
}

impl Live {
    async fn open(site: &Site, path: &str) -> Self {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = site.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        Self { body: response.into_body().into_data_stream() }
    }

    /// The next frame; `None` at the end.
    async fn next(&mut self) -> Option<Frame> {
        let bytes = self.body.next().await?.unwrap();
        Some(frame(std::str::from_utf8(&bytes).unwrap()))
    }
}

#[tokio::test]
async fn a_stream_goes_on_until_the_site_stops() {
    let mut bank = Bank::after(BOOKS).await;
    let mut live = Live::open(&bank.site, "/v1/changes?from=9").await;
    assert_eq!(live.next().await.unwrap().id.unwrap(), "9");
    let paid = bank.line("pay id=30 from=1 to=2 amount=1.00 currency=CZK code=7").await;
    assert_eq!(paid.status, 201, "{paid:?}");
    let event = live.next().await.unwrap();
    assert_eq!(event.id.as_deref(), Some("10"));
    assert!(event.data.unwrap().contains(r#""id":"30""#));
    assert_eq!(bank.site.feed.counts().readers, 1);
    bank.site.feed.close();
    bank.site.stop().await;
    let end = live.next().await.unwrap();
    assert_eq!((end.event.as_deref(), end.data.unwrap().contains("FED-0002")), (Some("problem"), true));
    assert_eq!(live.next().await, None);
    assert_eq!(bank.site.get("/v1/changes").await.field("code"), "FED-0002");
    until("the reader is gone", || bank.site.feed.counts().readers == 0).await;
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_lives_and_how_far_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let limits = FeedLimits { heartbeat: Duration::from_millis(10), ..FeedLimits::default() };
    let site = Site::start_with(folder.path(), "east-1", 0, Storage::in_memory(), limits);
    let site = site.until(Role::Leader).await;
    let mut live = Live::open(&site, "/v1/changes").await;
    let first = live.next().await.unwrap();
    assert_eq!(
        (first.id.as_deref(), first.data),
        (Some("1"), None),
        "the leader's record has nothing to tell"
    );
    assert_eq!(live.next().await, Some(Frame::default()), "nothing moved");
}

#[tokio::test]
async fn a_slow_reader_is_bounded_and_told_why_it_ends() {
    let bank = Bank::after(BOOKS).await;
    make_payments(&bank, 1_000, &[5_000]).await;
    let limits = FeedLimits { readers_max: 1, patience: Duration::from_millis(50), ..FeedLimits::default() };
    let folder = bank.folder.path();
    let site =
        Site::start_with(folder, "east-2", 1, Storage::in_memory(), limits).until(Role::Follower).await;
    caught_up(&site, &bank.site).await;
    bank.line("open id=99 currency=CZK code=1").await;
    caught_up(&site, &bank.site).await;
    let mut live = Live::open(&site, "/v1/changes?from=10").await;
    let refused = site.get("/v1/changes").await;
    assert_eq!((refused.status, refused.field("code").as_str()), (503, "FED-0003"));
    until("patience has ended", || site.feed.counts().slow == 1).await;
    let mut ids = Vec::new();
    let last = loop {
        match live.next().await.unwrap() {
            Frame { id: Some(id), data: Some(_), .. } => ids.push(id),
            last => break last,
        }
    };
    assert_eq!(ids, ["10.1"], "what was on its way when patience ended");
    assert!(last.event.as_deref() == Some("problem") && last.data.unwrap().contains("FED-0004"));
    until("its room is free again", || site.feed.counts().readers == 0).await;
    let rest = events(&after(&site, "10.1").await);
    assert_eq!(rest.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["10.2", "10.3", "10.4", "10"]);
}

#[tokio::test]
async fn a_reader_who_leaves_makes_room_at_once() {
    let bank = Bank::after(BOOKS).await;
    let live = Live::open(&bank.site, "/v1/changes?from=10").await;
    assert_eq!(bank.site.feed.counts().readers, 1);
    drop(live);
    until("the reader is gone", || bank.site.feed.counts().readers == 0).await;
}

#[tokio::test]
async fn bad_places_are_refused() {
    let bank = Bank::after(BOOKS).await;
    for (query, status, code) in [
        ("from=0", 400, "API-0005"),
        ("from=-1", 400, "API-0005"),
        ("from=x", 400, "API-0005"),
        ("from=18446744073709551616", 400, "API-0005"),
        ("since=1", 400, "API-0005"),
        ("account=0", 400, "API-0005"),
        ("currency=XXX", 400, "API-0005"),
        ("follow=maybe", 400, "API-0005"),
        ("from=11", 416, "FED-0001"),
        ("from=18446744073709551615", 416, "FED-0001"),
    ] {
        let answer = bank.site.get(&format!("/v1/changes?{query}")).await;
        assert_eq!((answer.status, answer.field("code").as_str()), (status, code), "{query}: {answer:?}");
    }
    assert_eq!(all(&bank.site, "&from=10").await, [], "the next batch may be waited for");
    for place in ["", "x", "1.0", "1.", "-1", "1,2", "18446744073709551616"] {
        let answer = after(&bank.site, place).await;
        assert_eq!((answer.status, answer.field("code").as_str()), (400, "FED-0005"), "{place}");
    }
    assert_eq!(after(&bank.site, "18446744073709551615").await.field("code"), "FED-0001");
    assert_eq!(bank.site.post("/v1/changes", "{}").await.field("code"), "API-0003");
}
