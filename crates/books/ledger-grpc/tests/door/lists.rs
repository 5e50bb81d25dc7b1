//! Lists, page after page.

use std::time::Duration;

use ledger_grpc::pb;
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};

use super::bank::{Bank, client_with_room, transfers};

async fn ids(pages: tonic::Streaming<pb::TransferPage>) -> (Vec<u64>, String) {
    let pages: Vec<_> = pages.map(|page| page.unwrap()).collect().await;
    let ids = pages.iter().flat_map(|page| &page.transfers).map(|transfer| transfer.id.parse().unwrap());
    (ids.collect(), pages.last().unwrap().next.clone())
}

#[tokio::test]
async fn a_list_goes_on_where_it_was_left() {
    let bank = Bank::open().await;
    bank.open_accounts(2).await;
    let mut client = bank.client();
    client.create_transfers(transfers(1..=2_500)).await.unwrap();
    let all =
        pb::QueryTransfersRequest { order: pb::Order::Oldest.into(), ..pb::QueryTransfersRequest::default() };
    let (listed, next) = ids(client.query_transfers(all.clone()).await.unwrap().into_inner()).await;
    assert!(listed.iter().copied().eq(1..=2_500));
    assert_eq!(next, "");

    let part = pb::QueryTransfersRequest { limit: 1_200, ..all.clone() };
    let (first, next) = ids(client.query_transfers(part.clone()).await.unwrap().into_inner()).await;
    assert_eq!((first.len(), first.last()), (1_200, Some(&1_200)));
    let rest = pb::QueryTransfersRequest { after: next, ..all };
    let (rest, next) = ids(client.query_transfers(rest).await.unwrap().into_inner()).await;
    assert!(rest.into_iter().eq(1_201..=2_500));
    assert_eq!(next, "");

    let filter = pb::AccountFilter { account: "1".into(), limit: 3, ..pb::AccountFilter::default() };
    let request = pb::GetAccountTransfersRequest { filter: Some(filter) };
    let (newest, _) = ids(client.get_account_transfers(request).await.unwrap().into_inner()).await;
    assert_eq!(newest, [2_500, 2_499, 2_498]);
}

#[tokio::test]
async fn windows_of_time_contain_both_their_ends() {
    let bank = Bank::open().await;
    bank.open_accounts(2).await;
    let mut client = bank.client();
    client.create_transfers(transfers(1..=5)).await.unwrap();
    let lookup = pb::LookupTransfersRequest { ids: vec!["2".into(), "4".into()] };
    let ends = client.lookup_transfers(lookup).await.unwrap().into_inner().transfers;
    let request = pb::QueryTransfersRequest {
        timestamp_min: ends[0].timestamp,
        timestamp_max: ends[1].timestamp,
        ..pb::QueryTransfersRequest::default()
    };
    let (found, _) = ids(client.query_transfers(request).await.unwrap().into_inner()).await;
    assert_eq!(found, [4, 3, 2]);
}

#[tokio::test]
async fn an_account_that_is_not_there_is_told_as_such() {
    let bank = Bank::open().await;
    let filter = pb::AccountFilter { account: "404".into(), ..pb::AccountFilter::default() };
    let request = pb::GetAccountBalancesRequest { filter: Some(filter) };
    let first = async {
        let mut pages = bank.client().get_account_balances(request).await?.into_inner();
        pages.next().await.unwrap_or_else(|| Err(Status::ok("")))
    };
    let error = first.await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound, "{error:?}");
    assert!(error.message().contains("account 404 does not exist"), "{error:?}");
}

/// A client that stops reading holds up nobody else, although the gateway has one connection to the site for all.
#[tokio::test(flavor = "multi_thread")]
async fn slow_readers_do_not_stop_the_others() {
    let bank = Bank::open().await;
    bank.open_accounts(2).await;
    for first in [1, 8_001] {
        bank.client().create_transfers(transfers(first..first + 8_000)).await.unwrap();
    }
    let mut slow = Vec::new();
    for _ in 0..30 {
        let mut reader = client_with_room(bank.address, 64 << 10);
        let mut pages =
            reader.query_transfers(pb::QueryTransfersRequest::default()).await.unwrap().into_inner();
        pages.next().await.unwrap().unwrap();
        slow.push(pages);
    }
    let mut other = bank.client();
    let paid = other.create_transfers(transfers([100_000]));
    let paid = tokio::time::timeout(Duration::from_secs(60), paid);
    assert_eq!(paid.await.unwrap().unwrap().into_inner().created, 1);
    for pages in slow.into_iter().take(2) {
        let rest: Vec<_> = pages.map(|page| page.unwrap().transfers.len()).collect().await;
        assert!(rest.iter().sum::<usize>() >= 15_000, "{rest:?}");
    }
}
