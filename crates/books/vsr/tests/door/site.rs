//! Doors over a bank in memory.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vsr::{Address, Client, ClientOptions, Counts, Limits, Metrics, serve};

use super::memory::Bank;

/// A door that listens on a port of its own.
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    metrics: Arc<Metrics>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Door {
    pub(crate) async fn open(bank: &Bank, index: u8, sites: u8, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = Arc::new(Metrics::default());
        let (stop, stopped) = watch::channel(false);
        let whose = Address { cluster: 0, index };
        let serving = serve(listener, bank.site(index, sites), whose, limits, Arc::clone(&metrics), stopped);
        Self { address, metrics, stop, task: tokio::spawn(serving) }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.metrics.counts()
    }

    /// Closes the door and waits until everybody is gone.
    pub(crate) async fn close(self) {
        self.stop.send_replace(true);
        self.task.await.unwrap();
    }

    /// Ends the door as a crash would: nobody is told anything.
    pub(crate) fn kill(self) {
        self.task.abort();
    }
}

/// The doors of a bank with this many sites; the first leads.
pub(crate) async fn doors(sites: u8) -> (Bank, Vec<Door>) {
    let bank = Bank::default();
    let mut doors = Vec::new();
    for index in 0..sites {
        doors.push(Door::open(&bank, index, sites, Limits::default()).await);
    }
    (bank, doors)
}

pub(crate) fn addresses(doors: &[Door]) -> Vec<SocketAddr> {
    doors.iter().map(|door| door.address).collect()
}

pub(crate) async fn client(doors: &[Door], id: u128) -> Client {
    Client::open(ClientOptions::new(addresses(doors), 0, id)).await.unwrap()
}
