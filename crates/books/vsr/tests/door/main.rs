//! The door, from outside: raw messages, our own client, and TigerBeetle's.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod failover;
mod gate;
mod limits;
mod memory;
mod python;
mod requests;
mod rust_client;
mod site;
mod speed;
mod tls;
mod tunnel;
