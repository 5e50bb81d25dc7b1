//! Payments over gRPC: one connection, one request at a time.
//!
//! This is a general client, the one that programs in Rust would use, and it shares the cores with what it measures. So the
//! figures are those of gRPC as people use it, client included.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use ledger_grpc::pb;
use pb::ledger_client::LedgerClient;

use crate::workload::{Dice, Draw};

/// A connection that is kept.
pub(crate) struct GrpcLine(LedgerClient<Client<HttpConnector, tonic::body::Body>>);

impl GrpcLine {
    /// A line to whoever listens there; it connects with its first request.
    pub(crate) fn new(address: SocketAddr) -> Result<Self> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let wire = Client::builder(TokioExecutor::new()).http2_only(true).build(connector);
        Ok(Self(LedgerClient::with_origin(wire, format!("http://{address}").parse()?)))
    }

    /// Makes `count` new payments with the ids from `first` on, and checks the answer.
    pub(crate) async fn pay(&mut self, first: u64, count: u64, dice: &mut Dice) -> Result<()> {
        let transfers = (first..first + count).map(|id| transfer(id, Draw::next(dice))).collect();
        let request = pb::CreateTransfersRequest { id: String::new(), transfers };
        let made = self.0.create_transfers(request).await?.into_inner();
        let right = u64::from(made.created) == count && made.existing == 0 && made.refused.is_empty();
        ensure!(right, "a payment was not made: {made:?}");
        Ok(())
    }
}

fn transfer(id: u64, draw: Draw) -> pb::NewTransfer {
    pb::NewTransfer {
        id: id.to_string(),
        debit_account: draw.debit.to_string(),
        credit_account: draw.credit.to_string(),
        amount: format!("{}.{:02}", draw.amount / 100, draw.amount % 100),
        currency: "CZK".to_owned(),
        code: 1,
        ..pb::NewTransfer::default()
    }
}
