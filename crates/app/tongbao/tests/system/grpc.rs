//! gRPC through the gateway of the whole bank, also while its leader dies.

use std::future::Future;

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use ledger_grpc::pb;
use pb::ledger_client::LedgerClient;
use pb::pipeline_request::Batch;
use pb::pipeline_response::Outcome;
use rustix::process::Signal;
use tokio_stream::StreamExt as _;

use crate::bank::{Bank, Folder, signal, until};
use crate::http::Line;

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

fn client(bank: &Bank) -> LedgerClient<Client<HttpConnector, tonic::body::Body>> {
    let wire = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    LedgerClient::with_origin(wire, bank.gateway.parse().unwrap())
}

fn transfers(ids: impl IntoIterator<Item = u64>) -> pb::CreateTransfersRequest {
    let transfer = |id: u64| pb::NewTransfer {
        id: id.to_string(),
        debit_account: "1".to_owned(),
        credit_account: "2".to_owned(),
        amount: "0.01".to_owned(),
        currency: "CZK".to_owned(),
        code: 1,
        ..pb::NewTransfer::default()
    };
    pb::CreateTransfersRequest { id: String::new(), transfers: ids.into_iter().map(transfer).collect() }
}

/// Batches of one pipeline, and single calls beside it, while the leader is killed twice: each is answered once, as made,
/// in its order; and each transfer is in the books once.
#[test]
fn the_leader_killed_under_a_pipeline_loses_nothing_and_repeats_nothing() {
    const BATCHES: u64 = 400;
    const SIZE: u64 = 10;
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    bank.until_whole();
    wait(async {
        let (ask, asked) = tokio::sync::mpsc::channel(1);
        let asking = tokio::spawn(async move {
            for batch in 0..BATCHES {
                let request = transfers((batch * SIZE..(batch + 1) * SIZE).map(|id| id + 1));
                ask.send(pb::PipelineRequest { batch: Some(Batch::CreateTransfers(request)) }).await.unwrap();
            }
        });
        let mut caller = client(&bank);
        let calling = tokio::spawn(async move {
            for id in 100_000..100_100 {
                let made = caller.create_transfers(transfers([id])).await.unwrap().into_inner();
                assert_eq!((made.created, made.existing, made.refused.len()), (1, 0, 0), "transfer {id}");
            }
        });
        let asked = tokio_stream::wrappers::ReceiverStream::new(asked);
        let mut answers = client(&bank).pipeline(asked).await.unwrap().into_inner();
        let mut epoch = bank.epoch;
        for batch in 0..BATCHES {
            let answer = answers.next().await.unwrap().unwrap();
            let Some(Outcome::CreateTransfers(made)) = answer.outcome else { panic!("no transfers") };
            assert_eq!(
                (u64::from(made.created), made.existing, made.refused.len()),
                (SIZE, 0, 0),
                "batch {batch}"
            );
            if batch == 100 || batch == 250 {
                until("a leader", || bank.platform()["leader"].is_string());
                signal(bank.site_pid(bank.platform()["leader"].as_str().unwrap()), Signal::KILL);
                until("another reign", || bank.platform()["epoch"].as_u64().unwrap() > epoch);
                epoch = bank.platform()["epoch"].as_u64().unwrap();
            }
        }
        assert!(answers.next().await.is_none());
        asking.await.unwrap();
        calling.await.unwrap();

        let request = pb::QueryTransfersRequest {
            order: pb::Order::Oldest.into(),
            ..pb::QueryTransfersRequest::default()
        };
        let pages = client(&bank).query_transfers(request).await.unwrap().into_inner();
        let pages: Vec<_> = pages.map(|page| page.unwrap()).collect().await;
        let all = || pages.iter().flat_map(|page| &page.transfers).map(|one| one.id.parse::<u64>().unwrap());
        let (piped, called): (Vec<u64>, Vec<u64>) = all().partition(|id| *id < 100_000);
        assert!(piped.into_iter().eq(1..=BATCHES * SIZE), "in the order in which they were sent");
        assert!(called.into_iter().eq(100_000..100_100));
    });
    assert_eq!(bank.balance(2), "41.00");
    folder.json(&["journal", "verify"]);
    assert!(bank.down().success());
}

#[test]
fn the_bank_says_where_grpc_is_and_counts_what_it_does() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    assert!(folder.tongbao(&["status"]).out.contains("(HTTP and gRPC)"));
    assert_eq!(bank.get("/v1/ledger.proto").body, ledger_grpc::PROTO);
    wait(async {
        let made = client(&bank).create_transfers(transfers(1..=3)).await.unwrap().into_inner();
        assert_eq!(made.created, 3);
    });
    let site = bank.site(&bank.leader)["address"].as_str().unwrap().to_owned();
    let text = Line::open(&format!("http://{site}")).get("/metrics/grpc").body;
    for line in ["handled_total{method=\"CreateTransfers\",code=\"OK\"} 1", "transfers_total 3", "streams 0"]
    {
        assert!(text.lines().any(|given| given == format!("tongbao_grpc_{line}")), "{line} in {text}");
    }
}
