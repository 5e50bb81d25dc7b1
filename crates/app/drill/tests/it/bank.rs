//! A whole bank inside the test: three sites over one journal, a gateway, and a supervisor that stops sites.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use console_api::{Platform, Site, SiteName, SiteState};
use drill::{Desk, DeskConfig};
use gateway::{Gateway, ServeLimits, SiteAddress, Tracker, full};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Request, Response};
use ids::Timestamp;
use journal::{FileStore, Options};
use ledger::{LedgerMachine, SiteInfo, Storage};
use shard::{Node, NodeConfig, wall_clock};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::ServiceExt as _;

/// Names and ranks.
const SITES: [(&str, u32); 3] = [("east-1", 0), ("east-2", 1), ("south-1", 2)];

/// Which of the payments the door lies about, by request and number.
pub(crate) type Door = Arc<dyn Fn(&Request<Incoming>, u64) -> bool + Send + Sync>;

type Sites = Vec<(String, shard::Handle<LedgerMachine>)>;

pub(crate) struct Bank {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) gateway: SocketAddr,
    pub(crate) platform: watch::Receiver<Platform>,
    stops: Arc<Mutex<Sites>>,
}

impl Bank {
    /// Starts the bank. Payments for which `lies` says so are acknowledged by the door and thrown away.
    pub(crate) async fn start(lies: Door) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut addresses = Vec::new();
        let mut stops = Vec::new();
        for (site, rank) in SITES {
            let (address, handle) = start_site(dir.path(), site, rank).await;
            addresses.push(SiteAddress { name: site.to_owned(), address: Some(address) });
            stops.push((site.to_owned(), handle));
        }
        let tracker = Arc::new(Tracker::new(watch::channel(addresses).1));
        let mut leader = tracker.leader();
        let door = Arc::new(Gateway::new(Arc::clone(&tracker)));
        tokio::spawn(async move { tracker.run().await });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = listener.local_addr().unwrap();
        let payments = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let handler = move |request: Request<Incoming>| {
            let (door, lies, payments) = (Arc::clone(&door), Arc::clone(&lies), Arc::clone(&payments));
            async move {
                if request.uri().path() == "/v1/payments" {
                    let number = payments.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if lies(&request, number) {
                        return lie(request).await;
                    }
                }
                door.handle(request).await
            }
        };
        let (forever, stop) = watch::channel(false);
        tokio::spawn(async move {
            gateway::serve(listener, ServeLimits::default(), handler, stop).await;
            drop(forever);
        });
        let leads = leader.wait_for(Option::is_some).await.unwrap().clone().unwrap();
        let platform = watch::channel(platform(gateway, &leads.site)).1;
        Self { dir, gateway, platform, stops: Arc::new(Mutex::new(stops)) }
    }

    pub(crate) fn reports(&self) -> PathBuf {
        self.dir.path().join("drills")
    }

    pub(crate) fn desk(&self) -> Desk {
        let stops = Arc::clone(&self.stops);
        Desk::new(DeskConfig {
            gateway: self.gateway,
            journal: journal(self.dir.path()),
            reports_dir: self.reports(),
            platform: self.platform.clone(),
            kill: Arc::new(move |site: SiteName| {
                let stops = Arc::clone(&stops);
                Box::pin(async move {
                    let stops = stops.lock().unwrap();
                    let found = stops.iter().find(|(name, _)| name == site.as_str());
                    found.map(|(_, handle)| handle.stop()).ok_or_else(|| "it does not run".to_owned())
                })
            }),
            clock: || Timestamp(1_800_000_000_000_000_000),
        })
        .unwrap()
    }
}

pub(crate) fn journal(dir: &Path) -> Arc<FileStore> {
    Arc::new(FileStore::create(&dir.join("journal"), "bank", Options::default()).unwrap())
}

async fn start_site(dir: &Path, site: &str, rank: u32) -> (SocketAddr, shard::Handle<LedgerMachine>) {
    let node = Node::<LedgerMachine>::start(
        NodeConfig {
            journal: journal(dir),
            site: site.to_owned(),
            snapshots: dir.join(site),
            rank,
            clock: wall_clock,
        },
        Storage::in_memory(),
    )
    .unwrap();
    let info = SiteInfo { site: site.to_owned(), shard: "bank".to_owned(), storage: Storage::in_memory() };
    let router = ledger::router(node.handle(), info, journal(dir));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let handler = move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let Ok(response) = router.oneshot(request.map(axum::body::Body::new)).await;
            let (parts, body) = response.into_parts();
            Response::from_parts(parts, full(body.collect().await.unwrap().to_bytes()))
        }
    };
    let (forever, stop) = watch::channel(false);
    tokio::spawn(async move {
        gateway::serve(listener, ServeLimits::default(), handler, stop).await;
        drop(forever);
    });
    (address, node.handle())
}

/// Acknowledges a payment that nobody books.
async fn lie(request: Request<Incoming>) -> Response<gateway::Body> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let payment: ledger_api::NewPayment = serde_json::from_slice(&body).unwrap();
    let ack = ledger_api::PaymentAck {
        id: payment.id,
        status: ledger_api::PaymentAckStatus::Created,
        timestamp: Timestamp(1),
    };
    // As slow as the truth, or liars would answer most of the payments.
    tokio::time::sleep(Duration::from_millis(2)).await;
    Response::builder().status(201).body(full(serde_json::to_vec(&ack).unwrap())).unwrap()
}

fn platform(gateway: SocketAddr, leader: &str) -> Platform {
    let sites = SITES.map(|(name, _)| Site {
        name: name.parse().unwrap(),
        city: "east".to_owned(),
        centre: 1,
        address: None,
        pid: None,
        state: SiteState::Up,
        role: None,
        epoch: 1,
        seq: 0,
        lag: 0,
        leader: None,
        restarts: 0,
        since: Timestamp(1),
    });
    Platform {
        version: "0".to_owned(),
        started_at: Timestamp(1),
        shard: "bank".to_owned(),
        leader: Some(leader.parse().unwrap()),
        epoch: 1,
        seq: 0,
        gateway,
        outlet: None,
        sites: sites.into(),
    }
}
