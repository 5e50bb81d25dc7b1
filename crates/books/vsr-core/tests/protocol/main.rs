//! The protocol from outside: what clients send, good and bad, and what a site makes of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bodies;
mod client;
mod golden;
mod hostile;
mod sessions;

use vsr_core::{
    Connection, Effect, Header, Kind, Operation, Release, Request, Site, Submission, Work, multi_batch,
};

/// The client of these tests.
const CLIENT: u128 = 0xc11e47;
/// The session that it has.
const SESSION: u64 = 40;

/// A site that leads.
const LEADER: Site = Site { cluster: 7, replica: 1, view: 4, leads: true };

/// A message: header, then body.
fn message(header: &Header, body: &[u8]) -> Vec<u8> {
    [&header.to_bytes()[..], body].concat()
}

/// A request of the session.
fn request(number: u32, operation: u8, body: &[u8]) -> Vec<u8> {
    let fields = Request::new(CLIENT, SESSION, number, operation, 0);
    message(&Header::new(LEADER.cluster, 0, 0, Release::OURS, fields).sealed(body), body)
}

/// A registration.
fn register(release: Release) -> Vec<u8> {
    let body = [0; 256];
    let fields = Request::new(CLIENT, 0, 0, 2, 0);
    message(&Header::new(LEADER.cluster, 0, 0, release, fields).sealed(&body), &body)
}

/// A body of batches of this many events, all zero.
fn batched(kind: Kind, lengths: &[u16]) -> Vec<u8> {
    let events: usize = lengths.iter().map(|length| usize::from(*length)).sum();
    let mut body = vec![0; events * kind.event_size()];
    multi_batch::append_trailer(lengths, kind.event_size(), &mut body);
    body
}

/// A request to look two accounts up.
fn lookup(number: u32) -> Vec<u8> {
    request(number, Operation::newest(Kind::LookupAccounts).number(), &batched(Kind::LookupAccounts, &[2]))
}

/// What the connection makes of one whole message.
fn feed(connection: &mut Connection, bytes: &[u8]) -> Effect {
    let (effect, used) = connection.feed(&LEADER, bytes).unwrap().expect("a whole message");
    assert_eq!(used, bytes.len());
    effect
}

fn submitted(effect: Effect) -> Submission {
    match effect {
        Effect::Submit(submission) => submission,
        other => panic!("not submitted: {other:?}"),
    }
}

fn evicted(effect: Effect) -> vsr_core::EvictionReason {
    match effect {
        Effect::Evict(header) => header.fields::<vsr_core::Eviction>().unwrap().reason().unwrap(),
        other => panic!("not evicted: {other:?}"),
    }
}

fn batches(submission: &Submission) -> &vsr_core::Batches {
    match &submission.work {
        Work::Operation(_, batches) => batches,
        other => panic!("no operation: {other:?}"),
    }
}
