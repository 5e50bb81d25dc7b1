//! One digest of everything the ledger's future depends on.

use stdx::{Digest, Sha256};
use zerocopy::IntoBytes;

use crate::Ledger;
use crate::accounts::Accounts;
use crate::transfers::Transfers;
use crate::wire::Account;

/// What is known of the digest since it was last asked for.
///
/// Accounts change in place, so each contributes its own digest to a sum, and only changed ones are hashed
/// again. Transfers, expiries and failed ids only grow, so each has a chain. Posting and voiding are
/// transfers themselves and need no chain. The sum finds divergence, not forgery: whoever forges one would
/// have to forge the journal as well.
#[derive(Clone, Default)]
pub(crate) struct StateHash {
    /// The digest of every account as it was added to `sum`, by number; zero if it was not yet.
    digests: Vec<Digest>,
    sum: Sum,
    transfers: Chain,
    expired: Chain,
    failed: Chain,
}

/// A running digest over the first `len` records.
#[derive(Clone, Default)]
struct Chain {
    len: usize,
    sha: Sha256,
}

/// A sum of digests modulo 2^256.
#[derive(Clone, Copy, Default)]
struct Sum {
    low: u128,
    high: u128,
}

fn halves(digest: &Digest) -> (u128, u128) {
    let (low, high) = digest.0.split_at(16);
    let number = |half: &[u8]| half.iter().rev().fold(0, |sum, byte| sum << 8 | u128::from(*byte));
    (number(low), number(high))
}

impl Sum {
    fn add(&mut self, digest: &Digest) {
        let (low, high) = halves(digest);
        let (sum, carry) = self.low.overflowing_add(low);
        self.low = sum;
        self.high = self.high.wrapping_add(high).wrapping_add(u128::from(carry));
    }

    fn subtract(&mut self, digest: &Digest) {
        let (low, high) = halves(digest);
        let (difference, borrow) = self.low.overflowing_sub(low);
        self.low = difference;
        self.high = self.high.wrapping_sub(high).wrapping_sub(u128::from(borrow));
    }
}

impl StateHash {
    fn account(&mut self, number: u32, account: &Account) {
        let number = number as usize;
        if self.digests.len() <= number {
            self.digests.resize(number + 1, Digest::ZERO);
        }
        let digest = Digest::of(account.as_bytes());
        self.sum.subtract(&self.digests[number]);
        self.sum.add(&digest);
        self.digests[number] = digest;
    }

    /// Takes in what is new since the last call. Taking in a change twice does no harm.
    fn update(&mut self, accounts: &Accounts, transfers: &Transfers) {
        for (number, account) in accounts.touched() {
            self.account(number, account);
        }
        self.extend(transfers);
    }

    fn extend(&mut self, transfers: &Transfers) {
        let hashed = u32::try_from(self.transfers.len).unwrap_or(u32::MAX);
        for entry in transfers.entries().iter_from(hashed) {
            self.transfers.add(entry.transfer.as_bytes());
        }
        for expiry in &transfers.expiries.expired()[self.expired.len..] {
            self.expired.add(expiry.as_bytes());
        }
        for id in &transfers.failed()[self.failed.len..] {
            self.failed.add(&id.to_le_bytes());
        }
    }

    fn digest(&self, accounts: &Accounts, clock: u64) -> Digest {
        let mut sha = Sha256::default();
        sha.update(b"tongbao ledger state 2\0");
        sha.update(&clock.to_le_bytes());
        sha.update(&u64::from(accounts.len()).to_le_bytes());
        sha.update(&self.sum.low.to_le_bytes());
        sha.update(&self.sum.high.to_le_bytes());
        for chain in [&self.transfers, &self.expired, &self.failed] {
            sha.update(&(chain.len as u64).to_le_bytes());
            sha.update(&chain.sha.clone().finish().0);
        }
        sha.finish()
    }
}

impl Chain {
    fn add(&mut self, record: &[u8]) {
        self.sha.update(record);
        self.len += 1;
    }
}

impl Ledger {
    /// The digest of the ledger: equal on every machine that applied the same requests.
    ///
    /// Cost: the accounts touched and the transfers added since the last call, one SHA-256 of 128 bytes each.
    pub fn state_hash(&mut self) -> Digest {
        self.state_hash.update(&self.accounts, &self.transfers);
        self.accounts.clear_touched();
        self.state_hash.digest(&self.accounts, self.clock)
    }

    /// The same digest without keeping what it cost to find it.
    pub(crate) fn current_state_hash(&self) -> Digest {
        let mut hash = self.state_hash.clone();
        hash.update(&self.accounts, &self.transfers);
        hash.digest(&self.accounts, self.clock)
    }

    /// The same digest, computed from every record. Cost: the whole ledger.
    pub fn state_hash_from_scratch(&self) -> Digest {
        let mut hash = StateHash::default();
        for (account, number) in self.accounts.rows().iter().zip(0..) {
            hash.account(number, account);
        }
        hash.extend(&self.transfers);
        hash.digest(&self.accounts, self.clock)
    }
}
