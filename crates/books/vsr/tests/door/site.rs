//! Doors over a bank in memory, and what is sent through them.

use std::net::SocketAddr;
use std::sync::Arc;

use ledger_core::{Account, Transfer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use vsr::{Address, Client, ClientOptions, Counts, Gate, Limits, Metrics, serve, serve_tls};
use vsr_core::{HEADER_BYTES, Header};

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

    /// A door behind a gate.
    pub(crate) async fn open_tls(
        bank: &Bank,
        index: u8,
        sites: u8,
        limits: Limits,
        gate: &Arc<Gate>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = Arc::new(Metrics::default());
        let (stop, stopped) = watch::channel(false);
        let whose = Address { cluster: 0, index };
        let (backend, counts) = (bank.site(index, sites), Arc::clone(&metrics));
        let serving = serve_tls(listener, backend, whose, limits, counts, Arc::clone(gate), stopped);
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
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
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

/// Accounts with these ids.
pub(crate) fn accounts(ids: std::ops::Range<u128>) -> Vec<u8> {
    ids.flat_map(|id| Account { id, ledger: 1, code: 1, ..Account::default() }.as_bytes().to_vec()).collect()
}

/// A transfer of 1 from account 1 to account 2.
pub(crate) fn transfer(id: u128) -> Transfer {
    let (debit_account_id, credit_account_id) = (1, 2);
    Transfer { id, debit_account_id, credit_account_id, amount: 1, ledger: 1, code: 1, ..Transfer::default() }
}

pub(crate) fn transfers(ids: std::ops::Range<u128>) -> Vec<u8> {
    ids.flat_map(|id| transfer(id).as_bytes().to_vec()).collect()
}

/// The statuses in the results of a write.
pub(crate) fn statuses(results: &[u8]) -> Vec<u32> {
    results.chunks(16).map(|result| u32::from_le_bytes(result[8..12].try_into().unwrap())).collect()
}

/// A connection that sends whatever it is given.
pub(crate) struct Raw<S = TcpStream>(S);

impl Raw {
    pub(crate) async fn connect(door: &Door) -> Self {
        Self(TcpStream::connect(door.address).await.unwrap())
    }
}

impl Raw<TlsStream<TcpStream>> {
    pub(crate) async fn connect_tls(door: &Door, tls: Arc<ClientConfig>) -> Self {
        let stream = TcpStream::connect(door.address).await.unwrap();
        Self(TlsConnector::from(tls).connect(door.address.ip().into(), stream).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// The next message; nothing if the door has closed the connection.
    pub(crate) async fn hear(&mut self) -> Option<(Header, Vec<u8>)> {
        let mut head = [0; HEADER_BYTES];
        self.0.read_exact(&mut head).await.ok()?;
        let header = Header::parse(&head).unwrap();
        let mut body = vec![0; header.body_len()];
        self.0.read_exact(&mut body).await.unwrap();
        header.check_body(&body).unwrap();
        Some((header, body))
    }
}
