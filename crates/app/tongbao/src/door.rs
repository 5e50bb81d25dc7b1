//! The door for TigerBeetle's clients on one site.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::routing::{MethodRouter, get};
use ledger::LedgerMachine;
use shard::Handle;
use tokio::net::TcpListener;
use tokio::sync::watch;
use vsr::{Address, Limits, Metrics, ShardBackend};

use crate::error::AppError;
use crate::institution::place;
use crate::site::SiteArgs;

/// The cluster's id that clients must name.
const CLUSTER: u128 = 0;

/// The door, which listens already if it is to open at all.
pub(crate) struct Door {
    listener: Option<TcpListener>,
    backend: ShardBackend,
    address: Address,
    metrics: Arc<Metrics>,
}

impl Door {
    /// Listens where the site was told to.
    pub(crate) fn listen(args: &SiteArgs, handle: Handle<LedgerMachine>) -> Result<Self, AppError> {
        let (index, sites) = place(&args.name);
        let listener = args.ledger_port.map(|port| {
            let address = SocketAddr::from((args.address, port));
            let failed = |source| AppError::Listen { what: "ledger clients", address, source };
            gateway::listen(address).map_err(failed)
        });
        Ok(Self {
            listener: listener.transpose()?,
            backend: ShardBackend::new(handle, sites, index),
            address: Address { cluster: CLUSTER, index },
            metrics: Arc::default(),
        })
    }

    /// Serves until `stop` turns true.
    pub(crate) async fn serve(self, stop: watch::Receiver<bool>) {
        if let Some(listener) = self.listener {
            vsr::serve(listener, self.backend, self.address, Limits::default(), self.metrics, stop).await;
        }
    }

    /// The door's counters in the Prometheus text format, version 0.0.4.
    pub(crate) fn metrics(&self) -> MethodRouter {
        let metrics = Arc::clone(&self.metrics);
        get(move || {
            let counts = metrics.counts();
            let mut text = format!(
                "# HELP tongbao_ledger_clients_open Connections that are open now.\n\
                 # TYPE tongbao_ledger_clients_open gauge\ntongbao_ledger_clients_open {}\n",
                counts.open
            );
            for (name, help, value) in counts.totals() {
                let name = format!("tongbao_ledger_clients_{name}_total");
                let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}\n");
            }
            std::future::ready(([(CONTENT_TYPE, "text/plain; version=0.0.4")], text))
        })
    }
}
