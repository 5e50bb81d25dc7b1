//! Requests that are answered.

use vsr::{Client, ClientError, ClientOptions, Encoding, Kind, Operation, refusals};
use vsr_core::{ClientSession, EvictionReason, Header, Release, Reply, Request, SessionError, multi_batch};

use super::site::{Raw, accounts, addresses, client, doors, statuses, transfer, transfers};

const CREATED: u32 = u32::MAX;

fn ids(ids: &[u128]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.to_le_bytes()).collect()
}

#[tokio::test]
async fn accounts_and_transfers_are_made_and_found() {
    let (bank, doors) = doors(1).await;
    let mut client = client(&doors, 1).await;
    let made = client.batch(Kind::CreateAccounts, &accounts(1..4)).await.unwrap();
    assert_eq!(statuses(&made.body), [CREATED; 3]);
    let made = client.batch(Kind::CreateTransfers, &transfers(1..3)).await.unwrap();
    assert_eq!(statuses(&made.body), [CREATED; 2]);
    let stamp = u64::from_le_bytes(made.body[16..24].try_into().unwrap());
    assert_eq!(made.timestamp, stamp, "a reply carries the stamp of its last event");
    let found = client.batch(Kind::LookupAccounts, &ids(&[2, 9, 1])).await.unwrap();
    assert_eq!(found.body.len(), 256, "what is not there is left out");
    let found = client.batch(Kind::LookupTransfers, &ids(&[2])).await.unwrap();
    assert_eq!(found.body[..16], 2_u128.to_le_bytes());
    assert_eq!((bank.transfers(), doors[0].counts().requests), (2, 5));
}

#[tokio::test]
async fn batches_of_one_request_are_answered_each() {
    let (_, doors) = doors(1).await;
    let mut client = client(&doors, 1).await;
    client.batch(Kind::CreateAccounts, &accounts(1..3)).await.unwrap();
    // Batches: one good transfer; none; one left open; the same id again.
    let mut open = transfer(11);
    open.flags = ledger_core::TransferFlags::LINKED;
    let events = [transfer(10), open, transfer(10)];
    let mut body: Vec<u8> = events.iter().flat_map(|event| event.as_bytes().to_vec()).collect();
    multi_batch::append_trailer(&[1, 0, 1, 1], 128, &mut body);
    let operation = Operation::newest(Kind::CreateTransfers);
    let answer = client.call(operation, &body).await.unwrap();
    let batches = vsr_core::results(operation, &answer.body).unwrap();
    let batches: Vec<Vec<u32>> = batches.into_iter().map(statuses).collect();
    let (chain_open, exists) = (2, 46);
    assert_eq!(batches, [vec![CREATED], vec![], vec![chain_open], vec![exists]]);
}

#[tokio::test]
async fn the_largest_batch_passes_and_older_encodings_are_answered_in_kind() {
    let (bank, doors) = doors(1).await;
    let mut client = client(&doors, 1).await;
    client.batch(Kind::CreateAccounts, &accounts(1..3)).await.unwrap();
    let made = client.batch(Kind::CreateTransfers, &transfers(1..8_190)).await.unwrap();
    assert_eq!(statuses(&made.body), vec![CREATED; 8_189]);
    let unbatched = Operation { kind: Kind::CreateTransfers, encoding: Encoding::Unbatched };
    let made = client.call(unbatched, &transfers(8_000..16_190)).await.unwrap();
    assert_eq!(made.body.len(), 190 * 8, "only what was refused: it existed");
    assert_eq!(bank.transfers(), 16_189);
    let again = client.call(unbatched, &transfers(20_000..20_001)).await.unwrap();
    assert!(again.body.is_empty());
}

#[tokio::test]
async fn a_client_speaks_as_the_release_it_is_given() {
    for (minor, patch, encoding) in
        [(16, 30, Encoding::Unbatched), (16, 78, Encoding::Sparse), (17, 0, Encoding::Batched)]
    {
        let (_, doors) = doors(1).await;
        let mut options = ClientOptions::new(addresses(&doors), 0, 1);
        options.release = Release::new(0, minor, patch);
        let mut client = Client::open(options).await.unwrap();
        let operation = client.operation(Kind::CreateTransfers);
        assert_eq!(operation.encoding, encoding);
        client.batch(Kind::CreateAccounts, &accounts(1..3)).await.unwrap();
        let mut events = transfers(1..4);
        events.extend_from_slice(&transfers(2..3));
        let made = client.batch(Kind::CreateTransfers, &events).await.unwrap();
        let exists = 46;
        assert_eq!(refusals(operation, 4, &made.body), Some(vec![(3, exists)]), "{encoding:?}");
        let found = client.batch(Kind::LookupTransfers, &ids(&[2, 9, 3])).await.unwrap();
        assert_eq!(found.body.len(), 256, "{encoding:?}");
    }
}

#[tokio::test]
async fn a_refused_body_evicts_and_a_new_session_goes_on() {
    let (_, doors) = doors(1).await;
    let mut first = client(&doors, 1).await;
    let operation = Operation { kind: Kind::CreateTransfers, encoding: Encoding::Unbatched };
    let error = first.call(operation, &[0; 100]).await.unwrap_err();
    let reason = EvictionReason::InvalidRequestBody;
    assert!(matches!(error, ClientError::Session(SessionError::Evicted { reason: why }) if why == reason));
    client(&doors, 2).await.batch(Kind::CreateAccounts, &accounts(1..2)).await.unwrap();
    assert_eq!(doors[0].counts().evictions, 1);
}

#[tokio::test]
async fn a_session_of_another_journal_is_evicted() {
    let (_, doors) = doors(1).await;
    let mut raw = Raw::connect(&doors[0]).await;
    let mut body = 1_u128.to_le_bytes().to_vec();
    multi_batch::append_trailer(&[1], 16, &mut body);
    let fields = Request::new(5, 1_000, 1, 140, 0);
    raw.send(&Header::new(0, 0, 0, Release::OURS, fields).sealed(&body).to_bytes()).await;
    raw.send(&body).await;
    let (header, _) = raw.hear().await.unwrap();
    let eviction: vsr_core::Eviction = header.fields().unwrap();
    assert_eq!((eviction.client, eviction.reason()), (5, Some(EvictionReason::NoSession)));
}

#[tokio::test]
async fn the_same_request_on_another_connection_gets_the_same_reply() {
    let (bank, doors) = doors(1).await;
    let mut session = ClientSession::new(9, 0, Release::OURS);
    let mut first = Raw::connect(&doors[0]).await;
    let (header, body) = session.register();
    first.send(&[&header.to_bytes()[..], &body].concat()).await;
    let (header, body) = first.hear().await.unwrap();
    session.receive(&header, &body).unwrap();

    let mut body = accounts(1..3);
    multi_batch::append_trailer(&[2], 128, &mut body);
    let header = session.request(Operation::newest(Kind::CreateAccounts), &body).unwrap();
    let request = [&header.to_bytes()[..], &body].concat();
    first.send(&request).await;
    let heard = first.hear().await.unwrap();
    for _ in 0..2 {
        let mut again = Raw::connect(&doors[0]).await;
        again.send(&request).await;
        assert_eq!(again.hear().await.unwrap(), heard);
        again.send(&request).await;
        assert_eq!(again.hear().await.unwrap(), heard, "and on the same connection");
    }
    assert!(heard.0.fields::<Reply>().unwrap().timestamp > 0);
    assert_eq!(bank.applied(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_thousand_sessions() {
    let (bank, doors) = doors(3).await;
    client(&doors, 1).await.batch(Kind::CreateAccounts, &accounts(1..3)).await.unwrap();
    let mut clients = Vec::new();
    for id in 2..1_202 {
        clients.push((id, client(&doors, id).await));
    }
    assert!(doors[0].counts().open >= 1_200);
    let mut tasks = tokio::task::JoinSet::new();
    for (id, mut client) in clients {
        tasks.spawn(async move {
            for round in 0..3 {
                let id = id * 10 + round;
                let made = client.batch(Kind::CreateTransfers, &transfers(id..id + 1)).await.unwrap();
                assert_eq!(statuses(&made.body), [CREATED]);
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(bank.transfers(), 3_600);
}
