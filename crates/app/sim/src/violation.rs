//! What must hold, and how it is said that it did not.

use std::fmt;

/// The invariants the simulator checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// What was acknowledged is in the journal exactly once, with its effect.
    AcknowledgedOnce,
    /// No request is in the journal twice.
    AtMostOnce,
    /// The same request always gets the same answer, the model's.
    SameAnswer,
    /// Epochs rise, and no two of them acknowledge the same sequence number.
    OneLeader,
    /// Stamps strictly increase.
    Time,
    /// Replicas that applied the same records have the same state.
    SameState,
    /// Debits equal credits, and every account is the sum of its transfers.
    Books,
    /// A site stops only for a fault that was injected into it.
    NothingUnexpected,
    /// Damage is named with file and offset, never skipped or cut off.
    DamageIsNamed,
    /// When the faults end, every request is answered.
    Service,
    /// The same seed gives the same run.
    Deterministic,
}

impl Invariant {
    fn text(self) -> &'static str {
        match self {
            Self::AcknowledgedOnce => {
                "SIM-INV-1: what was acknowledged is in the journal exactly once, with its effect"
            }
            Self::AtMostOnce => "SIM-INV-2: no request is in the journal twice",
            Self::SameAnswer => "SIM-INV-3: the same request always gets the same answer, the model's",
            Self::OneLeader => {
                "SIM-INV-4: epochs rise, and no two of them acknowledge the same sequence number"
            }
            Self::Time => "SIM-INV-5: stamps strictly increase",
            Self::SameState => "SIM-INV-6: replicas that applied the same records have the same state",
            Self::Books => "SIM-INV-7: debits equal credits, and every account is the sum of its transfers",
            Self::NothingUnexpected => "SIM-INV-8: a site stops only for a fault that was injected into it",
            Self::DamageIsNamed => {
                "SIM-INV-9: damage is named with file and offset, never skipped or cut off"
            }
            Self::Service => "SIM-INV-10: when the faults end, every request is answered",
            Self::Deterministic => "SIM-INV-11: the same seed gives the same run",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// An invariant that did not hold, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{invariant}\n  but {what}")]
pub struct Violation {
    /// Which one.
    pub invariant: Invariant,
    /// What was seen instead.
    pub what: String,
}

impl Violation {
    pub(crate) fn new(invariant: Invariant, what: impl Into<String>) -> Self {
        Self { invariant, what: what.into() }
    }
}

/// `Err` with `what` unless `holds`.
pub(crate) fn check(
    holds: bool,
    invariant: Invariant,
    what: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation::new(invariant, what())) }
}
