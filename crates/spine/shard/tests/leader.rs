//! The pure half: what a leader does with requests, time and durability.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod counter;

use counter::{ALARM, APPEND, Log, RING};
use ids::{RequestId, Seq, Timestamp};
use journal::{COMMANDS_MAX, Kind, PAYLOAD_BYTES_MAX, Record};
use shard::{
    BatchOut, Leader, Outcome, Replica, Request, RequestError, STATE_HASH_EVERY_BATCHES, ShardError,
};
use stdx::Digest;

type Lead = Leader<Log, u32>;

fn lead() -> Lead {
    Leader::new(Replica::genesis(&()))
}

fn append(body: &[u8]) -> Request {
    Request::forgotten(APPEND, body.to_vec())
}

fn record(batch: &BatchOut) -> Record {
    Record {
        seq: batch.seq,
        epoch: ids::Epoch(1),
        kind: Kind::Commands,
        timestamp: batch.timestamp,
        commands: batch.commands,
        state: batch.state,
        hash: Digest::ZERO,
        prev_hash: Digest::ZERO,
        payload: batch.payload.clone(),
    }
}

fn place(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Reply(reply) => u64::from_le_bytes(reply.bytes[..].try_into().unwrap()),
        other => panic!("not a reply: {other:?}"),
    }
}

#[test]
fn nothing_is_told_before_it_is_durable() {
    let mut leader = lead();
    leader.submit(append(b"a"), 1).unwrap();
    let batch = leader.next_batch(Timestamp(100)).unwrap();
    leader.await_durable(2);
    assert!(leader.take_released().is_empty());
    assert_eq!(leader.durable_seq(), Seq::ZERO);
    leader.durable(batch.seq);
    let told: Vec<u32> = leader.take_released().into_iter().map(|(token, _)| token).collect();
    assert_eq!(told, [1, 2]);
    assert_eq!(leader.durable_seq(), Seq(1));
    leader.await_durable(3);
    assert_eq!(leader.take_released(), [(3, Outcome::Durable)], "nothing is on its way any more");
}

#[test]
fn small_batches_wait_for_the_one_before_and_large_ones_do_not() {
    let mut leader = lead();
    leader.submit(append(b"a"), 1).unwrap();
    leader.next_batch(Timestamp(1)).unwrap();
    leader.submit(append(b"b"), 2).unwrap();
    assert!(leader.next_batch(Timestamp(2)).is_none());
    leader.submit(append(&[7; 4_000]), 3).unwrap();
    let batch = leader.next_batch(Timestamp(3)).unwrap();
    assert_eq!(batch.commands, 4_001, "what waited goes along");
}

#[test]
fn a_batch_keeps_the_journals_limits() {
    let mut leader = lead();
    for token in 0..3 {
        leader.submit(append(&[0; 4_000]), token).unwrap();
    }
    let batch = leader.next_batch(Timestamp(1)).unwrap();
    assert_eq!(batch.commands, 8_000);
    assert!(batch.payload.len() <= PAYLOAD_BYTES_MAX);
    let too_many = vec![0; COMMANDS_MAX as usize + 1];
    for bad in [append(&too_many), append(&[]), Request::forgotten(9, vec![1])] {
        let (token, error) = leader.submit(bad, 9).unwrap_err();
        assert!(matches!(error, RequestError::Malformed { .. }));
        assert_eq!(token, 9, "the client is found again");
    }
}

#[test]
fn stamps_never_go_backwards_whatever_the_clock_does() {
    let mut leader = lead();
    let mut last = 0;
    for now in [500, 400, 0, 501, 10_000, 1, u64::MAX, 1 << 63, 20_000] {
        leader.submit(append(b"xyz"), 0).unwrap();
        let batch = leader.next_batch(Timestamp(now)).unwrap();
        let first = batch.timestamp.0 - 2;
        assert!(first > last, "clock at {now}: {first} after {last}");
        assert!(first >= now || now >= 1 << 63);
        assert!(batch.timestamp.0 < 1 << 63, "a clock that is wrong by centuries does not count");
        last = batch.timestamp.0;
        leader.durable(batch.seq);
    }
}

#[test]
fn the_reply_to_a_request_can_be_looked_up_by_its_name() {
    let mut leader = lead();
    leader.submit(Request::named(0, 7, APPEND, b"a".to_vec()), 1).unwrap();
    assert_eq!(leader.replica().reply_to(0, 7), None, "not done yet");
    let batch = leader.next_batch(Timestamp(100)).unwrap();
    leader.durable(batch.seq);
    let (_, outcome) = leader.take_released().remove(0);
    let place = place(&outcome).to_le_bytes();
    assert_eq!(leader.replica().reply_to(0, 7), Some(&place[..]));
    assert_eq!(leader.replica().reply_to(1, 7), Some(&place[..]), "a name of 0 is taken for 1");
    assert_eq!(leader.replica().reply_to(0, 8), None, "another request under the name");
    assert_eq!(leader.replica().reply_to(2, 7), None);
}

#[test]
fn the_same_request_is_done_once_and_answered_twice() {
    let mut leader = lead();
    let request = || Request::with_id(RequestId::new(5).unwrap(), APPEND, b"pay".to_vec());
    let other = Request::with_id(RequestId::new(5).unwrap(), APPEND, b"PAY".to_vec());
    leader.submit(request(), 1).unwrap();
    leader.submit(request(), 2).unwrap();
    let batch = leader.next_batch(Timestamp(1)).unwrap();
    assert_eq!(batch.commands, 3, "the second sending is not journalled");
    leader.submit(request(), 3).unwrap();
    leader.submit(other, 4).unwrap();
    leader.submit(append(b"z"), 5).unwrap();
    leader.durable(batch.seq);
    leader.next_batch(Timestamp(2)).unwrap();
    leader.durable(Seq(2));
    let told = leader.take_released();
    let replayed: Vec<(u32, bool)> = told
        .iter()
        .filter_map(|(token, outcome)| match outcome {
            Outcome::Reply(reply) => Some((*token, reply.replayed)),
            _ => None,
        })
        .collect();
    assert_eq!(replayed, [(1, false), (2, true), (3, true), (5, false)]);
    assert!(told.contains(&(4, Outcome::Clash)));
    assert_eq!(leader.replica().machine().bytes, b"payz");
}

#[test]
fn a_repetition_alone_needs_no_batch() {
    let mut leader = lead();
    let request = || Request::by_content(APPEND, b"pay".to_vec());
    leader.submit(request(), 1).unwrap();
    let batch = leader.next_batch(Timestamp(1)).unwrap();
    leader.durable(batch.seq);
    leader.take_released();
    leader.submit(request(), 2).unwrap();
    assert!(leader.next_batch(Timestamp(2)).is_none());
    let told = leader.take_released();
    assert_eq!(place(&told[0].1), 0);
}

#[test]
fn followers_reach_the_same_state_and_compare_digests() {
    let mut leader = lead();
    let mut follower = Replica::<Log>::genesis(&());
    let mut published = 0;
    for round in 0..STATE_HASH_EVERY_BATCHES * 3 {
        leader.submit(append(&round.to_le_bytes()), 0).unwrap();
        let batch = leader.next_batch(Timestamp(round)).unwrap();
        published += u64::from(batch.state.is_some());
        follower.apply(&record(&batch)).unwrap();
        leader.durable(batch.seq);
    }
    assert_eq!(published, 2, "a digest travels in the batch after the one it was taken at");
    assert_eq!(leader.replica_mut().state_hash(), follower.state_hash());
}

#[test]
fn a_follower_that_differs_stops() {
    let mut leader = lead();
    let mut follower = Replica::<Log>::genesis(&());
    let mut outcome = Ok(());
    for round in 0..=STATE_HASH_EVERY_BATCHES {
        leader.submit(append(b"x"), 0).unwrap();
        let mut batch = leader.next_batch(Timestamp(round)).unwrap();
        if round == 3 {
            // One byte is applied differently: a cosmic ray, a bug, another build.
            let last = batch.payload.len() - 1;
            batch.payload[last] ^= 1;
        }
        outcome = outcome.and_then(|()| follower.apply(&record(&batch)));
        leader.durable(batch.seq);
    }
    match outcome {
        Err(ShardError::Diverged { seq, .. }) => assert_eq!(seq, Seq(STATE_HASH_EVERY_BATCHES)),
        other => panic!("the follower went on: {other:?}"),
    }
}

#[test]
fn a_journal_that_repeats_or_skips_is_refused() {
    let mut leader = lead();
    leader.submit(Request::by_content(APPEND, b"once".to_vec()), 0).unwrap();
    let first = leader.next_batch(Timestamp(9)).unwrap();
    let mut follower = Replica::<Log>::genesis(&());
    follower.apply(&record(&first)).unwrap();
    assert!(matches!(follower.apply(&record(&first)), Err(ShardError::OutOfOrder { .. })));
    let again = BatchOut { seq: Seq(2), timestamp: Timestamp(20), ..first.clone() };
    assert!(matches!(follower.apply(&record(&again)), Err(ShardError::Malformed { .. })), "a request twice");
    for bad in [
        BatchOut { seq: Seq(2), payload: vec![1, 2, 3], ..first.clone() },
        BatchOut { seq: Seq(2), commands: 1, ..first.clone() },
        BatchOut { seq: Seq(2), commands: 9, payload: Vec::new(), ..first.clone() },
        BatchOut { seq: Seq(2), timestamp: Timestamp(3), ..first.clone() },
    ] {
        let mut follower = Replica::<Log>::genesis(&());
        follower.apply(&record(&first)).unwrap();
        assert!(matches!(follower.apply(&record(&bad)), Err(ShardError::Malformed { .. })));
    }
}

#[test]
fn time_alone_brings_work() {
    let mut leader = lead();
    leader.tick(Timestamp(ALARM - 1), || 1);
    assert!(!leader.has_queue());
    leader.tick(Timestamp(ALARM), || 1);
    let batch = leader.next_batch(Timestamp(ALARM)).unwrap();
    let operation = shard::frames(&batch.payload).next().unwrap().unwrap().operation;
    assert_eq!(operation, RING);
    assert!(leader.replica().machine().rung);
}

#[test]
fn a_queue_has_an_end() {
    let mut leader = lead();
    let mut taken = 0u32;
    let refused = loop {
        match leader.submit(append(&[0; 8_000]), 0) {
            Ok(()) => taken += 1,
            Err((_, error)) => break error,
        }
    };
    assert!(matches!(refused, RequestError::Busy));
    assert!(taken > 1_000);
    assert_eq!(leader.into_abandoned().count(), taken as usize, "everybody who waits is told");
}
