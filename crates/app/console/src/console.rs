//! The door: who may pass, and who answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::Request as AxumRequest;
use axum::response::IntoResponse as _;
use axum::routing::get;
use bytes::Bytes;
use console_api::{Access, Live, Platform};
use drill::Desk;
use futures_util::future::BoxFuture;
use gateway::{Body, Gateway, problem_response};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response};
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::assets;
use crate::error::{ConsoleError, cut};
use crate::guard::admit;
use crate::platform::{self, Shared};

/// What every answer carries unless it has its own. Pages load nothing but this server's own files.
const SECURITY_HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The console's server: the platform API, the web console, and the bank API behind the same address.
pub struct Console {
    /// The platform as it is now.
    pub platform: watch::Receiver<Platform>,
    /// What it does; a new value every 500 ms. Streams to browsers end when its sender is dropped, so drop it before
    /// waiting for connections to end.
    pub live: watch::Receiver<Live>,
    /// Who may do what over TLS.
    pub access: watch::Receiver<Access>,
    /// Runs drills.
    pub desk: Desk,
    /// Answers the bank API.
    pub gateway: Arc<Gateway>,
    /// The port the console listens on: requests for any other host and port are refused.
    pub port: u16,
}

impl Console {
    /// The handler for [`gateway::serve`].
    pub fn into_handler(
        self,
    ) -> impl Fn(Request<Incoming>) -> BoxFuture<'static, Response<Body>> + Clone + Send + Sync + 'static
    {
        let Self { platform, live, access, desk, gateway, port } = self;
        let door = Door { router: router(Shared::new(platform, live, access, desk)), port };
        move |request| {
            let (door, gateway) = (door.clone(), Arc::clone(&gateway));
            Box::pin(async move { door.answer(request, async |request| gateway.handle(request).await).await })
        }
    }
}

/// Everything but the bank API.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/v1/platform", get(platform::platform))
        .route("/v1/platform/live", get(platform::live))
        .route("/v1/access", get(platform::access))
        .route("/v1/drills", get(platform::list_drills).post(platform::start_drill))
        .route("/v1/drills/{id}", get(platform::drill))
        .route("/v1/drills/{id}/report.html", get(platform::drill_report))
        .fallback(async |request: AxumRequest| {
            let path = request.uri().path();
            if is_platform(path) {
                return ConsoleError::NotFound { path: cut(path) }.into_response();
            }
            assets::answer(request.method(), path, request.headers())
        })
        .method_not_allowed_fallback(async |request: AxumRequest| ConsoleError::Method {
            method: cut(request.method().as_str()),
        })
        .with_state(shared)
}

/// Whether the platform API owns the path.
fn is_platform(path: &str) -> bool {
    ["/v1/platform", "/v1/access", "/v1/drills"]
        .iter()
        .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Whether the gateway answers the path: the bank API and the metrics.
fn is_bank(path: &str) -> bool {
    path == "/metrics" || (path.starts_with("/v1/") && !is_platform(path))
}

/// Lets requests in and sees that they are answered.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) router: Router,
    pub(crate) port: u16,
}

impl Door {
    /// Answers one request; `bank` answers those of the bank API.
    pub(crate) async fn answer<B>(
        self,
        request: Request<B>,
        bank: impl AsyncFnOnce(Request<B>) -> Response<Body>,
    ) -> Response<Body>
    where
        B: hyper::body::Body<Data = Bytes, Error: Into<axum::BoxError>> + Send + 'static,
    {
        let mut response = match self.admit(request) {
            Err(error) => problem_response(&error.problem()),
            Ok(request) if is_bank(request.uri().path()) => bank(request).await,
            Ok(request) => {
                let answer = self.router.oneshot(request.map(axum::body::Body::new)).await;
                let Ok(response) = answer;
                response.map(|body| EndsOnError(body).boxed_unsync())
            }
        };
        secure(response.headers_mut());
        response
    }

    fn admit<B>(&self, request: Request<B>) -> Result<Request<B>, ConsoleError> {
        let (parts, body) = request.into_parts();
        admit(&parts, self.port)?;
        if is_platform(parts.uri.path()) && parts.uri.query().is_some() {
            return Err(ConsoleError::Query);
        }
        Ok(Request::from_parts(parts, body))
    }
}

fn secure(headers: &mut HeaderMap) {
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// An answer of the router. Its bodies are bytes at hand or streams that cannot fail, so an error has no meaning for a
/// client: the body ends, and the log says why.
struct EndsOnError(axum::body::Body);

impl hyper::body::Body for EndsOnError {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.0).poll_frame(context).map(|frame| match frame? {
            Ok(frame) => Some(Ok(frame)),
            Err(error) => {
                tracing::error!(%error, "an answer of the console broke off");
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
