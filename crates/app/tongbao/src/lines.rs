//! Connections to the sites' own HTTP APIs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use client::{Client, ClientOptions};

/// How long a site may take to answer; one that takes longer is passed over until the next look.
const ASK_TIMEOUT: Duration = Duration::from_millis(500);

/// Connections to the sites, kept for as long as a site listens at the same address.
#[derive(Default)]
pub(crate) struct Lines(BTreeMap<SocketAddr, Client>);

impl Lines {
    /// The connection to this address; nothing if there can be none.
    pub(crate) fn to(&mut self, address: SocketAddr) -> Option<Client> {
        if let Some(client) = self.0.get(&address) {
            return Some(client.clone());
        }
        let options = ClientOptions { request_timeout: ASK_TIMEOUT, ..ClientOptions::default() };
        let client = Client::new(&format!("http://{address}"), options).ok()?;
        self.0.insert(address, client.clone());
        Some(client)
    }

    /// Lets go of the others.
    pub(crate) fn keep(&mut self, addresses: &[SocketAddr]) {
        self.0.retain(|address, _| addresses.contains(address));
    }
}
