//! Clients that send too much, too slowly, or nothing at all.

use std::time::Duration;

use gateway::{BODY_BYTES_MAX, GatewayLimits, ServeLimits};

use crate::clients::{Raw, get, post, send};
use crate::site::{Door, Site};

/// How long the impatient doors of these tests wait.
const SHORT: Duration = Duration::from_millis(200);

fn head(headers: &str) -> String {
    format!("POST /v1/payments HTTP/1.1\r\nHost: bank\r\n{headers}\r\n\r\n")
}

async fn impatient_with_bodies(site: &Site) -> Door {
    let limits = GatewayLimits { body_timeout: SHORT, ..GatewayLimits::default() };
    Door::with(&[site], limits, ServeLimits::default()).await
}

async fn impatient_with_heads(site: &Site) -> Door {
    let limits = ServeLimits { head_timeout: SHORT, ..ServeLimits::default() };
    Door::with(&[site], GatewayLimits::default(), limits).await
}

#[tokio::test]
async fn a_body_may_have_the_largest_size_and_not_a_byte_more() {
    let site = Site::leading("east-1", 1).await;
    let door = Door::before(&[&site]).await;
    let largest: &'static str = Box::leak("x".repeat(BODY_BYTES_MAX).into_boxed_str());
    assert_eq!(send(&door, post("/v1/payments", largest)).await.status, 201);
    assert_eq!(site.seen()[0].body.len(), BODY_BYTES_MAX);

    let mut declared = Raw::open(door.address).await;
    declared.write(head(&format!("Content-Length: {}", BODY_BYTES_MAX + 1))).await;
    assert_eq!(declared.problem().await, (413, "GWY-0003".to_owned()), "refused before it is sent");

    let mut chunked = Raw::open(door.address).await;
    chunked.write(head("Transfer-Encoding: chunked")).await;
    for _ in 0..4 {
        chunked.write(format!("100000\r\n{}\r\n", "x".repeat(1 << 20))).await;
    }
    chunked.write("1\r\nx\r\n0\r\n\r\n").await;
    assert_eq!(chunked.problem().await, (413, "GWY-0003".to_owned()));
    assert_eq!(site.seen().len(), 1, "the site has met neither");
    door.close().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let site = Site::leading("east-1", 1).await;
    let door = impatient_with_bodies(&site).await;
    for (headers, part) in
        [("Content-Length: 10", "{\"id\""), ("Transfer-Encoding: chunked", "5\r\n{\"id\"\r\n")]
    {
        let mut slow = Raw::open(door.address).await;
        slow.write(head(headers)).await;
        slow.write(part).await;
        assert_eq!(slow.problem().await, (408, "GWY-0004".to_owned()), "{headers}");
    }
    let mut odd = Raw::open(door.address).await;
    odd.write(head("Transfer-Encoding: chunked")).await;
    odd.write("what?\r\n").await;
    assert_eq!(odd.problem().await, (408, "GWY-0004".to_owned()), "broken off, as far as anybody can tell");
    assert!(site.seen().is_empty());
    door.close().await;
}

#[tokio::test]
async fn a_slow_body_does_not_use_up_the_time_to_be_held() {
    let site = Site::leading("east-1", 1).await;
    let limits = GatewayLimits { hold_max: SHORT, ..GatewayLimits::default() };
    let door = Door::with(&[&site], limits, ServeLimits::default()).await;
    let mut slow = Raw::open(door.address).await;
    slow.write(head("Content-Length: 2\r\nConnection: close")).await;
    // Longer than a request is held, on every machine.
    tokio::time::sleep(SHORT * 3).await;
    slow.write("{}").await;
    let said = slow.until_closed().await;
    assert!(said.starts_with("HTTP/1.1 201"), "{said}");
    door.close().await;
}

#[tokio::test]
async fn bodies_that_fill_the_room_keep_out_others_and_nobody_else() {
    let site = Site::leading("east-1", 1).await;
    let limits = GatewayLimits { held_bytes_max: 100, ..GatewayLimits::default() };
    let door = Door::with(&[&site], limits, ServeLimits::default()).await;
    let mut announcing = Raw::open(door.address).await;
    announcing.write(head("Content-Length: 4000000")).await;
    assert_eq!(send(&door, post("/v1/payments", "{}")).await.status, 201, "an announcement takes no room");

    announcing.write("x".repeat(99)).await;
    // The door takes those bytes when it likes; a request of two is refused from then on.
    let mut refused = send(&door, post("/v1/payments", "{}")).await;
    while refused.status == 201 {
        refused = send(&door, post("/v1/payments", "{}")).await;
    }
    assert_eq!((refused.status, refused.code().as_str()), (503, "GWY-0005"));
    assert_eq!(send(&door, get("/v1/totals")).await.status, 201, "reading takes no room");
    drop(announcing);
    let mut again = send(&door, post("/v1/payments", "{}")).await;
    while again.status != 201 {
        again = send(&door, post("/v1/payments", "{}")).await;
    }
    door.close().await;
}

#[tokio::test]
async fn a_client_that_breaks_off_leaves_no_request_behind() {
    let site = Site::leading("east-1", 1).await;
    let door = Door::before(&[&site]).await;
    let mut client = Raw::open(door.address).await;
    client.write(head("Content-Length: 10")).await;
    client.write("{\"id\"").await;
    drop(client);
    assert_eq!(send(&door, post("/v1/payments", "{}")).await.status, 201);
    let bodies: Vec<_> = site.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, ["{}"]);
    door.close().await;
}

#[tokio::test]
async fn clients_that_never_finish_a_head_are_shown_out_while_others_are_served() {
    let site = Site::leading("east-1", 1).await;
    let door = impatient_with_heads(&site).await;
    let beginnings = [
        "",
        "G",
        "PRI * HT",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /v1/accounts HTTP/1.1\r\nHost: bank\r\nX-A: 1\r\n",
    ];
    for beginning in beginnings {
        let mut slow = Raw::open(door.address).await;
        slow.write(beginning).await;
        assert_eq!(send(&door, get("/v1/totals")).await.status, 201, "others are served");
        let said = slow.until_closed().await;
        assert!(!said.contains("201"), "{beginning:?}: {said}");
    }
    door.close().await;
}

#[tokio::test]
async fn a_head_may_not_be_endless() {
    let site = Site::leading("east-1", 1).await;
    let door = Door::before(&[&site]).await;
    let mut client = Raw::open(door.address).await;
    client.write(format!("GET / HTTP/1.1\r\nHost: bank\r\nX-Long: {}\r\n\r\n", "x".repeat(100_000))).await;
    let said = client.until_closed().await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{said}");
    for nonsense in ["\r\n\r\n\r\n", "GET\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"] {
        let mut client = Raw::open(door.address).await;
        client.write(nonsense).await;
        client.write("x\r\n\r\n").await;
        let said = client.until_closed().await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{nonsense:?}: {said}");
    }
    assert!(site.seen().is_empty());
    assert_eq!(send(&door, get("/v1/totals")).await.status, 201);
    door.close().await;
}

#[tokio::test]
async fn more_connections_than_there_is_room_for_wait_their_turn() {
    let site = Site::leading("east-1", 1).await;
    let limits = ServeLimits { connections_max: 2, ..ServeLimits::default() };
    let door = Door::with(&[&site], GatewayLimits::default(), limits).await;
    let (first, second) = (Raw::open(door.address).await, Raw::open(door.address).await);
    let waiting = tokio::spawn({
        let address = door.address;
        async move { crate::clients::send_over(address, false, get("/v1/totals")).await.status }
    });
    // Nothing can be concluded from its silence; what counts is that it is served once there is room.
    tokio::time::sleep(SHORT).await;
    assert!(!waiting.is_finished(), "two connections are all there is room for");
    drop((first, second));
    assert_eq!(waiting.await.unwrap(), 201);
    door.close().await;
}
