//! Passing a stream of events on.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming};

/// A site's stream, passed on piece by piece as fast as the client takes it. It ends when the site's does, however that
/// ends, or when `end` comes: the client asks again from where it is.
pub(crate) struct Relay {
    body: Incoming,
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Relay {
    pub(crate) fn new(body: Incoming, end: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { body, end: Box::pin(end) }
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // What the site has said already is passed on before the end is looked at.
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(frame))),
            Poll::Ready(Some(Err(_)) | None) => Poll::Ready(None),
            Poll::Pending => self.end.as_mut().poll(context).map(|()| None),
        }
    }
}
