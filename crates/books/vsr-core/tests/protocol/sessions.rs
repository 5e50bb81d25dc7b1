//! What a connection does with the requests of its client.

use vsr_core::{
    Connection, Done, Effect, EvictionReason, Header, Ignored, Kind, Operation, PingClient, PongClient,
    Release, Reply, Request, Site, Work,
};

use super::{CLIENT, LEADER, SESSION, batched, evicted, feed, lookup, message, register, request, submitted};

const DONE: Done = Done { op: 41, timestamp: 1_000 };

#[test]
fn a_registration_is_answered_with_the_session_and_the_limit() {
    let mut connection = Connection::default();
    let submission = submitted(feed(&mut connection, &register(Release::OURS)));
    assert_eq!((submission.work, submission.is_unverified), (Work::Register, false));
    let body = Connection::register_result();
    let header = connection.reply(&LEADER, DONE, &body).unwrap();
    let reply: Reply = header.fields().unwrap();
    assert_eq!((reply.commit, reply.op, reply.timestamp), (41, 41, 1_000));
    assert_eq!((reply.client, reply.request, reply.operation), (CLIENT, 0, 2));
    assert_eq!((header.view, header.replica, header.cluster), (4, 1, 7));
    assert_eq!(u32::from_le_bytes(*body.first_chunk().unwrap()), 1_048_320);
    assert_eq!(Header::parse(&header.to_bytes()), Ok(header));
    header.check_body(&body).unwrap();
    // The session is known to exist here, so its requests need no proof.
    let next = submitted(feed(&mut connection, &lookup(1)));
    assert!(!next.is_unverified);
}

#[test]
fn the_context_of_a_reply_does_not_depend_on_the_view() {
    let context = |view| {
        let mut connection = Connection::default();
        feed(&mut connection, &lookup(5));
        let site = Site { view, ..LEADER };
        let header = connection.reply(&site, DONE, b"").unwrap();
        (header.checksum, header.fields::<Reply>().unwrap().context)
    };
    assert_ne!(context(4).0, context(7).0);
    assert_eq!(context(4).1, context(7).1);
}

#[test]
fn a_session_that_was_not_opened_here_must_be_verified_once() {
    let mut connection = Connection::default();
    assert!(submitted(feed(&mut connection, &lookup(9))).is_unverified);
    assert!(!connection.verify(SESSION, SESSION - 1), "beyond the journal's end");
    assert!(connection.verify(SESSION, SESSION));
    connection.reply(&LEADER, DONE, b"").unwrap();
    assert!(!submitted(feed(&mut connection, &lookup(10))).is_unverified);
}

#[test]
fn a_repetition_has_the_same_name_everywhere_and_no_two_requests_share_one() {
    let name = |bytes: &[u8]| {
        let submission = submitted(feed(&mut Connection::default(), bytes));
        (submission.key(0), submission.digest)
    };
    assert_eq!(name(&lookup(1)), name(&lookup(1)));
    assert_ne!(name(&lookup(1)).0, name(&lookup(2)).0);
    let submission = submitted(feed(&mut Connection::default(), &lookup(1)));
    assert_ne!(submission.key(0), submission.key(1), "parts of a request");
    let other =
        request(1, Operation::newest(Kind::LookupAccounts).number(), &batched(Kind::LookupAccounts, &[1, 1]));
    assert_eq!(name(&lookup(1)).0, name(&other).0);
    assert_ne!(name(&lookup(1)).1, name(&other).1, "the same number with other content is told apart");
}

#[test]
fn one_request_at_a_time_and_never_an_older_one() {
    let mut connection = Connection::default();
    submitted(feed(&mut connection, &lookup(5)));
    for number in [4, 5, 6] {
        assert_eq!(feed(&mut connection, &lookup(number)), Effect::Ignore(Ignored::UnderWay), "{number}");
    }
    connection.reply(&LEADER, DONE, b"").unwrap();
    assert_eq!(feed(&mut connection, &lookup(4)), Effect::Ignore(Ignored::Old));
    let clash =
        request(5, Operation::newest(Kind::LookupAccounts).number(), &batched(Kind::LookupAccounts, &[0]));
    assert_eq!(feed(&mut connection, &clash), Effect::Ignore(Ignored::Old));
    // The same again is asked again: the shard knows the answer. A gap is what a backup sees.
    submitted(feed(&mut connection, &lookup(5)));
    connection.reply(&LEADER, DONE, b"").unwrap();
    submitted(feed(&mut connection, &lookup(50)));
}

#[test]
fn what_was_not_answered_may_be_asked_again() {
    let mut connection = Connection::default();
    submitted(feed(&mut connection, &lookup(5)));
    connection.abandon();
    assert!(!connection.is_under_way());
    assert_eq!(connection.reply(&LEADER, DONE, b""), None);
    submitted(feed(&mut connection, &lookup(5)));
}

#[test]
fn a_site_that_follows_answers_pings_and_ignores_requests() {
    let follower = Site { leads: false, view: 2, ..LEADER };
    let mut connection = Connection::default();
    let (effect, _) = connection.feed(&follower, &lookup(1)).unwrap().unwrap();
    assert_eq!(effect, Effect::Ignore(Ignored::NotLeader));
    let ping =
        Header::new(LEADER.cluster, 0, 0, Release::OURS, PingClient::new(CLIENT, SESSION, 99)).sealed(&[]);
    let (effect, _) = connection.feed(&follower, &message(&ping, &[])).unwrap().unwrap();
    let Effect::Send(pong) = effect else { panic!("{effect:?}") };
    assert_eq!((pong.view, pong.replica), (2, 1));
    assert_eq!(pong.fields::<PongClient>().unwrap().ping_timestamp_monotonic, 99);
    assert_eq!(Header::parse(&pong.to_bytes()), Ok(*pong));
}

#[test]
fn every_reason_to_evict() {
    let create = Operation::newest(Kind::CreateTransfers).number();
    let with_release = |release, number| {
        let body = batched(Kind::LookupAccounts, &[2]);
        let fields = Request::new(CLIENT, SESSION, number, 140, 0);
        message(&Header::new(LEADER.cluster, 0, 0, release, fields).sealed(&body), &body)
    };
    let without_session = {
        let fields = Request::new(CLIENT, 0, 1, 140, 0);
        message(&Header::new(LEADER.cluster, 0, 0, Release::OURS, fields).sealed(&[]), &[])
    };
    let cases = [
        ("too old", register(Release::new(0, 16, 3)), EvictionReason::ClientReleaseTooLow),
        ("too new", register(Release::new(0, 18, 0)), EvictionReason::ClientReleaseTooHigh),
        ("no operation", request(1, 99, &[]), EvictionReason::InvalidRequestOperation),
        ("a pulse", request(1, 128, &[]), EvictionReason::InvalidRequestOperation),
        ("no trailer", request(1, create, &[]), EvictionReason::InvalidRequestBody),
        ("half an event", request(1, create, &[0; 64]), EvictionReason::InvalidRequestBody),
        ("no session", without_session, EvictionReason::NoSession),
    ];
    for (what, bytes, reason) in cases {
        let mut connection = Connection::default();
        assert_eq!(evicted(feed(&mut connection, &bytes)), reason, "{what}");
        assert_eq!(feed(&mut connection, &lookup(2)), Effect::Ignore(Ignored::Evicted), "{what}");
    }
    let mut connection = Connection::default();
    submitted(feed(&mut connection, &with_release(Release::OURS, 1)));
    connection.reply(&LEADER, DONE, b"").unwrap();
    let other = evicted(feed(&mut connection, &with_release(Release::new(0, 16, 50), 2)));
    assert_eq!(other, EvictionReason::SessionReleaseMismatch);
}

#[test]
fn doing_nothing_is_a_request_too() {
    assert_eq!(submitted(feed(&mut Connection::default(), &request(1, 6, &[]))).work, Work::Noop);
    let reason = evicted(feed(&mut Connection::default(), &request(1, 6, &[0; 128])));
    assert_eq!(reason, EvictionReason::InvalidRequestBody);
}

#[test]
fn a_late_registration_does_not_end_the_session() {
    let mut connection = Connection::default();
    submitted(feed(&mut connection, &register(Release::OURS)));
    connection.reply(&LEADER, Done { op: SESSION, timestamp: 1 }, &Connection::register_result()).unwrap();
    // The client sent it twice before it heard the reply to the first.
    submitted(feed(&mut connection, &register(Release::OURS)));
    connection
        .reply(&LEADER, Done { op: SESSION + 5, timestamp: 1 }, &Connection::register_result())
        .unwrap();
    assert!(!submitted(feed(&mut connection, &lookup(1))).is_unverified);
}
