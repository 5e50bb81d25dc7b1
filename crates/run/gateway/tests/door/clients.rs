//! Clients: a polite one, and raw sockets for the others.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use problem::Problem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::site::Door;

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The code of the problem that the answer is; checks that it is a whole one.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.headers["content-type"], problem::CONTENT_TYPE, "{self:?}");
        let problem: Problem = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem.status, self.status);
        assert!(!problem.hint.is_empty(), "{self:?}");
        assert_eq!(self.headers.contains_key("retry-after"), problem.retryable, "{self:?}");
        problem.code
    }
}

/// Sends over a connection of its own: HTTP/1.1, or h2 with prior knowledge.
pub(crate) async fn send_over(door: SocketAddr, h2: bool, request: Request<Bytes>) -> Answer {
    let client: Client<HttpConnector, Full<Bytes>> =
        Client::builder(TokioExecutor::new()).http2_only(h2).build(HttpConnector::new());
    let (mut parts, body) = request.into_parts();
    parts.uri = format!("http://{door}{}", parts.uri).parse().unwrap();
    let response = client.request(Request::from_parts(parts, Full::new(body))).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

pub(crate) async fn send(door: &Door, request: Request<Bytes>) -> Answer {
    send_over(door.address, false, request).await
}

pub(crate) fn get(path: &str) -> Request<Bytes> {
    Request::get(path).body(Bytes::new()).unwrap()
}

pub(crate) fn post(path: &str, body: &'static str) -> Request<Bytes> {
    Request::post(path).header("content-type", "application/json").body(Bytes::from(body)).unwrap()
}

/// A connection on which a test writes what it likes.
pub(crate) struct Raw(TcpStream);

impl Raw {
    pub(crate) async fn open(door: SocketAddr) -> Self {
        Self(TcpStream::connect(door).await.unwrap())
    }

    /// Writes; that the other side has closed already is not this method's business.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// Everything the other side says until it closes. A connection cut short ends like a closed one.
    pub(crate) async fn until_closed(mut self) -> String {
        let mut said = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(60), self.0.read_to_end(&mut said)).await;
        let _ = closed.expect("the connection was never closed");
        // Over h2 it says frames, which are not text.
        String::from_utf8_lossy(&said).into_owned()
    }

    /// The first answer, which must be a problem: its status and its code.
    pub(crate) async fn problem(mut self) -> (u16, String) {
        let mut said = String::new();
        let whole = async {
            let mut buffer = [0; 4096];
            while !said.contains("\"retryable\":") {
                let read = self.0.read(&mut buffer).await.unwrap();
                assert!(read > 0, "the connection was closed after: {said}");
                said.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            }
        };
        tokio::time::timeout(Duration::from_secs(60), whole).await.expect("no answer came");
        let status = said.split(' ').nth(1).unwrap().parse().unwrap();
        let code = said.split("\"code\":\"").nth(1).unwrap()[..8].to_owned();
        (status, code)
    }
}
