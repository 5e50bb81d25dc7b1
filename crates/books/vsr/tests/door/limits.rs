//! What the door does not put up with.

use std::time::Duration;

use vsr::{Counts, Limits};
use vsr_core::{ClientSession, HEADER_BYTES, Header, Kind, PingClient, Release, checksum};

use super::memory::Bank;
use super::site::{Door, Raw, client};

/// Waits until the door has counted what is wanted.
async fn until(door: &Door, counted: impl Fn(Counts) -> bool) {
    while !counted(door.counts()) {
        tokio::task::yield_now().await;
    }
}

fn register() -> Vec<u8> {
    let (header, body) = ClientSession::new(3, 0, Release::OURS).register();
    [&header.to_bytes()[..], &body].concat()
}

fn ping(client: u128) -> [u8; HEADER_BYTES] {
    Header::new(0, 0, 0, Release::OURS, PingClient::new(client, 0, 1)).sealed(&[]).to_bytes()
}

#[tokio::test]
async fn bytes_that_are_not_the_protocol_close_the_connection() {
    let patched = |at: usize, with: &[u8]| {
        let mut bytes = register();
        bytes[at..at + with.len()].copy_from_slice(with);
        let sum = checksum(&bytes[16..HEADER_BYTES]);
        bytes[..16].copy_from_slice(&sum.to_le_bytes());
        bytes
    };
    let damaged = |at: usize| {
        let mut bytes = register();
        bytes[at] ^= 1;
        bytes
    };
    let cases = [
        ("http", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20)),
        ("a damaged header", damaged(130)),
        ("a damaged body", damaged(300)),
        ("another cluster", patched(80, &[1])),
        ("2 GiB", patched(96, &[0, 0, 0, 128])),
        ("two clients", [&ping(1)[..], &ping(2)].concat()),
    ];
    let door = Door::open(&Bank::default(), 0, 1, Limits::default()).await;
    for (count, (what, bytes)) in (1..).zip(cases) {
        let mut raw = Raw::connect(&door).await;
        raw.send(&bytes).await;
        // A pong may come before the end.
        while raw.hear().await.is_some() {}
        until(&door, |counts| counts.open == 0).await;
        assert_eq!(door.counts().broken, count, "{what}");
    }
    client(std::slice::from_ref(&door), 1).await;
}

#[tokio::test]
async fn silence_and_slow_messages_end() {
    let limits = Limits {
        idle_timeout: Duration::from_millis(50),
        message_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let door = Door::open(&Bank::default(), 0, 1, limits).await;
    for (count, part) in (1..).zip([0, 1, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 100]) {
        let mut raw = Raw::connect(&door).await;
        raw.send(&register()[..part]).await;
        assert!(raw.hear().await.is_none(), "{part} bytes of a message");
        until(&door, |counts| counts.timed_out == count).await;
    }
}

#[tokio::test]
async fn a_slow_message_is_not_saved_by_its_drops() {
    let limits = Limits { message_timeout: Duration::from_millis(100), ..Limits::default() };
    let door = Door::open(&Bank::default(), 0, 1, limits).await;
    let mut raw = Raw::connect(&door).await;
    let bytes = register();
    let drip = async {
        for byte in &bytes[..HEADER_BYTES - 1] {
            raw.send(&[*byte]).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        raw.hear().await
    };
    tokio::select! {
        heard = drip => assert!(heard.is_none()),
        () = until(&door, |counts| counts.timed_out == 1) => {}
    }
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let door = Door::open(&Bank::default(), 0, 1, limits).await;
    let mut first = Raw::connect(&door).await;
    first.send(&ping(1)).await;
    first.hear().await.unwrap();
    let mut second = Raw::connect(&door).await;
    second.send(&ping(2)).await;
    assert_eq!(door.counts().connections, 1);
    drop(first);
    second.hear().await.unwrap();
    assert_eq!(door.counts().connections, 2);
}

#[tokio::test]
async fn bodies_share_a_budget_and_all_get_through() {
    // Room for one large body: the clients take turns.
    let limits = Limits { body_bytes_max: 0, ..Limits::default() };
    let door = Door::open(&Bank::default(), 0, 1, limits).await;
    let mut tasks = tokio::task::JoinSet::new();
    for id in 1..6_u128 {
        let mut client = client(std::slice::from_ref(&door), id).await;
        tasks.spawn(async move {
            for _ in 0..3 {
                client.batch(Kind::LookupAccounts, &vec![0; 8_000 * 16]).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(door.counts().replies, 5 + 15);
}

#[tokio::test]
async fn a_door_that_closes_lets_nobody_wait() {
    let door = Door::open(&Bank::default(), 0, 1, Limits::default()).await;
    let address = door.address;
    let mut idle = Raw::connect(&door).await;
    idle.send(&ping(1)).await;
    idle.hear().await.unwrap();
    door.close().await;
    assert!(idle.hear().await.is_none());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
