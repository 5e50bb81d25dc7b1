//! Bytes that no client sends: they end in a closed connection or an eviction, never in a panic.

use proptest::prelude::*;
use vsr_core::{
    Connection, ConnectionError, FrameError, HEADER_BYTES, Header, PingClient, PongClient, Release, Request,
    checksum,
};

use super::{CLIENT, LEADER, lookup, message, register};

fn refused(bytes: &[u8]) -> ConnectionError {
    Connection::default().feed(&LEADER, bytes).unwrap_err()
}

/// A message with these header bytes replaced, and a checksum that says all is well.
fn patched(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
    bytes[at..at + with.len()].copy_from_slice(with);
    let sum = checksum(&bytes[16..HEADER_BYTES]);
    bytes[..16].copy_from_slice(&sum.to_le_bytes());
    bytes
}

#[test]
fn every_flipped_bit_is_seen() {
    let bytes = lookup(1);
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let expected =
            if bit / 8 < HEADER_BYTES { FrameError::HeaderChecksum } else { FrameError::BodyChecksum };
        assert_eq!(refused(&damaged), ConnectionError::Frame(expected), "bit {bit}");
    }
}

#[test]
fn a_part_of_a_message_waits_for_the_rest() {
    let bytes = lookup(1);
    for cut in 0..bytes.len() {
        assert_eq!(Connection::default().feed(&LEADER, &bytes[..cut]), Ok(None), "cut at {cut}");
    }
}

#[test]
fn headers_that_lie_are_refused() {
    let cases: [(&str, Vec<u8>, &str); 12] = [
        ("another cluster", patched(lookup(1), 80, &[8]), "VSR-0006"),
        ("a size below a header", patched(lookup(1), 96, &[255, 0, 0, 0]), "VSR-0004"),
        ("a size above a message", patched(lookup(1), 96, &[1, 0, 16, 0]), "VSR-0004"),
        ("another format", patched(lookup(1), 112, &[1, 0]), "VSR-0003"),
        ("a command of replicas", patched(lookup(1), 114, &[6]), "VSR-0005"),
        ("no command", patched(lookup(1), 114, &[200]), "VSR-0005"),
        ("no release", patched(lookup(1), 108, &[0; 4]), "VSR-0005"),
        ("a nonce", patched(lookup(1), 64, &[1]), "VSR-0005"),
        ("an epoch", patched(lookup(1), 100, &[1]), "VSR-0005"),
        ("a client 0", patched(lookup(1), 160, &[0; 16]), "VSR-0005"),
        ("a timestamp", patched(lookup(1), 184, &[1]), "VSR-0005"),
        ("reserved bytes", patched(lookup(1), 255, &[1]), "VSR-0005"),
    ];
    for (what, bytes, code) in cases {
        assert_eq!(stdx::Coded::code(&refused(&bytes)), code, "{what}");
    }
}

#[test]
fn a_connection_belongs_to_one_client() {
    let mut connection = Connection::default();
    connection.feed(&LEADER, &register(Release::OURS)).unwrap();
    let fields = Request::new(CLIENT + 1, 0, 0, 2, 0);
    let other = message(&Header::new(LEADER.cluster, 0, 0, Release::OURS, fields).sealed(&[]), &[]);
    assert_eq!(connection.feed(&LEADER, &other), Err(ConnectionError::OtherClient));
}

#[test]
fn what_only_replicas_say_is_ignored() {
    let pong = PongClient::new(&PingClient::new(CLIENT, 0, 1));
    let bytes = message(&Header::new(LEADER.cluster, 9, 1, Release::OURS, pong).sealed(&[]), &[]);
    let (effect, _) = Connection::default().feed(&LEADER, &bytes).unwrap().unwrap();
    assert_eq!(effect, vsr_core::Effect::Ignore(vsr_core::Ignored::Misdirected));
}

/// Feeds a stream to its end, as a site would, answering everything.
fn converse(bytes: &[u8]) {
    let (mut connection, mut rest) = (Connection::default(), bytes);
    while let Ok(Some((effect, used))) = connection.feed(&LEADER, rest) {
        if let vsr_core::Effect::Submit(submission) = effect {
            let done = vsr_core::Done { op: 1, timestamp: 1 };
            assert_ne!(submission.key(0), 0);
            connection.reply(&LEADER, done, &[]).expect("it was under way");
        }
        rest = &rest[used..];
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..1_000)) {
        converse(&bytes);
    }

    /// Good messages with bytes replaced and all checksums right: what a hostile client can really send.
    #[test]
    fn any_message(
        changes in prop::collection::vec((96_usize..700, any::<u8>()), 0..6),
        lengths in prop::collection::vec(0_u16..4, 1..4),
        operation in 120_u8..150,
        number in 0_u32..3,
        body_changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut stream = Vec::new();
        for kind in [vsr_core::Kind::LookupAccounts, vsr_core::Kind::CreateTransfers, vsr_core::Kind::QueryAccounts] {
            let mut body = super::batched(kind, &lengths);
            for (at, byte) in &body_changes {
                let at = at.index(body.len());
                body[at] = *byte;
            }
            let mut bytes = super::request(number, operation, &body);
            for (at, byte) in changes.iter().filter(|(at, _)| *at < HEADER_BYTES) {
                bytes = patched(bytes, *at, &[*byte]);
            }
            stream.extend(bytes);
        }
        converse(&stream);
    }
}
