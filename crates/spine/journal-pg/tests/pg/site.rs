//! One site's part in a journal, without a state machine.

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use ids::{Seq, Timestamp};
use journal::{Appender, Batch, JournalError, Left, Position, Record, Recovery, Store, Tail};
use stdx::Coded as _;

/// Patience is for slow machines only; it decides nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(2);
/// 2026-11-22, noon.
pub(crate) const NOON: u64 = 1_795_348_800_000_000_000;

pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..PATIENCE.as_millis() / POLL.as_millis() {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(POLL);
    }
    panic!("never: {what}");
}

/// A leader.
pub(crate) struct Led {
    pub(crate) appender: Box<dyn Appender>,
    pub(crate) heard: Receiver<Result<Seq, JournalError>>,
    pub(crate) recovery: Recovery,
    /// What was read before leading.
    pub(crate) records: Vec<Record>,
    pub(crate) seq: Seq,
    pub(crate) stamp: Timestamp,
}

/// Takes the lead as soon as it is free.
pub(crate) fn lead(store: &dyn Store, holder: &str, from: Position) -> Led {
    until("the lead", || try_to_lead(store, holder, from))
}

/// Takes the lead if it is free; waits for as long as the store says that it is under way.
pub(crate) fn try_to_lead(store: &dyn Store, holder: &str, from: Position) -> Option<Led> {
    let mut claim = store.try_lead(holder, from).unwrap()?;
    let mut records = Vec::new();
    loop {
        match claim.next_left().unwrap() {
            Left::Record(record) => records.push(record),
            Left::NotYet => std::thread::sleep(POLL),
            Left::Lost => return None,
            Left::Nothing => break,
        }
    }
    let (told, heard) = mpsc::channel();
    let told = Box::new(move |outcome| drop(told.send(outcome)));
    let (appender, recovery) = claim.lead(told).unwrap();
    let Position { seq, timestamp, .. } = recovery.position;
    Some(Led { appender, heard, recovery, records, seq, stamp: timestamp.max(Timestamp(NOON)) })
}

impl Led {
    /// Sends one batch.
    pub(crate) fn send(&mut self, payload: &[u8]) -> Seq {
        self.seq = self.seq.next();
        self.stamp.0 += 1;
        let batch = Batch { seq: self.seq, timestamp: self.stamp, commands: 1, payload, state: None };
        self.appender.append(&[batch]).unwrap();
        self.seq
    }

    /// Sends one batch that cannot succeed any more. The leader's heart may have noticed before.
    pub(crate) fn send_too_late(&mut self) {
        let (seq, timestamp) = (self.seq.next(), Timestamp(self.stamp.0 + 1));
        let batch = Batch { seq, timestamp, commands: 1, payload: b"too late", state: None };
        assert!(matches!(self.appender.append(&[batch]), Ok(()) | Err(JournalError::Poisoned)));
    }

    /// Waits until everything up to `seq` is acknowledged.
    pub(crate) fn await_durable(&self, seq: Seq) {
        while self.heard.recv_timeout(PATIENCE).unwrap().unwrap() < seq {}
    }

    pub(crate) fn append(&mut self, payload: &[u8]) -> Seq {
        let seq = self.send(payload);
        self.await_durable(seq);
        seq
    }

    /// Waits for the failure that ends this leader: its code. Nothing may be acknowledged before.
    pub(crate) fn await_failure(&self) -> &'static str {
        match self.heard.recv_timeout(PATIENCE).unwrap() {
            Ok(seq) => panic!("batch {seq} was acknowledged"),
            Err(error) => error.code(),
        }
    }

    pub(crate) fn has_heard_nothing(&self) -> bool {
        self.heard.try_recv().is_err()
    }
}

/// Reads on until `seq`.
pub(crate) fn read_to(tail: &mut dyn Tail, seq: Seq) -> Vec<Record> {
    let mut records = Vec::new();
    until("the record", || {
        while let Some(record) = tail.next_record().unwrap() {
            records.push(record);
        }
        (tail.position().seq >= seq).then_some(())
    });
    records
}

/// Reads on until something is wrong: its code and words.
pub(crate) fn read_to_error(tail: &mut dyn Tail) -> (&'static str, String) {
    until("an error", || tail.next_record().err().map(|error| (error.code(), error.to_string())))
}
