//! The change feed as a stream of server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use ledger_api::{BatchEvent, ChangesQuery, FeedPlace, Unit};
use problem::Problem;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::{Api, Query};
use crate::convert;
use crate::error::ApiError;
use crate::feed::{Feed, FeedError, FeedEvent, FeedFilter, FeedReader, FeedStep};
use crate::machine::LedgerMachine;

/// The media type of server-sent events (WHATWG HTML, section 9.2).
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");

/// Streams what every journal batch changed, one server-sent event for each CloudEvent. Any site answers; on a follower the
/// newest batch comes with the next one, which proves it durable. The `id` of an event, sent back as `Last-Event-ID`, goes on
/// after it. A stream that cannot go on ends with an event named `problem`.
#[utoipa::path(
    get, path = "/v1/changes", operation_id = "streamChanges", tag = "bank",
    params(ChangesQuery, ("Last-Event-ID" = Option<FeedPlace>, Header, description = "The `id` of the last event: goes before `from`")),
    responses(
        (status = 200, description = "A stream whose events have a BatchEvent as `data`", body = BatchEvent, content_type = "text/event-stream"),
        (status = 416, description = "The books have not come that far", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn changes(
    State(api): State<Api>,
    headers: HeaderMap,
    Query(query): Query<ChangesQuery>,
) -> Result<Response, ApiError> {
    let start = start(&headers, &query)?;
    let filter = filter(&api, &query).await?;
    let permit = api.feed.enter()?;
    let mut reader = api.feed.reader(start);
    // What is wrong from the beginning is an ordinary answer.
    let first = reader.next().await?;
    let (sender, frames) = mpsc::channel(1);
    let (last_word, end) = oneshot::channel();
    let stream = Stream {
        feed: api.feed,
        filter,
        follows: query.follow.unwrap_or(true),
        sender,
        told: start,
        silent_since: Instant::now(),
        last_word,
        _permit: permit,
    };
    tokio::spawn(stream.run(reader, first));
    Ok(response(frames, end))
}

/// After which place to begin.
fn start(headers: &HeaderMap, query: &ChangesQuery) -> Result<FeedPlace, ApiError> {
    if let Some(last) = headers.get("last-event-id") {
        let text = last.to_str().map_err(|_| FeedError::Place(ledger_api::FeedPlaceError))?;
        return Ok(text.parse().map_err(FeedError::Place)?);
    }
    match query.from {
        Some(0) => Err(ApiError::Query("from is 0, but the first batch is 1".to_owned())),
        from => Ok(FeedPlace { seq: from.unwrap_or(1) - 1, part: None }),
    }
}

/// Units are told by the numbers of their ledgers, which the books of any site know.
async fn filter(api: &Api, query: &ChangesQuery) -> Result<FeedFilter, ApiError> {
    let ledger = match query.currency {
        None => None,
        Some(Unit::Currency(currency)) => Some(currency.ledger()),
        Some(Unit::Ledger(ledger)) => Some(ledger),
        Some(unit) => {
            let look =
                |replica: &shard::Replica<LedgerMachine>| convert::units_of(replica.machine().ledger());
            let units = api.handle.glance(look).await?;
            Some(convert::denomination(unit, &units)?.ledger)
        }
    };
    Ok(FeedFilter { account: query.account, ledger })
}

fn response(frames: mpsc::Receiver<Bytes>, end: oneshot::Receiver<Bytes>) -> Response {
    let frames = stream::unfold((frames, Some(end)), |(mut frames, mut end)| async {
        let frame = match frames.recv().await {
            Some(frame) => frame,
            None => end.take()?.await.ok()?,
        };
        Some((Ok::<_, Infallible>(frame), (frames, end)))
    });
    let mut response = Body::from_stream(frames).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, EVENT_STREAM);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// One client's stream. At most two events are in memory for it besides what the feed keeps for all.
struct Stream {
    feed: Arc<Feed>,
    filter: FeedFilter,
    follows: bool,
    sender: mpsc::Sender<Bytes>,
    /// The place that the client knows.
    told: FeedPlace,
    silent_since: Instant,
    /// Read when all frames have been.
    last_word: oneshot::Sender<Bytes>,
    _permit: OwnedSemaphorePermit,
}

/// Why a stream ends.
enum End {
    /// Everything there is was told, or the client went away.
    Done,
    Failed(FeedError),
}

impl From<FeedError> for End {
    fn from(error: FeedError) -> Self {
        Self::Failed(error)
    }
}

impl Stream {
    async fn run(mut self, mut reader: FeedReader, first: FeedStep) {
        let Err(end) = self.tell_all(&mut reader, first).await;
        if let End::Failed(error) = end {
            if matches!(error, FeedError::Slow { .. }) {
                self.feed.count_slow();
            }
            let problem = Problem::new(error.status(), &error).to_json();
            let frame = format!("event: problem\ndata: {}\n\n", String::from_utf8_lossy(problem.as_ref()));
            // A client that went away needs no explanation.
            let _ = self.last_word.send(frame.into());
        }
    }

    async fn tell_all(&mut self, reader: &mut FeedReader, first: FeedStep) -> Result<Infallible, End> {
        let mut step = first;
        loop {
            match step {
                FeedStep::Event(event) => self.tell(reader.place(), &event).await?,
                FeedStep::Passed => {}
                FeedStep::CaughtUp if self.follows => self.wait(reader).await?,
                FeedStep::CaughtUp => {
                    self.show_life(reader.place()).await?;
                    return Err(End::Done);
                }
            }
            if self.silent_since.elapsed() >= self.feed.limits().heartbeat {
                self.show_life(reader.place()).await?;
            }
            step = reader.next().await?;
        }
    }

    async fn tell(&mut self, place: FeedPlace, event: &Arc<FeedEvent>) -> Result<(), End> {
        if let Some(event) = event.filtered(self.filter) {
            self.send(frame(place, &event.structured())).await?;
            self.feed.count_event();
            self.told = place;
        }
        Ok(())
    }

    /// Waits until there may be more to tell, or it is time for a sign of life. A client that goes away is noticed even if
    /// nothing ever happens.
    async fn wait(&self, reader: &mut FeedReader) -> Result<(), End> {
        tokio::select! {
            () = reader.changed() => Ok(()),
            () = self.sender.closed() => Err(End::Done),
        }
    }

    async fn show_life(&mut self, place: FeedPlace) -> Result<(), End> {
        self.send(heartbeat((self.told != place).then_some(place))).await?;
        self.told = place;
        Ok(())
    }

    async fn send(&mut self, frame: Bytes) -> Result<(), End> {
        let patience = self.feed.limits().patience;
        match timeout(patience, self.sender.send(frame)).await {
            Ok(Ok(())) => {
                self.silent_since = Instant::now();
                Ok(())
            }
            Ok(Err(_)) => Err(End::Done),
            Err(_) => Err(FeedError::Slow { seconds: patience.as_secs() }.into()),
        }
    }
}

fn frame(place: FeedPlace, event: &[u8]) -> Bytes {
    let mut frame = format!("id: {place}\ndata: ").into_bytes();
    // JSON has its line breaks escaped.
    frame.extend_from_slice(event);
    frame.extend_from_slice(b"\n\n");
    frame.into()
}

/// A comment, which clients skip; with an `id` it moves the place to resume from over batches that had nothing to tell.
fn heartbeat(moved: Option<FeedPlace>) -> Bytes {
    match moved {
        Some(place) => format!("id: {place}\n: alive\n\n").into(),
        None => Bytes::from_static(b": alive\n\n"),
    }
}
