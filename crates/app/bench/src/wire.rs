//! A lean client of HTTP/1.1: one connection, one request at a time, answers with a known length.
//!
//! The client shares the cores with what it measures, so it does nothing that the bank's own replies do not need. A general
//! client would cost several times as much and be measured along.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest answer that is read, in bytes. The longest of a bank is a batch with every payment refused.
const ANSWER_BYTES_MAX: usize = 4 << 20;
const READ_BYTES: usize = 4 << 10;

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    /// The status of the answer.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// The answer for people, cut short.
    pub(crate) fn text(&self) -> String {
        let body: String = String::from_utf8_lossy(self.body).chars().take(300).collect();
        format!("{} {body}", self.status)
    }
}

impl Line {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(READ_BYTES) })
    }

    /// Sends a whole request and reads the whole answer. After an error the connection is of no more use.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if let Some(head) = Head::parse(&self.buffer)? {
                while self.buffer.len() < head.bytes + head.body_bytes {
                    self.read_more().await?;
                }
                if self.buffer.len() > head.bytes + head.body_bytes {
                    return Err(bad("more than one answer came to one request"));
                }
                return Ok(Answer { status: head.status, body: &self.buffer[head.bytes..] });
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> io::Result<()> {
        if self.buffer.len() >= ANSWER_BYTES_MAX {
            return Err(bad("the answer is too long"));
        }
        self.buffer.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// What stands before the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Its own length, the empty line included.
    bytes: usize,
    body_bytes: usize,
}

impl Head {
    /// Reads a head; nothing while its end has not come.
    fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let head = std::str::from_utf8(&bytes[..end]).map_err(|_| bad("the head is not text"))?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
        let status = status.ok_or_else(|| bad("there is no status line"))?;
        let length = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let body_bytes: usize = length.ok_or_else(|| bad("the length of the body is not given"))?;
        if body_bytes > ANSWER_BYTES_MAX {
            return Err(bad("the answer is too long"));
        }
        Ok(Some(Self { status, bytes: end + 4, body_bytes }))
    }
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What a client makes of an answer that arrives in the given pieces, after which the connection closes.
    async fn check(pieces: &'static [&'static str]) -> Result<(u16, String), io::ErrorKind> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4];
            stream.read_exact(&mut request).await.unwrap();
            for piece in pieces {
                stream.write_all(piece.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let mut line = Line::connect(address).await.unwrap();
        let answer = line.exchange(b"ping").await.map_err(|error| error.kind());
        let answer = answer.map(|answer| (answer.status, String::from_utf8_lossy(answer.body).into_owned()));
        server.await.unwrap();
        answer
    }

    #[tokio::test]
    async fn answers_come_whole_however_they_are_cut() {
        let whole = Ok((201, "hello".to_owned()));
        assert_eq!(check(&["HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello"]).await, whole);
        assert_eq!(
            check(&["HTTP/1.1 2", "01 Created\r\nA: b\r\ncontent-length:5\r\n\r", "\nhel", "lo"]).await,
            whole
        );
        let empty = check(&["HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"]).await;
        assert_eq!(empty, Ok((204, String::new())));
    }

    #[tokio::test]
    async fn anything_else_is_an_error() {
        let cut = Err(io::ErrorKind::UnexpectedEof);
        assert_eq!(check(&[]).await, cut);
        assert_eq!(check(&["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel"]).await, cut);
        let bad = Err(io::ErrorKind::InvalidData);
        assert_eq!(check(&["SSH-2.0-x\r\n\r\n"]).await, bad);
        assert_eq!(check(&["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"]).await, bad);
        assert_eq!(check(&["HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n"]).await, bad);
        assert_eq!(check(&["HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxy"]).await, bad);
    }
}
