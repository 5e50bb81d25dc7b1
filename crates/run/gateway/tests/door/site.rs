//! Sites that do as they are told, and a door in front of them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use gateway::{Body, Gateway, GatewayLimits, Leader, ServeLimits, SiteAddress, Tracker, full, listen, serve};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// What a site does with a request. Without further orders it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Reads the request and breaks the connection off.
    BreakOff,
    /// Says that it does not lead, and does not from now on.
    NotLeading,
    /// Says that nobody knows what became of it.
    Unknown,
    /// Never answers.
    Hang,
    /// Answers with a stream of events that says one and never ends.
    Stream,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

#[derive(Default)]
struct Mind {
    leads: bool,
    epoch: u64,
    turns: VecDeque<Turn>,
    seen: Vec<Seen>,
}

/// A site that listens on a port of its own.
pub(crate) struct Site {
    name: &'static str,
    address: SocketAddr,
    mind: Arc<Mutex<Mind>>,
    server: AbortHandle,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Site {
    /// A site that follows, and has seen no epoch.
    pub(crate) async fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mind = Arc::new(Mutex::new(Mind::default()));
        let server = tokio::spawn(serve_as_told(listener, name, Arc::clone(&mind))).abort_handle();
        Self { name, address, mind, server }
    }

    pub(crate) async fn leading(name: &'static str, epoch: u64) -> Self {
        let site = Self::start(name).await;
        site.lead(epoch);
        site
    }

    fn mind(&self) -> MutexGuard<'_, Mind> {
        self.mind.lock().unwrap()
    }

    pub(crate) fn lead(&self, epoch: u64) {
        (self.mind().leads, self.mind().epoch) = (true, epoch);
    }

    /// What to do with the next requests.
    pub(crate) fn next(&self, turns: &[Turn]) {
        self.mind().turns.extend(turns);
    }

    /// The requests so far; questions for its health do not count.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.mind().seen.clone()
    }

    /// Ends: its port is closed, and so are its connections.
    pub(crate) fn die(&self) {
        self.server.abort();
    }
}

async fn serve_as_told(listener: TcpListener, name: &'static str, mind: Arc<Mutex<Mind>>) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let mind = Arc::clone(&mind);
        connections.spawn(async move {
            let service = service_fn(move |request| answer(request, name, Arc::clone(&mind)));
            let builder = auto::Builder::new(TokioExecutor::new());
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    name: &'static str,
    mind: Arc<Mutex<Mind>>,
) -> Result<Response<Body>, io::Error> {
    if request.uri().path() == "/v1/health" {
        let mind = mind.lock().unwrap();
        let role = if mind.leads { "leader" } else { "follower" };
        return Ok(Response::new(full(format!(r#"{{"role":"{role}","epoch":{},"site":"x"}}"#, mind.epoch))));
    }
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let turn = {
        let mut mind = mind.lock().unwrap();
        mind.seen.push(Seen { method: parts.method, path, headers: parts.headers, body: body.clone() });
        let turn = mind.turns.pop_front();
        mind.leads &= turn != Some(Turn::NotLeading);
        turn
    };
    let mut response = Response::new(full(Bytes::from([name.as_bytes(), b": ", &body].concat())));
    match turn {
        Some(Turn::BreakOff) => return Err(io::Error::other("told to")),
        Some(Turn::Stream) => {
            *response.body_mut() = Events(Some(Bytes::from_static(b"data: 1\n\n"))).boxed_unsync();
            response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
        }
        Some(Turn::Hang) => std::future::pending().await,
        Some(Turn::NotLeading) => *response.status_mut() = StatusCode::MISDIRECTED_REQUEST,
        Some(Turn::Unknown) => {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response.headers_mut().insert("tongbao-outcome-unknown", "true".parse().unwrap());
        }
        None => {
            *response.status_mut() = StatusCode::CREATED;
            for (name, value) in
                [("connection", "x-mine"), ("x-mine", "1"), ("keep-alive", "timeout=9"), ("x-ours", "2")]
            {
                response.headers_mut().append(name, value.parse().unwrap());
            }
        }
    }
    Ok(response)
}

/// One event, and then silence.
struct Events(Option<Bytes>);

impl hyper::body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.take().map_or(Poll::Pending, |event| Poll::Ready(Some(Ok(Frame::data(event)))))
    }
}

/// The door under test.
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) gateway: Arc<Gateway>,
    leader: watch::Receiver<Option<Leader>>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    _sites: watch::Sender<Vec<SiteAddress>>,
}

impl Door {
    pub(crate) async fn before(sites: &[&Site]) -> Self {
        Self::with(sites, GatewayLimits::default(), ServeLimits::default()).await
    }

    pub(crate) async fn with(sites: &[&Site], gateway: GatewayLimits, limits: ServeLimits) -> Self {
        let address = |site: &&Site| SiteAddress { name: site.name.to_owned(), address: Some(site.address) };
        let (sender, addresses) = watch::channel(sites.iter().map(address).collect());
        let tracker = Arc::new(Tracker::new(addresses));
        let gateway = Arc::new(Gateway::with_limits(Arc::clone(&tracker), gateway));
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let leader = tracker.leader();
        tasks.spawn(async move { tracker.run().await });
        let answering = Arc::clone(&gateway);
        let handler = move |request| {
            let gateway = Arc::clone(&answering);
            async move { gateway.handle(request).await }
        };
        tasks.spawn(serve::<_, _, Body>(listener, limits, handler, stopped));
        Self { address, gateway, leader, stop, tasks, _sites: sender }
    }

    /// Waits until as many requests are held.
    pub(crate) async fn until_held(&self, held: u64) {
        until("requests are held", || self.gateway.live().sample().held == held).await;
    }

    /// Waits until the door knows that `site` leads.
    pub(crate) async fn until_led_by(&self, site: &Site) {
        let leads = |leader: &Option<Leader>| leader.as_ref().is_some_and(|leader| leader.site == site.name);
        until("the door knows the leader", || leads(&self.leader.borrow())).await;
    }

    /// Closes the door and waits until what was under way has ended.
    pub(crate) async fn close(mut self) {
        self.stop.send_replace(true);
        // The accept loop ends, and the tracker never does.
        let ended = self.tasks.join_next().await;
        assert!(ended.is_some_and(|ended| ended.is_ok()));
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
