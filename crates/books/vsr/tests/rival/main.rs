//! TigerBeetle itself: its own programs against a site of ours, and its server beside one.
//!
//! The binary is the one that `cargo xtask tigerbeetle` builds; `TONGBAO_TIGERBEETLE` names it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod clocks;
mod dice;
mod life;
mod programs;
mod questions;
mod site;
mod tool;
mod twins;
