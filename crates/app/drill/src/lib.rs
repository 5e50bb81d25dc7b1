//! Drills: lose a site on purpose, under load, and prove from the journal that nothing else was lost.
//!
//! A drill pays through the gateway with sixteen clients, kills a site with SIGKILL, waits until service is back, and
//! then reads the journal from its first byte into an empty ledger. Three witnesses must agree: what the clients were
//! told, what the journal holds, and what the running bank says of itself. [`Desk`] runs drills one at a time and keeps
//! their evidence as JSON and as a page for people.
//!
//! ```text
//! load ─→ kill ─→ recover ─→ verify ─→ done
//!  │       │         │          └ journal replayed from empty: payments counted by id, state hashes, balances
//!  │       │         └ the first acknowledgement that the journal holds in a new epoch ends the outage
//!  │       └ the clock of the recovery time starts right before the signal
//!  └ every acknowledgement is written down with its time
//! ```
//!
//! The crate judges; it does not kill. How a site dies and comes back is the supervisor's business ([`KillSite`]).

mod chart;
mod clock;
mod compare;
mod desk;
mod error;
mod judge;
mod load;
mod page;
mod run;
mod store;
mod tally;
mod verify;

pub use desk::{Desk, DeskConfig, KillSite};
pub use error::DrillError;
pub use store::StoreError;
