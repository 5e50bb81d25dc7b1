//! Forwarding one request: hold, send, judge, send again.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderName};
use hyper::http::{request, response};
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use problem::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use crate::error::GatewayError;
use crate::grpc;
use crate::live::Live;
use crate::relay::Relay;
use crate::serve::{Body, full, problem_response};
use crate::tracker::{Leader, Tracker};

/// The largest request body: a batch of 8,190 payments with room to spare.
pub const BODY_BYTES_MAX: usize = 4 << 20;
/// The largest answer of a site.
pub(crate) const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Header of an answer with which a site says that nobody knows what became of the request.
pub(crate) const OUTCOME_UNKNOWN: &str = "tongbao-outcome-unknown";

/// Paths whose every write carries an id in its body, or says how things shall be, so that sending it again is doing it
/// once.
const REPEATABLE_WRITES: [&str; 10] = [
    "/v1/accounts",
    "/v1/accounts/batch",
    "/v1/accounts/placements",
    "/v1/days/cut",
    "/v1/interest/accrue",
    "/v1/interest/capitalise",
    "/v1/interest/rates",
    "/v1/payments",
    "/v1/payments/batch",
    "/v1/units",
];

/// The same, with an id in the path as well.
const REPEATABLE_WRITES_OF_ONE: [(&str, &str); 2] =
    [("/v1/payments/", "/reversal"), ("/v1/holds/", "/spend")];

/// Headers that belong to one connection (RFC 9110 section 7.6.1), not to the request.
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHENTICATE,
];

/// Whether sending the request twice is doing it once: a read, a write that carries an id in its body or replaces what is
/// there, or one with an `Idempotency-Key`.
pub fn is_repeatable(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let is_write_of_one =
        || REPEATABLE_WRITES_OF_ONE.iter().any(|(start, end)| path.starts_with(start) && path.ends_with(end));
    method.is_safe()
        || *method == Method::PUT
        || headers.contains_key("idempotency-key")
        || REPEATABLE_WRITES.contains(&path)
        || is_write_of_one()
}

/// How much the gateway puts up with.
#[derive(Clone, Copy, Debug)]
pub struct GatewayLimits {
    /// The longest a request is held while nobody leads. Default: 15 s.
    pub hold_max: Duration,
    /// The longest a body may take to arrive. Default: 20 s.
    pub body_timeout: Duration,
    /// The longest a site may take to answer. A leader that hangs is replaced well before. Default: 10 s.
    pub answer_timeout: Duration,
    /// Bytes of request bodies held at once. Default: 512 MiB.
    pub held_bytes_max: usize,
    /// gRPC calls with answers of several messages that are open at once. Default: 4,096.
    pub streams_max: usize,
    /// The longest that nothing comes through a stream. Default: 5 min.
    pub idle_max: Duration,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        Self {
            hold_max: Duration::from_secs(15),
            body_timeout: Duration::from_secs(20),
            answer_timeout: Duration::from_secs(10),
            held_bytes_max: 512 << 20,
            streams_max: 4_096,
            idle_max: Duration::from_secs(300),
        }
    }
}

/// The forwarding half of the front door.
pub struct Gateway {
    pub(crate) tracker: Arc<Tracker>,
    pub(crate) limits: GatewayLimits,
    client: Client<HttpConnector, Full<Bytes>>,
    /// For gRPC, which is HTTP/2 all the way.
    pub(crate) h2: Client<HttpConnector, Body>,
    pub(crate) live: Arc<Live>,
    pub(crate) room: Arc<Semaphore>,
    pub(crate) streams: Arc<Semaphore>,
    streams_end: watch::Sender<bool>,
}

/// A site's answer: whole, or a stream whose head has come.
enum Answer {
    Whole(response::Parts, Bytes),
    Stream(response::Parts, Incoming),
}

/// What became of one attempt to have a request answered.
pub(crate) enum Attempt {
    /// The site answered.
    Answer(Response<Body>),
    /// The site said that it did not take the request, or could not be reached.
    NotTaken,
    /// The request was on its way when the site was lost.
    Lost,
}

impl Gateway {
    /// A gateway to whatever site `tracker` finds leading, with the default limits.
    pub fn new(tracker: Arc<Tracker>) -> Self {
        Self::with_limits(tracker, GatewayLimits::default())
    }

    /// A gateway to whatever site `tracker` finds leading.
    pub fn with_limits(tracker: Arc<Tracker>, limits: GatewayLimits) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_millis(500)));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(20))
            // The hold-and-judge loop below decides what is sent again, not the pool.
            .retry_canceled_requests(false)
            .build(connector.clone());
        Self {
            tracker,
            limits,
            client,
            h2: grpc::client(connector),
            live: Arc::default(),
            room: Arc::new(Semaphore::new(limits.held_bytes_max)),
            streams: Arc::new(Semaphore::new(limits.streams_max)),
            streams_end: watch::Sender::new(false),
        }
    }

    /// Ends the streams of events that go through here: whoever waits for all connections to end would wait for ever.
    pub fn end_streams(&self) {
        self.streams_end.send_replace(true);
    }

    /// What this gateway has seen.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Answers one request, whatever it takes within the limits.
    pub async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let start = Instant::now();
        if grpc::is_grpc(&request) {
            return self.handle_grpc(request, start).await;
        }
        let response = match self.deliver(request).await {
            Ok(response) => response,
            Err(error) => problem_response(&Problem::new(error.status(), &error)),
        };
        self.live.answered(response.status().as_u16(), us_since(start));
        response
    }

    async fn deliver(&self, request: Request<Incoming>) -> Result<Response<Body>, GatewayError> {
        if request.method() == Method::GET && request.uri().path() == "/metrics" {
            return Ok(metrics(self.live.prometheus()));
        }
        let (parts, body) = request.into_parts();
        let arrival = tokio::time::timeout(self.limits.body_timeout, self.read_body(body)).await;
        let (body, _room) = arrival.unwrap_or(Err(GatewayError::BodyIncomplete))?;
        // The client's own time to send its body does not count against it.
        let whole = Instant::now();
        let repeatable = is_repeatable(&parts.method, parts.uri.path(), &parts.headers);
        let mut leaders = self.tracker.leader();
        loop {
            let leader = self.wait_for_leader(&mut leaders, whole).await?;
            let attempt = tokio::select! {
                attempt = self.attempt(&parts, body.clone(), &leader) => attempt,
                // A leader of a past epoch can append nothing more: waiting for its answer only costs time.
                () = superseded(self.tracker.leader(), leader.epoch) => Attempt::Lost,
            };
            match attempt {
                Attempt::Answer(response) => return Ok(response),
                Attempt::Lost if !repeatable => {
                    self.tracker.suspect(&leader);
                    return Err(GatewayError::OutcomeUnknown);
                }
                Attempt::NotTaken | Attempt::Lost => {
                    self.tracker.suspect(&leader);
                    self.live.retried();
                }
            }
        }
    }

    /// Reads a whole body; the permit counts its bytes as held. What was only announced counts for nothing, so that
    /// clients that announce much and send little cannot take the room from others.
    pub(crate) async fn read_body(
        &self,
        mut body: Incoming,
    ) -> Result<(Bytes, OwnedSemaphorePermit), GatewayError> {
        let too_large = GatewayError::BodyTooLarge { max: BODY_BYTES_MAX };
        // A declared length over the limit needs not be read to be refused.
        if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
            return Err(too_large);
        }
        let mut room = claim(&self.room, 0)?;
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| GatewayError::BodyIncomplete)?;
            let Ok(data) = frame.into_data() else { continue };
            if whole.len() + data.len() > BODY_BYTES_MAX {
                return Err(too_large);
            }
            room.merge(claim(&self.room, data.len())?);
            whole.extend_from_slice(&data);
        }
        Ok((whole.freeze(), room))
    }

    pub(crate) async fn wait_for_leader(
        &self,
        leaders: &mut watch::Receiver<Option<Leader>>,
        start: Instant,
    ) -> Result<Leader, GatewayError> {
        wait_for_leader(leaders, start, self.limits.hold_max, &self.live).await
    }

    /// Returns when a stream from the leader of `epoch` has no future: another one leads, or the gateway closes.
    fn end_of_streams(&self, epoch: u64) -> impl Future<Output = ()> + Send + 'static {
        let superseded = superseded(self.tracker.leader(), epoch);
        let mut closing = self.streams_end.subscribe();
        async move {
            tokio::select! {
                () = superseded => {}
                _ = closing.wait_for(|end| *end) => {}
            }
        }
    }

    async fn attempt(&self, parts: &request::Parts, body: Bytes, leader: &Leader) -> Attempt {
        let Some(request) = outbound(parts, Full::new(body), leader) else { return Attempt::Lost };
        let coming = async {
            let response = self.client.request(request).await.map_err(|error| !error.is_connect())?;
            let (head, body) = response.into_parts();
            if is_event_stream(&head) {
                return Ok(Answer::Stream(head, body));
            }
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|_| true)?;
            Ok::<_, bool>(Answer::Whole(head, body.to_bytes()))
        };
        match tokio::time::timeout(self.limits.answer_timeout, coming).await {
            Ok(Ok(Answer::Whole(head, _))) if head.status == StatusCode::MISDIRECTED_REQUEST => {
                Attempt::NotTaken
            }
            Ok(Ok(Answer::Whole(head, _))) if head.headers.contains_key(OUTCOME_UNKNOWN) => Attempt::Lost,
            Ok(Ok(Answer::Whole(head, body))) => Attempt::Answer(answer(&head, full(body))),
            Ok(Ok(Answer::Stream(head, body))) => {
                let relay = Relay::new(body, self.end_of_streams(leader.epoch));
                Attempt::Answer(answer(&head, relay.boxed_unsync()))
            }
            Ok(Err(sent)) if !sent => Attempt::NotTaken,
            Ok(Err(_)) | Err(_) => Attempt::Lost,
        }
    }
}

/// Microseconds since `start`.
pub(crate) fn us_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Counts so many bytes as held for as long as the permit lives.
pub(crate) fn claim(room: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, GatewayError> {
    let bytes = u32::try_from(bytes).map_err(|_| GatewayError::Overloaded)?;
    Arc::clone(room).try_acquire_many_owned(bytes).map_err(|_| GatewayError::Overloaded)
}

/// Waits for a leader, no longer than `hold_max` since `start`.
pub(crate) async fn wait_for_leader(
    leaders: &mut watch::Receiver<Option<Leader>>,
    start: Instant,
    hold_max: Duration,
    live: &Live,
) -> Result<Leader, GatewayError> {
    let no_leader = || GatewayError::NoLeader { held_ms: start.elapsed().as_millis() };
    if start.elapsed() >= hold_max {
        return Err(no_leader());
    }
    if let Some(leader) = leaders.borrow_and_update().clone() {
        return Ok(leader);
    }
    let _held = live.hold();
    match tokio::time::timeout_at(start + hold_max, leaders.wait_for(Option::is_some)).await {
        Ok(Ok(leader)) => leader.clone().ok_or_else(no_leader),
        Ok(Err(_)) | Err(_) => Err(no_leader()),
    }
}

/// Whether an answer is a stream of events, which goes on for as long as both sides want.
fn is_event_stream(head: &response::Parts) -> bool {
    let media_type = head.headers.get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    head.status == StatusCode::OK && media_type.starts_with(b"text/event-stream")
}

/// Returns when a site leads in a later epoch than `epoch`.
pub(crate) async fn superseded(mut leaders: watch::Receiver<Option<Leader>>, epoch: u64) {
    let later = |leader: &Option<Leader>| leader.as_ref().is_some_and(|leader| leader.epoch > epoch);
    if leaders.wait_for(later).await.is_err() {
        // Nobody looks for leaders any more, so there will be no later one.
        std::future::pending::<()>().await;
    }
}

pub(crate) fn outbound<B>(parts: &request::Parts, body: B, leader: &Leader) -> Option<Request<B>> {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let uri: Uri = format!("http://{}{path}", leader.address).parse().ok()?;
    let mut request = Request::new(body);
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = uri;
    copy_headers(&parts.headers, request.headers_mut());
    // The body is whole by now; the client computes its own length and host.
    request.headers_mut().remove(header::HOST);
    request.headers_mut().remove(header::CONTENT_LENGTH);
    request.headers_mut().remove(header::EXPECT);
    Some(request)
}

/// An answer of a site, for the client.
pub(crate) fn answer(head: &response::Parts, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = head.status;
    copy_headers(&head.headers, response.headers_mut());
    response
}

fn copy_headers(from: &HeaderMap, to: &mut HeaderMap) {
    // `Connection` names further headers that end here.
    let nominated = |name: &HeaderName| {
        let lists = from.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
        lists.flat_map(|list| list.split(',')).any(|word| word.trim().eq_ignore_ascii_case(name.as_str()))
    };
    for (name, value) in from {
        if !HOP_BY_HOP.contains(name) && !nominated(name) {
            to.append(name.clone(), value.clone());
        }
    }
}

fn metrics(text: String) -> Response<Body> {
    let mut response = Response::new(full(text));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; version=0.0.4"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_carries_an_id_is_sent_twice() {
        let none = HeaderMap::new();
        let mut keyed = HeaderMap::new();
        keyed.insert("idempotency-key", header::HeaderValue::from_static("7"));
        assert!(is_repeatable(&Method::GET, "/anything", &none));
        assert!(is_repeatable(&Method::POST, "/v1/payments", &none));
        assert!(is_repeatable(&Method::POST, "/v1/payments/7/reversal", &none));
        assert!(is_repeatable(&Method::POST, "/v1/holds/7/spend", &none));
        assert!(is_repeatable(&Method::PUT, "/v1/accounts/7/purposes", &none));
        assert!(!is_repeatable(&Method::POST, "/v1/other", &none));
        assert!(!is_repeatable(&Method::POST, "/v1/holds/7", &none));
        assert!(!is_repeatable(&Method::DELETE, "/v1/payments/7", &none));
        assert!(is_repeatable(&Method::POST, "/v1/other", &keyed));
    }
}
