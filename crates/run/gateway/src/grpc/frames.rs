//! Messages as gRPC frames them: a byte for compression, four for the length, and the message.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::error::GatewayError;
use crate::forward::claim;

/// Bytes before a message.
const PREFIX_BYTES: usize = 5;

/// What comes next in a body.
#[derive(Debug)]
pub(super) enum Next {
    /// A message with its prefix, counted as held.
    Message(Bytes, OwnedSemaphorePermit),
    /// The end, with trailers if there are any.
    End(Option<HeaderMap>),
    /// The body broke off, or is not made of messages.
    Broken,
}

/// The messages in a body.
pub(super) struct Messages {
    body: Incoming,
    buffer: BytesMut,
    held: OwnedSemaphorePermit,
    room: Arc<Semaphore>,
    /// The largest message.
    bytes_max: usize,
    /// The longest a message may take to arrive, once its first byte is there.
    patience: Duration,
    began: Option<Instant>,
}

impl Messages {
    pub(super) fn new(
        body: Incoming,
        room: &Arc<Semaphore>,
        bytes_max: usize,
        patience: Duration,
    ) -> Result<Self, GatewayError> {
        let (buffer, held) = (BytesMut::new(), claim(room, 0)?);
        Ok(Self { body, buffer, held, room: Arc::clone(room), bytes_max, patience, began: None })
    }

    /// What comes next. Loses nothing when it is dropped before it is done.
    pub(super) async fn next(&mut self) -> Result<Next, GatewayError> {
        loop {
            if let Some(whole) = self.whole()? {
                self.began = (!self.buffer.is_empty()).then(Instant::now);
                return Ok(whole);
            }
            let frame = match self.began {
                Some(began) => tokio::time::timeout_at(began + self.patience, self.body.frame())
                    .await
                    .map_err(|_| GatewayError::BodyIncomplete)?,
                None => self.body.frame().await,
            };
            let frame = match frame {
                None if self.buffer.is_empty() => return Ok(Next::End(None)),
                None | Some(Err(_)) => return Ok(Next::Broken),
                Some(Ok(frame)) => frame,
            };
            match frame.into_data() {
                Ok(data) => {
                    self.held.merge(claim(&self.room, data.len())?);
                    self.buffer.extend_from_slice(&data);
                    self.began.get_or_insert_with(Instant::now);
                }
                Err(frame) if self.buffer.is_empty() => return Ok(Next::End(frame.into_trailers().ok())),
                Err(_) => return Ok(Next::Broken),
            }
        }
    }

    /// The message at the head of the buffer, if it is whole.
    fn whole(&mut self) -> Result<Option<Next>, GatewayError> {
        let Some([_, length @ ..]) = self.buffer.first_chunk::<PREFIX_BYTES>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > self.bytes_max {
            return Err(GatewayError::BodyTooLarge { max: self.bytes_max });
        }
        if self.buffer.len() < PREFIX_BYTES + length {
            return Ok(None);
        }
        let message = self.buffer.split_to(PREFIX_BYTES + length).freeze();
        let held = self.held.split(message.len());
        Ok(Some(held.map_or(Next::Broken, |held| Next::Message(message, held))))
    }
}
