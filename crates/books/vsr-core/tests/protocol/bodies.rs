//! Bodies of requests, and what becomes of results.

use vsr_core::{
    Batches, Connection, Encoding, EvictionReason, Kind, Operation, clamp_limits, finish_read, finish_write,
    multi_batch, published_status, refusals, results,
};

use super::{batched, batches, evicted, feed, request, submitted};

const ACCOUNT_IMPORTED: u16 = 1 << 4;
const LINKED: u16 = 1;

fn read(operation: Operation, body: &[u8]) -> Batches {
    let submission = submitted(feed(&mut Connection::default(), &request(1, operation.number(), body)));
    batches(&submission).clone()
}

fn refused(operation: Operation, body: &[u8]) -> EvictionReason {
    evicted(feed(&mut Connection::default(), &request(1, operation.number(), body)))
}

fn unbatched(kind: Kind) -> Operation {
    Operation { kind, encoding: Encoding::Unbatched }
}

/// One 128-byte event for each of these flags.
fn events(flags: &[u16]) -> Vec<u8> {
    let event = |flags: &u16| {
        let mut event = vec![0; 128];
        event[118..120].copy_from_slice(&flags.to_le_bytes());
        event
    };
    flags.iter().flat_map(event).collect()
}

fn outcomes(statuses: &[u32]) -> Vec<u8> {
    let outcome =
        |(at, status): (u64, &u32)| [&(100 + at).to_le_bytes()[..], &status.to_le_bytes(), &[0; 4]].concat();
    (0..).zip(statuses).flat_map(outcome).collect()
}

#[test]
fn statuses_that_clients_do_not_know_are_told_in_their_words() {
    for (ours, theirs) in
        [(u32::MAX, u32::MAX), (54, 54), (68, 68), (999, 999), (1001, 65), (1002, 66), (1003, 54), (1004, 54)]
    {
        assert_eq!(published_status(ours), theirs);
    }
    let create = Operation::newest(Kind::CreateTransfers);
    let batch = read(create, &batched(Kind::CreateTransfers, &[3]));
    let mut body = outcomes(&[u32::MAX, 1001, 1003]);
    finish_write(create, &batch, &mut body);
    assert_eq!(body[..48], outcomes(&[u32::MAX, 65, 54]));
}

#[test]
fn the_largest_requests_are_taken_and_no_larger_ones() {
    let create = Operation::newest(Kind::CreateTransfers);
    assert_eq!(read(create, &batched(Kind::CreateTransfers, &[8_189])).lengths, [8_189]);
    assert_eq!(read(unbatched(Kind::CreateTransfers), &vec![0; 8_190 * 128]).lengths, [8_190]);
    // Ids are small, but the accounts they stand for must fit the reply.
    let lookup = Operation::newest(Kind::LookupAccounts);
    assert_eq!(read(lookup, &batched(Kind::LookupAccounts, &[8_000, 189])).lengths, [8_000, 189]);
    assert_eq!(
        refused(lookup, &batched(Kind::LookupAccounts, &[8_000, 190])),
        EvictionReason::InvalidRequestBody
    );
    assert_eq!(
        refused(unbatched(Kind::LookupAccounts), &vec![0; 8_191 * 16]),
        EvictionReason::InvalidRequestBody
    );
}

#[test]
fn empty_batches_are_batches() {
    let create = Operation::newest(Kind::CreateAccounts);
    let batches = read(create, &batched(Kind::CreateAccounts, &[0, 0]));
    assert_eq!((batches.payload_len, batches.lengths.len()), (0, 2));
    assert_eq!(batches.parts(Kind::CreateAccounts, &[]), []);
    assert_eq!(read(unbatched(Kind::CreateAccounts), &[]).lengths, [0]);
}

#[test]
fn a_filter_stands_alone_in_its_batch() {
    let query = Operation::newest(Kind::QueryTransfers);
    assert_eq!(read(query, &batched(Kind::QueryTransfers, &[1, 1])).lengths, [1, 1]);
    for wrong in [&[0][..], &[2], &[1, 0]] {
        assert_eq!(refused(query, &batched(Kind::QueryTransfers, wrong)), EvictionReason::InvalidRequestBody);
    }
    let events = unbatched(Kind::GetChangeEvents);
    assert_eq!(read(events, &[0; 64]).lengths, [1]);
    assert_eq!(refused(events, &[0; 128]), EvictionReason::InvalidRequestBody);
}

#[test]
fn filters_must_leave_room_for_all_their_results() {
    let kind = Kind::GetAccountTransfers;
    let operation = Operation::newest(kind);
    let body = |limits: &[u32]| {
        let mut body = batched(kind, &vec![1; limits.len()]);
        for (at, limit) in limits.iter().enumerate() {
            body[at * 128 + 120..at * 128 + 124].copy_from_slice(&limit.to_le_bytes());
        }
        body
    };
    read(operation, &body(&[u32::MAX]));
    read(operation, &body(&[8_000, 189]));
    assert_eq!(refused(operation, &body(&[8_000, 190])), EvictionReason::InvalidRequestBody);
    assert_eq!(refused(operation, &body(&[u32::MAX, 1])), EvictionReason::InvalidRequestBody);
    let mut payload = body(&[u32::MAX, 5])[..256].to_vec();
    clamp_limits(operation, &mut payload);
    assert_eq!(payload[120..124], 8_189_u32.to_le_bytes());
    assert_eq!(payload[248..252], 5_u32.to_le_bytes());
}

#[test]
fn batches_enter_the_ledger_together_unless_it_could_tell() {
    let parts = |batches: &[&[u16]], kind: Kind| -> Vec<(usize, usize)> {
        let lengths: Vec<u16> = batches.iter().map(|batch| u16::try_from(batch.len()).unwrap()).collect();
        let payload = events(&batches.concat());
        let mut body = payload.clone();
        multi_batch::append_trailer(&lengths, 128, &mut body);
        let parts = read(Operation::newest(kind), &body).parts(kind, &payload);
        parts.into_iter().map(|part| (part.start / 128, part.end / 128)).collect()
    };
    let accounts = |batches: &[&[u16]]| parts(batches, Kind::CreateAccounts);
    assert_eq!(accounts(&[&[0, 0], &[], &[0]]), [(0, 3)]);
    assert_eq!(accounts(&[&[LINKED, 0], &[LINKED, 0]]), [(0, 4)]);
    // A chain left open at the end of a batch fails there; it must not swallow the next batch.
    assert_eq!(accounts(&[&[0, LINKED], &[0]]), [(0, 2), (2, 3)]);
    assert_eq!(accounts(&[&[LINKED], &[], &[LINKED], &[0]]), [(0, 1), (1, 2), (2, 3)]);
    // The first event of a batch says whether it is imported.
    assert_eq!(accounts(&[&[0], &[ACCOUNT_IMPORTED], &[ACCOUNT_IMPORTED]]), [(0, 1), (1, 3)]);
    let closing_debit = ACCOUNT_IMPORTED;
    assert_eq!(parts(&[&[0], &[closing_debit]], Kind::CreateTransfers), [(0, 2)]);
    assert_eq!(parts(&[&[0], &[1 << 8]], Kind::CreateTransfers), [(0, 1), (1, 2)]);
}

#[test]
fn outcomes_become_what_each_client_knows() {
    const CREATED: u32 = u32::MAX;
    let made = |encoding, lengths: &[u16]| {
        let operation = Operation { kind: Kind::CreateTransfers, encoding };
        let batches = Batches { lengths: lengths.to_vec(), payload_len: 4 * 128 };
        let mut out = outcomes(&[CREATED, 46, CREATED, 21]);
        assert_eq!(finish_write(operation, &batches, &mut out), 103, "the latest stamp");
        let results = results(operation, &out).unwrap();
        results.into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let sparse = |rows: &[(u32, u32)]| -> Vec<u8> {
        rows.iter().flat_map(|(index, status)| [index.to_le_bytes(), status.to_le_bytes()].concat()).collect()
    };
    let all = outcomes(&[CREATED, 46, CREATED, 21]);
    assert_eq!(made(Encoding::Batched, &[3, 1]), [&all[..48], &all[48..]]);
    assert_eq!(made(Encoding::Sparse, &[3, 1]), [sparse(&[(1, 46)]), sparse(&[(0, 21)])]);
    assert_eq!(made(Encoding::Unbatched, &[4]), [sparse(&[(1, 46), (3, 21)])]);
}

#[test]
fn results_of_reads_are_told_apart_by_batch() {
    let operation = Operation::newest(Kind::LookupAccounts);
    let mut out = vec![7; 3 * 128];
    finish_read(operation, &[128, 128, 384], &mut out).unwrap();
    let lengths: Vec<usize> = results(operation, &out).unwrap().iter().map(|batch| batch.len()).collect();
    assert_eq!(lengths, [128, 0, 256]);
    assert_eq!(finish_read(operation, &[100], &mut vec![0; 100]), None, "half a record");
    assert_eq!(
        finish_read(operation, &[8_190 * 128], &mut vec![0; 8_190 * 128]),
        None,
        "no room for the trailer"
    );
}

#[test]
fn refusals_are_read_from_replies_of_every_encoding() {
    let kind = Kind::CreateTransfers;
    let given = [u32::MAX, 1, 54, u32::MAX];
    for encoding in [Encoding::Unbatched, Encoding::Sparse, Encoding::Batched] {
        let operation = Operation { kind, encoding };
        let batches = Batches { lengths: vec![4], payload_len: 4 * 128 };
        let mut body = outcomes(&given);
        finish_write(operation, &batches, &mut body);
        let results = results(operation, &body).unwrap()[0];
        assert_eq!(refusals(operation, 4, results), Some(vec![(1, 1), (2, 54)]), "{encoding:?}");
        assert_eq!(refusals(operation, 2, results), None, "{encoding:?}: of another request");
        assert_eq!(refusals(operation, 4, &results[1..]), None, "{encoding:?}: not whole");
    }
    let sparse = Operation { kind, encoding: Encoding::Sparse };
    assert_eq!(refusals(sparse, 4, &[]), Some(vec![]));
    assert_eq!(refusals(sparse, 4, &[0; 16]), None, "one event is refused twice");
    assert_eq!(refusals(Operation::newest(Kind::LookupAccounts), 0, &[]), None, "a read refuses nothing");
}
