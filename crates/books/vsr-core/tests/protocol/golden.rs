//! Messages recorded from TigerBeetle's Python client 0.17.8: what it really sends.

use vsr_core::{
    Connection, Effect, HEADER_BYTES, Header, Kind, Operation, PingClient, Release, Request, Site, Work,
};

use super::{batches, submitted};

const SITE: Site = Site { cluster: 0, replica: 0, view: 3, leads: true };

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

macro_rules! recorded {
    ($name:literal) => {
        bytes(include_str!(concat!("golden/", $name, ".hex")))
    };
}

/// The header, its request, and what a site makes of the whole message.
fn take(bytes: &[u8]) -> (Header, Request, vsr_core::Submission) {
    let header = Header::parse(bytes.first_chunk().unwrap()).unwrap();
    assert_eq!(header.to_bytes(), bytes[..HEADER_BYTES], "a header is written as it was read");
    let (effect, used) = Connection::default().feed(&SITE, bytes).unwrap().unwrap();
    assert_eq!(used, bytes.len());
    (header, header.fields().unwrap(), submitted(effect))
}

#[test]
fn a_registration() {
    let (header, request, submission) = take(&recorded!("register"));
    assert_eq!(header.release, Release::new(0, 17, 8));
    assert_eq!(
        (header.size, header.view, request.session, request.request, request.parent),
        (512, 0, 0, 0, 0)
    );
    assert_eq!(submission.work, Work::Register);
    // The same client's session makes the same bytes.
    let mut ours = vsr_core::ClientSession::new(request.client, 0, header.release);
    assert_eq!(ours.register().0, header);
}

#[test]
fn writes_of_one_batch() {
    for (bytes, kind, events) in [
        (recorded!("create_accounts"), Kind::CreateAccounts, 2),
        (recorded!("create_transfers"), Kind::CreateTransfers, 1),
    ] {
        let (_, request, submission) = take(&bytes);
        assert_eq!(Operation::from_number(request.operation), Some(Operation::newest(kind)));
        assert_eq!(batches(&submission).lengths, [events]);
        assert_eq!(batches(&submission).payload_len, usize::from(events) * 128);
        assert!(submission.session > 0 && submission.is_unverified);
        let payload = &bytes[HEADER_BYTES..HEADER_BYTES + batches(&submission).payload_len];
        let parts = batches(&submission).parts(kind, payload);
        assert_eq!((parts.len(), parts[0].len()), (1, payload.len()));
    }
}

#[test]
fn reads() {
    let (_, request, submission) = take(&recorded!("lookup_accounts"));
    assert_eq!((request.operation, request.request), (140, 3));
    assert_eq!(batches(&submission).lengths, [2]);
    let (_, request, submission) = take(&recorded!("get_account_transfers"));
    assert_eq!((request.operation, request.request), (142, 4));
    assert_eq!(batches(&submission).lengths, [1]);
}

#[test]
fn a_ping() {
    for (bytes, session) in [(recorded!("ping_before_registration"), 0), (recorded!("ping"), 1)] {
        let header = Header::parse(bytes.first_chunk().unwrap()).unwrap();
        let ping: PingClient = header.fields().unwrap();
        assert!(ping.client != 0 && ping.ping_timestamp_monotonic != 0);
        assert_eq!(ping.session, session);
        let ours = PingClient::new(ping.client, session, ping.ping_timestamp_monotonic);
        assert_eq!(Header::new(0, 0, 0, header.release, ours).sealed(&[]), header);
        let (effect, _) = Connection::default().feed(&SITE, &bytes).unwrap().unwrap();
        assert!(matches!(effect, Effect::Send(_)), "{effect:?}");
    }
}
