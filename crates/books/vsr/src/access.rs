//! What a client may do, applied to its requests.

use std::sync::Arc;

use access_core::{Identity, Permits, Review, Right, Write};
use ledger_core::Ledgers;
use vsr_core::Kind;

use crate::backend::{Backend, Refusal};
use crate::gate::Gate;

/// What the sender of a request may do at the moment at which it is taken.
pub(crate) struct Access {
    pub(crate) identity: Identity,
    pub(crate) permits: Arc<Permits>,
    pub(crate) gate: Arc<Gate>,
}

impl Access {
    /// The name of a request of this client. Two identities never share one, so that nobody can take another's place by
    /// guessing a client's id.
    fn name(&self, key: u128) -> u128 {
        let mut sha = stdx::Sha256::default();
        sha.update(b"vsr identity");
        sha.update(self.identity.as_str().as_bytes());
        sha.update(&key.to_le_bytes());
        let digest = sha.finish().0;
        digest.first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes))
    }

    fn count(&self, review: &Review) {
        for right in Right::ALL {
            self.gate.count_denied(&self.identity, right, review.refused(right));
        }
    }
}

/// The ledgers that a read may tell of.
pub(crate) fn readable(access: Option<&Access>) -> Ledgers {
    let Some(access) = access else { return Ledgers::All };
    let ledgers = access.permits.ledgers(Right::Read);
    access.gate.count_denied(&access.identity, Right::Read, usize::from(ledgers.is_empty()));
    ledgers.clone()
}

/// Does what the client may do of a write, and gives an outcome for every event.
pub(crate) async fn write<B: Backend>(
    backend: &B,
    access: Option<&Access>,
    key: u128,
    digest: u128,
    kind: Kind,
    mut events: Vec<u8>,
) -> Result<Vec<u8>, Refusal> {
    let Some(access) = access else { return backend.write(key, digest, kind, events).await };
    let key = access.name(key);
    let write = match kind {
        Kind::CreateAccounts => Write::Accounts,
        _ => Write::Transfers,
    };
    let pending = Review::pending_ids(&access.permits, write, &events);
    let ledgers = if pending.is_empty() { Vec::new() } else { backend.ledgers_of_pending(pending).await? };
    let review = Review::new(&access.permits, write, &mut events, &ledgers);
    if review.is_clean() {
        return backend.write(key, digest, kind, events).await;
    }
    access.count(&review);
    if review.leaves_nothing(&events) {
        // Nothing of it would be worth a place in the journal. But if it was sent before, when it was permitted, the
        // answer is still the first one.
        if let Some(outcomes) = backend.reply_to(key, digest).await? {
            return Ok(outcomes);
        }
        let judged_at = backend.position().await?.timestamp;
        return Ok(review.outcomes(&events, judged_at));
    }
    review.neutralise(&mut events, key);
    backend.write(key, digest, kind, events).await
}
