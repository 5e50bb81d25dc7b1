//! A bank of sites in this process, behind a gateway.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use gateway::{Body, Gateway, ServeLimits, SiteAddress, Tracker, full};
use http_body_util::BodyExt as _;
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use journal::{FileStore, Options};
use ledger::{Api, Feed, LedgerMachine, SiteInfo, Storage};
use ledger_grpc::{Limits, Metrics, door, pb};
use pb::ledger_client::LedgerClient;
use serde_json::Value;
use shard::{Handle, Node, NodeConfig, Role, wall_clock};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

/// A client over HTTP/2, one connection.
pub(crate) type Wire = Client<HttpConnector, tonic::body::Body>;

/// A site that listens on a port of its own.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle<LedgerMachine>,
    pub(crate) metrics: Arc<Metrics>,
    node: Node<LedgerMachine>,
    server: JoinHandle<()>,
    _stop: watch::Sender<bool>,
}

impl Site {
    async fn start(folder: &Path, name: &str, rank: u32, limits: Limits) -> Self {
        let journal = FileStore::create(&folder.join("journal"), "bank", Options::default()).unwrap();
        let journal = Arc::new(journal);
        let storage = Storage::in_memory();
        let config = NodeConfig {
            journal: Arc::<FileStore>::clone(&journal),
            site: name.to_owned(),
            snapshots: folder.join(name),
            rank,
            clock: wall_clock,
        };
        let node = Node::start(config, storage.clone()).unwrap();
        let handle = node.handle();
        let info = SiteInfo { site: name.to_owned(), shard: "bank".to_owned(), storage };
        let api = Api::new(Feed::new(handle.clone(), journal, &info.site), info);
        let metrics = Arc::new(Metrics::default());
        let router: Router = api.clone().router().merge(door(api, limits, Arc::clone(&metrics)));
        let answer = move |request| {
            let router = router.clone();
            async move { router.oneshot(request).await.unwrap_or_else(|never| match never {}) }
        };
        let listener = gateway::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let limits = ServeLimits::default().behind_gateway();
        let server = tokio::spawn(gateway::serve(listener, limits, answer, stopped));
        Self { address, handle, metrics, node, server, _stop: stop }
    }

    /// Ends it: nobody hears of it again, and the lock is free.
    async fn end(self) {
        self.server.abort();
        self.handle.stop();
        self.node.finished().await.unwrap();
    }
}

/// A bank with a gateway.
pub(crate) struct Bank {
    pub(crate) address: SocketAddr,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) sites: Vec<Site>,
    named: watch::Sender<Vec<SiteAddress>>,
    _folder: TempDir,
    _stop: watch::Sender<bool>,
}

impl Bank {
    /// One site, which leads.
    pub(crate) async fn open() -> Self {
        Self::with(1, Limits::default()).await
    }

    /// So many sites; the first leads.
    pub(crate) async fn with(sites: u32, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut started = Vec::new();
        for rank in 0..sites {
            let site = Site::start(folder.path(), &format!("east-{rank}"), rank, limits).await;
            let role = if rank == 0 { Role::Leader } else { Role::Follower };
            until("the role", || site.handle.status().role == role).await;
            started.push(site);
        }
        let row = |(rank, site): (usize, &Site)| SiteAddress {
            name: format!("east-{rank}"),
            address: Some(site.address),
        };
        let (named, names) = watch::channel(started.iter().enumerate().map(row).collect());
        let tracker = Arc::new(Tracker::new(names));
        let gateway = Arc::new(Gateway::new(Arc::clone(&tracker)));
        tokio::spawn(async move { tracker.run().await });
        let listener = gateway::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let answer = {
            let gateway = Arc::clone(&gateway);
            move |request| {
                let gateway = Arc::clone(&gateway);
                async move { gateway.handle(request).await }
            }
        };
        tokio::spawn(gateway::serve(listener, ServeLimits::default(), answer, stopped));
        Self { address, gateway, sites: started, named, _folder: folder, _stop: stop }
    }

    /// The leader is lost, and its place in the list with it.
    pub(crate) async fn lose_leader(&mut self) {
        self.sites.remove(0).end().await;
        self.named.send_modify(|names| names.retain(|name| Some(self.sites[0].address) == name.address));
    }

    /// Nobody is left.
    pub(crate) async fn lose_all(&mut self) {
        for site in self.sites.drain(..) {
            site.end().await;
        }
    }

    /// A client of the gateway.
    pub(crate) fn client(&self) -> LedgerClient<Wire> {
        client(self.address)
    }

    /// What the HTTP API answers, whether it is good or not.
    pub(crate) async fn http(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let client: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new()).build_http();
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("content-type", "application/json")
            .body(full(body.map(|body| body.to_string()).unwrap_or_default()));
        let response = client.request(request.unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&body).into_owned();
        (status, serde_json::from_slice(&body).unwrap_or(Value::String(text)))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.http("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Opens accounts 1 to `last` without rules, in CZK.
    pub(crate) async fn open_accounts(&self, last: u32) {
        let accounts = (1..=last).map(|id| pb::NewAccount {
            id: id.to_string(),
            currency: "CZK".to_owned(),
            code: 1,
            ..pb::NewAccount::default()
        });
        let request = pb::CreateAccountsRequest { accounts: accounts.collect() };
        let made = self.client().create_accounts(request).await.unwrap().into_inner();
        assert_eq!((made.created, made.refused.len()), (last, 0), "{made:?}");
    }
}

/// A client of whoever listens there.
pub(crate) fn client(address: SocketAddr) -> LedgerClient<Wire> {
    client_with_room(address, 1 << 20)
}

/// A client that takes so many bytes of an answer before it reads them.
pub(crate) fn client_with_room(address: SocketAddr, bytes: u32) -> LedgerClient<Wire> {
    let origin = format!("http://{address}").parse().unwrap();
    let wire = Client::builder(TokioExecutor::new())
        .http2_only(true)
        .http2_initial_stream_window_size(bytes)
        .build_http();
    LedgerClient::with_origin(wire, origin).max_decoding_message_size(16 << 20)
}

/// A transfer of 1.00 from account 1 to account 2.
pub(crate) fn transfer(id: u64) -> pb::NewTransfer {
    pb::NewTransfer {
        id: id.to_string(),
        debit_account: "1".to_owned(),
        credit_account: "2".to_owned(),
        amount: "1.00".to_owned(),
        currency: "CZK".to_owned(),
        code: 1,
        ..pb::NewTransfer::default()
    }
}

pub(crate) fn transfers(ids: impl IntoIterator<Item = u64>) -> pb::CreateTransfersRequest {
    pb::CreateTransfersRequest { id: String::new(), transfers: ids.into_iter().map(transfer).collect() }
}

/// Patience is for slow machines only; it decides nothing.
pub(crate) async fn until(what: &str, mut reached: impl FnMut() -> bool) {
    for _ in 0..12_000 {
        if reached() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never reached: {what}");
}
