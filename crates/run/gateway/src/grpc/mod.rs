//! gRPC through the same door: calls, lists and pipelines, held and sent again across a failover.
//!
//! What gRPC asks of a door that HTTP does not: the status stands in trailers, an answer can go on for long, and in a
//! pipeline requests and answers go both ways at once. A *call* is one message each way and goes as an HTTP request does:
//! taken whole, held, sent again until it is answered. A *list* is sent again until its first message is there; when the
//! site is lost afterwards, the client goes on after the page it has. A *pipeline* answers each message with one message,
//! in order, so the door knows which are unanswered and sends those to the next leader ([`pipeline`]).

mod frames;
mod list;
mod pipeline;

use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::http::request;
use hyper::{HeaderMap, Request, Response, StatusCode, Version};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use problem::Problem;
use tokio::time::Instant;
use tonic::{Code, Status};

use crate::error::GatewayError;
use crate::forward::{
    ANSWER_BYTES_MAX, Attempt, Gateway, OUTCOME_UNKNOWN, answer, outbound, superseded, us_since,
};
use crate::serve::{Body, full};
use crate::tracker::Leader;

/// Metadata with which a site says that it has not taken a call, because it does not lead.
const NOT_LEADER: &str = "tongbao-not-leader";

/// Answers with a message to each message, in order.
const PIPELINES: [&str; 3] = [
    "/tongbao.ledger.v1.Ledger/Pipeline",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// Answers one message with many.
const LISTS: [&str; 5] = [
    "/tongbao.ledger.v1.Ledger/GetAccountTransfers",
    "/tongbao.ledger.v1.Ledger/GetAccountBalances",
    "/tongbao.ledger.v1.Ledger/QueryAccounts",
    "/tongbao.ledger.v1.Ledger/QueryTransfers",
    "/grpc.health.v1.Health/Watch",
];

/// How a method talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodKind {
    /// One message each way.
    Call,
    /// One message there, many back.
    List,
    /// A message back for each message there, in order.
    Pipeline,
}

/// How the method at this path talks, like `/tongbao.ledger.v1.Ledger/Pipeline`, as far as the gateway knows.
pub fn method_kind(path: &str) -> MethodKind {
    if PIPELINES.contains(&path) {
        MethodKind::Pipeline
    } else if LISTS.contains(&path) {
        MethodKind::List
    } else {
        MethodKind::Call
    }
}

/// Services whose every call can be sent twice: reads, and writes that carry ids.
const REPEATABLE: [&str; 2] = ["/tongbao.ledger.v1.Ledger/", "/grpc."];

/// What a client may have announced but not yet read, for each stream from a site; and for all of them together, so that no
/// number of slow readers holds up the others on the same connection.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 30;
/// How soon a site that does not even answer pings is given up.
const PING_INTERVAL: Duration = Duration::from_secs(2);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether a request is a gRPC call.
pub(crate) fn is_grpc<B>(request: &Request<B>) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let rest = kind.and_then(|kind| kind.strip_prefix(b"application/grpc"));
    request.version() == Version::HTTP_2
        && rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// A client for sites, one connection each.
pub(crate) fn client(connector: HttpConnector) -> Client<HttpConnector, Body> {
    Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(20))
        .retry_canceled_requests(false)
        .http2_only(true)
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keep_alive_interval(PING_INTERVAL)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .build(connector)
}

/// What a site says of a call it has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    NotTaken,
    Lost,
}

/// What headers or trailers say, if they are not an answer for the client.
fn verdict(headers: &HeaderMap) -> Option<Verdict> {
    if headers.contains_key(NOT_LEADER) {
        Some(Verdict::NotTaken)
    } else if headers.contains_key(OUTCOME_UNKNOWN) {
        Some(Verdict::Lost)
    } else {
        None
    }
}

/// The error as the headers that end a call.
fn status_of(error: &GatewayError) -> HeaderMap {
    let problem = Problem::new(error.status(), error);
    let code = Code::from_i32(problem.grpc_code());
    let status = Status::with_details(code, problem.grpc_message(), problem.grpc_status(None).into());
    let mut headers = HeaderMap::new();
    // Only metadata that is no header could fail, and there is none.
    let _ = status.add_header(&mut headers);
    headers
}

/// The HTTP status that a canonical code counts as.
fn counts_as(headers: &HeaderMap) -> u16 {
    match headers.get("grpc-status").map(|code| Code::from_bytes(code.as_bytes())) {
        None | Some(Code::Ok) => 200,
        Some(Code::Unknown | Code::Internal | Code::Unavailable | Code::DataLoss) => 500,
        Some(Code::DeadlineExceeded) => 504,
        Some(_) => 400,
    }
}

/// An error as the whole answer to a call.
fn refusal(error: &GatewayError) -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.headers_mut() = status_of(error);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

/// When the time that the client gives the call is over: `grpc-timeout`, at most eight digits and a unit.
fn deadline(headers: &HeaderMap, start: Instant) -> Option<Instant> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    let timeout = match unit {
        "H" => Duration::from_secs(value * 3_600),
        "M" => Duration::from_secs(value * 60),
        "S" => Duration::from_secs(value),
        "m" => Duration::from_millis(value),
        "u" => Duration::from_micros(value),
        "n" => Duration::from_nanos(value),
        _ => return None,
    };
    start.checked_add(timeout)
}

/// Ends with the deadline; without one, never.
async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// The request to a site; its body is `body`.
fn to_site(parts: &request::Parts, body: Body, leader: &Leader) -> Option<Request<Body>> {
    let mut request = outbound(parts, body, leader)?;
    // Belongs to one connection, and says on this one, too, that trailers are understood.
    request.headers_mut().insert(header::TE, HeaderValue::from_static("trailers"));
    Some(request)
}

impl Gateway {
    /// Answers one call, list or pipeline.
    pub(crate) async fn handle_grpc(&self, request: Request<Incoming>, start: Instant) -> Response<Body> {
        if method_kind(request.uri().path()) == MethodKind::Pipeline {
            return self.open_pipeline(request, start).unwrap_or_else(|error| self.refuse(&error, start));
        }
        let deadline = deadline(request.headers(), start);
        let delivered = tokio::select! {
            biased;
            delivered = self.deliver_call(request, deadline) => delivered,
            () = passed(deadline) => Err(GatewayError::DeadlineExceeded),
        };
        match delivered {
            Ok((response, counts_as)) => {
                self.live.answered(counts_as, us_since(start));
                response
            }
            Err(error) => self.refuse(&error, start),
        }
    }

    fn refuse(&self, error: &GatewayError, start: Instant) -> Response<Body> {
        self.live.answered(error.status(), us_since(start));
        refusal(error)
    }

    /// The answer, and the HTTP status that it counts as.
    async fn deliver_call(
        &self,
        request: Request<Incoming>,
        deadline: Option<Instant>,
    ) -> Result<(Response<Body>, u16), GatewayError> {
        let (parts, body) = request.into_parts();
        let is_list = method_kind(parts.uri.path()) == MethodKind::List;
        let mut open = if is_list { Some(self.open_stream()?) } else { None };
        let arrival = tokio::time::timeout(self.limits.body_timeout, self.read_body(body)).await;
        let (body, _room) = arrival.unwrap_or(Err(GatewayError::BodyIncomplete))?;
        let whole = Instant::now();
        let repeatable = REPEATABLE.iter().any(|prefix| parts.uri.path().starts_with(prefix));
        let mut leaders = self.tracker.leader();
        loop {
            let leader = self.wait_for_leader(&mut leaders, whole).await?;
            let attempt = async {
                let Some(request) = to_site(&parts, full(body.clone()), &leader) else {
                    return Attempt::Lost;
                };
                match &mut open {
                    Some(open) => self.attempt_list(request, &leader, open, deadline).await,
                    None => self.attempt_call(request).await,
                }
            };
            let attempt = tokio::select! {
                attempt = tokio::time::timeout(self.limits.answer_timeout, attempt) => {
                    attempt.unwrap_or(Attempt::Lost)
                }
                () = superseded(self.tracker.leader(), leader.epoch) => Attempt::Lost,
            };
            match attempt {
                Attempt::Answer(response) => {
                    let counts_as = counts_as(response.headers());
                    return Ok((response, counts_as));
                }
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

    /// One message there and one back, both whole.
    async fn attempt_call(&self, request: Request<Body>) -> Attempt {
        let response = match self.h2.request(request).await {
            Ok(response) => response,
            Err(error) if error.is_connect() => return Attempt::NotTaken,
            Err(_) => return Attempt::Lost,
        };
        let (head, body) = response.into_parts();
        let Ok(body) = Limited::new(body, ANSWER_BYTES_MAX).collect().await else { return Attempt::Lost };
        let trailers = body.trailers().cloned();
        match verdict(&head.headers).or_else(|| trailers.as_ref().and_then(verdict)) {
            Some(Verdict::NotTaken) => return Attempt::NotTaken,
            Some(Verdict::Lost) => return Attempt::Lost,
            None => {}
        }
        let bytes = full(body.to_bytes());
        match trailers {
            Some(trailers) => Attempt::Answer(answer(
                &head,
                bytes.with_trailers(std::future::ready(Some(Ok(trailers)))).boxed_unsync(),
            )),
            // The whole answer is its head; anything else is one that broke off, or not gRPC at all.
            None if head.headers.contains_key("grpc-status") || head.status != StatusCode::OK => {
                Attempt::Answer(answer(&head, bytes))
            }
            None => Attempt::Lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_by_their_content_type() {
        let request = |kind: &str, version| {
            let request = Request::post("/a").header("content-type", kind).version(version);
            is_grpc(&request.body(()).unwrap())
        };
        for kind in ["application/grpc", "application/grpc+proto", "application/grpc; charset=utf-8"] {
            assert!(request(kind, Version::HTTP_2), "{kind}");
            assert!(!request(kind, Version::HTTP_11), "{kind}");
        }
        for kind in ["application/grpc-web", "application/json", "application/grpcx", ""] {
            assert!(!request(kind, Version::HTTP_2), "{kind}");
        }
        assert!(!is_grpc(&Request::new(())));
    }

    #[test]
    fn deadlines_are_read_as_the_protocol_writes_them() {
        let start = Instant::now();
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(
                header::HeaderName::from_static("grpc-timeout"),
                HeaderValue::from_str(text).unwrap(),
            )]);
            deadline(&headers, start).map(|deadline| deadline - start)
        };
        assert_eq!(read("1S"), Some(Duration::from_secs(1)));
        assert_eq!(read("2H"), Some(Duration::from_secs(7_200)));
        assert_eq!(read("3M"), Some(Duration::from_secs(180)));
        assert_eq!(read("99999999m"), Some(Duration::from_millis(99_999_999)));
        assert_eq!(read("7u"), Some(Duration::from_micros(7)));
        assert_eq!(read("7n"), Some(Duration::from_nanos(7)));
        for bad in ["", "S", "1", "1s", "-1S", "+1S", "1.5S", "123456789S", "1 S"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(deadline(&HeaderMap::new(), start), None);
    }

    #[test]
    fn errors_are_told_as_a_status() {
        let response = refusal(&GatewayError::NoLeader { held_ms: 7 });
        assert_eq!(response.status(), StatusCode::OK);
        let status = Status::from_header_map(response.headers()).unwrap();
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.message(), "no site leads; the request was held for 7 ms [GWY-0001]");
        assert!(String::from_utf8_lossy(status.details()).contains("GWY_0001"));
        assert_eq!(counts_as(response.headers()), 500);
        assert_eq!(counts_as(&status_of(&GatewayError::DeadlineExceeded)), 504);
        assert_eq!(counts_as(&HeaderMap::new()), 200);
    }
}
