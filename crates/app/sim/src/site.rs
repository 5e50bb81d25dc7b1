//! A site: one process after another that follows the journal, and leads when the lead is free.
//!
//! It is the shell of `shard::Node` without threads and clock: the same calls of the same library in the same order, but
//! one step at a time, so that a crash can come between any two.

use std::collections::VecDeque;
use std::io;

use ids::{Epoch, Seq, Timestamp};
use journal::{Batch, JournalError, Kind, Options, Position, Reader, Record, Writer};
use ledger::LedgerMachine;
use shard::{
    BatchOut, Leader, Outcome, Replica, Request, RequestKey, ShardError, Snapshot, SnapshotError, guard,
};

use crate::depot;
use crate::machine::{Machine, Process};
use crate::monitor::Phase;
use crate::mutant::Mutant;
use crate::violation::{Invariant, Violation, check};
use crate::witness::{View, Witness};

/// The shard's name.
pub(crate) const SHARD: &str = "bank";

/// Who waits for an outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Token {
    /// The client that asked this.
    Ask(usize),
    /// A reader, with what it saw.
    View(View),
    Nobody,
}

/// Why a step of a site did not end well.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The process must end. Whether that is right, the scenario judges.
    Stop(ShardError),
    Broken(Violation),
}

impl From<ShardError> for Trouble {
    fn from(error: ShardError) -> Self {
        Self::Stop(error)
    }
}

impl From<JournalError> for Trouble {
    fn from(error: JournalError) -> Self {
        Self::Stop(error.into())
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Stop(ShardError::Snapshot(error))
    }
}

impl From<Violation> for Trouble {
    fn from(violation: Violation) -> Self {
        Self::Broken(violation)
    }
}

/// What a site's steps work with.
pub(crate) struct Surroundings<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) witness: &'a mut Witness,
    pub(crate) options: Options,
    pub(crate) mutant: Option<Mutant>,
}

/// A process that follows.
pub(crate) struct Follower {
    process: Process,
    replica: Replica<LedgerMachine>,
    reader: Reader,
    /// A snapshot that waits for its place in the journal to be durable.
    taken: Option<(Seq, Vec<u8>)>,
}

/// A process that leads.
pub(crate) struct Lead {
    process: Process,
    pub(crate) leader: Leader<LedgerMachine, Token>,
    writer: Writer,
    to_append: VecDeque<BatchOut>,
    /// It has not formed a batch yet.
    is_fresh: bool,
}

/// What came of a start.
pub(crate) struct Started {
    pub(crate) from: Seq,
    /// The snapshots that were passed over because they, or what they name, are damaged.
    pub(crate) refused: Vec<(String, SnapshotError)>,
}

impl Follower {
    /// Starts from the newest usable snapshot.
    pub(crate) fn start(
        site: usize,
        process: Process,
        around: &Surroundings<'_>,
    ) -> Result<(Self, Started), (Process, Box<Trouble>)> {
        match Self::restore(site, &process, around) {
            Ok((replica, reader, started)) => Ok((Self { process, replica, reader, taken: None }, started)),
            Err(trouble) => Err((process, Box::new(trouble))),
        }
    }

    fn restore(
        site: usize,
        process: &Process,
        around: &Surroundings<'_>,
    ) -> Result<(Replica<LedgerMachine>, Reader, Started), Trouble> {
        let mut refused = Vec::new();
        let mut found = (Replica::genesis(&process.storage), Position::genesis());
        for (name, bytes) in depot::load(&*process.snapshots, site)? {
            let bytes =
                if around.mutant == Some(Mutant::TrustSnapshot) { with_a_good_digest(bytes) } else { bytes };
            match Snapshot::decode(SHARD, &bytes, &process.storage) {
                Ok(snapshot) => {
                    found = (snapshot.replica, snapshot.position);
                    break;
                }
                Err(error) => refused.push((name, error)),
            }
        }
        if !refused.is_empty() {
            around.machine.enter(Phase::Snapshot);
            depot::remove(&*process.snapshots, refused.iter().map(|(name, _)| name))?;
        }
        let (mut replica, position) = found;
        let mut reader = Reader::open(process.journal.clone(), SHARD, position)?;
        if around.mutant == Some(Mutant::ForgetSnapshotTail)
            && position.seq > Seq::ZERO
            && let Some(record) = reader.next_record()?
        {
            replica.apply(&without_content(&record))?;
        }
        let from = position.seq;
        Ok((replica, reader, Started { from, refused }))
    }

    /// Applies up to `most` records, and stores a snapshot that has become durable. Says how many records it applied.
    pub(crate) fn follow(
        &mut self,
        site: usize,
        most: usize,
        around: &mut Surroundings<'_>,
    ) -> Result<usize, Trouble> {
        around.machine.enter(Phase::Follow);
        let mut applied = 0;
        while applied < most
            && let Some(record) = self.reader.next_record()?
        {
            around.witness.record(&record, self.replica.timestamp())?;
            if around.mutant == Some(Mutant::DeafFollower) && record.seq.0 % 8 == 5 {
                self.apply(&without_content(&record))?;
            } else {
                match self.apply(&record) {
                    Err(ShardError::Machine(_)) if around.mutant == Some(Mutant::IgnoreColdDamage) => {
                        self.apply(&without_content(&record))?;
                    }
                    applied => applied?,
                }
            }
            around.witness.state(record.seq, record.epoch, self.replica.state_hash())?;
            applied += 1;
        }
        // A snapshot on the disk must never be ahead of the journal there.
        let future = around.mutant == Some(Mutant::FutureSnapshot);
        if let Some((seq, bytes)) = self.taken.take_if(|(seq, _)| future || *seq <= self.reader.durable()) {
            around.machine.enter(Phase::Snapshot);
            depot::store(&*self.process.snapshots, site, seq, &bytes)?;
        }
        Ok(applied)
    }

    fn apply(&mut self, record: &Record) -> Result<(), ShardError> {
        guard::<LedgerMachine, _>(|| self.replica.apply(record))?;
        self.replica.maintain();
        Ok(())
    }

    /// Takes a snapshot, to be stored when its place is durable.
    pub(crate) fn take_snapshot(&mut self) {
        if self.replica.seq() > Seq::ZERO {
            let position = self.reader.position();
            self.taken = Some((position.seq, Snapshot::freeze(SHARD, position, &mut self.replica).encode()));
        }
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    pub(crate) fn seq(&self) -> Seq {
        self.replica.seq()
    }

    pub(crate) fn parts_mut(&mut self) -> (&Process, &mut Replica<LedgerMachine>) {
        (&self.process, &mut self.replica)
    }

    pub(crate) fn replica_mut(&mut self) -> &mut Replica<LedgerMachine> {
        &mut self.replica
    }

    /// Takes the lead if it is free. A process that fails at it is given back to be ended.
    pub(crate) fn try_lead(
        mut self,
        holder: &str,
        around: &mut Surroundings<'_>,
    ) -> Result<Result<Lead, Self>, (Process, Box<Trouble>)> {
        around.machine.enter(Phase::Takeover);
        match self.take_over(holder, around) {
            Ok(None) => Ok(Err(self)),
            Ok(Some(writer)) => {
                let leader = Leader::new(self.replica);
                Ok(Ok(Lead {
                    process: self.process,
                    leader,
                    writer,
                    to_append: VecDeque::new(),
                    is_fresh: true,
                }))
            }
            Err(trouble) => Err((self.process, Box::new(trouble))),
        }
    }

    fn take_over(&mut self, holder: &str, around: &mut Surroundings<'_>) -> Result<Option<Writer>, Trouble> {
        let disk = self.process.journal.clone();
        let mut takeover = match Writer::take_over(disk, SHARD, around.options, self.reader.position()) {
            Ok(takeover) => takeover,
            Err(JournalError::Locked) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut last = None;
        while let Some(record) = takeover.next_record()? {
            around.witness.record(&record, self.replica.timestamp())?;
            if around.mutant == Some(Mutant::SkipTakeoverRecords) {
                self.apply(&without_content(&record))?;
            } else {
                self.apply(&record)?;
                around.witness.state(record.seq, record.epoch, self.replica.state_hash())?;
            }
            last = Some(record);
        }
        let (writer, recovery) = takeover.lead(holder)?;
        around.witness.leads(recovery.epoch, &recovery.position)?;
        self.begin_epoch(&recovery.position, last.filter(|_| around.mutant == Some(Mutant::ApplyTwice)))?;
        around.witness.state(recovery.position.seq, recovery.epoch, self.replica.state_hash())?;
        Ok(Some(writer))
    }

    /// Applies the epoch's own record, which the takeover has appended; `again` is what a mutant applies a second time.
    fn begin_epoch(&mut self, position: &Position, again: Option<Record>) -> Result<(), Trouble> {
        let record = match again.filter(|record| record.kind == Kind::Commands) {
            Some(record) => Record {
                seq: position.seq,
                timestamp: Timestamp(record.timestamp.0 + u64::from(record.commands)),
                payload: without_keys(&record.payload),
                ..record
            },
            None => Record {
                seq: position.seq,
                epoch: position.epoch,
                kind: Kind::Epoch,
                timestamp: position.timestamp,
                commands: 0,
                state: None,
                hash: position.hash,
                prev_hash: position.hash,
                payload: Vec::new(),
            },
        };
        Ok(self.apply(&record)?)
    }
}

impl Lead {
    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    pub(crate) fn parts_mut(&mut self) -> (&Process, &mut Replica<LedgerMachine>) {
        (&self.process, self.leader.replica_mut())
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.writer.epoch()
    }

    /// Takes a request from the gateway.
    pub(crate) fn submit(
        &mut self,
        mut request: Request,
        token: Token,
        mutant: Option<Mutant>,
    ) -> Result<(), Violation> {
        if mutant == Some(Mutant::NoWindow) {
            request.key = RequestKey::NONE;
        }
        self.leader.submit(request, token).map_err(|(_, error)| {
            Violation::new(Invariant::Service, format!("the leader refused a sound request: {error}"))
        })
    }

    /// Forms all the batches it can. Says how many.
    pub(crate) fn form_batches(
        &mut self,
        now: Timestamp,
        around: &mut Surroundings<'_>,
    ) -> Result<usize, Trouble> {
        if !self.leader.has_queue() {
            self.leader.tick(now, || Token::Nobody);
        }
        let mut formed = 0;
        while let Some(mut batch) = guard::<LedgerMachine, _>(|| Ok(self.leader.next_batch(now)))? {
            self.leader.replica_mut().maintain();
            let state = self.leader.replica_mut().state_hash();
            around.witness.state(batch.seq, self.epoch(), state)?;
            match around.mutant {
                Some(Mutant::ReplyEarly) => self.leader.durable(batch.seq),
                Some(Mutant::BareClock) => batch.timestamp = now,
                Some(Mutant::FreshClock) if self.is_fresh => {
                    batch.timestamp = Timestamp(now.0 - 1 + u64::from(batch.commands));
                }
                _ => {}
            }
            self.is_fresh = false;
            self.to_append.push_back(batch);
            formed += 1;
        }
        Ok(formed)
    }

    /// How many batches wait to be appended.
    pub(crate) fn waiting_batches(&self) -> usize {
        self.to_append.len()
    }

    /// Appends up to `most` batches with one call. Says how many.
    pub(crate) fn append(&mut self, most: usize, around: &mut Surroundings<'_>) -> Result<usize, Trouble> {
        let group: Vec<BatchOut> = self.to_append.drain(..most.min(self.to_append.len())).collect();
        let Some(last) = group.last().map(|batch| batch.seq) else { return Ok(0) };
        let batches: Vec<Batch<'_>> = group.iter().map(as_batch).collect();
        around.machine.enter(Phase::Append);
        match self.writer.append(&batches) {
            Ok(position) => {
                check(position.seq == last, Invariant::NothingUnexpected, || {
                    format!("an append up to record {last} ended at {}", position.seq)
                })?;
                around.witness.durable(self.epoch(), group.iter().map(|batch| batch.seq), &position)?;
                self.leader.durable(position.seq);
            }
            Err(_) if around.mutant == Some(Mutant::AckFailedAppend) && Machine::is_alive(&self.process) => {
                self.leader.durable(last);
            }
            Err(JournalError::Fenced { .. }) if around.mutant == Some(Mutant::AckFenced) => {
                self.leader.durable(last);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(group.len())
    }

    /// Shows a client the state as it is now; it hears of it when all of that is durable.
    pub(crate) fn look(&mut self) {
        let epoch = self.epoch();
        let replica = self.leader.replica_mut();
        let view = View { seq: replica.seq(), epoch, state: replica.state_hash() };
        self.leader.await_durable(Token::View(view));
    }

    /// The outcomes that clients may hear now.
    pub(crate) fn take_released(&mut self) -> Vec<(Token, Outcome)> {
        self.leader.take_released()
    }

    /// Whether it has nothing to do and nobody waits for it.
    pub(crate) fn is_idle(&self) -> bool {
        self.leader.is_idle() && self.to_append.is_empty()
    }

    /// Ends in good order: stores a snapshot on the way out. The leader must be idle.
    pub(crate) fn stop(self, site: usize, around: &Surroundings<'_>) -> (Process, Result<(), Trouble>) {
        let mut replica = self.leader.into_replica();
        let position = self.writer.position();
        let bytes = Snapshot::freeze(SHARD, position, &mut replica).encode();
        around.machine.enter(Phase::Snapshot);
        let stored = depot::store(&*self.process.snapshots, site, position.seq, &bytes);
        (self.process, stored.map_err(Trouble::from))
    }
}

fn as_batch(batch: &BatchOut) -> Batch<'_> {
    Batch {
        seq: batch.seq,
        timestamp: batch.timestamp,
        commands: batch.commands,
        payload: &batch.payload,
        state: batch.state,
    }
}

/// The record as one who does not look at its content would apply it.
fn without_content(record: &Record) -> Record {
    Record { kind: Kind::Epoch, ..record.clone() }
}

/// A snapshot's bytes with a digest at their end that says all is well.
fn with_a_good_digest(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some((content, digest)) = bytes.split_last_chunk_mut::<32>() {
        *digest = stdx::Digest::of(content).0;
    }
    bytes
}

/// The frames of a payload with their keys taken off, so that no window knows them.
fn without_keys(payload: &[u8]) -> Vec<u8> {
    let mut bytes = payload.to_vec();
    let mut at = 0;
    for frame in shard::frames(payload).map_while(Result::ok) {
        bytes[at..at + 16].fill(0);
        at += shard::REQUEST_HEADER_BYTES + frame.body.len();
    }
    bytes
}
