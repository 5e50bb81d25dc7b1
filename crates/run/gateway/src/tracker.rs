//! Who leads: asked of the sites themselves, never guessed.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Uri;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// How often the sites are asked while all is well.
const CALM_INTERVAL: Duration = Duration::from_millis(250);
/// How often they are asked while nobody leads.
const SEARCH_INTERVAL: Duration = Duration::from_millis(5);
/// How long one site may take to answer.
const ASK_TIMEOUT: Duration = Duration::from_millis(200);
/// More than any answer to the question.
const ANSWER_BYTES_MAX: usize = 16 << 10;

/// Where a site listens now; it changes when the site restarts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteAddress {
    /// The site's name.
    pub name: String,
    /// Its address, unless it is down.
    pub address: Option<SocketAddr>,
}

/// The site that leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    /// The site's name.
    pub site: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// The epoch it leads in.
    pub epoch: u64,
}

#[derive(Deserialize)]
struct Health {
    role: String,
    epoch: u64,
}

/// Keeps asking the sites which of them leads.
pub struct Tracker {
    sites: watch::Receiver<Vec<SiteAddress>>,
    leader: watch::Sender<Option<Leader>>,
    suspicion: Notify,
    client: Client<HttpConnector, Empty<Bytes>>,
}

impl Tracker {
    /// A tracker of the sites in `sites`; [`Tracker::run`] must be polled for it to find anything.
    pub fn new(sites: watch::Receiver<Vec<SiteAddress>>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(ASK_TIMEOUT));
        connector.set_nodelay(true);
        Self {
            sites,
            leader: watch::Sender::new(None),
            suspicion: Notify::new(),
            client: Client::builder(TokioExecutor::new()).build(connector),
        }
    }

    /// The leader as far as is known.
    pub fn leader(&self) -> watch::Receiver<Option<Leader>> {
        self.leader.subscribe()
    }

    /// `leader` did not answer as a leader: forget it and look again at once.
    pub fn suspect(&self, leader: &Leader) {
        let forgotten = self.leader.send_if_modified(|current| {
            let same = current.as_ref() == Some(leader);
            if same {
                *current = None;
            }
            same
        });
        if forgotten {
            self.suspicion.notify_one();
        }
    }

    /// Asks and asks; never ends.
    pub async fn run(&self) {
        loop {
            let found = self.ask_all().await;
            let calm = found.is_some();
            self.leader.send_if_modified(|current| {
                let changed = *current != found;
                if changed {
                    *current = found;
                }
                changed
            });
            let pause = if calm { CALM_INTERVAL } else { SEARCH_INTERVAL };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.suspicion.notified() => {}
            }
        }
    }

    /// The site that says it leads, in the highest epoch: an old leader that does not know yet loses.
    async fn ask_all(&self) -> Option<Leader> {
        let sites = self.sites.borrow().clone();
        let mut asked = JoinSet::new();
        for SiteAddress { name, address } in sites {
            let Some(address) = address else { continue };
            let client = self.client.clone();
            asked.spawn(async move {
                let epoch = tokio::time::timeout(ASK_TIMEOUT, ask(client, address)).await.ok()??;
                Some(Leader { site: name, address, epoch })
            });
        }
        asked.join_all().await.into_iter().flatten().max_by_key(|leader| leader.epoch)
    }
}

/// The epoch in which the site at `address` leads, if it does.
async fn ask(client: Client<HttpConnector, Empty<Bytes>>, address: SocketAddr) -> Option<u64> {
    let uri: Uri = format!("http://{address}/v1/health").parse().ok()?;
    let response = client.get(uri).await.ok()?;
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await.ok()?.to_bytes();
    let health: Health = serde_json::from_slice(&body).ok()?;
    (health.role == "leader").then_some(health.epoch)
}
