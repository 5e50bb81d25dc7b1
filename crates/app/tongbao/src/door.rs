//! The doors for TigerBeetle's clients on one site: a plain one, and one over TLS.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{MethodRouter, get};
use console_api::SiteRules;
use ledger::LedgerMachine;
use shard::Handle;
use stdx::Coded as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use vsr::{Address, Counts, Gate, GateCounts, Limits, Metrics, ShardBackend};

use crate::error::AppError;
use crate::institution::place;
use crate::site::SiteArgs;

/// The cluster's id that clients must name.
pub(crate) const CLUSTER: u128 = 0;

/// The doors, which listen already if they are to open at all.
pub(crate) struct Door {
    listener: Option<TcpListener>,
    secure: Option<Secure>,
    backend: ShardBackend,
    address: Address,
    metrics: Arc<Metrics>,
}

/// The door over TLS.
struct Secure {
    listener: TcpListener,
    gate: Arc<Gate>,
    metrics: Arc<Metrics>,
}

impl Door {
    /// Listens where the site was told to.
    pub(crate) fn listen(args: &SiteArgs, handle: Handle<LedgerMachine>) -> Result<Self, AppError> {
        let (index, sites) = place(&args.name);
        let listen = |port: u16| {
            let address = SocketAddr::from((args.address, port));
            let failed = |source| AppError::Listen { what: "ledger clients", address, source };
            gateway::listen(address).map_err(failed)
        };
        let secure = args.tls.door(&args.name).map(|(port, files)| {
            let gate = Gate::new(files);
            if let Err(error) = gate.reload() {
                tracing::error!(code = error.code(), %error, "nobody comes in over TLS until there are good rules");
            }
            listen(port).map(|listener| Secure { listener, gate, metrics: Arc::default() })
        });
        Ok(Self {
            listener: args.ledger_port.map(listen).transpose()?,
            secure: secure.transpose()?,
            backend: ShardBackend::new(handle, sites, index),
            address: Address { cluster: CLUSTER, index },
            metrics: Arc::default(),
        })
    }

    /// Serves until `stop` turns true.
    pub(crate) async fn serve(self, stop: watch::Receiver<bool>) {
        let Self { listener, secure, backend, address, metrics } = self;
        let limits = Limits::default();
        let plain = async {
            if let Some(listener) = listener {
                vsr::serve(listener, backend.clone(), address, limits, metrics, stop.clone()).await;
            }
        };
        let secure = async {
            if let Some(Secure { listener, gate, metrics }) = secure {
                let keeping = tokio::spawn(Arc::clone(&gate).keep());
                vsr::serve_tls(listener, backend.clone(), address, limits, metrics, gate, stop.clone()).await;
                keeping.abort();
            }
        };
        tokio::join!(plain, secure);
    }

    /// Which rules this site keeps, for the supervisor; without a door over TLS it keeps none.
    pub(crate) fn rules(&self) -> MethodRouter {
        let gate = self.secure.as_ref().map(|door| Arc::clone(&door.gate));
        get(move || {
            let counts = gate.as_ref().map(|gate| gate.counts()).unwrap_or_default();
            std::future::ready(Json(SiteRules { current: counts.is_current, loads: counts.loads }))
        })
    }

    /// The doors' counters in the Prometheus text format, version 0.0.4.
    pub(crate) fn metrics(&self) -> MethodRouter {
        let plain = Arc::clone(&self.metrics);
        let secure = self.secure.as_ref().map(|door| (Arc::clone(&door.metrics), Arc::clone(&door.gate)));
        get(move || {
            let mut text = String::new();
            tell_counts(&mut text, "tongbao_ledger_clients", &plain.counts());
            if let Some((metrics, gate)) = &secure {
                tell_counts(&mut text, "tongbao_ledger_tls_clients", &metrics.counts());
                tell_gate(&mut text, &gate.counts());
            }
            std::future::ready(([(CONTENT_TYPE, "text/plain; version=0.0.4")], text))
        })
    }
}

fn tell_counts(text: &mut String, prefix: &str, counts: &Counts) {
    tell(text, &format!("{prefix}_open"), "gauge", "Connections that are open now.", [("", counts.open)]);
    for (name, help, value) in counts.totals() {
        tell(text, &format!("{prefix}_{name}_total"), "counter", help, [("", value)]);
    }
}

fn tell_gate(text: &mut String, counts: &GateCounts) {
    let entered =
        counts.entered.iter().map(|(identity, count)| (format!("{{identity=\"{identity}\"}}"), *count));
    let name = "tongbao_ledger_tls_clients_entered_total";
    tell(text, name, "counter", "Clients let in, by identity.", entered);
    let refused =
        counts.refused.iter().map(|(reason, count)| (format!("{{reason=\"{}\"}}", reason.name()), *count));
    let name = "tongbao_ledger_tls_clients_refused_total";
    tell(text, name, "counter", "Handshakes that came to nothing, by reason.", refused);
    let denied = counts.denied.iter().map(|((identity, right), count)| {
        (format!("{{identity=\"{identity}\",right=\"{}\"}}", right.name()), *count)
    });
    let help = "Events of writes, and whole reads, that were refused for want of a right.";
    tell(text, "tongbao_ledger_access_denied_total", "counter", help, denied);
    for (name, kind, help, value) in [
        ("loads_total", "counter", "Times the access rules were read and taken.", counts.loads),
        ("load_failures_total", "counter", "Times the access rules could not be used.", counts.load_failures),
        ("current", "gauge", "1 if the access rules are those of the files.", u64::from(counts.is_current)),
        ("identities", "gauge", "Identities that the access rules know.", counts.identities as u64),
    ] {
        tell(text, &format!("tongbao_ledger_access_{name}"), kind, help, [("", value)]);
    }
}

/// One metric: its labels and values, of which there may be none.
fn tell(
    text: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    values: impl IntoIterator<Item = (impl AsRef<str>, u64)>,
) {
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    for (labels, value) in values {
        let _ = writeln!(text, "{name}{} {value}", labels.as_ref());
    }
}
