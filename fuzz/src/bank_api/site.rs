//! A leading site on a disk in memory, and requests to it as the router sees them.

use std::sync::{Arc, LazyLock};

use arbitrary::{Result, Unstructured};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use journal::sim::SimDisk;
use journal::{FileStore, Options, Store};
use ledger::{LedgerMachine, SiteInfo, Storage};
use serde_json::Value;
use shard::{Node, NodeConfig, Role, wall_clock};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"];
pub(super) const PATHS: [&str; 12] = [
    "/v1/accounts",
    "/v1/accounts/batch",
    "/v1/accounts/1",
    "/v1/accounts/1/balance",
    "/v1/accounts/1/statement",
    "/v1/payments",
    "/v1/payments/batch",
    "/v1/payments/1",
    "/v1/totals",
    "/v1/state-hash",
    "/v1/health",
    "/metrics",
];
/// How a bank's books are set up and closed.
pub(super) const BOOKS: [&str; 17] = [
    "/v1/units",
    "/v1/accounts/placements",
    "/v1/accounts/tree",
    "/v1/accounts/1/below",
    "/v1/accounts/1/purposes",
    "/v1/accounts/1/interest",
    "/v1/payments",
    "/v1/payments/1/reversal",
    "/v1/holds/2/spend",
    "/v1/days",
    "/v1/days/cut",
    "/v1/days/2026-11-20/trial-balance",
    "/v1/interest/rates",
    "/v1/interest/products",
    "/v1/interest/accounts",
    "/v1/interest/accrue",
    "/v1/interest/capitalise",
];
const START: [(&str, &str); 7] = [
    ("/v1/accounts", r#"{"id":"1","currency":"CZK","code":1,"flags":["history"]}"#),
    ("/v1/accounts", r#"{"id":"2","currency":"CZK","code":1}"#),
    (
        "/v1/payments",
        r#"{"id":"1","debit_account":"1","credit_account":"2","amount":"5.00","currency":"CZK","code":1}"#,
    ),
    (
        "/v1/payments",
        r#"{"id":"2","debit_account":"2","credit_account":"1","amount":"5.00","currency":"CZK","code":1,"flags":["pending"]}"#,
    ),
    ("/v1/units", r#"{"code":"XAU-G","ledger":1000,"minor_digits":3}"#),
    ("/v1/days/cut", r#"{"opens":"2026-11-20"}"#),
    ("/v1/days/cut", r#"{"closes":"2026-11-20","opens":"2026-11-23"}"#),
];
/// Longer than any answer.
const ANSWER_BYTES_MAX: usize = 16 << 20;

struct Site {
    runtime: Runtime,
    router: Router,
    _node: Node<LedgerMachine>,
    _snapshots: TempDir,
}

static SITE: LazyLock<Site> = LazyLock::new(|| {
    let snapshots = tempfile::tempdir().expect("a folder");
    let options = Options { segment_bytes_max: 1 << 20 };
    let journal: Arc<dyn Store> = Arc::new(FileStore::new(SimDisk::new(1).process(), "bank", options));
    let config = NodeConfig {
        journal: Arc::clone(&journal),
        site: "east-1".to_owned(),
        snapshots: snapshots.path().to_owned(),
        rank: 0,
        clock: wall_clock,
    };
    let storage = Storage::in_memory();
    let node = Node::start(config, storage.clone()).expect("a site starts");
    while node.handle().status().role != Role::Leader {
        std::thread::yield_now();
    }
    let info = SiteInfo { site: "east-1".to_owned(), shard: "bank".to_owned(), storage };
    let router = ledger::router(node.handle(), info, journal);
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let site = Site { runtime, router, _node: node, _snapshots: snapshots };
    for (path, body) in START {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        let (status, _, body) = site.send(request.body(Body::from(body)).expect("a good request"));
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    }
    site
});

impl Site {
    /// Status, content type and body of the answer.
    fn send(&self, request: Request<Body>) -> (u16, String, Vec<u8>) {
        self.runtime.block_on(async {
            let response = match self.router.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let (head, body) = response.into_parts();
            let kind = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let body = to_bytes(body, ANSWER_BYTES_MAX).await.expect("a whole answer");
            (head.status.as_u16(), kind.unwrap_or_default().to_owned(), body.to_vec())
        })
    }
}

/// Sends the request to one of `paths` that `bytes` make. Returns whether it was done.
pub(super) fn ask(paths: &[&str], bytes: &[u8]) -> bool {
    let Ok(Some(request)) = request(paths, &mut Unstructured::new(bytes)) else { return false };
    let (method, path) = (request.method().clone(), request.uri().clone());
    let (status, kind, body) = SITE.send(request);
    let what = format!("{method} {path}: {status} {}", String::from_utf8_lossy(&body));
    assert!(status != 500, "{what}");
    if status < 400 {
        assert!(kind != "application/json" || method == "HEAD" || is_json(&body), "{what}");
        return true;
    }
    assert_eq!(kind, "application/problem+json", "{what}");
    if method != "HEAD" {
        let problem: Value = serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {what}"));
        assert!(problem["code"].as_str().is_some_and(stdx::is_code), "{what}");
        assert!(["title", "detail", "hint"].iter().all(|field| problem[field].is_string()), "{what}");
    }
    false
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok()
}

/// `None` if HTTP itself would not let it through.
fn request(paths: &[&str], u: &mut Unstructured<'_>) -> Result<Option<Request<Body>>> {
    let method = if u.arbitrary()? { "POST" } else { *u.choose(&METHODS)? };
    let mut target = (*u.choose(paths)?).to_owned();
    if u.ratio(1_u8, 4)? {
        let length = u.int_in_range(0..=80_usize)?.min(u.len());
        let more = String::from_utf8_lossy(u.bytes(length)?).into_owned();
        if u.arbitrary()? {
            target.push('?');
        }
        target.push_str(&more);
    }
    let kind = if u.ratio(1_u8, 16)? { "text/plain" } else { "application/json; charset=utf-8" };
    let body = u.bytes(u.len())?.to_vec();
    Ok(Request::builder()
        .method(method)
        .uri(target)
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body))
        .ok())
}
