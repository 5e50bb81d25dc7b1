//! The change feed as a client sees it.

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use ledger_api::{BatchEvent, ChangesQuery, FeedPlace};
use problem::Problem;

use crate::ledger::asked;
use crate::{Client, ClientError};

/// One event of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedMessage {
    /// Where the feed stands after it.
    pub place: FeedPlace,
    /// The event as it came: a CloudEvent in JSON, on one line.
    pub json: String,
}

impl FeedMessage {
    /// The event.
    ///
    /// Errors: the text is not an event this client knows.
    pub fn event(&self) -> Result<BatchEvent, serde_json::Error> {
        serde_json::from_str(&self.json)
    }
}

/// Reads the change feed. After an error, or the end of a stream, the next call goes on where the last event was, on
/// whichever site leads by then: each event comes once.
#[derive(Debug)]
pub struct Changes {
    client: Client,
    query: ChangesQuery,
    place: Option<FeedPlace>,
    stream: Option<Stream>,
}

#[derive(Debug)]
struct Stream {
    body: Incoming,
    frames: Frames,
}

impl Client {
    /// The changes that `query` asks for.
    pub fn changes(&self, query: ChangesQuery) -> Changes {
        Changes { client: self.clone(), query, place: None, stream: None }
    }
}

impl Changes {
    /// The same from after `place` on, whatever the query says.
    #[must_use]
    pub fn after(mut self, place: FeedPlace) -> Self {
        self.place = Some(place);
        self
    }

    /// The next event; `None` when the stream has ended, as it does at the newest batch if the query does not follow.
    ///
    /// Errors: any [`ClientError`] but `Address`. A refusal that may pass says so itself.
    pub async fn next(&mut self) -> Result<Option<FeedMessage>, ClientError> {
        // Taken, so that after an error or in a future that is dropped the next call connects anew.
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.connect().await?,
        };
        loop {
            while let Some(frame) = stream.frames.next() {
                if let Some(place) = frame.place {
                    self.place = Some(place);
                }
                match (frame.data, frame.is_problem, frame.place) {
                    (Some(data), true, _) => return Err(self.refused(&data)),
                    (Some(json), false, Some(place)) => {
                        self.stream = Some(stream);
                        return Ok(Some(FeedMessage { place, json }));
                    }
                    _ => {}
                }
            }
            let more = self.client.in_time(async { Ok(stream.body.frame().await) }).await?;
            match more {
                None => return Ok(None),
                Some(Ok(more)) => {
                    let Ok(data) = more.into_data() else { continue };
                    if !stream.frames.feed(&data, self.client.options().answer_bytes_max) {
                        return Err(self.client.unexpected(hyper::StatusCode::OK, "an event is too long"));
                    }
                }
                Some(Err(source)) => return Err(self.client.interrupted(source.into())),
            }
        }
    }

    async fn connect(&self) -> Result<Stream, ClientError> {
        let path = asked("/v1/changes", &self.query);
        let last = self.place.map(|place| place.to_string());
        let body = self.client.in_time(self.client.open_stream(&path, last.as_deref())).await?;
        Ok(Stream { body, frames: Frames::default() })
    }

    fn refused(&self, data: &str) -> ClientError {
        match serde_json::from_str::<Problem>(data) {
            Ok(problem) => ClientError::Refused(Box::new(problem)),
            Err(error) => self.client.unexpected(hyper::StatusCode::OK, error.to_string()),
        }
    }
}

/// Cuts bytes into frames of server-sent events (WHATWG HTML, section 9.2), as far as the feed uses them.
#[derive(Debug, Default)]
struct Frames {
    bytes: Vec<u8>,
    /// Bytes that were searched for the end of a frame.
    searched: usize,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct SseFrame {
    place: Option<FeedPlace>,
    is_problem: bool,
    data: Option<String>,
}

impl Frames {
    /// Takes in what came; false if a frame grows beyond `max` bytes.
    fn feed(&mut self, bytes: &[u8], max: usize) -> bool {
        self.bytes.extend_from_slice(bytes);
        self.bytes.len() <= max
    }

    fn next(&mut self) -> Option<SseFrame> {
        let from = self.searched.saturating_sub(1);
        let Some(end) = self.bytes[from..].windows(2).position(|pair| pair == b"\n\n") else {
            self.searched = self.bytes.len();
            return None;
        };
        let rest = self.bytes.split_off(from + end + 2);
        let frame = std::mem::replace(&mut self.bytes, rest);
        self.searched = 0;
        Some(SseFrame::read(&String::from_utf8_lossy(&frame)))
    }
}

impl SseFrame {
    fn read(text: &str) -> Self {
        let mut frame = Self::default();
        for line in text.lines() {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "id" => frame.place = value.parse().ok(),
                "event" => frame.is_problem = value == "problem",
                "data" => frame.data = Some(value.to_owned()),
                _ => {}
            }
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_wherever_the_bytes_are() {
        let text = "id: 1\n: alive\n\nid: 2.1\ndata: {\"a\":1}\n\n: alive\n\nevent: problem\ndata: {}\n\n";
        let whole = |place: Option<&str>, is_problem, data: Option<&str>| SseFrame {
            place: place.map(|place| place.parse().unwrap()),
            is_problem,
            data: data.map(str::to_owned),
        };
        let expected = [
            whole(Some("1"), false, None),
            whole(Some("2.1"), false, Some("{\"a\":1}")),
            whole(None, false, None),
            whole(None, true, Some("{}")),
        ];
        for piece in 1..text.len() {
            let mut frames = Frames::default();
            let mut read = Vec::new();
            for bytes in text.as_bytes().chunks(piece) {
                assert!(frames.feed(bytes, 1_000));
                read.extend(std::iter::from_fn(|| frames.next()));
            }
            assert_eq!(read, expected, "in pieces of {piece}");
        }
        assert!(!Frames::default().feed(&[b'x'; 11], 10), "a frame that never ends is refused");
    }
}
