//! Requests and answers: JSON over kept-alive HTTP/1.1 connections.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client as Connections;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use ids::Id;
use ledger_api::IDEMPOTENCY_KEY;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ClientError;

/// How a [`Client`] behaves.
#[derive(Clone, Copy, Debug)]
pub struct ClientOptions {
    /// How long one request may take, connecting included. Longer than the gateway holds a request (15 s), so that
    /// the gateway's own answer comes first. Default: 20 s.
    pub request_timeout: Duration,
    /// How long making a connection may take. Default: 2 s.
    pub connect_timeout: Duration,
    /// The largest answer that is read, in bytes. Default: 16 MiB; a full statement page has 0.4.
    pub answer_bytes_max: usize,
    /// How many idle connections are kept. Default: 512.
    pub idle_connections_max: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(2),
            answer_bytes_max: 16 << 20,
            idle_connections_max: 512,
        }
    }
}

/// A client of one bank. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    connections: Connections<HttpConnector, Full<Bytes>>,
    /// `http://host:port`, without a slash at the end.
    base: String,
    options: ClientOptions,
}

/// A successful answer: its headers and its body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Bytes,
}

impl Client {
    /// A client of the bank at `base`, e.g. `http://127.0.0.1:8080`. No connection is made yet.
    ///
    /// Errors: [`ClientError::Address`].
    pub fn new(base: &str, options: ClientOptions) -> Result<Self, ClientError> {
        let base = base.strip_suffix('/').unwrap_or(base);
        let uri: Option<Uri> = base.parse().ok();
        let valid = uri.is_some_and(|uri| {
            uri.scheme_str() == Some("http")
                && uri.port().is_some()
                && uri.path() == "/"
                && uri.query().is_none()
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        });
        if !valid {
            return Err(ClientError::Address { url: base.to_owned() });
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(options.connect_timeout));
        let connections = Connections::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(options.idle_connections_max)
            .build(connector);
        Ok(Self { connections, base: base.to_owned(), options })
    }

    /// Where the bank is: `http://host:port`.
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let answer = self.send(Method::GET, path, None, Bytes::new()).await?;
        self.read(&answer)
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        key: Option<Id>,
        body: &impl Serialize,
    ) -> Result<(T, Answer), ClientError> {
        // The wire types are structs of strings, numbers and lists: they always serialise.
        let body = serde_json::to_vec(body).unwrap_or_default();
        let answer = self.send(Method::POST, path, key, Bytes::from(body)).await?;
        Ok((self.read(&answer)?, answer))
    }

    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).unwrap_or_default();
        let answer = self.send(Method::PUT, path, None, Bytes::from(body)).await?;
        self.read(&answer)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<Id>,
        body: Bytes,
    ) -> Result<Answer, ClientError> {
        let answer = self.in_time(self.exchange(method, path, key, body)).await?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.failure(&answer)) }
    }

    /// What `work` comes to, unless it takes too long.
    pub(crate) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, ClientError> {
        let timeout = self.options.request_timeout;
        match tokio::time::timeout(timeout, work).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(ClientError::Timeout { base: self.base.clone(), timeout }),
        }
    }

    pub(crate) fn options(&self) -> &ClientOptions {
        &self.options
    }

    /// Opens a stream of events that goes on after `last`.
    pub(crate) async fn open_stream(&self, path: &str, last: Option<&str>) -> Result<Incoming, ClientError> {
        let mut request = Request::get(format!("{}{path}", self.base))
            .header(ACCEPT, HeaderValue::from_static("text/event-stream, application/problem+json"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request
            .body(Full::default())
            .map_err(|_| ClientError::Address { url: format!("{}{path}", self.base) })?;
        let response = self.request(request).await?;
        if response.status().is_success() {
            return Ok(response.into_body());
        }
        Err(self.failure(&self.whole(response).await?))
    }

    async fn request(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, ClientError> {
        self.connections.request(request).await.map_err(|source| {
            if source.is_connect() {
                ClientError::Connect { base: self.base.clone(), source }
            } else {
                self.interrupted(source.into())
            }
        })
    }

    pub(crate) fn interrupted(&self, source: Box<dyn std::error::Error + Send + Sync>) -> ClientError {
        ClientError::Interrupted { base: self.base.clone(), source }
    }

    async fn whole(&self, response: Response<Incoming>) -> Result<Answer, ClientError> {
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, self.options.answer_bytes_max).collect().await.map_err(|source| {
            if source.is::<LengthLimitError>() {
                self.unexpected(parts.status, "it is longer than this client reads")
            } else {
                self.interrupted(source)
            }
        })?;
        Ok(Answer { status: parts.status, headers: parts.headers, body: body.to_bytes() })
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        key: Option<Id>,
        body: Bytes,
    ) -> Result<Answer, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(ACCEPT, HeaderValue::from_static("application/json, application/problem+json"));
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(key) = key {
            request = request.header(IDEMPOTENCY_KEY, key.to_string());
        }
        // The base was checked in `new`, and paths are made of literals and ids.
        let request = request
            .body(Full::new(body))
            .map_err(|_| ClientError::Address { url: format!("{}{path}", self.base) })?;
        let response = self.request(request).await?;
        self.whole(response).await
    }

    fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, ClientError> {
        serde_json::from_slice(&answer.body)
            .map_err(|error| self.unexpected(answer.status, error.to_string()))
    }

    /// The error that an answer without success is.
    fn failure(&self, answer: &Answer) -> ClientError {
        let media_type = answer.headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        if !media_type.starts_with(problem::CONTENT_TYPE.as_bytes()) {
            return self.unexpected(answer.status, "it is not a problem document");
        }
        match serde_json::from_slice(&answer.body) {
            Ok(problem) => ClientError::Refused(Box::new(problem)),
            Err(error) => self.unexpected(answer.status, error.to_string()),
        }
    }

    pub(crate) fn unexpected(&self, status: StatusCode, detail: impl Into<Cow<'static, str>>) -> ClientError {
        ClientError::UnexpectedAnswer {
            base: self.base.clone(),
            status: status.as_u16(),
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
        let new = |base| Client::new(base, ClientOptions::default());
        for good in ["http://127.0.0.1:8080", "http://localhost:8080/", "http://[::1]:80"] {
            assert!(new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1:8080",
            "https://127.0.0.1:8080",
            "http://127.0.0.1",
            "http://127.0.0.1:8080/v1",
            "http://127.0.0.1:8080?x=1",
            "http://user@127.0.0.1:8080",
            "http://exa mple:80",
            "ftp://127.0.0.1:21",
        ] {
            assert!(matches!(new(bad), Err(ClientError::Address { .. })), "{bad}");
        }
    }
}
