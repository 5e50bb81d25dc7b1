//! One digest of everything the ledger's future depends on.

use stdx::{Digest, Sha256};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::Ledger;
use crate::accounts::{Accounts, CHANGING_BYTES};
use crate::expiry::Expiry;

/// The digests behind the state hash.
///
/// Two chains, each link the SHA-256 of the link before and of what is new. `requests` grows by the stamp, the expired
/// transfers and the outcomes of every request: with the requests themselves, which the journal chains, they are
/// all that was ever recorded. `accounts` grows at every checkpoint by the sums and flags of the accounts changed since
/// the one before, in the order of their first change: what a machine made of it.
///
/// Checkpoints are part of the history: replicas agree if they take them after the same requests.
#[derive(Clone, Copy, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct StateHash {
    requests: [u8; 32],
    accounts: [u8; 32],
}

impl StateHash {
    /// Takes in a request that was applied.
    pub(crate) fn request(&mut self, timestamp: u64, expired: &[Expiry], outcomes: &[u8]) {
        let mut sha = Sha256::default();
        sha.update(&self.requests);
        sha.update(&timestamp.to_le_bytes());
        sha.update(&(expired.len() as u64).to_le_bytes());
        sha.update(expired.as_bytes());
        sha.update(outcomes);
        self.requests = sha.finish().0;
    }

    fn accounts(&self, accounts: &Accounts) -> [u8; 32] {
        if accounts.touched().is_empty() {
            return self.accounts;
        }
        let mut sha = Sha256::default();
        sha.update(&self.accounts);
        // An account that was undone is listed, but no longer there.
        let numbers = accounts.touched().iter().filter(|number| **number < accounts.len());
        let mut buffer = [0; 64 * CHANGING_BYTES];
        let mut used = 0;
        for number in numbers {
            buffer[used..used + CHANGING_BYTES].copy_from_slice(&accounts.get(*number).changing(*number));
            used += CHANGING_BYTES;
            if used == buffer.len() {
                sha.update(&buffer);
                used = 0;
            }
        }
        sha.update(&buffer[..used]);
        sha.finish().0
    }
}

impl Ledger {
    /// The digest of the ledger: equal on every machine that applied the same requests and took checkpoints after the
    /// same ones.
    ///
    /// Cost: a SHA-256 of 72 bytes for each account changed since the last checkpoint.
    pub fn state_hash(&self) -> Digest {
        self.digest(&self.state_hash.accounts(&self.accounts))
    }

    /// Takes a checkpoint, and returns the [state hash](Self::state_hash). Cost as there; the next one starts anew.
    pub fn checkpoint(&mut self) -> Digest {
        self.state_hash.accounts = self.state_hash.accounts(&self.accounts);
        self.accounts.clear_touched();
        self.digest(&self.state_hash.accounts)
    }

    fn digest(&self, accounts: &[u8; 32]) -> Digest {
        let counts = self.counts();
        let mut sha = Sha256::default();
        sha.update(b"tongbao ledger state 2\0");
        sha.update(&self.clock.to_le_bytes());
        for count in [counts.accounts, counts.transfers, counts.pending, counts.failed] {
            sha.update(&count.to_le_bytes());
        }
        sha.update(&self.state_hash.requests);
        sha.update(accounts);
        sha.finish()
    }
}
