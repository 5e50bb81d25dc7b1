//! Batches of accounts and transfers.

use tokio_stream::StreamExt as _;
use tonic::Request;

use super::bank::{Bank, transfer, transfers};
use ledger_grpc::{Limits, pb};
use pb::pipeline_request::Batch;
use pb::pipeline_response::Outcome;

fn is_replayed<T>(response: &tonic::Response<T>) -> bool {
    response.metadata().get("idempotent-replayed").is_some_and(|value| value == "true")
}

#[tokio::test]
async fn a_batch_is_answered_once_and_for_all() {
    let bank = Bank::open().await;
    bank.open_accounts(2).await;
    let mut client = bank.client();
    let first = client.create_transfers(transfers(1..=3)).await.unwrap();
    assert!(!is_replayed(&first));
    let again = client.create_transfers(transfers(1..=3)).await.unwrap();
    assert!(is_replayed(&again));
    assert_eq!(first.get_ref(), again.get_ref());
    assert_eq!(first.get_ref().created, 3);

    // In another request, the same transfers are known by their ids.
    let other = client.create_transfers(transfers(1..=4)).await.unwrap().into_inner();
    assert_eq!((other.created, other.existing, other.refused.len()), (1, 3, 0));
    let found = client.lookup_accounts(pb::LookupAccountsRequest { ids: vec!["2".into(), "9".into()] }).await;
    let found = found.unwrap().into_inner().accounts;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].balance.as_str(), found[0].currency.as_str()), ("4.00", "CZK"));
}

#[tokio::test]
async fn a_request_has_a_name_of_its_own_if_the_client_gives_it_one() {
    let bank = Bank::open().await;
    bank.open_accounts(2).await;
    let mut client = bank.client();
    let named =
        |ids: &[u64]| pb::CreateTransfersRequest { id: "77".to_owned(), ..transfers(ids.iter().copied()) };
    let first = client.create_transfers(named(&[1, 2])).await.unwrap();
    let again = client.create_transfers(named(&[1, 2])).await.unwrap();
    assert_eq!((is_replayed(&first), is_replayed(&again)), (false, true));
    let clash = client.create_transfers(named(&[1, 3])).await.unwrap_err();
    assert_eq!(clash.code(), tonic::Code::AlreadyExists, "{clash:?}");
    assert_eq!(bank.get("/v1/totals").await["transfers"], 2);
}

#[tokio::test]
async fn what_is_refused_is_named_and_a_chain_fails_as_one() {
    let bank = Bank::open().await;
    bank.open_accounts(2).await;
    let linked = |id, account: &str| pb::NewTransfer {
        flags: vec![pb::transfer::Flag::Linked.into()],
        credit_account: account.to_owned(),
        ..transfer(id)
    };
    let request = pb::CreateTransfersRequest {
        id: String::new(),
        transfers: vec![transfer(1), linked(2, "2"), linked(3, "999"), transfer(4), transfer(5)],
    };
    let outcome = bank.client().create_transfers(request).await.unwrap().into_inner();
    let refused: Vec<_> =
        outcome.refused.iter().map(|one| (one.index, one.id.as_str(), one.status.as_str())).collect();
    assert_eq!(
        refused,
        [
            (1, "2", "linked_event_failed"),
            (2, "3", "credit_account_not_found"),
            (3, "4", "linked_event_failed")
        ]
    );
    assert!(outcome.refused.iter().all(|one| one.code.starts_with("LED-")), "{outcome:?}");
    assert_eq!((outcome.created, outcome.existing), (2, 0));
}

#[tokio::test]
async fn a_full_batch_fits() {
    let bank = Bank::open().await;
    bank.open_accounts(2).await;
    let mut client = bank.client();
    let made = client.create_transfers(transfers(1..=8_190)).await.unwrap().into_inner();
    assert_eq!((made.created, made.refused.len()), (8_190, 0));
    let ids = (1..=8_190u64).map(|id| id.to_string()).collect();
    let found = client.lookup_transfers(pb::LookupTransfersRequest { ids }).await.unwrap().into_inner();
    assert_eq!(found.transfers.len(), 8_190);
    assert!(found.transfers.iter().map(|transfer| transfer.id.parse::<u32>().unwrap()).eq(1..=8_190));
}

fn batch(request: pb::CreateTransfersRequest) -> pb::PipelineRequest {
    pb::PipelineRequest { batch: Some(Batch::CreateTransfers(request)) }
}

#[tokio::test]
async fn a_pipeline_answers_each_batch_in_order() {
    let bank = Bank::open().await;
    let account = |id: u32| pb::NewAccount {
        id: id.to_string(),
        currency: "CZK".to_owned(),
        code: 1,
        ..pb::NewAccount::default()
    };
    let accounts = pb::CreateAccountsRequest { accounts: vec![account(1), account(2)] };
    let mut batches = vec![pb::PipelineRequest { batch: Some(Batch::CreateAccounts(accounts)) }];
    // Each transfer is made on what the one before has left, so another order would be refused.
    batches.extend((1..=200).map(|id| batch(transfers([id, id + 1]))));
    let answers = bank.client().pipeline(tokio_stream::iter(batches)).await.unwrap().into_inner();
    let answers: Vec<_> = answers.map(|answer| answer.unwrap()).collect().await;
    assert_eq!(answers.len(), 201);
    assert!(matches!(&answers[0].outcome, Some(Outcome::CreateAccounts(made)) if made.created == 2));
    for (place, answer) in answers.iter().enumerate().skip(1) {
        let Some(Outcome::CreateTransfers(made)) = &answer.outcome else { panic!("{answer:?}") };
        let expected = if place == 1 { (2, 0) } else { (1, 1) };
        assert_eq!((made.created, made.existing), expected, "batch {place}");
        assert!(!answer.replayed);
    }
    assert_eq!(bank.get("/v1/accounts/2/balance").await["balance"], "201.00");
    let text = bank.sites[0].metrics.prometheus();
    for line in [
        "streams 0",
        "accounts_total 2",
        "transfers_total 400",
        "handled_total{method=\"Pipeline\",code=\"OK\"} 1",
    ] {
        assert!(text.lines().any(|given| given == format!("tongbao_grpc_{line}")), "{line} in {text}");
    }
}

#[tokio::test]
async fn an_error_ends_a_pipeline_after_what_came_before_it() {
    let bank = Bank::open().await;
    bank.open_accounts(2).await;
    let mut bad = transfers([2]);
    bad.transfers[0].amount = "1.001".to_owned();
    let batches = [batch(transfers([1])), batch(bad), batch(transfers([3]))];
    let mut answers = bank.client().pipeline(tokio_stream::iter(batches)).await.unwrap().into_inner();
    assert!(answers.next().await.unwrap().is_ok());
    let error = answers.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), tonic::Code::InvalidArgument, "{error:?}");
    assert!(error.message().starts_with("transfers[0].amount: "), "{error:?}");
    assert!(answers.next().await.is_none());
    assert_eq!(bank.get("/v1/totals").await["transfers"], 1);
}

#[tokio::test]
async fn open_streams_have_a_bound() {
    let bank = Bank::with(1, Limits { streams_max: 1 }).await;
    bank.open_accounts(2).await;
    let (ask, asked) = tokio::sync::mpsc::channel(1);
    let asked = tokio_stream::wrappers::ReceiverStream::new(asked);
    let mut first = bank.client().pipeline(asked).await.unwrap().into_inner();
    ask.send(batch(transfers([1]))).await.unwrap();
    assert!(first.next().await.unwrap().is_ok());
    let second = bank.client().pipeline(tokio_stream::iter([batch(transfers([2]))])).await.unwrap();
    let error = second.into_inner().next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), tonic::Code::Unavailable, "{error:?}");
    assert!(error.message().ends_with("[GRP-0003]"), "{error:?}");
    drop(ask);
    assert!(first.next().await.is_none());
    let third = bank.client().pipeline(tokio_stream::iter([batch(transfers([2]))])).await.unwrap();
    assert!(third.into_inner().next().await.unwrap().is_ok());
}

#[tokio::test]
async fn a_call_ends_with_its_deadline() {
    let mut bank = Bank::open().await;
    bank.open_accounts(2).await;
    bank.lose_all().await;
    let mut request = Request::new(transfers([1]));
    request.set_timeout(std::time::Duration::from_millis(20));
    let error = bank.client().create_transfers(request).await.unwrap_err();
    assert_eq!(error.code(), tonic::Code::DeadlineExceeded, "{error:?}");
    assert!(error.message().ends_with("[GWY-0007]"), "{error:?}");
}
