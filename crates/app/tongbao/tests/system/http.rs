//! HTTP as plain as it gets: one connection, one request after the other.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A connection that is kept open.
pub(crate) struct Line {
    stream: BufReader<TcpStream>,
    address: String,
}

impl Line {
    /// Connects to `http://host:port`.
    pub(crate) fn open(base: &str) -> Self {
        let address = base.strip_prefix("http://").unwrap().to_owned();
        let stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { stream: BufReader::new(stream), address }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        let host = format!("Host: {}\r\n", self.address);
        self.send("GET", path, &host, "").unwrap()
    }

    pub(crate) fn post(&mut self, path: &str, body: &str) -> Answer {
        let headers = format!("Host: {}\r\nContent-Type: application/json\r\n", self.address);
        self.send("POST", path, &headers, body).unwrap()
    }

    /// Sends a request with just these headers, and its length.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> std::io::Result<Answer> {
        let length = body.len();
        let request = format!("{method} {path} HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes())?;
        let head = self.head()?;
        let length = head.to_ascii_lowercase();
        let length = length.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.trim().parse().unwrap())];
        self.stream.read_exact(&mut body)?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Ok(Answer { status, head, body: String::from_utf8(body).unwrap() })
    }

    /// The head of the next answer.
    pub(crate) fn head(&mut self) -> std::io::Result<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(head)
    }

    /// Asks for a stream and gives its lines, the head's and the body's.
    pub(crate) fn stream(mut self, path: &str) -> impl Iterator<Item = String> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        self.stream.lines().map(Result::unwrap)
    }
}
