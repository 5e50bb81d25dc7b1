//! Following: apply what the leader appends, and be ready.

use std::sync::mpsc::RecvTimeoutError;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ids::Seq;
use journal::{Claim, Left, Position, Recovery, Tail, Told};

use super::handle::Message;
use super::priority::{Priority, spawn};
use super::status::Role;
use super::{Lead, Running, now};
use crate::error::{RequestError, ShardError};
use crate::machine::StateMachine;
use crate::replica::Replica;
use crate::snapshot::{FrozenSnapshot, Snapshot};

/// How long to rest when the journal has nothing new.
const POLL: Duration = Duration::from_millis(2);
/// How often a follower looks whether the lead is free.
const LOOK_FOR_LEAD: Duration = Duration::from_millis(10);
/// How long each later one in line leaves a free lead to those before it.
const PER_RANK: Duration = Duration::from_millis(50);
/// How much longer each later one waits at first: the first in line needs time to start.
const PER_RANK_AT_START: Duration = Duration::from_millis(500);
/// The most records to apply before looking at messages, and the commands that end them sooner: others see how far this
/// site is, and read from it, in between.
const RECORDS_AT_ONCE: usize = 64;
const COMMANDS_AT_ONCE: u32 = 8_000;
/// Bytes of journal after which a follower stores a snapshot, at least: some seconds of reading. A larger state waits for
/// so many times its own bytes.
const SNAPSHOT_BYTES_MIN: u64 = 512 << 20;
const SNAPSHOT_RATIO: u64 = 2;

/// When the next snapshot is worth its cost: writing one takes from all that runs on the machine, and saves reading at a
/// start.
struct SnapshotPlan {
    /// Bytes of journal applied since the last snapshot.
    bytes: u64,
    /// Take one when `bytes` reaches this.
    due: u64,
    /// A snapshot that was taken and waits for its place in the journal to be durable.
    taken: Option<(Seq, FrozenSnapshot)>,
    /// The thread that writes and stores one.
    storing: Option<JoinHandle<()>>,
}

/// What came of an attempt to lead.
enum Attempt<M> {
    Led(Box<Lead<M>>),
    /// Another one leads. The state is as it was before.
    Lost(Box<Replica<M>>),
    /// The node was told to stop meanwhile.
    Stopped,
}

impl<M: StateMachine + Send + 'static> Running<M> {
    /// Follows until the node is stopped (`None`) or takes the lead.
    pub(super) fn follow(
        &self,
        mut replica: Replica<M>,
        position: Position,
    ) -> Result<Option<Lead<M>>, ShardError> {
        let mut reader = self.config.journal.tail(position)?;
        let mut plan = SnapshotPlan { bytes: 0, due: SNAPSHOT_BYTES_MIN, taken: None, storing: None };
        let mut caught_up = false;
        let mut look_for_lead = now() + PER_RANK_AT_START * self.config.rank;
        let mut free_since = None;
        loop {
            let (read, is_end) = self.apply_some(&mut *reader, &mut replica, &mut plan)?;
            replica.maintain();
            caught_up |= is_end;
            let role = if caught_up { Role::Follower } else { Role::Starting };
            self.board.post(role, reader.position().epoch, replica.seq(), &replica);
            plan.storing.take_if(|storing| storing.is_finished());
            if plan.bytes >= plan.due && plan.storing.is_none() {
                self.take_snapshot(&mut replica, reader.position(), &mut plan);
            }
            // A snapshot on the disk must never be ahead of the journal there.
            if let Some((seq, snapshot)) = plan.taken.take_if(|(seq, _)| *seq <= reader.durable()) {
                plan.storing = self.store_aside(seq, snapshot);
            }
            let rest = if read == 0 { POLL } else { Duration::ZERO };
            if self.refuse_all(rest, &replica) {
                if replica.seq() > Seq::ZERO && reader.durable() == replica.seq() {
                    self.store_snapshot(&mut replica, reader.position())?;
                }
                return Ok(None);
            }
            if read == 0 && now() >= look_for_lead {
                if let Some(claim) = self.may_lead(reader.position(), &mut free_since)? {
                    match self.take_lead(claim, replica)? {
                        Attempt::Led(lead) => return Ok(Some(*lead)),
                        Attempt::Stopped => return Ok(None),
                        Attempt::Lost(unchanged) => replica = *unchanged,
                    }
                }
                look_for_lead = now() + LOOK_FOR_LEAD;
            }
        }
    }

    /// How many records it applied, and whether these were all.
    fn apply_some(
        &self,
        reader: &mut dyn Tail,
        replica: &mut Replica<M>,
        plan: &mut SnapshotPlan,
    ) -> Result<(usize, bool), ShardError> {
        let (mut read, mut commands) = (0, 0);
        while read < RECORDS_AT_ONCE && commands < COMMANDS_AT_ONCE {
            let Some(record) = reader.next_record()? else { return Ok((read, true)) };
            replica.apply(&record)?;
            plan.bytes += record.payload.len() as u64;
            read += 1;
            commands = record.commands.saturating_add(commands);
        }
        Ok((read, false))
    }

    /// Answers that this site does not lead, for up to `rest`, and lets readers look at `replica`. True when the node shall
    /// stop.
    fn refuse_all(&self, rest: Duration, replica: &Replica<M>) -> bool {
        let mut wait = rest;
        loop {
            match self.messages.recv_timeout(wait) {
                Ok(Message::Submit { reply, .. }) => {
                    let _ = reply.send(Err(RequestError::NotLeader));
                }
                Ok(Message::Glance(look)) => look(replica),
                // Dropping a look tells the reader that this site does not lead.
                Ok(Message::Read(_) | Message::Durable(_) | Message::AppendFailed(_)) => {}
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
            wait = Duration::ZERO;
        }
    }

    /// The lead, if it is free and everybody before this site in line has left it so. Looking means to claim; dropping the
    /// claim gives it back.
    fn may_lead(
        &self,
        from: Position,
        free_since: &mut Option<Instant>,
    ) -> Result<Option<Box<dyn Claim>>, ShardError> {
        let Some(claim) = self.config.journal.try_lead(&self.config.site, from)? else {
            *free_since = None;
            return Ok(None);
        };
        let since = *free_since.get_or_insert_with(now);
        let patience = PER_RANK * self.config.rank;
        Ok((now().duration_since(since) >= patience).then_some(claim))
    }

    /// Takes the lead: what the last leader left behind is applied first, then a new epoch begins.
    fn take_lead(
        &self,
        mut claim: Box<dyn Claim>,
        mut replica: Replica<M>,
    ) -> Result<Attempt<M>, ShardError> {
        loop {
            match claim.next_left()? {
                Left::Record(record) => replica.apply(&record)?,
                Left::NotYet if self.refuse_all(POLL, &replica) => return Ok(Attempt::Stopped),
                Left::NotYet => self.board.touch(),
                Left::Lost => return Ok(Attempt::Lost(Box::new(replica))),
                Left::Nothing => break,
            }
        }
        let (appender, Recovery { position, epoch, torn }) = claim.lead(self.told())?;
        if let Some(torn) = &torn {
            tracing::warn!(?torn, "the last leader's unfinished write was cut off");
        }
        tracing::info!(%epoch, seq = %position.seq, "this site leads");
        Ok(Attempt::Led(Box::new(Lead { replica, position, appender })))
    }

    /// Brings the journal's word on appends to this node's thread.
    fn told(&self) -> Told {
        let messages = self.sender.clone();
        Box::new(move |outcome| {
            // Nobody listens any more only when the node has ended.
            let _ = messages.send(match outcome {
                Ok(seq) => Message::Durable(seq),
                Err(error) => Message::AppendFailed(error),
            });
        })
    }

    /// Takes a snapshot, to be stored when its place is durable.
    fn take_snapshot(&self, replica: &mut Replica<M>, position: Position, plan: &mut SnapshotPlan) {
        let snapshot = Snapshot::freeze(self.config.journal.shard(), position, replica);
        plan.bytes = 0;
        plan.due = SNAPSHOT_BYTES_MIN.max(SNAPSHOT_RATIO * snapshot.bytes() as u64);
        plan.taken = Some((position.seq, snapshot));
    }

    /// Writes and stores a snapshot on another thread, so that following goes on.
    fn store_aside(&self, seq: Seq, snapshot: FrozenSnapshot) -> Option<JoinHandle<()>> {
        let store = self.store.clone();
        let spawned = spawn("snapshot", Priority::Last, move || {
            if let Err(error) = store.store(seq, snapshot) {
                // The journal has everything; only the next start takes longer.
                tracing::warn!(%error, "a snapshot could not be stored");
            }
        });
        spawned.inspect_err(|error| tracing::warn!(%error, "no thread for a snapshot")).ok()
    }
}
