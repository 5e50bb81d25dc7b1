//! Reading the journal beside the shard's thread: pages of it, and checks of the whole.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ids::{Seq, Timestamp};
use journal::{JournalError, Kind, Position, Record, Report, Store, Tail};
use ledger_api::{
    JournalKind, JournalRecord, JournalState, JournalVerification, VerificationFault, VerificationState,
};
use stdx::{Coded as _, Digest};

/// Places that are remembered: from the nearest one a record is soon reached.
const MARKS_MAX: usize = 4_096;
/// Records between two marks at first.
const STRIDE_MIN: u64 = 1_024;
/// The most records that are walked over to reach a page.
const WALK_MAX: u64 = 1 << 19;
/// Leaders that are remembered by name.
const LEADERS_MAX: usize = 4_096;
/// How often a store is asked for a record that it is fetching still, and the rest between.
const ASKS_MAX: u32 = 1_000;
const ASK_INTERVAL: Duration = Duration::from_millis(5);

/// Why a page of the journal cannot be given.
#[derive(Debug, thiserror::Error)]
pub enum JournalReadError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Too many records lie between the nearest known place and the page.
    #[error("record {seq} of the journal is too far from any place that this site knows")]
    Far {
        /// The first record of the page.
        seq: u64,
    },
    /// The store did not show a durable record in time.
    #[error("record {seq} of the journal did not arrive in time")]
    Late {
        /// The record.
        seq: u64,
    },
}

/// One journal, for readers. Calls block on files or a network.
#[derive(Debug)]
pub(crate) struct JournalDesk {
    store: Arc<dyn Store>,
    known: Mutex<Known>,
    verification: Mutex<JournalVerification>,
}

/// What earlier readings have left behind.
#[derive(Debug)]
struct Known {
    marks: BTreeMap<u64, Position>,
    stride: u64,
    /// Who led in which epoch.
    leaders: BTreeMap<u64, String>,
}

impl Known {
    /// Only places that are durable are kept, so that a mark never has to be taken back.
    fn pass(&mut self, place: Position, record: &Record) {
        if record.kind == Kind::Epoch && self.leaders.len() < LEADERS_MAX {
            self.leaders.insert(record.epoch.0, holder(record));
        }
        if !place.seq.0.is_multiple_of(self.stride) {
            return;
        }
        self.marks.insert(place.seq.0, place);
        while self.marks.len() > MARKS_MAX {
            self.stride *= 2;
            let stride = self.stride;
            self.marks.retain(|seq, _| seq.is_multiple_of(stride));
        }
    }
}

fn holder(record: &Record) -> String {
    String::from_utf8_lossy(&record.payload).into_owned()
}

impl JournalDesk {
    pub(crate) fn new(store: Arc<dyn Store>, site: &str) -> Self {
        let known = Known { marks: BTreeMap::new(), stride: STRIDE_MIN, leaders: BTreeMap::new() };
        let verification = JournalVerification {
            site: site.to_owned(),
            state: VerificationState::None,
            records: 0,
            commands: 0,
            bytes: 0,
            epochs: 0,
            first_seq: 0,
            last_seq: 0,
            head: Digest::ZERO,
            started_at: Timestamp::ZERO,
            fault: None,
        };
        Self { store, known: Mutex::new(known), verification: Mutex::new(verification) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn board(&self) -> MutexGuard<'_, JournalVerification> {
        self.verification.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the last check stands.
    pub(crate) fn verification(&self) -> JournalVerification {
        self.board().clone()
    }

    /// The records from `first` on, at most `limit` and none after `last`, which must be durable.
    pub(crate) fn page(
        &self,
        first: Seq,
        limit: usize,
        last: Seq,
    ) -> Result<Vec<JournalRecord>, JournalReadError> {
        let end = Seq(last.0.min(first.0.saturating_add(limit as u64).saturating_sub(1)));
        if first > end {
            return Ok(Vec::new());
        }
        let place = self.place_before(first)?;
        if first.0 - place.seq.0 > WALK_MAX {
            return Err(JournalReadError::Far { seq: first.0 });
        }
        let mut tail = self.store.tail(place)?;
        let mut records = Vec::new();
        while tail.position().seq < end {
            let record = next(&mut *tail)?;
            self.known().pass(tail.position(), &record);
            if record.seq >= first {
                records.push(shown(&record));
            }
        }
        let known = self.known();
        for record in &mut records {
            record.leader = known.leaders.get(&record.epoch).cloned();
        }
        Ok(records)
    }

    /// The end of the journal as it was after record `seq`, which exists: what follows comes from the value. Its place knows
    /// the stamp of that record.
    pub(crate) fn tail_after(&self, seq: Seq) -> Result<Box<dyn Tail>, JournalReadError> {
        if seq == Seq::ZERO {
            return Ok(self.store.tail(Position::genesis())?);
        }
        // The beginning of a segment does not know the stamp before it, so the record itself is read.
        let place = self.place_before(seq)?;
        if seq.0 - place.seq.0 > WALK_MAX {
            return Err(JournalReadError::Far { seq: seq.0 });
        }
        let mut tail = self.store.tail(place)?;
        while tail.position().seq < seq {
            let record = next(&mut *tail)?;
            if record.seq <= tail.durable() {
                self.known().pass(tail.position(), &record);
            }
        }
        Ok(tail)
    }

    /// The nearest known place before record `seq`.
    fn place_before(&self, seq: Seq) -> Result<Position, JournalError> {
        let mark = self.known().marks.range(..seq.0).next_back().map(|(_, place)| *place);
        let place = self.store.place_before(seq)?;
        Ok(mark.filter(|mark| mark.seq > place.seq).unwrap_or(place))
    }

    /// Begins to check every record up to `last`, unless a check is going on; `now` is the stamp of `last`.
    pub(crate) fn start_verification(
        self: &Arc<Self>,
        last: Seq,
        now: Timestamp,
    ) -> std::io::Result<JournalVerification> {
        let mut board = self.board();
        if board.state == VerificationState::Running {
            return Ok(board.clone());
        }
        let desk = Arc::clone(self);
        std::thread::Builder::new().name("verify".to_owned()).spawn(move || {
            let outcome = desk.verify(last);
            let mut board = desk.board();
            board.state = if outcome.is_ok() { VerificationState::Sound } else { VerificationState::Failed };
            board.fault = outcome.err().map(|error| fault(&error));
        })?;
        *board = JournalVerification {
            site: std::mem::take(&mut board.site),
            state: VerificationState::Running,
            records: 0,
            commands: 0,
            bytes: 0,
            epochs: 0,
            first_seq: 0,
            last_seq: last.0,
            head: Digest::ZERO,
            started_at: now,
            fault: None,
        };
        Ok(board.clone())
    }

    fn verify(&self, last: Seq) -> Result<(), JournalReadError> {
        let mut tail = self.store.tail(Position::genesis())?;
        let mut report = Report::default();
        let mut bytes = 0;
        while tail.position().seq < last {
            let record = next(&mut *tail)?;
            self.known().pass(tail.position(), &record);
            report.add(&record);
            bytes += record.payload.len() as u64;
            let mut board = self.board();
            board.records = report.records;
            board.commands = report.commands;
            board.bytes = bytes;
            board.epochs = report.reigns.len() as u64;
            board.first_seq = report.first_seq.0;
            board.head = report.head;
        }
        Ok(())
    }
}

/// The next record, which is durable and so must come.
#[expect(clippy::disallowed_methods, reason = "a store has no way to wake a reader that waits for it")]
fn next(tail: &mut dyn Tail) -> Result<Record, JournalReadError> {
    for _ in 0..ASKS_MAX {
        if let Some(record) = tail.next_record()? {
            return Ok(record);
        }
        std::thread::sleep(ASK_INTERVAL);
    }
    Err(JournalReadError::Late { seq: tail.position().seq.next().0 })
}

fn shown(record: &Record) -> JournalRecord {
    JournalRecord {
        seq: record.seq.0,
        epoch: record.epoch.0,
        kind: match record.kind {
            Kind::Commands => JournalKind::Commands,
            Kind::Epoch => JournalKind::Epoch,
        },
        timestamp: record.timestamp,
        commands: record.commands,
        bytes: record.payload.len() as u64,
        hash: record.hash,
        prev_hash: record.prev_hash,
        state: record.state.map(|(seq, hash)| JournalState { seq: seq.0, hash }),
        leader: None,
    }
}

fn fault(error: &JournalReadError) -> VerificationFault {
    VerificationFault {
        code: error.code().to_owned(),
        detail: error.to_string(),
        hint: error.hint().to_owned(),
    }
}

impl stdx::Coded for JournalReadError {
    fn code(&self) -> &'static str {
        match self {
            Self::Journal(error) => error.code(),
            Self::Far { .. } => "API-0010",
            Self::Late { .. } => "API-0011",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Journal(error) => error.hint(),
            Self::Far { .. } => {
                "check the journal once with POST /v1/journal/verify: it leaves marks on its way"
            }
            Self::Late { .. } => "look at the store that keeps the journal, then try again",
        }
    }

    fn retry(&self) -> stdx::Retry {
        match self {
            Self::Journal(error) => error.retry(),
            Self::Far { .. } => stdx::Retry::Never,
            Self::Late { .. } => stdx::Retry::Later,
        }
    }
}
