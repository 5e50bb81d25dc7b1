//! The door as a client meets it: every route, and bad input of each kind.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body as AxumBody;
use bytes::Bytes;
use console_api::{
    Access, AccessRules, CertificateFolder, Drill, DrillPage, Live, Platform, Site, SiteState,
};
use drill::{Desk, DeskConfig};
use expect_test::expect;
use futures_util::stream;
use gateway::{Body, Gateway, ServeLimits, SiteAddress, Tracker, full};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use hyper::{HeaderMap, Request, Response};
use ids::Timestamp;
use journal::{FileStore, Options};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::Console;
use crate::console::{Door, router};
use crate::platform::Shared;

const PORT: u16 = 7070;
const STORED_ID: &str = "018bcfe5-6800-7007-8000-000000000000";

/// A console whose bank never answers, so that a drill that was started stays where it is.
struct Bench {
    door: Door,
    live: watch::Sender<Live>,
    platform: watch::Receiver<Platform>,
    access: watch::Receiver<Access>,
    desk: Desk,
    _silent_bank: TcpListener,
    _reports: tempfile::TempDir,
}

fn platform(gateway: SocketAddr) -> Platform {
    let site = |name: &str, state| Site {
        name: name.parse().unwrap(),
        city: "east".to_owned(),
        centre: 1,
        address: None,
        pid: None,
        state,
        role: None,
        epoch: 3,
        seq: 12,
        lag: 0,
        leader: None,
        restarts: 0,
        since: Timestamp(1),
    };
    Platform {
        version: "0.1.0".to_owned(),
        started_at: Timestamp(1),
        shard: "bank".to_owned(),
        leader: Some("east-1".parse().unwrap()),
        epoch: 3,
        seq: 12,
        gateway,
        outlet: None,
        sites: vec![site("east-1", SiteState::Up), site("east-2", SiteState::Down)],
    }
}

/// A bank without TLS.
fn no_access() -> Access {
    let rules =
        AccessRules { file: None, problem: None, read_at: None, identities: 0, total: 0, rules: Vec::new() };
    let certificates =
        CertificateFolder { folder: None, certificates: Vec::new(), unreadable: Vec::new(), more: false };
    let turn_on = vec!["tongbao certs init".to_owned()];
    Access { at: Timestamp(1), on: false, turn_on, doors: Vec::new(), rules, certificates }
}

fn figures(platform: &Platform, transfers: u64) -> Live {
    Live {
        at: Timestamp(2),
        requests_per_s: 1.0,
        transfers_per_s: 2.0,
        p50_ms: None,
        p99_ms: Some(3.5),
        held: 0,
        errors_per_s: 0.0,
        accounts: 4,
        transfers,
        platform: platform.clone(),
    }
}

#[expect(clippy::disallowed_methods, reason = "the test plants a finished drill")]
async fn bench() -> Bench {
    let silent_bank = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = silent_bank.local_addr().unwrap();
    let reports = tempfile::tempdir().unwrap();
    let stored = include_str!("../tests/finished-drill.json");
    std::fs::write(reports.path().join(format!("{STORED_ID}.json")), stored).unwrap();
    let shown = platform(gateway);
    let (live, live_receiver) = watch::channel(figures(&shown, 5));
    let platform = watch::channel(shown).1;
    let folder = reports.path().join("journal");
    let journal = FileStore::create(&folder, "bank", Options::default()).unwrap();
    let desk = Desk::new(DeskConfig {
        gateway,
        journal: Arc::new(journal),
        reports_dir: reports.path().to_owned(),
        platform: platform.clone(),
        kill: Arc::new(|_| Box::pin(async { Err("nothing is killed here".to_owned()) })),
        clock: || Timestamp(1_800_000_000_000_000_000),
    })
    .unwrap();
    let access = watch::channel(no_access()).1;
    let shared = Shared::new(platform.clone(), live_receiver, access.clone(), desk.clone());
    let door = Door { router: router(shared), port: PORT };
    Bench { door, live, platform, access, desk, _silent_bank: silent_bank, _reports: reports }
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The code of a problem document, or nothing.
    fn code(&self) -> Option<String> {
        let problem = self.headers.get("content-type").is_some_and(|kind| kind == problem::CONTENT_TYPE);
        problem.then(|| self.json::<problem::Problem>().code)
    }
}

/// What the bank would answer.
async fn bank(request: Request<AxumBody>) -> Response<Body> {
    Response::builder().status(418).body(full(format!("bank {}", request.uri().path()))).unwrap()
}

impl Bench {
    async fn send(&self, request: Request<AxumBody>) -> Answer {
        let response = self.door.clone().answer(request, bank).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(request("GET", path, AxumBody::empty())).await
    }

    async fn post(&self, path: &str, body: impl Into<AxumBody>) -> Answer {
        self.send(request("POST", path, body.into())).await
    }
}

fn request(method: &str, path: &str, body: AxumBody) -> Request<AxumBody> {
    let request = Request::builder().method(method).uri(path).header("host", format!("127.0.0.1:{PORT}"));
    request.header("content-type", "application/json").body(body).unwrap()
}

const KILL_LEADER: &str = r#"{"kind":"kill-site","site":"leader"}"#;

#[tokio::test]
async fn the_platform_is_shown() {
    let bench = bench().await;
    let answer = bench.get("/v1/platform").await;
    assert_eq!((answer.status, answer.json::<Platform>()), (200, bench.platform.borrow().clone()));
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[tokio::test]
async fn who_may_do_what_is_shown() {
    let bench = bench().await;
    let answer = bench.get("/v1/access").await;
    assert_eq!((answer.status, answer.json::<Access>()), (200, bench.access.borrow().clone()));
    let asked = bench.get("/v1/access?identity=operator").await;
    assert_eq!((asked.status, asked.code().as_deref()), (400, Some("CON-0008")));
    let changed = bench.post("/v1/access", "{}").await;
    assert_eq!((changed.status, changed.code().as_deref()), (405, Some("CON-0002")));
    assert_eq!(bench.get("/v1/access/operator").await.code().as_deref(), Some("CON-0001"));
}

#[tokio::test]
async fn a_drill_is_started_shown_and_listed() {
    let bench = bench().await;
    let stored: Drill = bench.get(&format!("/v1/drills/{STORED_ID}")).await.json();
    let started = bench.post("/v1/drills", KILL_LEADER).await;
    assert_eq!(started.status, 202, "{}", started.text());
    let drill: Drill = started.json();
    assert_eq!(drill.site.as_str(), "east-1");
    assert_eq!(started.headers["location"], format!("/v1/drills/{}", drill.id).as_str());

    let again = bench.post("/v1/drills", KILL_LEADER).await;
    assert_eq!((again.status, again.code().as_deref()), (409, Some("DRL-0001")));
    assert_eq!(again.headers["retry-after"], "1");

    let shown: Drill = bench.get(&format!("/v1/drills/{}", drill.id)).await.json();
    assert_eq!(shown.id, drill.id);
    let listed: DrillPage = bench.get("/v1/drills").await.json();
    assert_eq!(listed.drills.iter().map(|drill| drill.id).collect::<Vec<_>>(), [drill.id, stored.id]);

    let unfinished = bench.get(&format!("/v1/drills/{}/report.html", drill.id)).await;
    assert_eq!((unfinished.status, unfinished.code().as_deref()), (404, Some("DRL-0006")));
}

#[tokio::test]
async fn a_finished_drill_has_a_page_with_its_own_policy() {
    let bench = bench().await;
    let page = bench.get(&format!("/v1/drills/{STORED_ID}/report.html")).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"), "{policy}");
    assert_eq!(page.text(), bench.desk.report_html(STORED_ID.parse().unwrap()).unwrap());
}

#[tokio::test]
async fn live_figures_stream_until_the_platform_stops() {
    let bench = bench().await;
    let request = request("GET", "/v1/platform/live", AxumBody::empty());
    let response = bench.door.clone().answer(request, bank).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let mut next = async || {
        let frame = body.frame().await?.unwrap();
        Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
    };
    let first = next().await.unwrap();
    assert!(first.starts_with("event: live\ndata: {\"at\":") && first.ends_with("}\n\n"), "{first}");
    assert!(first.contains("\"transfers\":5,"), "{first}");
    bench.live.send_modify(|live| live.transfers = 6);
    assert!(next().await.unwrap().contains("\"transfers\":6,"));
    drop(bench.live);
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn streams_are_bounded_and_free_their_place() {
    let bench = bench().await;
    let open = async || {
        bench.door.clone().answer(request("GET", "/v1/platform/live", AxumBody::empty()), bank).await
    };
    let mut streams = Vec::new();
    for _ in 0..256 {
        streams.push(open().await);
    }
    let refused = bench.get("/v1/platform/live").await;
    assert_eq!((refused.status, refused.code().as_deref()), (503, Some("CON-0009")));
    streams.pop();
    assert_eq!(open().await.status(), 200);
}

#[tokio::test]
async fn the_rest_of_v1_is_the_banks() {
    let bench = bench().await;
    for path in
        ["/v1/accounts", "/v1/payments/7", "/v1/health", "/v1/openapi.json", "/metrics", "/v1/drillsX"]
    {
        let answer = bench.get(path).await;
        assert_eq!((answer.status, answer.text()), (418, format!("bank {path}")));
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
    assert_eq!(bench.get("/v1/accounts?limit=5").await.status, 418, "queries are the bank's business");
    assert_eq!(bench.post("/v1/payments", "{}").await.status, 418);
}

#[tokio::test]
async fn pages_carry_the_policy() {
    let bench = bench().await;
    let page = bench.get("/accounts/7").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(
        page.headers["content-security-policy"],
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
    );
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
}

#[tokio::test]
async fn bad_input_ends_as_a_typed_problem() {
    let bench = bench().await;
    let large = format!("{{\"kind\":\"{}\"}}", "x".repeat(64 << 10));
    let deep = "[".repeat(10_000);
    let mut told = String::new();
    for (method, path, body) in [
        ("POST", "/v1/drills", ""),
        ("POST", "/v1/drills", "{"),
        ("POST", "/v1/drills", deep.as_str()),
        ("POST", "/v1/drills", "\u{0}"),
        ("POST", "/v1/drills", r#"{"kind":"kill-site","site":"leader","force":true}"#),
        ("POST", "/v1/drills", r#"{"kind":"kill-site","kind":"kill-site","site":"leader"}"#),
        ("POST", "/v1/drills", r#"{"kind":"burn-site","site":"leader"}"#),
        ("POST", "/v1/drills", r#"{"kind":"kill-site","site":"../etc"}"#),
        ("POST", "/v1/drills", r#"{"kind":"kill-site"}"#),
        ("POST", "/v1/drills", r#"{"kind":"kill-site","site":"west-9"}"#),
        ("POST", "/v1/drills", r#"{"kind":"kill-site","site":"east-2"}"#),
        ("POST", "/v1/drills", large.as_str()),
        ("POST", "/v1/drills?force=1", KILL_LEADER),
        ("POST", "/v1/platform", "{}"),
        ("DELETE", "/v1/drills", ""),
        ("GET", "/v1/platform?verbose", ""),
        ("GET", "/v1/platform/sites", ""),
        ("GET", "/v1/drills/", ""),
        ("GET", "/v1/drills/0", ""),
        ("GET", "/v1/drills/east-1", ""),
        ("GET", "/v1/drills/..%2f..%2fetc%2fpasswd/report.html", ""),
        ("GET", "/v1/drills/7", ""),
        ("GET", "/v1/drills/7/report.html", ""),
        ("GET", "/v1/drills/7/report.pdf", ""),
        ("GET", "/favicon.ico", ""),
        ("POST", "/accounts/7", "{}"),
    ] {
        let answer = bench.send(request(method, path, AxumBody::from(body.to_owned()))).await;
        let shown = if body.len() > 70 { "(long)" } else { body };
        let code = answer.code().unwrap_or_else(|| format!("no problem: {}", answer.text()));
        told.push_str(&format!("{} {code} {method} {path} {shown:?}\n", answer.status));
    }
    expect![[r#"
        400 CON-0003 POST /v1/drills ""
        400 CON-0003 POST /v1/drills "{"
        400 CON-0003 POST /v1/drills "(long)"
        400 CON-0003 POST /v1/drills "\0"
        400 CON-0003 POST /v1/drills "{\"kind\":\"kill-site\",\"site\":\"leader\",\"force\":true}"
        400 CON-0003 POST /v1/drills "{\"kind\":\"kill-site\",\"kind\":\"kill-site\",\"site\":\"leader\"}"
        400 CON-0003 POST /v1/drills "{\"kind\":\"burn-site\",\"site\":\"leader\"}"
        400 CON-0003 POST /v1/drills "{\"kind\":\"kill-site\",\"site\":\"../etc\"}"
        400 CON-0003 POST /v1/drills "{\"kind\":\"kill-site\"}"
        422 DRL-0002 POST /v1/drills "{\"kind\":\"kill-site\",\"site\":\"west-9\"}"
        409 DRL-0003 POST /v1/drills "{\"kind\":\"kill-site\",\"site\":\"east-2\"}"
        413 CON-0005 POST /v1/drills "(long)"
        400 CON-0008 POST /v1/drills?force=1 "{\"kind\":\"kill-site\",\"site\":\"leader\"}"
        405 CON-0002 POST /v1/platform "{}"
        405 CON-0002 DELETE /v1/drills ""
        400 CON-0008 GET /v1/platform?verbose ""
        404 CON-0001 GET /v1/platform/sites ""
        404 CON-0001 GET /v1/drills/ ""
        400 CON-0007 GET /v1/drills/0 ""
        400 CON-0007 GET /v1/drills/east-1 ""
        400 CON-0007 GET /v1/drills/..%2f..%2fetc%2fpasswd/report.html ""
        404 DRL-0005 GET /v1/drills/7 ""
        404 DRL-0005 GET /v1/drills/7/report.html ""
        404 CON-0001 GET /v1/drills/7/report.pdf ""
        404 CON-0001 GET /favicon.ico ""
        405 CON-0002 POST /accounts/7 "{}"
    "#]]
    .assert_eq(&told);
    assert!(bench.desk.list().iter().all(|drill| drill.report.is_some()), "nothing was started");
}

#[tokio::test]
async fn strangers_are_refused_everywhere() {
    let bench = bench().await;
    for path in ["/", "/v1/platform", "/v1/platform/live", "/v1/accounts", "/metrics"] {
        let mut request = request("GET", path, AxumBody::empty());
        request.headers_mut().insert("host", "rebound.example:7070".parse().unwrap());
        let answer = bench.send(request).await;
        assert_eq!((answer.status, answer.code().as_deref()), (403, Some("GWY-0006")), "{path}");
    }
    for path in ["/v1/drills", "/v1/payments"] {
        let mut request = request("POST", path, AxumBody::from(KILL_LEADER));
        request.headers_mut().insert("origin", "http://evil.example".parse().unwrap());
        let answer = bench.send(request).await;
        assert_eq!((answer.status, answer.code().as_deref()), (403, Some("GWY-0006")), "{path}");
        let mut request = self::request("POST", path, AxumBody::from(KILL_LEADER));
        request.headers_mut().insert("content-type", "text/plain".parse().unwrap());
        let answer = bench.send(request).await;
        assert_eq!((answer.status, answer.code().as_deref()), (415, Some("CON-0004")), "{path}");
    }
    assert_eq!(bench.desk.list().len(), 1, "nothing was started");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let bench = bench().await;
    let stalled = StreamBody::new(stream::pending::<Result<Frame<Bytes>, std::convert::Infallible>>());
    let answer = bench.post("/v1/drills", AxumBody::new(stalled)).await;
    assert_eq!((answer.status, answer.code().as_deref()), (408, Some("CON-0006")));
    let broken = stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))]);
    let answer = bench.post("/v1/drills", AxumBody::from_stream(broken)).await;
    assert_eq!((answer.status, answer.code().as_deref()), (408, Some("CON-0006")));
}

#[tokio::test]
async fn a_socket_reaches_the_router_and_the_gateway() {
    let bench = bench().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sites = watch::channel(Vec::<SiteAddress>::new()).1;
    let console = Console {
        platform: bench.platform.clone(),
        live: bench.live.subscribe(),
        access: bench.access.clone(),
        desk: bench.desk.clone(),
        gateway: Arc::new(Gateway::new(Arc::new(Tracker::new(sites)))),
        port: address.port(),
    };
    let (stop, stopped) = watch::channel(false);
    let limits = ServeLimits::default();
    let server = tokio::spawn(gateway::serve(listener, limits, console.into_handler(), stopped));
    for (path, wanted) in
        [("/metrics", "tongbao_gateway_requests_total"), ("/v1/platform", "\"leader\":\"east-1\"")]
    {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(wanted), "{answer}");
        assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
    }
    stop.send_replace(true);
    server.await.unwrap();
}

#[test]
fn the_document_names_every_operation_once() {
    let document = serde_json::to_value(crate::openapi()).unwrap();
    let mut ids = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(!ids.contains(&id), "{id}");
            ids.push(id);
            if ["/v1/platform", "/v1/access", "/v1/drills"].iter().any(|root| path.starts_with(root)) {
                assert!(
                    operation["summary"].is_string() && operation["responses"]["default"].is_object(),
                    "{id}"
                );
            }
        }
    }
    for id in [
        "getPlatform",
        "watchPlatform",
        "getAccess",
        "startDrill",
        "listDrills",
        "getDrill",
        "getDrillReport",
        "createPayment",
    ] {
        assert!(ids.contains(&id), "{id}");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in [
        "Platform",
        "Live",
        "Access",
        "Certificate",
        "Drill",
        "DrillReport",
        "DrillMeasurements",
        "Problem",
        "Site",
        "Account",
    ] {
        assert!(schemas.contains_key(name), "{name}");
    }
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name} is referred to and not there");
    }
}
