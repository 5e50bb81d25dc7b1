//! Which site gets a request, and how often.

use std::time::Duration;

use bytes::Bytes;
use gateway::{GatewayLimits, ServeLimits};
use hyper::Request;

use crate::clients::{Raw, get, post, send, send_over};
use crate::site::{Door, Site, Turn, until};

/// A path whose writes carry no id, so that sending one twice may be doing it twice.
const NOT_REPEATABLE: &str = "/v1/other";

#[tokio::test]
async fn a_request_arrives_as_it_was_sent() {
    let site = Site::leading("east-1", 1).await;
    let door = Door::before(&[&site]).await;
    let answer = send(&door, post("/v1/payments?a=1&b=%20", r#"{"id":"7"}"#)).await;
    assert_eq!((answer.status, answer.body.as_str()), (201, r#"east-1: {"id":"7"}"#));
    let [seen] = &site.seen()[..] else { panic!("one request") };
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/v1/payments?a=1&b=%20"));
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(&seen.body[..], br#"{"id":"7"}"#);
    door.close().await;
}

#[tokio::test]
async fn h2_with_prior_knowledge_is_answered() {
    let site = Site::leading("east-1", 1).await;
    let door = Door::before(&[&site]).await;
    let answer = send_over(door.address, true, post("/v1/payments", "{}")).await;
    assert_eq!((answer.status, answer.body.as_str()), (201, "east-1: {}"));
    let problem = send_over(door.address, true, post("/v1/payments", "{}")).await;
    assert_eq!(problem.status, 201);
    door.close().await;
}

#[tokio::test]
async fn requests_are_held_while_nobody_leads_and_then_delivered_once() {
    let site = Site::start("east-1").await;
    let door = Door::before(&[&site]).await;
    let writing = send(&door, post("/v1/payments", r#"{"id":"1"}"#));
    let reading = send(&door, get("/v1/accounts/1"));
    let other = send(&door, post(NOT_REPEATABLE, "{}"));
    let leading = async {
        door.until_held(3).await;
        assert!(site.seen().is_empty());
        site.lead(1);
    };
    let (written, read, done, ()) = tokio::join!(writing, reading, other, leading);
    assert_eq!((written.status, read.status, done.status), (201, 201, 201));
    assert_eq!(site.seen().len(), 3);
    assert_eq!(door.gateway.live().sample().held, 0);
    door.close().await;
}

#[tokio::test]
async fn a_hold_ends_with_a_problem_that_says_try_again() {
    let site = Site::start("east-1").await;
    let limits = GatewayLimits { hold_max: Duration::from_millis(100), ..GatewayLimits::default() };
    let door = Door::with(&[&site], limits, ServeLimits::default()).await;
    let answer = send(&door, post("/v1/payments", "{}")).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "GWY-0001"));
    assert_eq!(answer.headers["retry-after"], "1");
    assert!(site.seen().is_empty());
    door.close().await;
}

#[tokio::test]
async fn what_carries_an_id_is_sent_again_when_the_connection_breaks() {
    let site = Site::leading("east-1", 1).await;
    let door = Door::before(&[&site]).await;
    for path in ["/v1/accounts", "/v1/accounts/batch", "/v1/payments", "/v1/payments/batch"] {
        let before = site.seen().len();
        site.next(&[Turn::BreakOff, Turn::Unknown, Turn::BreakOff]);
        let answer = send(&door, post(path, r#"{"id":"9"}"#)).await;
        assert_eq!((answer.status, answer.body.as_str()), (201, r#"east-1: {"id":"9"}"#), "{path}");
        let seen = site.seen().split_off(before);
        assert_eq!(seen.len(), 4, "{path}");
        assert!(seen.iter().all(|seen| seen.path == path && &seen.body[..] == br#"{"id":"9"}"#));
    }
    site.next(&[Turn::BreakOff]);
    assert_eq!(send(&door, get("/v1/totals")).await.status, 201, "reading twice is reading once");
    site.next(&[Turn::BreakOff]);
    let mut keyed = post(NOT_REPEATABLE, "{}");
    keyed.headers_mut().insert("idempotency-key", "7".parse().unwrap());
    assert_eq!(send(&door, keyed).await.status, 201, "the client named it");
    door.close().await;
}

#[tokio::test]
async fn what_carries_no_id_is_never_sent_twice() {
    let site = Site::leading("east-1", 1).await;
    let limits = GatewayLimits { answer_timeout: Duration::from_millis(200), ..GatewayLimits::default() };
    let door = Door::with(&[&site], limits, ServeLimits::default()).await;
    for (turn, method) in [(Turn::BreakOff, "POST"), (Turn::Unknown, "DELETE"), (Turn::Hang, "PATCH")] {
        let before = site.seen().len();
        site.next(&[turn]);
        let request = Request::builder().method(method).uri(NOT_REPEATABLE).body(Bytes::from("{}")).unwrap();
        let answer = send(&door, request).await;
        assert_eq!((answer.status, answer.code().as_str()), (502, "GWY-0002"), "{turn:?}");
        assert_eq!(site.seen().len(), before + 1, "{turn:?}");
    }
    door.close().await;
}

#[tokio::test]
async fn a_site_that_hangs_is_asked_again_under_the_same_id() {
    let site = Site::leading("east-1", 1).await;
    let limits = GatewayLimits { answer_timeout: Duration::from_millis(200), ..GatewayLimits::default() };
    let door = Door::with(&[&site], limits, ServeLimits::default()).await;
    site.next(&[Turn::Hang]);
    assert_eq!(send(&door, post("/v1/payments", "{}")).await.status, 201);
    assert_eq!(site.seen().len(), 2);
    door.close().await;
}

#[tokio::test]
async fn of_two_that_say_they_lead_the_higher_epoch_is_believed() {
    let old = Site::leading("east-1", 3).await;
    let new = Site::leading("east-2", 4).await;
    let door = Door::before(&[&new, &old]).await;
    for _ in 0..10 {
        assert_eq!(send(&door, post("/v1/payments", "{}")).await.body, "east-2: {}");
    }
    assert!(old.seen().is_empty());
    door.close().await;
}

#[tokio::test]
async fn a_site_that_does_not_lead_any_more_passes_the_request_on_whatever_it_is() {
    for path in ["/v1/payments", NOT_REPEATABLE] {
        let first = Site::leading("east-1", 2).await;
        let second = Site::leading("east-2", 1).await;
        let door = Door::before(&[&first, &second]).await;
        first.next(&[Turn::NotLeading]);
        assert_eq!(send(&door, post(path, "{}")).await.body, "east-2: {}", "{path}");
        assert_eq!((first.seen().len(), second.seen().len()), (1, 1), "{path}");
        door.close().await;
    }
}

#[tokio::test]
async fn what_never_reached_a_dead_leader_goes_to_the_next_whatever_it_is() {
    let first = Site::leading("east-1", 1).await;
    let second = Site::start("east-2").await;
    let door = Door::before(&[&first, &second]).await;
    door.until_led_by(&first).await;
    first.die();
    second.lead(2);
    assert_eq!(send(&door, post(NOT_REPEATABLE, "{}")).await.body, "east-2: {}");
    assert_eq!((first.seen().len(), second.seen().len()), (0, 1));
    door.close().await;
}

#[tokio::test]
async fn headers_of_one_connection_end_at_the_door() {
    let site = Site::leading("east-1", 1).await;
    let door = Door::before(&[&site]).await;
    let mut client = Raw::open(door.address).await;
    client
        .write(
            "POST /v1/payments HTTP/1.1\r\nHost: bank\r\nContent-Length: 2\r\nConnection: close, X-Secret\r\n\
             X-Secret: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nX-Kept: yes\r\n\
             Idempotency-Key: 5\r\n\r\n{}",
        )
        .await;
    let said = client.until_closed().await;
    assert!(said.starts_with("HTTP/1.1 201"), "{said}");
    let answer = said.to_ascii_lowercase();
    assert!(answer.contains("\r\nx-ours: 2\r\n"), "{said}");
    for gone in ["x-mine", "timeout=9"] {
        assert!(!answer.contains(gone), "{gone}: {said}");
    }
    let [seen] = &site.seen()[..] else { panic!("one request") };
    assert_eq!(
        (&seen.headers["x-kept"], &seen.headers["idempotency-key"]),
        (&"yes".parse().unwrap(), &"5".parse().unwrap())
    );
    for gone in ["x-secret", "keep-alive", "proxy-connection", "te", "connection"] {
        assert!(!seen.headers.contains_key(gone), "{gone}: {:?}", seen.headers);
    }
    assert_ne!(seen.headers["host"], "bank", "the site is asked under its own address");
    door.close().await;
}

#[tokio::test]
async fn nobody_waits_for_a_leader_that_hangs_once_another_one_leads() {
    let (old, new) = (Site::leading("east-1", 1).await, Site::start("east-2").await);
    old.next(&[Turn::Hang, Turn::Hang]);
    // The answer of the old leader would be waited for far longer than this test may take.
    let limits = GatewayLimits { answer_timeout: Duration::from_secs(3_600), ..GatewayLimits::default() };
    let door = Door::with(&[&old, &new], limits, ServeLimits::default()).await;
    let payment = send(&door, post("/v1/payments", r#"{"id":"1"}"#));
    let other = send(&door, post(NOT_REPEATABLE, "{}"));
    let takeover = async {
        until("both have arrived", || old.seen().len() == 2).await;
        new.lead(2);
    };
    let (payment, other, ()) = tokio::join!(payment, other, takeover);
    assert_eq!((payment.status, payment.body.as_str()), (201, r#"east-2: {"id":"1"}"#));
    assert_eq!((other.status, other.code().as_str()), (502, "GWY-0002"), "it may have been done");
    assert_eq!(new.seen().len(), 1);
    door.close().await;
}
