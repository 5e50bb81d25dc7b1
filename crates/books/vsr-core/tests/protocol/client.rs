//! A client's session against a site's connection.

use vsr_core::{
    ClientSession, Connection, Done, Effect, Eviction, EvictionReason, FrameError, Header, Heard, Kind,
    Operation, Release, SessionError, Site,
};

use super::{CLIENT, LEADER, batched, feed, message, submitted};

const LOOKUP: Operation = Operation { kind: Kind::LookupAccounts, encoding: vsr_core::Encoding::Batched };

fn client() -> ClientSession {
    ClientSession::new(CLIENT, LEADER.cluster, Release::OURS)
}

fn open(client: &mut ClientSession, connection: &mut Connection) {
    let (header, body) = client.register();
    submitted(feed(connection, &message(&header, &body)));
    let body = Connection::register_result();
    let reply = connection.reply(&LEADER, Done { op: 40, timestamp: 5 }, &body).unwrap();
    assert_eq!(client.receive(&reply, &body), Ok(Heard::Reply { timestamp: 5 }));
}

#[test]
fn a_session_is_opened_and_used() {
    let (mut client, mut connection) = (client(), Connection::default());
    assert_eq!(client.request(LOOKUP, &[]), Err(SessionError::Misuse), "not open yet");
    open(&mut client, &mut connection);
    assert!(client.is_open());
    assert_eq!(client.leader(3), 1, "view 4 of three sites");
    for stamp in 6..9 {
        let body = batched(Kind::LookupAccounts, &[1]);
        let header = client.request(LOOKUP, &body).unwrap();
        assert_eq!(client.request(LOOKUP, &body), Err(SessionError::Misuse), "one at a time");
        submitted(feed(&mut connection, &message(&header, &body)));
        let reply = connection.reply(&LEADER, Done { op: stamp, timestamp: stamp }, b"body").unwrap();
        assert_eq!(client.receive(&reply, b"bodY"), Err(FrameError::BodyChecksum.into()));
        assert_eq!(client.receive(&reply, b"body"), Ok(Heard::Reply { timestamp: stamp }));
        assert_eq!(client.receive(&reply, b"body"), Ok(Heard::Nothing), "heard already");
    }
    assert_eq!(client.request(LOOKUP, &vec![0; 1 << 20]), Err(SessionError::Misuse), "too large");
}

#[test]
fn pongs_move_the_view_forward_only() {
    let mut client = client();
    let mut pong = |view| {
        let ping = client.ping(3);
        let site = Site { view, ..LEADER };
        let (effect, _) = Connection::default().feed(&site, &message(&ping, &[])).unwrap().unwrap();
        let Effect::Send(pong) = effect else { panic!("{effect:?}") };
        client.receive(&pong, &[]).unwrap();
        client.leader(3)
    };
    assert_eq!([pong(5), pong(4), pong(7)], [2, 2, 1]);
}

#[test]
fn evictions_and_strange_replies_end_the_session() {
    let (mut client, mut connection) = (client(), Connection::default());
    open(&mut client, &mut connection);
    let eviction = |client, view| {
        let fields = Eviction::new(client, EvictionReason::NoSession);
        Header::new(LEADER.cluster, view, 1, Release::OURS, fields).sealed(&[])
    };
    assert_eq!(client.receive(&eviction(CLIENT + 1, 9), &[]), Ok(Heard::Nothing), "for somebody else");
    assert_eq!(client.receive(&eviction(CLIENT, 3), &[]), Ok(Heard::Nothing), "from an older view");
    let reason = EvictionReason::NoSession;
    assert_eq!(client.receive(&eviction(CLIENT, 9), &[]), Err(SessionError::Evicted { reason }));

    let header = client.request(LOOKUP, &batched(Kind::LookupAccounts, &[1])).unwrap();
    let other = {
        let mut twin = client.clone();
        let _ = (twin.register(), &header);
        let fields = vsr_core::Request::new(CLIENT, 40, 1, LOOKUP.number(), 77);
        Header::new(LEADER.cluster, 0, 0, Release::OURS, fields).sealed(&batched(Kind::LookupAccounts, &[1]))
    };
    submitted(feed(&mut connection, &message(&other, &batched(Kind::LookupAccounts, &[1]))));
    let reply = connection.reply(&LEADER, Done { op: 9, timestamp: 9 }, &[]).unwrap();
    assert_eq!(client.receive(&reply, &[]), Err(SessionError::Mismatch), "the reply to another request");
    let foreign =
        Header::new(LEADER.cluster + 1, 9, 1, Release::OURS, Eviction::new(CLIENT, reason)).sealed(&[]);
    assert_eq!(client.receive(&foreign, &[]), Err(SessionError::Mismatch), "another cluster");
}
