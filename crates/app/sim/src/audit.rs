//! The end of a run: back to service, then everything is compared with a replay from empty.

use std::collections::BTreeMap;
use std::sync::Arc;

use ids::{Epoch, Seq, Timestamp};
use journal::{Disk, Kind, Position, Reader, Record, verify};
use ledger::{LedgerMachine, Storage};
use ledger_core::{Ledger, Operation};
use shard::{Replica, STATE_HASH_EVERY_BATCHES, Snapshot, guard};
use stdx::Digest;

use crate::book::Book;
use crate::clients::Answer;
use crate::faults::rotten_of;
use crate::scenario::{Scenario, State, chain_of};
use crate::site::SHARD;
use crate::violation::{Invariant, Violation, check};
use crate::witness::{Told, check_stamps};

/// Rounds in which every site may do everything, until the service must be back.
const ROUNDS_MAX: usize = 200;

/// The epoch of every record, and the state after it.
type History = BTreeMap<Seq, (Epoch, Digest)>;

/// A replay from empty by plain means: no shard, no window, one ledger, one request after the other.
#[derive(Default)]
struct Model {
    ledger: Ledger,
    book: Book,
    /// What the ledger replied to each request, by key and digest.
    replies: BTreeMap<(u128, u128), Vec<u8>>,
    commands: u64,
}

impl Model {
    fn apply(&mut self, record: &Record) -> Result<(), Violation> {
        if record.kind == Kind::Commands {
            self.apply_commands(record)?;
        }
        if record.seq.0.is_multiple_of(STATE_HASH_EVERY_BATCHES) {
            self.ledger.checkpoint();
        }
        Ok(())
    }

    fn apply_commands(&mut self, record: &Record) -> Result<(), Violation> {
        let mut stamp = record.timestamp.0 - u64::from(record.commands);
        for frame in shard::frames(&record.payload) {
            let frame = frame.map_err(|error| Violation::new(Invariant::Books, chain_of(&error)))?;
            let number = u8::try_from(frame.operation).unwrap_or(u8::MAX);
            let operation = Operation::try_from(number)
                .map_err(|error| Violation::new(Invariant::Books, error.to_string()))?;
            let events = operation.events(frame.body).unwrap_or_default().max(1);
            stamp += u64::from(events);
            let mut reply = Vec::new();
            self.ledger
                .apply(operation, Timestamp(stamp), frame.body, &mut reply)
                .map_err(|error| Violation::new(Invariant::Books, chain_of(&error)))?;
            let posted = |id| self.ledger.transfer(id).map(|view| view.transfer);
            self.book.apply(operation, stamp, frame.body, &reply, posted)?;
            if frame.key.0 != 0 {
                let again = self.replies.insert((frame.key.0, frame.digest), reply).is_some();
                check(!again, Invariant::AtMostOnce, || {
                    format!("record {} holds a request that came before", record.seq)
                })?;
            }
        }
        self.commands += u64::from(record.commands);
        check(stamp == record.timestamp.0, Invariant::Time, || {
            format!("record {} counts other commands than it holds", record.seq)
        })
    }
}

impl Scenario<'_> {
    /// The faults end. Every site starts, one leads, and every request gets its answer.
    pub(crate) fn calm_down(&mut self) -> Result<(), Violation> {
        self.weather.faults.clear();
        self.machine.forget_plan();
        self.machine.set_room(None);
        self.network.heal(*self.step);
        self.repair_journal(true);
        for site in 0..self.sites.len() {
            self.sites[site].lags_until = 0;
            self.sites[site].paused_until = 0;
            self.sites[site].sleeps_through = None;
            if self.sites[site].lost_lock {
                self.end(site);
            }
        }
        self.log(|| "the faults end".to_owned());
        for _ in 0..ROUNDS_MAX {
            // Starts of sites wait some steps.
            *self.step += 10;
            self.supervise()?;
            self.deliver()?;
            self.lose_patience();
            for site in 0..self.sites.len() {
                self.follow(site)?;
                self.try_lead(site)?;
            }
            self.forward()?;
            self.on_leaders(Self::form_batches)?;
            self.on_leaders(Self::append)?;
            self.on_leaders(Self::tell)?;
            self.machine.ask_spy()?;
            if self.is_settled() {
                return Ok(());
            }
        }
        let what = format!("after {ROUNDS_MAX} rounds {} requests wait", self.clients.outstanding());
        Err(Violation::new(Invariant::Service, what))
    }

    /// Whether all is done and all sites are at the same place.
    fn is_settled(&self) -> bool {
        let mut leader = None;
        let mut followers = Vec::new();
        for site in &self.sites {
            match &site.state {
                State::Down { .. } => return false,
                State::Follower(follower) => followers.push(follower.seq()),
                State::Leader(lead) if lead.is_idle() => leader = Some(lead.leader.replica().seq()),
                State::Leader(_) => return false,
            }
        }
        self.clients.outstanding() == 0
            && leader.is_some_and(|leader| followers.iter().all(|seq| *seq == leader))
    }

    /// Compares everything with the journal and with replays of it from empty.
    pub(crate) fn audit(&mut self) -> Result<(), Violation> {
        let disk: Arc<dyn Disk> = self.machine.start(self.sites.len(), self.weather.cold).journal;
        self.verify_journal(&disk)?;
        let mut model = Model::default();
        let (mut replica, states) = self.replay(&disk, &mut model)?;
        self.audit_answers(&model)?;
        self.audit_places(&states)?;
        self.audit_states(&mut model, &mut replica)?;
        self.stats.commands = model.commands;
        Ok(())
    }

    fn verify_journal(&mut self, disk: &Arc<dyn Disk>) -> Result<(), Violation> {
        let unsound = |what: String| Violation::new(Invariant::AcknowledgedOnce, what);
        let report = verify(disk, SHARD, |_| {}).map_err(|error| unsound(chain_of(&error)))?;
        self.stats.segments = report.segments;
        check(report.torn.is_none(), Invariant::AcknowledgedOnce, || {
            "the journal of a leader at rest ends in a torn write".to_owned()
        })?;
        let rising = report.reigns.windows(2).all(|pair| pair[0].epoch < pair[1].epoch);
        check(rising, Invariant::OneLeader, || format!("the epochs do not rise: {:?}", report.reigns))?;
        let (last, told) = (report.last_seq, self.witness.last_told());
        check(last == told, Invariant::AcknowledgedOnce, || {
            format!("the journal ends with record {last}, the last acknowledged one is {told}")
        })
    }

    /// Replays the journal twice over: through the shard's replica, and through the model.
    fn replay(
        &mut self,
        disk: &Arc<dyn Disk>,
        model: &mut Model,
    ) -> Result<(Replica<LedgerMachine>, History), Violation> {
        let unsound = |what: String| Violation::new(Invariant::AcknowledgedOnce, what);
        let mut reader = Reader::open(Arc::clone(disk), SHARD, Position::genesis())
            .map_err(|error| unsound(chain_of(&error)))?;
        let mut replica = Replica::<LedgerMachine>::genesis(&Storage::in_memory());
        let mut states = History::new();
        while let Some(record) = reader.next_record().map_err(|error| unsound(chain_of(&error)))? {
            check_stamps(&record, replica.timestamp())?;
            self.witness.record(&record, replica.timestamp())?;
            replica.apply(&record).map_err(|error| Violation::new(Invariant::SameState, chain_of(&error)))?;
            self.witness.state(record.seq, record.epoch, replica.state_hash())?;
            self.stats.digests += u64::from(record.state.is_some());
            states.insert(record.seq, (record.epoch, replica.state_hash()));
            model.apply(&record)?;
        }
        Ok((replica, states))
    }

    /// Every request is in the journal once and was answered what the model replies, or clashes and is not in it.
    fn audit_answers(&mut self, model: &Model) -> Result<(), Violation> {
        self.stats.requests = self.clients.len() as u64;
        let mut expected = 0;
        for (number, ask) in self.clients.asks().iter().enumerate() {
            let name = (ask.request.key.0, ask.request.digest);
            if ask.was_given_up {
                check(!model.replies.contains_key(&name), Invariant::AcknowledgedOnce, || {
                    format!(
                        "the client of request {number} was told that it was not done, and it is in the journal"
                    )
                })?;
            }
            match (&ask.answer, model.replies.get(&name)) {
                (Some(Answer::Reply(told)), Some(reply)) => {
                    expected += 1;
                    check(told == reply, Invariant::SameAnswer, || {
                        format!("request {number} was answered {told:02x?}, the model says {reply:02x?}")
                    })?;
                }
                (Some(Answer::Clash), None) => {
                    self.stats.clashes += 1;
                    let others = model.replies.range((name.0, 0)..=(name.0, u128::MAX)).count();
                    check(others == 1, Invariant::SameAnswer, || {
                        format!("request {number} was refused as a clash with {others} others")
                    })?;
                }
                (Some(Answer::Reply(_)), None) => {
                    let what = format!("request {number} was acknowledged and is not in the journal");
                    return Err(Violation::new(Invariant::AcknowledgedOnce, what));
                }
                (Some(Answer::Clash), Some(_)) => {
                    let what = format!("request {number} was refused as a clash and is in the journal");
                    return Err(Violation::new(Invariant::SameAnswer, what));
                }
                (None, _) => {
                    let what = format!("request {number} was never answered");
                    return Err(Violation::new(Invariant::Service, what));
                }
            }
        }
        check(expected == model.replies.len(), Invariant::AtMostOnce, || {
            format!("the journal holds {} requests, {expected} were acknowledged", model.replies.len())
        })
    }

    /// Every acknowledged record and every state that was shown is part of the one history.
    fn audit_places(&self, states: &History) -> Result<(), Violation> {
        for (seq, Told { epoch, .. }) in self.witness.told() {
            check(
                states.get(seq).is_some_and(|(found, _)| found == epoch),
                Invariant::AcknowledgedOnce,
                || {
                    format!(
                        "record {seq} was acknowledged in epoch {epoch}; the journal has {:?}",
                        states.get(seq)
                    )
                },
            )?;
        }
        for view in self.witness.views() {
            let found = states.get(&view.seq).copied();
            check(found == Some((view.epoch, view.state)), Invariant::SameState, || {
                format!("a client was shown {view:?}, the journal leads to {found:?}")
            })?;
        }
        Ok(())
    }

    /// The books balance, and the live sites, the replays and a snapshot all agree.
    fn audit_states(
        &mut self,
        model: &mut Model,
        replica: &mut Replica<LedgerMachine>,
    ) -> Result<(), Violation> {
        let broken = |what: String| Violation::new(Invariant::Books, what);
        model.ledger.check_invariants().map_err(|error| broken(error.to_string()))?;
        model.book.compare(&model.ledger)?;
        let expected = model.ledger.state_hash();
        let history = model.ledger.transfers_before(None, usize::MAX);
        let mut found = vec![("a replay from empty".to_owned(), replica.state_hash())];
        let mut ledgers = Vec::new();
        for (number, site) in self.sites.iter_mut().enumerate() {
            match &mut site.state {
                State::Down { .. } => {}
                State::Follower(follower) => {
                    found.push((format!("follower {number}"), follower.replica_mut().state_hash()));
                    ledgers.push((number, follower.replica_mut().machine().ledger()));
                }
                State::Leader(lead) => {
                    found.push((format!("leader {number}"), lead.leader.replica_mut().state_hash()));
                    ledgers.push((number, lead.leader.replica().machine().ledger()));
                }
            }
        }
        for (number, ledger) in ledgers {
            let damaged = rotten_of(&self.rotten_cold, number);
            match guard::<LedgerMachine, _>(|| Ok(ledger.transfers_before(None, usize::MAX))) {
                Ok(found) => check(found == history, Invariant::Books, || {
                    format!("site {number} shows other transfers than the model")
                })?,
                Err(error) => check(damaged, Invariant::NothingUnexpected, || {
                    format!("site {number} cannot read its transfers: {}", chain_of(&error))
                })?,
            }
        }
        let position = Position { seq: replica.seq(), ..Position::genesis() };
        let bytes = Snapshot::freeze(SHARD, position, replica).encode();
        let restored = Snapshot::<LedgerMachine>::decode(SHARD, &bytes, &Storage::in_memory())
            .map_err(|error| Violation::new(Invariant::SameState, error.to_string()))?;
        let restored = restored.replica;
        found.push(("a restored snapshot".to_owned(), restored.state_hash()));
        for (who, state) in found {
            check(state == expected, Invariant::SameState, || {
                format!("{who} has state {}, the model {}", state.short(), expected.short())
            })?;
        }
        Ok(())
    }
}
