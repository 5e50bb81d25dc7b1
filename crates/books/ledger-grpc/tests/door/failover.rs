//! The leader is lost: what the gateway owes to whoever was talking.

use ledger_grpc::{Limits, pb};
use pb::pipeline_request::Batch;
use pb::pipeline_response::Outcome;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use super::bank::{Bank, client, transfers};

fn batch(ids: impl IntoIterator<Item = u64>) -> pb::PipelineRequest {
    pb::PipelineRequest { batch: Some(Batch::CreateTransfers(transfers(ids))) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_goes_on_with_the_next_leader() {
    let mut bank = Bank::with(2, Limits::default()).await;
    bank.open_accounts(2).await;
    let (ask, asked) = mpsc::channel(1);
    let asking = tokio::spawn(async move {
        for id in 1..=600 {
            ask.send(batch([2 * id, 2 * id + 1])).await.unwrap();
        }
    });
    let mut answers = bank.client().pipeline(ReceiverStream::new(asked)).await.unwrap().into_inner();
    let mut seen = 0;
    while let Some(answer) = answers.next().await {
        let Some(Outcome::CreateTransfers(made)) = answer.unwrap().outcome else { panic!("no transfers") };
        assert_eq!((made.created, made.existing, made.refused.len()), (2, 0, 0), "batch {seen}");
        seen += 1;
        if seen == 200 {
            bank.lose_leader().await;
        }
    }
    asking.await.unwrap();
    assert_eq!(seen, 600);
    assert_eq!(bank.get("/v1/totals").await["transfers"], 1_200);
    assert_eq!(bank.get("/v1/accounts/2/balance").await["balance"], "1200.00");
    assert!(bank.gateway.live().prometheus().contains("tongbao_gateway_retried_total"));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_held_and_sent_to_the_next_leader() {
    let mut bank = Bank::with(2, Limits::default()).await;
    bank.open_accounts(2).await;
    let mut caller = bank.client();
    let calling = tokio::spawn(async move {
        for id in 1..=100 {
            let made = caller.create_transfers(transfers([id])).await.unwrap().into_inner();
            assert_eq!((made.created, made.existing), (1, 0), "transfer {id}");
        }
    });
    bank.lose_leader().await;
    calling.await.unwrap();
    assert_eq!(bank.get("/v1/accounts/2/balance").await["balance"], "100.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_ends_with_a_word_and_goes_on_elsewhere() {
    let mut bank = Bank::with(2, Limits::default()).await;
    bank.open_accounts(2).await;
    for first in (1..=40_000).step_by(8_000) {
        bank.client().create_transfers(transfers(first..first + 8_000)).await.unwrap();
    }
    let all =
        pb::QueryTransfersRequest { order: pb::Order::Oldest.into(), ..pb::QueryTransfersRequest::default() };
    let mut pages = bank.client().query_transfers(all.clone()).await.unwrap().into_inner();
    let (mut seen, mut after) = (Vec::new(), String::new());
    let first = pages.next().await.unwrap().unwrap();
    seen.extend(first.transfers.into_iter().map(|transfer| transfer.id));
    after.clone_from(&first.next);
    bank.lose_leader().await;
    let error = loop {
        match pages.next().await {
            Some(Ok(page)) => {
                seen.extend(page.transfers.into_iter().map(|transfer| transfer.id));
                after = page.next;
            }
            Some(Err(error)) => break Some(error),
            None => break None,
        }
    };
    let error = error.expect("more was to come than fits between the two");
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
    assert!(error.message().ends_with("[GWY-0008]"), "{error:?}");
    let rest = pb::QueryTransfersRequest { after, ..all };
    let rest = bank.client().query_transfers(rest).await.unwrap().into_inner();
    let rest: Vec<_> = rest.map(|page| page.unwrap()).collect().await;
    seen.extend(rest.into_iter().flat_map(|page| page.transfers).map(|transfer| transfer.id));
    assert!(seen.iter().map(|id| id.parse::<u64>().unwrap()).eq(1..=40_000));
}

#[tokio::test]
async fn a_site_that_does_not_lead_says_so() {
    let bank = Bank::with(2, Limits::default()).await;
    let mut follower = client(bank.sites[1].address);
    let error = follower.create_transfers(transfers([1])).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
    assert_eq!(error.metadata().get("tongbao-not-leader").unwrap(), "true");
    assert!(error.message().ends_with("[SHD-0002]"), "{error:?}");
    let stream = follower.pipeline(tokio_stream::iter([batch([1])])).await.unwrap();
    let error = stream.into_inner().next().await.unwrap().unwrap_err();
    assert_eq!(error.metadata().get("tongbao-not-leader").unwrap(), "true");
}

#[tokio::test]
async fn without_a_leader_a_pipeline_ends_with_the_gateways_own_error() {
    let mut bank = Bank::open().await;
    bank.lose_all().await;
    let mut request = tonic::Request::new(tokio_stream::iter([batch([1])]));
    request.set_timeout(std::time::Duration::from_millis(20));
    let mut answers = bank.client().pipeline(request).await.unwrap().into_inner();
    let error = answers.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
}
