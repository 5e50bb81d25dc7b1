//! A way for clients that speak no TLS to a site that speaks nothing else.
//!
//! The tunnel listens on this machine only and carries bytes. Whoever reaches its port acts under its certificate.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use certs::Refused;
use stdx::{Coded, Retry};
use tokio::io::{AsyncReadExt as _, copy_bidirectional_with_sizes};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig};
use vsr_core::{ClientSession, HEADER_BYTES, Release};

use crate::outbox::send;

/// Longest time to reach the site and agree on TLS, and for its answer to a ping.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes under way in each direction of a connection: large batches pass in few pieces.
const BUFFER_BYTES: usize = 256 << 10;
/// Connections at once; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 1_024;
/// Pause after a connection could not be accepted for want of descriptors, which others will give back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where a site listens, by name or by address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    host: String,
    port: u16,
}

impl FromStr for Upstream {
    type Err = TunnelError;

    /// `HOST:PORT`; an IPv6 address stands in brackets.
    fn from_str(text: &str) -> Result<Self, TunnelError> {
        let malformed = || TunnelError::Address { address: text.to_owned() };
        let (host, port) = text.rsplit_once(':').ok_or_else(malformed)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(malformed)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if bare.is_none() && host.contains(':') {
            return Err(malformed());
        }
        let host = bare.unwrap_or(host);
        ServerName::try_from(host).map_err(|_| malformed())?;
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Why a tunnel leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum TunnelError {
    /// Not an address.
    #[error("`{address}` is not HOST:PORT")]
    Address {
        /// What was given.
        address: String,
    },
    /// The tunnel would be open to other machines.
    #[error("a tunnel listens on this machine only, and {address} is not a loopback address")]
    NotLoopback {
        /// What was given.
        address: SocketAddr,
    },
    /// The site cannot be reached, or does not answer.
    #[error("{site} cannot be reached")]
    Unreachable {
        /// The site.
        site: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The site does not accept the tunnel's certificate.
    #[error("{site} does not let the tunnel in: {reason}")]
    RefusedBySite {
        /// The site.
        site: String,
        /// What it says.
        reason: Refused,
    },
    /// The tunnel does not accept the site's certificate.
    #[error("{site} has not proven who it is: {reason}")]
    RefusedByTunnel {
        /// The site.
        site: String,
        /// What is wrong with it.
        reason: Refused,
    },
}

impl Coded for TunnelError {
    fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "VSR-0201",
            Self::NotLoopback { .. } => "VSR-0202",
            Self::Unreachable { .. } => "VSR-0203",
            Self::RefusedBySite { .. } => "VSR-0204",
            Self::RefusedByTunnel { .. } => "VSR-0205",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Address { .. } => "write a name or an address, a colon and a port",
            Self::NotLoopback { .. } => {
                "run a tunnel on every machine that needs one, and listen on 127.0.0.1"
            }
            Self::Unreachable { .. } => {
                "check that the site is up and serves ledger clients over TLS on this port"
            }
            Self::RefusedBySite { reason, .. } => reason.hint(),
            Self::RefusedByTunnel { .. } => {
                "give the authority of the sites with --ca, and the address that stands in the site's certificate"
            }
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::Unreachable { .. } => Retry::Later,
            _ => Retry::Never,
        }
    }
}

/// A tunnel to one site.
#[derive(Clone)]
pub struct Tunnel {
    site: Arc<Upstream>,
    connector: TlsConnector,
    /// Whether the last connection came about, so that only changes are told.
    is_well: Arc<AtomicBool>,
}

impl Tunnel {
    /// A tunnel to `site` under the certificate in `config`.
    pub fn new(site: Upstream, config: Arc<ClientConfig>) -> Self {
        let is_well = Arc::new(AtomicBool::new(true));
        Self { site: Arc::new(site), connector: TlsConnector::from(config), is_well }
    }

    /// Listens for clients on this machine.
    ///
    /// Errors: [`TunnelError::NotLoopback`], and [`TunnelError::Unreachable`] if the port is taken.
    pub async fn listen(address: SocketAddr) -> Result<TcpListener, TunnelError> {
        if !address.ip().is_loopback() {
            return Err(TunnelError::NotLoopback { address });
        }
        let failed = |source| TunnelError::Unreachable { site: address.to_string(), source };
        TcpListener::bind(address).await.map_err(failed)
    }

    /// Carries what clients of `listener` say, until `stop` turns true.
    pub async fn serve(self, listener: TcpListener, mut stop: watch::Receiver<bool>) {
        let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut carried = JoinSet::new();
        loop {
            let accepted = async {
                let slot = Arc::clone(&slots).acquire_owned().await;
                (listener.accept().await, slot)
            };
            let (accepted, slot) = tokio::select! {
                accepted = accepted => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
                // Ended connections are taken out, so that the set does not grow.
                Some(_) = carried.join_next() => continue,
            };
            match accepted {
                Ok((client, _)) => {
                    let tunnel = self.clone();
                    carried.spawn(async move {
                        let result = tunnel.carry(client).await;
                        tunnel.tell(result);
                        drop(slot);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a client of the tunnel could not be accepted");
                    drop(slot);
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Connects, and hears a pong: the whole way is there, and the site lets this certificate in.
    ///
    /// Errors: every [`TunnelError`] about a site.
    pub async fn probe(&self, cluster: u128) -> Result<(), TunnelError> {
        let asked = timeout(CONNECT_TIMEOUT, async {
            let mut stream = self.connect().await?;
            // No client has id 1: ids are random.
            let ping = ClientSession::new(1, cluster, Release::CLIENT_MIN).ping(0);
            let mut pong = [0; HEADER_BYTES];
            send(&mut stream, &ping, &[]).await?;
            stream.read_exact(&mut pong).await
        });
        match asked.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.error(error)),
            Err(_) => Err(self.error(io::ErrorKind::TimedOut.into())),
        }
    }

    async fn connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(self.site.host.clone()).map_err(io::Error::other)?;
        let stream = TcpStream::connect((self.site.host.as_str(), self.site.port)).await?;
        stream.set_nodelay(true)?;
        self.connector.connect(name, stream).await
    }

    async fn carry(&self, mut client: TcpStream) -> Result<(), TunnelError> {
        let connected = match timeout(CONNECT_TIMEOUT, self.connect()).await {
            Ok(connected) => connected,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let mut site = connected.map_err(|error| self.error(error))?;
        // A reply must not wait for more to send.
        let _ = client.set_nodelay(true);
        let carried = copy_bidirectional_with_sizes(&mut client, &mut site, BUFFER_BYTES, BUFFER_BYTES).await;
        match carried {
            // The site's word on a certificate comes after the handshake.
            Err(error) if is_tls(&error) => Err(self.error(error)),
            // Clients and sites come and go, and clients connect again.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn error(&self, error: io::Error) -> TunnelError {
        let (site, reason) = (self.site.to_string(), Refused::of(&error));
        match tls(&error) {
            Some(rustls::Error::AlertReceived(_)) if reason != Refused::Broken => {
                TunnelError::RefusedBySite { site, reason }
            }
            Some(rustls::Error::InvalidCertificate(_)) => TunnelError::RefusedByTunnel { site, reason },
            _ => TunnelError::Unreachable { site, source: error },
        }
    }

    fn tell(&self, result: Result<(), TunnelError>) {
        let was_well = self.is_well.swap(result.is_ok(), Ordering::Relaxed);
        match result {
            Err(error) if was_well => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                let (code, hint) = (error.code(), error.hint());
                tracing::warn!(code, %error, cause, hint, "a client could not be carried; it will try again");
            }
            Err(error) => tracing::debug!(code = error.code(), %error, "a client could not be carried"),
            Ok(()) => {}
        }
    }
}

fn tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

fn is_tls(error: &io::Error) -> bool {
    tls(error).is_some()
}

#[cfg(test)]
mod tests {
    use super::{TunnelError, Upstream};

    #[test]
    fn addresses_of_sites_are_names_or_numbers_with_a_port() {
        for good in ["127.0.0.1:3001", "east-1.bank.example:3001", "[::1]:3001", "localhost:1"] {
            assert_eq!(good.parse::<Upstream>().unwrap().to_string(), good);
        }
        for bad in ["", "x", "x:", ":3001", "x:0", "x:65536", "::1:3001", "[::1:3001", "a b:1", "http://x:1"]
        {
            assert!(matches!(bad.parse::<Upstream>(), Err(TunnelError::Address { .. })), "{bad}");
        }
    }
}
