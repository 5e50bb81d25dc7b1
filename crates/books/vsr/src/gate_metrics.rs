//! What the gate counts.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use access_core::{Identity, Right};
use certs::Refused;

/// The gate's counters at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateCounts {
    /// Clients let in, by identity.
    pub entered: BTreeMap<Identity, u64>,
    /// Handshakes that came to nothing, by reason.
    pub refused: BTreeMap<Refused, u64>,
    /// Events of writes, and whole reads, that were refused for want of a right.
    pub denied: BTreeMap<(Identity, Right), u64>,
    /// How often certificates and policy were read and taken.
    pub loads: u64,
    /// How often they could not be used.
    pub load_failures: u64,
    /// Whether the files, as they are now, are in force.
    pub is_current: bool,
    /// Identities that the policy in force knows.
    pub identities: usize,
}

/// The gate's counters. A handshake costs far more than a lock, and denials are rare.
#[derive(Default)]
pub(crate) struct GateMetrics(Mutex<GateCounts>);

impl GateMetrics {
    fn lock(&self) -> MutexGuard<'_, GateCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn counts(&self) -> GateCounts {
        self.lock().clone()
    }

    pub(crate) fn entered(&self, identity: &Identity) {
        *self.lock().entered.entry(identity.clone()).or_default() += 1;
    }

    pub(crate) fn refused(&self, reason: Refused) {
        *self.lock().refused.entry(reason).or_default() += 1;
    }

    pub(crate) fn denied(&self, identity: &Identity, right: Right, count: usize) {
        *self.lock().denied.entry((identity.clone(), right)).or_default() += count as u64;
    }

    pub(crate) fn loaded(&self, identities: usize) {
        let mut counts = self.lock();
        counts.loads += 1;
        (counts.is_current, counts.identities) = (true, identities);
    }

    pub(crate) fn failed(&self) {
        let mut counts = self.lock();
        counts.load_failures += 1;
        counts.is_current = false;
    }
}
