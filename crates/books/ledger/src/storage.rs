//! Where a ledger keeps its transfers: all in memory, or the older ones in cold segments.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ledger_core::{ColdOptions, ColdSegment, ColdStore, Ledger, SnapshotError, Spill, WrittenSegment};

/// A cold store that also writes segments, beside the work of the shard's thread.
pub trait ColdKeeper: ColdStore {
    /// A ledger begins that needs these segments and, so far, no others. What an earlier ledger ordered is forgotten, and
    /// segments that nobody needs may go.
    fn begin(&self, needed: &[ColdSegment]);

    /// Begins to write a segment. There is never more than one under way.
    fn write(&self, spill: Spill);

    /// The segment, once it is durable; then it is asked for no more. With `wait` the answer is held back until the attempt
    /// under way has ended, unless earlier attempts failed: a disk that takes nothing must not hold up the ledger.
    fn written(&self, wait: bool) -> Option<WrittenSegment>;

    /// Why the last attempt to write a segment failed. While there is a reason, transfers stay in memory.
    fn failure(&self) -> Option<String> {
        None
    }
}

/// Where ledgers keep their transfers. Cheap to clone; all clones show the same [`Levels`].
#[derive(Clone, Default)]
pub struct Storage {
    cold: Option<Cold>,
    levels: Arc<Mutex<Levels>>,
}

#[derive(Clone)]
struct Cold {
    keeper: Arc<dyn ColdKeeper>,
    options: ColdOptions,
}

/// How many transfers are where, and the day of the books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Transfers in memory.
    pub hot: u64,
    /// Transfers in cold segments only.
    pub cold: u64,
    /// Cold segments.
    pub segments: u64,
    /// Bytes of all cold segments together.
    pub bytes: u64,
    /// The business day that is open, in days since 1970-01-01; 0 if the bank keeps none.
    pub business_day: u32,
}

/// What a ledger has going on with its keeper.
#[derive(Debug, Default)]
pub(crate) struct Work {
    begun: bool,
    writing: bool,
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = self.cold.as_ref().map(|cold| cold.options);
        f.debug_struct("Storage").field("cold", &options).field("levels", &self.levels()).finish()
    }
}

impl Storage {
    /// Everything stays in memory: for tools that replay a journal, and for small ledgers.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// Transfers beyond `options` go to `keeper`.
    pub fn with_cold(keeper: Arc<dyn ColdKeeper>, options: ColdOptions) -> Self {
        Self { cold: Some(Cold { keeper, options }), levels: Arc::default() }
    }

    /// How many transfers are where, as of the last batch.
    pub fn levels(&self) -> Levels {
        *self.levels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why no cold segment can be written now, so that transfers stay in memory.
    pub fn failure(&self) -> Option<String> {
        self.cold.as_ref().and_then(|cold| cold.keeper.failure())
    }

    pub(crate) fn empty_ledger(&self) -> Ledger {
        match self.cold.clone() {
            Some(Cold { keeper, options }) => Ledger::with_cold_store(keeper, options),
            None => Ledger::new(),
        }
    }

    pub(crate) fn restored_ledger(&self, bytes: &[u8]) -> Result<Ledger, SnapshotError> {
        match self.cold.clone() {
            Some(Cold { keeper, options }) => {
                Ledger::restore_with_cold_store(bytes, keeper, options, &side_by_side)
            }
            None => Ledger::restore(bytes),
        }
    }

    /// Takes back what was written, and orders what is due. Waits for the disk only when there is twice as much in memory
    /// as there should be.
    pub(crate) fn maintain(&self, ledger: &mut Ledger, work: &mut Work) {
        if let Some(Cold { keeper, options }) = &self.cold {
            if !work.begun {
                keeper.begin(ledger.cold_segments());
                work.begun = true;
            }
            let wait = ledger.hot_transfers() > options.hot_max();
            if work.writing
                && let Some(segment) = keeper.written(wait)
            {
                ledger.spilled(segment);
                work.writing = false;
            }
            if !work.writing
                && let Some(spill) = ledger.spill()
            {
                keeper.write(spill);
                work.writing = true;
            }
        }
        *self.levels.lock().unwrap_or_else(PoisonError::into_inner) = Levels::of(ledger);
    }
}

/// Does one piece of work on this thread and the other on a second one; on this one, too, if there is no second one.
fn side_by_side(one: &mut (dyn FnMut() + Send), other: &mut (dyn FnMut() + Send)) {
    let other = Mutex::new(other);
    let work = || other.lock().unwrap_or_else(PoisonError::into_inner)();
    thread::scope(|scope| {
        let second = thread::Builder::new().name("restore".to_owned()).spawn_scoped(scope, work);
        one();
        match second.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(())) => {}
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => work(),
        }
    });
}

impl Levels {
    fn of(ledger: &Ledger) -> Self {
        let hot = ledger.hot_transfers() as u64;
        let segments = ledger.cold_segments();
        let cold = u64::from(ledger.counts().transfers) - hot;
        let business_day = ledger.business_day().unwrap_or(0);
        Self { hot, cold, segments: segments.len() as u64, bytes: ledger.cold_bytes(), business_day }
    }
}
