//! One connection: messages in, work to the backend, replies out.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use vsr_core::{
    Batches, Connection, ConnectionError, Done, Effect, EvictionReason, Header, Operation, Site, Submission,
    Work, clamp_limits, finish_read, finish_write,
};

use crate::access::{self, Access};
use crate::backend::{Backend, Position, Refusal};
use crate::door::{Address, Limits};
use crate::gate::Pass;
use crate::inbox::{Budget, Inbox, InboxError, Message, Received};
use crate::metrics::Metrics;
use crate::outbox::send;

/// What the connections of a door share.
#[derive(Clone)]
pub(crate) struct TalkContext<B> {
    pub(crate) backend: B,
    pub(crate) address: Address,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) budget: Budget,
}

/// What became of a request.
struct Finished {
    /// The journal's end, if it was asked for.
    position: Option<u64>,
    outcome: Result<(Done, Vec<u8>), Refusal>,
}

type UnderWay = Pin<Box<dyn Future<Output = Finished> + Send>>;

/// Why a connection ends.
#[derive(Debug)]
enum End {
    /// The client left, or the door closes.
    Left,
    TimedOut,
    /// The client may not be here any more.
    Revoked,
    Broken(ConnectionError),
    Io(io::Error),
}

impl From<ConnectionError> for End {
    fn from(error: ConnectionError) -> Self {
        Self::Broken(error)
    }
}

/// Longest time to say goodbye.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// One connection.
pub(crate) struct Talk<B, R, W> {
    context: TalkContext<B>,
    /// Who the client has proven to be; nothing at a door where everybody may do everything.
    pass: Option<Pass>,
    inbox: Inbox<R>,
    writer: W,
    connection: Connection,
    under_way: Option<UnderWay>,
}

impl<B: Backend, R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Talk<B, R, W> {
    pub(crate) fn new(context: TalkContext<B>, pass: Option<Pass>, reader: R, writer: W) -> Self {
        let inbox = Inbox::new(reader, context.budget.clone());
        Self { context, pass, inbox, writer, connection: Connection::default(), under_way: None }
    }

    /// Runs until the client leaves, breaks the rules, or the door closes.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let end = self.converse(&mut stop).await;
        self.context.metrics.bytes_in.add(self.inbox.take_received());
        // Says goodbye, as TLS wants it. Who does not listen any more needs none.
        let _ = timeout(GOODBYE_TIMEOUT, self.writer.shutdown()).await;
        match end {
            Err(End::Broken(error)) => {
                self.context.metrics.broken.one();
                let code = stdx::Coded::code(&error);
                tracing::debug!(code, %error, "the connection of a ledger client was closed");
            }
            Err(End::TimedOut) => self.context.metrics.timed_out.one(),
            Err(End::Revoked) => self.context.metrics.revoked.one(),
            Err(End::Io(error)) => tracing::debug!(%error, "the connection of a ledger client broke off"),
            Err(End::Left) | Ok(()) => {}
        }
    }

    async fn converse(&mut self, stop: &mut watch::Receiver<bool>) -> Result<(), End> {
        let limits = self.context.limits;
        let mut closing = false;
        let mut was_between = true;
        let mut deadline = Box::pin(sleep_until(Instant::now() + limits.idle_timeout));
        loop {
            if closing && self.under_way.is_none() {
                return Ok(());
            }
            let received = tokio::select! {
                finished = finish(&mut self.under_way) => {
                    self.answer(finished).await?;
                    // The client was not silent: it waited.
                    if self.inbox.is_between_messages() {
                        reset(&mut deadline, limits.idle_timeout);
                    }
                    continue;
                }
                received = self.inbox.next(), if !closing => received,
                () = deadline.as_mut(), if self.under_way.is_none() && !closing => return Err(End::TimedOut),
                () = told_to_stop(stop), if !closing => {
                    closing = true;
                    continue;
                }
            };
            self.context.metrics.bytes_in.add(self.inbox.take_received());
            self.take(received).await?;
            // The clock of a message starts with its header, that of silence with every message.
            let is_between = self.inbox.is_between_messages();
            if is_between || was_between {
                let patience = if is_between { limits.idle_timeout } else { limits.message_timeout };
                reset(&mut deadline, patience);
            }
            was_between = is_between;
        }
    }

    async fn take(&mut self, received: Result<Received, InboxError>) -> Result<(), End> {
        match received {
            Ok(Received::Part) => Ok(()),
            Ok(Received::Head(header)) => {
                self.connection.check(&self.site(), &header)?;
                Ok(())
            }
            Ok(Received::Message(message)) => self.message(message).await,
            Ok(Received::End) => Err(End::Left),
            Err(InboxError::Frame(error)) => Err(ConnectionError::Frame(error).into()),
            Err(InboxError::Io(error)) => Err(End::Io(error)),
        }
    }

    async fn message(&mut self, message: Message) -> Result<(), End> {
        let site = self.site();
        let effect = self.connection.receive(&site, &message.header, &message.body)?;
        let access = match self.pass.as_ref().map(Pass::access) {
            Some(None) => return Err(self.revoke(&effect).await),
            access => access.flatten(),
        };
        match effect {
            Effect::Ignore(_) => self.context.metrics.ignored.one(),
            Effect::Send(header) => {
                self.context.metrics.pings.one();
                self.send(&header, &[]).await?;
            }
            Effect::Evict(header) => self.evict(&header).await?,
            Effect::Submit(submission) => {
                self.context.metrics.requests.one();
                let backend = self.context.backend.clone();
                self.under_way = Some(Box::pin(async move {
                    let finished = work(&backend, access.as_ref(), submission, message.body).await;
                    // Bodies count until nobody holds them any more.
                    drop(message.claim);
                    finished
                }));
            }
        }
        Ok(())
    }

    async fn answer(&mut self, finished: Finished) -> Result<(), End> {
        let site = self.site();
        if let Some(position) = finished.position {
            self.connection.verify(0, position);
        }
        match finished.outcome {
            Ok((done, body)) => {
                if let Some(header) = self.connection.reply(&site, done, &body) {
                    self.context.metrics.replies.one();
                    self.send(&header, &body).await?;
                }
            }
            Err(Refusal::Unanswered) => {
                self.context.metrics.ignored.one();
                self.connection.abandon();
            }
            Err(Refusal::Impossible(reason)) => {
                let header = self.connection.evict(&site, reason);
                self.evict(&header).await?;
            }
        }
        Ok(())
    }

    /// Ends with a client that may not be here any more, and tells it if it asks for something: an eviction is the answer to
    /// a request, and some published clients crash on one that comes by itself.
    async fn revoke(&mut self, effect: &Effect) -> End {
        if let Some(pass) = &self.pass {
            tracing::warn!(identity = %pass.identity(), "a client must leave: it is not accepted any more");
        }
        if matches!(effect, Effect::Submit(_)) {
            let site = self.site();
            let header = self.connection.evict(&site, EvictionReason::NoSession);
            if let Err(end) = self.evict(&header).await {
                return end;
            }
        }
        End::Revoked
    }

    async fn evict(&mut self, header: &Header) -> Result<(), End> {
        self.context.metrics.evictions.one();
        self.send(header, &[]).await
    }

    async fn send(&mut self, header: &Header, body: &[u8]) -> Result<(), End> {
        self.context.metrics.bytes_out.add(vsr_core::HEADER_BYTES + body.len());
        match timeout(self.context.limits.message_timeout, send(&mut self.writer, header, body)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(End::Io(error)),
            Err(_) => Err(End::TimedOut),
        }
    }

    fn site(&self) -> Site {
        let lead = self.context.backend.lead();
        let Address { cluster, index } = self.context.address;
        Site { cluster, replica: index, view: lead.view, leads: lead.leads }
    }
}

fn reset(deadline: &mut Pin<Box<Sleep>>, patience: Duration) {
    deadline.as_mut().reset(Instant::now() + patience);
}

async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    // A door that is gone has closed, too.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Waits for what is under way; for ever if nothing is.
async fn finish(under_way: &mut Option<UnderWay>) -> Finished {
    let Some(work) = under_way else { return std::future::pending().await };
    let finished = work.await;
    *under_way = None;
    finished
}

async fn work<B: Backend>(
    backend: &B,
    access: Option<&Access>,
    submission: Submission,
    body: Vec<u8>,
) -> Finished {
    let mut position = None;
    let asks = submission.is_unverified || matches!(submission.work, Work::Register | Work::Noop);
    if asks {
        match backend.position().await {
            Ok(end) if end.seq < submission.session => {
                let outcome = Err(Refusal::Impossible(EvictionReason::NoSession));
                return Finished { position: None, outcome };
            }
            Ok(end) => position = Some(end),
            Err(refusal) => return Finished { position: None, outcome: Err(refusal) },
        }
    }
    let outcome = execute(backend, access, submission, body, position).await;
    Finished { position: position.map(|end| end.seq), outcome }
}

async fn execute<B: Backend>(
    backend: &B,
    access: Option<&Access>,
    submission: Submission,
    mut body: Vec<u8>,
    position: Option<Position>,
) -> Result<(Done, Vec<u8>), Refusal> {
    match (&submission.work, position) {
        (Work::Register, Some(end)) => {
            // No session has number 0, not even the first of an empty journal.
            let done = Done { op: end.seq.max(1), timestamp: end.timestamp.max(1) };
            Ok((done, Connection::register_result().to_vec()))
        }
        (Work::Operation(operation, batches), _) => {
            body.truncate(batches.payload_len);
            if operation.kind.is_write() {
                write(backend, access, &submission, *operation, batches, body).await
            } else {
                read(backend, access, *operation, batches, body).await
            }
        }
        (Work::Register | Work::Noop, _) => {
            let end = position.ok_or(Refusal::Unanswered)?;
            Ok((stamped(end.timestamp), Vec::new()))
        }
    }
}

fn stamped(timestamp: u64) -> Done {
    Done { op: timestamp.max(1), timestamp: timestamp.max(1) }
}

async fn write<B: Backend>(
    backend: &B,
    access: Option<&Access>,
    submission: &Submission,
    operation: Operation,
    batches: &Batches,
    events: Vec<u8>,
) -> Result<(Done, Vec<u8>), Refusal> {
    let kind = operation.kind;
    let parts = batches.parts(kind, &events);
    let mut outcomes = match parts.as_slice() {
        [] => Vec::new(),
        [_] => access::write(backend, access, submission.key(0), submission.digest, kind, events).await?,
        _ => {
            let mut outcomes = Vec::new();
            for (number, part) in (0..).zip(parts) {
                let (key, events) = (submission.key(number), events[part].to_vec());
                let digest = submission.digest;
                outcomes.extend(access::write(backend, access, key, digest, kind, events).await?);
            }
            outcomes
        }
    };
    let latest = match finish_write(operation, batches, &mut outcomes) {
        0 => backend.position().await?.timestamp,
        latest => latest,
    };
    Ok((stamped(latest), outcomes))
}

async fn read<B: Backend>(
    backend: &B,
    access: Option<&Access>,
    operation: Operation,
    batches: &Batches,
    mut events: Vec<u8>,
) -> Result<(Done, Vec<u8>), Refusal> {
    clamp_limits(operation, &mut events);
    let ranges = batches.ranges(operation.kind).collect();
    let within = access::readable(access);
    let mut answers = backend.read(operation, events, ranges, within).await?;
    let fits = finish_read(operation, &answers.ends, &mut answers.results);
    fits.ok_or(Refusal::Impossible(EvictionReason::InvalidRequestBodySize))?;
    Ok((stamped(answers.timestamp), answers.results))
}
