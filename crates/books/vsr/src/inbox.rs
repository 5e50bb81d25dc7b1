//! Messages from a stream of bytes, in bounded memory and with as few copies as there are.
//!
//! A header and a small body are read together into a buffer that a connection keeps. A large body is read straight into
//! a vector of its size, which goes on to the shard as it is.

use std::io;
use std::sync::Arc;

use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vsr_core::{FrameError, HEADER_BYTES, Header};

/// Bytes kept for each connection, also while it is idle.
const BUFFER_BYTES: usize = 8 << 10;
/// Bytes of one permit of the budget.
const PERMIT_BYTES: usize = 1 << 10;

/// The bytes that the bodies of all connections may take together.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let room = bytes.max(vsr_core::MESSAGE_BYTES_MAX) / PERMIT_BYTES;
        Self(Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS))))
    }

    async fn claim(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(bytes.div_ceil(PERMIT_BYTES)).ok()?;
        Arc::clone(&self.0).acquire_many_owned(permits).await.ok()
    }
}

/// A message.
pub(crate) struct Message {
    pub(crate) header: Header,
    pub(crate) body: Vec<u8>,
    /// The body's part of the budget, to be kept for as long as the body.
    pub(crate) claim: Option<OwnedSemaphorePermit>,
}

/// What came from the stream.
pub(crate) enum Received {
    /// Some bytes of a header.
    Part,
    /// A header, to be checked before its body is read.
    Head(Header),
    /// A whole message.
    Message(Message),
    /// The end.
    End,
}

/// Why a stream gives no more messages.
#[derive(Debug)]
pub(crate) enum InboxError {
    Io(io::Error),
    Frame(FrameError),
}

impl From<io::Error> for InboxError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The reading end of a connection.
pub(crate) struct Inbox<R> {
    stream: R,
    buffer: Box<[u8]>,
    /// The bytes in the buffer that no message has taken.
    filled: std::ops::Range<usize>,
    /// The message whose header was read and told, and whose body is not here yet.
    next: Option<Message>,
    budget: Budget,
    received: usize,
}

impl<R: AsyncRead + Unpin> Inbox<R> {
    pub(crate) fn new(stream: R, budget: Budget) -> Self {
        Self { stream, buffer: vec![0; BUFFER_BYTES].into(), filled: 0..0, next: None, budget, received: 0 }
    }

    /// Bytes received since the last time this was asked.
    pub(crate) fn take_received(&mut self) -> usize {
        std::mem::take(&mut self.received)
    }

    /// Whether nothing of a message has come yet.
    pub(crate) fn is_between_messages(&self) -> bool {
        self.next.is_none() && self.filled.is_empty()
    }

    /// The next header or message, or word that one has begun. Loses nothing when it is dropped before it is done.
    pub(crate) async fn next(&mut self) -> Result<Received, InboxError> {
        if self.next.is_none() {
            let mut header = self.head()?;
            if header.is_none() {
                if !self.fill().await? {
                    return Ok(Received::End);
                }
                header = self.head()?;
            }
            let Some(header) = header else { return Ok(Received::Part) };
            self.next = Some(Message { header, body: Vec::new(), claim: None });
            return Ok(Received::Head(header));
        }
        self.body().await?;
        Ok(self.next.take().map_or(Received::End, Received::Message))
    }

    /// The header at the front of the buffer, if it is there as a whole.
    fn head(&mut self) -> Result<Option<Header>, InboxError> {
        let Some(head) = self.buffer[self.filled.clone()].first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let header = Header::parse(head).map_err(InboxError::Frame)?;
        self.filled.start += HEADER_BYTES;
        Ok(Some(header))
    }

    /// Reads what there is into the buffer. False at the end of the stream.
    async fn fill(&mut self) -> Result<bool, InboxError> {
        if self.filled.end == self.buffer.len() || self.filled.is_empty() {
            self.buffer.copy_within(self.filled.clone(), 0);
            self.filled = 0..self.filled.len();
        }
        match self.stream.read(&mut self.buffer[self.filled.end..]).await? {
            0 if self.filled.is_empty() => Ok(false),
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            read => {
                self.filled.end += read;
                self.received += read;
                Ok(true)
            }
        }
    }

    async fn body(&mut self) -> Result<(), InboxError> {
        let Some(message) = &mut self.next else { return Ok(()) };
        let len = message.header.body_len();
        if message.body.capacity() < len {
            if len > BUFFER_BYTES {
                message.claim = self.budget.claim(len).await;
            }
            message.body.reserve_exact(len);
            let here = self.filled.len().min(len);
            message.body.extend_from_slice(&self.buffer[self.filled.start..self.filled.start + here]);
            self.filled.start += here;
        }
        while message.body.len() < len {
            let missing = len - message.body.len();
            match self.stream.read_buf(&mut (&mut message.body).limit(missing)).await? {
                0 => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                read => self.received += read,
            }
        }
        Ok(())
    }
}
