//! Streams in which each message is answered with one message, in order.
//!
//! The door keeps the messages that are unanswered. When the leader is lost, it sends them to the next one, in the same order:
//! those that were done already are answered as the first time, because every message carries its ids.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::http::request;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::client::legacy::{Client, ResponseFuture, connect::HttpConnector};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

use super::frames::{Messages, Next};
use super::list::Open;
use super::{deadline, passed, status_of, to_site, verdict};
use crate::error::GatewayError;
use crate::forward::{
    ANSWER_BYTES_MAX, BODY_BYTES_MAX, Gateway, GatewayLimits, superseded, us_since, wait_for_leader,
};
use crate::live::Live;
use crate::serve::Body;
use crate::tracker::{Leader, Tracker};

/// Messages of one stream that are unanswered at once; the others wait to be read. A site reads as many.
const UNANSWERED_MAX: usize = 32;
/// Answers that wait for the client to take them.
const ANSWERS_MAX: usize = 8;

/// A message that the client waits for an answer to.
struct Unanswered {
    message: Bytes,
    since: Instant,
    _held: OwnedSemaphorePermit,
}

/// One stream, from its client to whoever leads.
struct Pipeline {
    tracker: Arc<Tracker>,
    limits: GatewayLimits,
    h2: Client<HttpConnector, Body>,
    live: Arc<Live>,
    room: Arc<Semaphore>,
    head: request::Parts,
    asked: Messages,
    answers: mpsc::Sender<Frame<Bytes>>,
    unanswered: VecDeque<Unanswered>,
    /// Whether the client has sent its last message.
    all_asked: bool,
    /// When a message last came, from either side.
    active: Instant,
    _open: Open,
}

/// How a session with one leader ended.
enum Ended {
    /// The site ended the stream; this is how.
    Told(HeaderMap),
    /// The leader is none any more.
    Lost,
    /// The client has gone.
    Left,
}

/// The answers of one site.
enum Line {
    /// Asked, but not answered even with a head.
    Opening(ResponseFuture),
    Open(Box<Messages>),
}

impl Gateway {
    /// Begins a stream; what becomes of it goes through the answer's body.
    pub(super) fn open_pipeline(
        &self,
        request: Request<Incoming>,
        start: Instant,
    ) -> Result<Response<Body>, GatewayError> {
        let open = self.open_stream()?;
        let (head, body) = request.into_parts();
        let deadline = deadline(&head.headers, start);
        let (answers, mut answered) = mpsc::channel(ANSWERS_MAX);
        let pipeline = Pipeline {
            tracker: Arc::clone(&self.tracker),
            limits: self.limits,
            h2: self.h2.clone(),
            live: Arc::clone(&self.live),
            room: Arc::clone(&self.room),
            head,
            asked: Messages::new(body, &self.room, BODY_BYTES_MAX, self.limits.body_timeout)?,
            answers,
            unanswered: VecDeque::new(),
            all_asked: false,
            active: start,
            _open: open,
        };
        tokio::spawn(pipeline.run(deadline));
        let frames = stream::poll_fn(move |context| answered.poll_recv(context)).map(Ok::<_, Infallible>);
        let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        Ok(response)
    }
}

impl Pipeline {
    async fn run(mut self, deadline: Option<Instant>) {
        let answers = self.answers.clone();
        let ended = tokio::select! {
            biased;
            () = answers.closed() => return,
            ended = self.lead_through() => ended,
            () = passed(deadline) => Err(GatewayError::DeadlineExceeded),
        };
        let trailers = match ended {
            Ok(Some(trailers)) => trailers,
            Ok(None) => return,
            Err(error) => {
                self.live.answered(error.status(), us_since(self.active));
                status_of(&error)
            }
        };
        // A client that has gone needs no status.
        let _ = answers.send(Frame::trailers(trailers)).await;
    }

    /// One leader after the other, until the stream ends. Without trailers the client has gone.
    async fn lead_through(&mut self) -> Result<Option<HeaderMap>, GatewayError> {
        let mut leaders = self.tracker.leader();
        let mut trouble: Option<Instant> = None;
        loop {
            let since = *trouble.get_or_insert_with(Instant::now);
            let leader = wait_for_leader(&mut leaders, since, self.limits.hold_max, &self.live).await?;
            let before = self.active;
            match self.session(&leader).await? {
                Ended::Told(trailers) => return Ok(Some(trailers)),
                Ended::Left => return Ok(None),
                Ended::Lost => {
                    self.tracker.suspect(&leader);
                    self.live.retried();
                    // What was answered meanwhile is progress: the time to hold begins anew.
                    if self.active > before {
                        trouble = None;
                    }
                }
            }
        }
    }

    /// Sends what is unanswered to `leader`, and goes on with it for as long as it leads.
    async fn session(&mut self, leader: &Leader) -> Result<Ended, GatewayError> {
        let (asking, mut ask) = mpsc::channel(UNANSWERED_MAX);
        for waiting in &self.unanswered {
            // There is room for as many as can be unanswered.
            let _ = asking.try_send(waiting.message.clone());
        }
        let mut asking = (!self.all_asked).then_some(asking);
        let frames = stream::poll_fn(move |context| ask.poll_recv(context));
        let body = StreamBody::new(frames.map(|message| Ok::<_, Infallible>(Frame::data(message))));
        let Some(request) = to_site(&self.head, body.boxed_unsync(), leader) else { return Ok(Ended::Lost) };
        let mut line = Line::Opening(self.h2.request(request));
        let superseded = superseded(self.tracker.leader(), leader.epoch);
        let mut superseded = std::pin::pin!(superseded);
        let mut asked_at = Instant::now();
        loop {
            let waits = !self.unanswered.is_empty();
            let silent_at = asked_at + self.limits.answer_timeout;
            tokio::select! {
                biased;
                next = hear(&mut line, &self.room, self.limits) => match next? {
                    Heard::Answer(answer) => {
                        (self.active, asked_at) = (Instant::now(), Instant::now());
                        if let Some(done) = self.unanswered.pop_front() {
                            self.live.answered(200, us_since(done.since));
                        }
                        if self.answers.send(Frame::data(answer)).await.is_err() {
                            return Ok(Ended::Left);
                        }
                    }
                    Heard::Nothing => {}
                    Heard::Ended(ended) => return Ok(ended),
                },
                () = &mut superseded => return Ok(Ended::Lost),
                next = self.asked.next(), if asking.is_some() && self.unanswered.len() < UNANSWERED_MAX => {
                    match next? {
                        Next::Message(message, held) => {
                            self.active = Instant::now();
                            if !waits {
                                asked_at = self.active;
                            }
                            if let Some(asking) = &asking {
                                // If the site takes no more, its answers say so.
                                let _ = asking.try_send(message.clone());
                            }
                            self.unanswered.push_back(Unanswered { message, since: self.active, _held: held });
                        }
                        Next::End(_) => (self.all_asked, asking) = (true, None),
                        Next::Broken => return Ok(Ended::Left),
                    }
                }
                () = tokio::time::sleep_until(silent_at), if waits => return Ok(Ended::Lost),
                () = tokio::time::sleep_until(self.active + self.limits.idle_max), if !waits => {
                    return Err(GatewayError::Idle { idle_s: self.limits.idle_max.as_secs() });
                }
            }
        }
    }
}

/// What comes from a site.
enum Heard {
    Answer(Bytes),
    /// Only that it is there.
    Nothing,
    Ended(Ended),
}

async fn hear(line: &mut Line, room: &Arc<Semaphore>, limits: GatewayLimits) -> Result<Heard, GatewayError> {
    let messages = match line {
        Line::Open(messages) => messages,
        Line::Opening(response) => {
            let Ok(response) = response.await else { return Ok(Heard::Ended(Ended::Lost)) };
            let (head, body) = response.into_parts();
            if head.headers.contains_key("grpc-status") {
                return Ok(Heard::Ended(told(head.headers)));
            }
            if head.status != StatusCode::OK {
                return Err(GatewayError::AnswerBroken);
            }
            *line = Line::Open(Box::new(Messages::new(body, room, ANSWER_BYTES_MAX, limits.answer_timeout)?));
            return Ok(Heard::Nothing);
        }
    };
    Ok(match messages.next().await {
        Ok(Next::Message(answer, _)) => Heard::Answer(answer),
        Ok(Next::End(Some(trailers))) => Heard::Ended(told(trailers)),
        Ok(Next::End(None) | Next::Broken) | Err(GatewayError::BodyIncomplete) => Heard::Ended(Ended::Lost),
        Err(error) => return Err(error),
    })
}

/// How a site ended the stream: for good, or because it does not lead.
fn told(mut headers: HeaderMap) -> Ended {
    if verdict(&headers).is_some() {
        return Ended::Lost;
    }
    // A head has what belongs to the answer as a whole; trailers have not.
    headers.remove(header::CONTENT_TYPE);
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::DATE);
    Ended::Told(headers)
}
