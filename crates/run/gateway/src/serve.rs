//! The accept loop that every HTTP door of the platform uses: bounded connections, bounded patience.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, header};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use problem::Problem;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};

/// The body of every response: whole, or a stream of events.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A whole body.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed_unsync()
}

/// A problem document as a response.
pub fn problem_response(problem: &Problem) -> Response<Body> {
    let mut response = Response::new(full(problem.to_json()));
    *response.status_mut() =
        hyper::StatusCode::from_u16(problem.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(problem::CONTENT_TYPE));
    if problem.retryable {
        headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    response
}

/// How much a door puts up with.
#[derive(Clone, Copy, Debug)]
pub struct ServeLimits {
    /// Connections at once; more wait in the kernel's queue.
    pub connections_max: usize,
    /// Longest time for a request's head to arrive, and for a connection to sit idle.
    pub head_timeout: Duration,
    /// Longest time for the requests under way to end when the door closes.
    pub close_timeout: Duration,
    /// Requests at once on one connection of HTTP/2.
    pub streams_max: u32,
    /// Bytes that may arrive on one connection of HTTP/2 before they are read. A client that is many clients in one, as a
    /// gateway is, needs more than one client does.
    pub connection_window: u32,
}

impl ServeLimits {
    /// The same for a door behind the gateway, which brings everybody's requests over one connection.
    #[must_use]
    pub fn behind_gateway(self) -> Self {
        Self { streams_max: 65_536, connection_window: 256 << 20, ..self }
    }
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            head_timeout: Duration::from_secs(30),
            close_timeout: Duration::from_secs(5),
            streams_max: 1_024,
            connection_window: 1 << 20,
        }
    }
}

/// Connections that may wait in the kernel to be accepted. More than the usual 128: whoever finds the queue full tries
/// again after a second, and a whole branch office may come at once.
const BACKLOG: u32 = 4_096;

/// A listener for [`serve`].
///
/// Errors: the operating system's, if the address is taken or not this machine's.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A door that closed a moment ago may open again at the same address.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves HTTP/1.1 and h2 (prior knowledge) until `stop` turns true, then lets the requests under way end.
pub async fn serve<H, F, B>(
    listener: TcpListener,
    limits: ServeLimits,
    handler: H,
    mut stop: watch::Receiver<bool>,
) where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    let builder = builder(limits);
    loop {
        let (stream, permit) = tokio::select! {
            accepted = accept(&listener, &slots) => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let handler = handler.clone();
        let has_asked = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&has_asked);
        let service = service_fn(move |request| {
            asked.store(true, Ordering::Relaxed);
            let answer = handler(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let mut connection = std::pin::pin!(connection);
            // The builder's own timer starts once the protocol is known, which a silent client never tells.
            let ended = match tokio::time::timeout(limits.head_timeout, &mut connection).await {
                Err(_) if !has_asked.load(Ordering::Relaxed) => Ok(()),
                Err(_) => connection.await,
                Ok(ended) => ended,
            };
            if let Err(error) = ended {
                // Clients break off; nothing of ours is wrong.
                tracing::debug!(%error, "a connection ended early");
            }
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.close_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were cut because they did not end in time");
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> (TcpStream, tokio::sync::OwnedSemaphorePermit) {
    loop {
        let Ok(permit) = Arc::clone(slots).acquire_owned().await else {
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                // Small answers must not wait for more to send.
                let _ = stream.set_nodelay(true);
                return (stream, permit);
            }
            Err(error) => {
                // Out of descriptors, mostly: others will close theirs, so wait rather than spin or give up.
                tracing::warn!(%error, "a connection could not be accepted");
                drop(permit);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn builder(limits: ServeLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.head_timeout).max_buf_size(64 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams_max)
        .initial_connection_window_size(limits.connection_window)
        .max_header_list_size(32 << 10)
        .keep_alive_interval(limits.head_timeout)
        .keep_alive_timeout(limits.head_timeout);
    builder
}
