//! The leader's half: requests in, stamped batches out, replies once their batch is durable.

use std::collections::VecDeque;

use ids::{Seq, Timestamp};
use journal::{COMMANDS_MAX, PAYLOAD_BYTES_MAX};
use stdx::Digest;

use crate::error::RequestError;
use crate::machine::StateMachine;
use crate::replica::Replica;
use crate::request::{Request, RequestKey};
use crate::window::Seen;

/// Batches that may be on their way to the disk at once.
const IN_FLIGHT_MAX: usize = 4;
/// Commands that are worth an append of their own while another one is on its way. Fewer wait and share the next
/// sync: on a busy disk a hundred small appends cost what one costs.
const OVERLAP_COMMANDS_MIN: u32 = 2_048;
/// Stamps lie below 2^63 ns, in the year 2262: the highest bit is the machines' own.
const STAMP_END: u64 = 1 << 63;
/// Requests and bytes that may wait for a batch.
const QUEUE_REQUESTS_MAX: usize = 65_536;
const QUEUE_BYTES_MAX: usize = 256 << 20;

/// A batch to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchOut {
    /// Its position.
    pub seq: Seq,
    /// The stamp of its last command.
    pub timestamp: Timestamp,
    /// How many commands it holds.
    pub commands: u32,
    /// The frames.
    pub payload: Vec<u8>,
    /// The state's digest after an earlier batch, for followers to compare.
    pub state: Option<(Seq, Digest)>,
}

/// A machine's answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The bytes the machine wrote.
    pub bytes: Vec<u8>,
    /// Whether this is the answer to an earlier sending of the same request.
    pub replayed: bool,
}

/// What became of something a client waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The request is durable and this is its reply.
    Reply(Reply),
    /// The request's id stands for another body.
    Clash,
    /// Everything that was visible when the reader looked is durable now.
    Durable,
}

struct InFlight<T> {
    seq: Seq,
    waiting: Vec<(T, Outcome)>,
}

struct Queued<T> {
    request: Request,
    commands: u32,
    token: T,
}

/// The leader of one epoch. `T` is whatever the shell needs to find the client again.
pub struct Leader<M, T> {
    replica: Replica<M>,
    queue: VecDeque<Queued<T>>,
    queue_bytes: usize,
    queue_commands: u32,
    in_flight: VecDeque<InFlight<T>>,
    released: Vec<(T, Outcome)>,
    /// The last batch whose digest the journal already holds.
    published: Seq,
}

impl<M: StateMachine, T> Leader<M, T> {
    /// Leads from the state of `replica`, which must have applied the whole journal, this epoch's own record included.
    pub fn new(replica: Replica<M>) -> Self {
        Self {
            replica,
            queue: VecDeque::new(),
            queue_bytes: 0,
            queue_commands: 0,
            in_flight: VecDeque::new(),
            released: Vec::new(),
            published: Seq::ZERO,
        }
    }

    /// The replica, for reading. It may be ahead of what is durable: tell nobody before [`Leader::await_durable`].
    pub fn replica(&self) -> &Replica<M> {
        &self.replica
    }

    /// The replica, for taking a digest. The same warning holds.
    pub fn replica_mut(&mut self) -> &mut Replica<M> {
        &mut self.replica
    }

    /// The last batch that is durable.
    pub fn durable_seq(&self) -> Seq {
        match self.in_flight.front() {
            Some(first) => Seq(first.seq.0 - 1),
            None => self.replica.seq,
        }
    }

    /// Takes a request. Its outcome comes from [`Leader::take_released`] with `token`; a refusal gives the token back.
    pub fn submit(&mut self, request: Request, token: T) -> Result<(), (T, RequestError)> {
        let commands = match M::check(request.operation, &request.body) {
            Ok(commands) => commands,
            Err(what) => return Err((token, RequestError::Malformed { what })),
        };
        let len = request.framed_len();
        if commands == 0 || commands > COMMANDS_MAX || len > PAYLOAD_BYTES_MAX {
            let what = format!("{commands} commands in {len} bytes do not fit one batch");
            return Err((token, RequestError::Malformed { what }));
        }
        if self.queue.len() >= QUEUE_REQUESTS_MAX || self.queue_bytes + len > QUEUE_BYTES_MAX {
            return Err((token, RequestError::Busy));
        }
        self.queue_bytes += len;
        self.queue_commands += commands;
        self.queue.push_back(Queued { request, commands, token });
        Ok(())
    }

    /// Queues the work that time alone has brought, if there is any.
    pub fn tick(&mut self, now: Timestamp, token: impl FnOnce() -> T) {
        if let Some(operation) = self.replica.machine.due(now) {
            let request = Request::forgotten(operation, Vec::new());
            // A full queue carries later stamps and so does this work itself.
            let _ = self.submit(request, token());
        }
    }

    /// Whether requests wait for a batch.
    pub fn has_queue(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Whether nothing waits and nothing is on its way.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.in_flight.is_empty() && self.released.is_empty()
    }

    /// Whether [`Leader::next_batch`] would form a batch now.
    pub fn can_batch(&self) -> bool {
        match self.in_flight.len() {
            0 => !self.queue.is_empty(),
            flying => flying < IN_FLIGHT_MAX && self.queue_commands >= OVERLAP_COMMANDS_MIN,
        }
    }

    /// Stamps, sequences and applies the next batch, and gives it out to be appended. `now` is the wall clock; stamps
    /// never go backwards, whatever it does.
    pub fn next_batch(&mut self, now: Timestamp) -> Option<BatchOut> {
        if !self.can_batch() {
            return None;
        }
        let seq = self.replica.seq.next();
        // A clock beyond the stamps' range is wrong by centuries: order goes on without it.
        let clock = if now.0 < STAMP_END { now.0 } else { 0 };
        let mut stamp = clock.max(self.replica.timestamp.0 + 1) - 1;
        let (mut commands, mut payload, mut waiting) = (0, Vec::new(), Vec::new());
        while let Some(next) = self.queue.front() {
            let len = next.request.framed_len();
            if commands + next.commands > COMMANDS_MAX || payload.len() + len > PAYLOAD_BYTES_MAX {
                break;
            }
            let Some(Queued { request, commands: n, token }) = self.queue.pop_front() else { break };
            self.queue_bytes -= len;
            self.queue_commands -= n;
            if let Some(outcome) = self.answer_from_window(&request) {
                if commands == 0 {
                    self.hold(token, outcome);
                } else {
                    waiting.push((token, outcome));
                }
                continue;
            }
            stamp += u64::from(n);
            commands += n;
            if payload.is_empty() {
                payload.reserve(self.payload_estimate(len));
            }
            request.encode(&mut payload);
            waiting.push((token, Outcome::Reply(self.execute(&request, Timestamp(stamp)))));
        }
        if commands == 0 {
            return None;
        }
        let state = self.unpublished_state();
        self.replica.finish(seq, Timestamp(stamp));
        self.in_flight.push_back(InFlight { seq, waiting });
        Some(BatchOut { seq, timestamp: Timestamp(stamp), commands, payload, state })
    }

    fn payload_estimate(&self, first: usize) -> usize {
        (first + self.queue_bytes).min(PAYLOAD_BYTES_MAX)
    }

    fn answer_from_window(&self, request: &Request) -> Option<Outcome> {
        if request.key == RequestKey::NONE {
            return None;
        }
        match self.replica.window.seen(request.key.0, request.digest) {
            Seen::New => None,
            Seen::Before(reply) => Some(Outcome::Reply(Reply { bytes: reply.to_vec(), replayed: true })),
            Seen::Clash => Some(Outcome::Clash),
        }
    }

    fn execute(&mut self, request: &Request, stamp: Timestamp) -> Reply {
        let mut bytes = Vec::new();
        self.replica.machine.apply(request.operation, stamp, &request.body, &mut bytes);
        if request.key != RequestKey::NONE {
            self.replica.window.remember(request.key.0, request.digest, &bytes);
        }
        Reply { bytes, replayed: false }
    }

    fn unpublished_state(&mut self) -> Option<(Seq, Digest)> {
        let (seq, digest) = self.replica.hashed?;
        if seq <= self.published {
            return None;
        }
        self.published = seq;
        Some((seq, digest))
    }

    /// Holds `token` until everything applied so far is durable: what a reader saw must not be lost after it was told.
    pub fn await_durable(&mut self, token: T) {
        self.hold(token, Outcome::Durable);
    }

    fn hold(&mut self, token: T, outcome: Outcome) {
        match self.in_flight.back_mut() {
            Some(last) => last.waiting.push((token, outcome)),
            None => self.released.push((token, outcome)),
        }
    }

    /// Every batch up to `seq` is durable: their outcomes are released.
    pub fn durable(&mut self, seq: Seq) {
        while self.in_flight.front().is_some_and(|batch| batch.seq <= seq) {
            if let Some(batch) = self.in_flight.pop_front() {
                self.released.extend(batch.waiting);
            }
        }
    }

    /// The outcomes that clients may hear now.
    pub fn take_released(&mut self) -> Vec<(T, Outcome)> {
        std::mem::take(&mut self.released)
    }

    /// The state, once nothing is on its way.
    pub fn into_replica(self) -> Replica<M> {
        assert!(self.is_idle(), "a state that is not durable must not leave the leader");
        self.replica
    }

    /// Gives up: the tokens of everything whose outcome will never be told.
    pub fn into_abandoned(self) -> impl Iterator<Item = T> {
        let queued = self.queue.into_iter().map(|queued| queued.token);
        let flying = self.in_flight.into_iter().flat_map(|batch| batch.waiting).map(|(token, _)| token);
        queued.chain(flying)
    }
}
