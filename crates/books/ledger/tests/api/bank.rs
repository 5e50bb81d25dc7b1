//! A bank with one site, and conversations with it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use ids::Timestamp;
use journal::{FileStore, Options};
use ledger::{Feed, FeedLimits, LedgerMachine, SiteInfo, Storage};
use serde_json::Value;
use shard::{Handle, Node, NodeConfig, Role};
use tempfile::TempDir;
use tower::ServiceExt as _;

/// An answer, whole.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A field of the body, as text.
    pub(crate) fn field(&self, name: &str) -> String {
        match &self.json()[name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// Whether it says that it repeats an earlier answer.
    pub(crate) fn is_repeated(&self) -> bool {
        self.headers.get(ledger_api::IDEMPOTENT_REPLAYED).is_some_and(|value| value == "true")
    }
}

/// One site of a bank.
pub(crate) struct Site {
    pub(crate) router: Router,
    pub(crate) handle: Handle<LedgerMachine>,
    pub(crate) feed: Arc<Feed>,
    node: Option<Node<LedgerMachine>>,
}

/// Noon of a day that the dates in these tests are chosen for, and on from there.
#[expect(clippy::disallowed_methods, reason = "time passes in tests as it does elsewhere")]
fn clock() -> Timestamp {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let passed = u64::try_from(START.elapsed().as_nanos()).unwrap();
    // 2026-11-22T12:00:00Z
    Timestamp(1_795_348_800_000_000_000 + passed)
}

impl Site {
    /// Starts a site on a folder. Whether it leads depends on who else does.
    pub(crate) fn start(folder: &Path, name: &str, rank: u32) -> Self {
        Self::start_with(folder, name, rank, Storage::in_memory(), FeedLimits::default())
    }

    /// The same with a cold store, or other limits of the change feed.
    pub(crate) fn start_with(
        folder: &Path,
        name: &str,
        rank: u32,
        storage: Storage,
        limits: FeedLimits,
    ) -> Self {
        let journal = FileStore::create(&folder.join("journal"), "bank", Options::default()).unwrap();
        let journal = Arc::new(journal);
        let config = NodeConfig {
            journal: Arc::<FileStore>::clone(&journal),
            site: name.to_owned(),
            snapshots: folder.join(name),
            rank,
            clock,
        };
        let node = Node::start(config, storage.clone()).unwrap();
        let info = SiteInfo { site: name.to_owned(), shard: "bank".to_owned(), storage };
        let feed = Feed::with_limits(node.handle(), journal, name, limits);
        let router = ledger::Api::new(Arc::clone(&feed), info).router();
        Self { router, handle: node.handle(), feed, node: Some(node) }
    }

    pub(crate) async fn until(self, role: Role) -> Self {
        until("the role", || self.handle.status().role == role).await;
        self
    }

    /// Ends it; its last state is stored as a snapshot. Its router goes on answering.
    pub(crate) async fn stop(&mut self) {
        self.handle.stop();
        let node = self.node.take().expect("a site is stopped once");
        node.finished().await.unwrap();
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn put(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::put(path).header("content-type", "application/json");
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header("content-type", "application/json");
        self.send(request.body(body.into()).unwrap()).await
    }
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

/// A bank of one site that leads.
pub(crate) struct Bank {
    pub(crate) folder: TempDir,
    pub(crate) site: Site,
}

impl Bank {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::start(folder.path(), "east-1", 0).until(Role::Leader).await;
        Self { folder, site }
    }

    /// A bank whose conversation so far was `script`, all of which it did.
    pub(crate) async fn after(script: &str) -> Self {
        let bank = Self::open().await;
        let said = bank.talk(script).await;
        let refused = said.lines().find(|line| line.trim_start().starts_with(['4', '5']));
        assert_eq!(refused, None, "{said}");
        bank
    }

    /// Ends the site and starts it again on the same folder.
    pub(crate) async fn restarted(mut self) -> Self {
        self.site.stop().await;
        let site = Site::start(self.folder.path(), "east-1", 0).until(Role::Leader).await;
        Self { folder: self.folder, site }
    }

    /// Everything the ledger holds in one digest: the time of the last request, too, refused or not.
    pub(crate) async fn digest(&self) -> String {
        let answer = self.site.get("/v1/state-hash").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.field("state_hash")
    }

    /// Every account with its sums, and every payment.
    pub(crate) async fn books(&self) -> [String; 2] {
        [self.site.get("/v1/accounts").await.body, self.site.get("/v1/payments").await.body]
    }

    /// Sends each line of `script` and notes the answers. A line is `GET path`, `open {…}`, `pay {…}`, `POST path {…}` or
    /// `PUT path {…}`; braces may be left out around the fields. Times are masked, and a problem is told by its
    /// status, code, title and detail.
    pub(crate) async fn talk(&self, script: &str) -> String {
        let mut said = String::new();
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let answer = self.line(line).await;
            let again = if answer.is_repeated() { " again" } else { "" };
            let _ = writeln!(said, "{line}\n    {}{again} {}", answer.status, summary(&answer));
        }
        said
    }

    pub(crate) async fn line(&self, line: &str) -> Answer {
        let (verb, rest) = line.split_once(' ').unwrap();
        let (path, body) = match verb {
            "GET" => return self.site.get(rest).await,
            "open" => ("/v1/accounts", rest),
            "pay" => ("/v1/payments", rest),
            "POST" => rest.split_once(' ').unwrap(),
            "PUT" => {
                let (path, body) = rest.split_once(' ').unwrap();
                return self.site.put(path, full(body)).await;
            }
            other => panic!("`{other}` is not a word of these scripts"),
        };
        self.site.post(path, full(body)).await
    }
}

/// JSON from its shorthand: `id=1 amount=2.00 code=1 flags=[pending]`. What begins with a brace is taken as it is.
fn full(body: &str) -> String {
    if body.starts_with('{') {
        return body.to_owned();
    }
    let fields = body.split(' ').map(|field| {
        let (name, value) = field.split_once('=').unwrap();
        let list = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
        let value = match list {
            Some(names) => format!("[{}]", names.split(',').map(quoted).collect::<Vec<_>>().join(",")),
            None if ["code", "timeout", "user_data_32", "purpose"].contains(&name) => value.to_owned(),
            None => quoted(value),
        };
        let name = match name {
            "from" => "debit_account",
            "to" => "credit_account",
            other => other,
        };
        format!("{}:{value}", quoted(name))
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// The body without what differs from run to run.
fn summary(answer: &Answer) -> String {
    let mut value = answer.json();
    if answer.status >= 400 {
        return ["code", "title", "detail"].map(|name| answer.field(name)).join(" | ");
    }
    mask(&mut value);
    value.to_string()
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let made = fields.get("timestamp").and_then(Value::as_str).unwrap_or_default().to_owned();
            for (name, value) in fields {
                match name.as_str() {
                    "timestamp" | "now" | "expires_at" | "ended_at" if value.is_string() => {
                        *value = "<time>".into();
                    }
                    // Without business days a payment is booked on the day it is made.
                    "booking_date" | "value_date"
                        if value.as_str().is_some_and(|date| !made.is_empty() && made.starts_with(date)) =>
                    {
                        *value = "<today>".into();
                    }
                    "next" if value.is_string() => *value = "<next>".into(),
                    _ => mask(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}
