//! Answers of many messages to one.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::{Request, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::frames::{Messages, Next};
use super::{Verdict, passed, status_of, verdict};
use crate::error::GatewayError;
use crate::forward::{ANSWER_BYTES_MAX, Attempt, Gateway, answer, superseded};
use crate::serve::{Body, full};
use crate::tracker::Leader;

/// Counts a stream as open for as long as it lives.
pub(super) type Open = Arc<OwnedSemaphorePermit>;

/// What is left of a list after its first message.
struct Rest {
    messages: Messages,
    leaders: watch::Receiver<Option<Leader>>,
    epoch: u64,
    deadline: Option<Instant>,
    _open: Open,
}

impl Gateway {
    /// Room for one more stream.
    pub(super) fn open_stream(&self) -> Result<Open, GatewayError> {
        let permit = Arc::clone(&self.streams).try_acquire_owned();
        permit.map(Arc::new).map_err(|_| GatewayError::Overloaded)
    }

    /// The first message decides: what is lost before it can be asked again.
    pub(super) async fn attempt_list(
        &self,
        request: Request<Body>,
        leader: &Leader,
        open: &Open,
        deadline: Option<Instant>,
    ) -> Attempt {
        let response = match self.h2.request(request).await {
            Ok(response) => response,
            Err(error) if error.is_connect() => return Attempt::NotTaken,
            Err(_) => return Attempt::Lost,
        };
        let (head, body) = response.into_parts();
        match verdict(&head.headers) {
            Some(Verdict::NotTaken) => return Attempt::NotTaken,
            Some(Verdict::Lost) => return Attempt::Lost,
            None if head.headers.contains_key("grpc-status") || head.status != StatusCode::OK => {
                return Attempt::Answer(answer(&head, full("")));
            }
            None => {}
        }
        let Ok(mut messages) = self.messages(body) else { return Attempt::Lost };
        let first = match messages.next().await {
            Ok(Next::Message(first, _)) => first,
            Ok(Next::End(Some(trailers))) => {
                return match verdict(&trailers) {
                    Some(Verdict::NotTaken) => Attempt::NotTaken,
                    Some(Verdict::Lost) => Attempt::Lost,
                    None => {
                        Attempt::Answer(answer(&head, stream_of(stream::iter([Frame::trailers(trailers)]))))
                    }
                };
            }
            Ok(Next::End(None) | Next::Broken) | Err(_) => return Attempt::Lost,
        };
        let (leaders, epoch) = (self.tracker.leader(), leader.epoch);
        let rest = Rest { messages, leaders, epoch, deadline, _open: Arc::clone(open) };
        let first = stream::iter([Frame::data(first)]);
        Attempt::Answer(answer(&head, stream_of(first.chain(stream::unfold(Some(rest), next)))))
    }

    fn messages(&self, body: Incoming) -> Result<Messages, GatewayError> {
        Messages::new(body, &self.room, ANSWER_BYTES_MAX, self.limits.answer_timeout)
    }
}

fn stream_of(frames: impl stream::Stream<Item = Frame<Bytes>> + Send + 'static) -> Body {
    StreamBody::new(frames.map(Ok::<_, Infallible>)).boxed_unsync()
}

/// The next frame for the client. A list always ends with a status, whatever becomes of the site.
async fn next(rest: Option<Rest>) -> Option<(Frame<Bytes>, Option<Rest>)> {
    let mut rest = rest?;
    let broken = GatewayError::AnswerBroken;
    let end = tokio::select! {
        biased;
        next = rest.messages.next() => match next {
            Ok(Next::Message(message, _)) => return Some((Frame::data(message), Some(rest))),
            Ok(Next::End(Some(trailers))) if verdict(&trailers).is_none() => Ok(trailers),
            Ok(Next::End(_) | Next::Broken) => Err(broken),
            Err(error) => Err(error),
        },
        () = superseded(rest.leaders.clone(), rest.epoch) => Err(broken),
        () = passed(rest.deadline) => Err(GatewayError::DeadlineExceeded),
    };
    let trailers = end.unwrap_or_else(|error| status_of(&error));
    Some((Frame::trailers(trailers), None))
}
