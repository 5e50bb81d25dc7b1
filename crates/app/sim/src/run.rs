//! Running a seed.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};

use crate::fault::Fault;
use crate::monitor::Coverage;
use crate::mutant::Mutant;
use crate::scenario::Scenario;
use crate::stats::Stats;
use crate::trace::Trace;
use crate::violation::{Invariant, Violation};

/// How many events are kept of a run that fails.
const LAST_EVENTS: usize = 40;

/// How a run differs from what its seed alone would give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Twist {
    /// The bug to inject, if any.
    pub mutant: Option<Mutant>,
    /// Faults that must not happen.
    pub without: Vec<Fault>,
}

impl From<Option<Mutant>> for Twist {
    fn from(mutant: Option<Mutant>) -> Self {
        Self { mutant, without: Vec::new() }
    }
}

/// What one run or many came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What happened.
    pub stats: Stats,
    /// Where the faults struck.
    pub coverage: Coverage,
}

impl Totals {
    /// Adds what another run came to.
    pub fn add(&mut self, other: &Self) {
        self.stats.add(&other.stats);
        self.coverage.add(&other.coverage);
    }
}

/// A run, told.
#[derive(Clone, Debug)]
pub struct Told {
    /// What it came to.
    pub result: Result<Totals, Violation>,
    /// The step it had reached.
    pub step: usize,
    /// The events, one per line.
    pub events: String,
}

/// Runs one seed to its end or to the first violation. A panic is a violation, too: the ledger and the journal assert what
/// they rely on.
pub fn run(seed: u64, twist: &Twist) -> Result<Totals, Violation> {
    let mut step = 0;
    run_traced(seed, twist, &mut Trace::silent(), &mut step)
}

/// Runs one seed and tells what happened: all of it if `verbose`, else the last events.
pub fn tell(seed: u64, twist: &Twist, verbose: bool) -> Told {
    let mut trace = Trace::keeping(if verbose { usize::MAX } else { LAST_EVENTS });
    let mut step = 0;
    let result = run_traced(seed, twist, &mut trace, &mut step);
    Told { result, step, events: trace.text() }
}

fn run_traced(seed: u64, twist: &Twist, trace: &mut Trace, step: &mut usize) -> Result<Totals, Violation> {
    // Whatever a panic leaves half-done is dropped with the scenario; the trace is only text.
    let caught = panic::catch_unwind(AssertUnwindSafe(|| {
        let mut scenario = Scenario::new(seed, twist, trace, step);
        scenario.run()?;
        Ok(Totals { stats: scenario.stats.clone(), coverage: scenario.machine.coverage() })
    }));
    caught.unwrap_or_else(|panic| {
        let what = format!("a site panicked: {}", message(&*panic));
        Err(Violation::new(Invariant::NothingUnexpected, what))
    })
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no message").to_owned()
}
