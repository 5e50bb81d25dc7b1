//! A client of the protocol: one session over several addresses, which follows the leader.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use stdx::{Coded, Retry};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use vsr_core::{
    ClientSession, Command, FrameError, Header, Heard, Kind, Operation, Release, SessionError, multi_batch,
};

use crate::inbox::{Budget, Inbox, InboxError, Message, Received};
use crate::outbox::send;

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The addresses of all replicas, in the cluster's order.
    pub addresses: Vec<SocketAddr>,
    /// The cluster's id.
    pub cluster: u128,
    /// The client's id: random, not 0, and never used again.
    pub id: u128,
    /// The release it speaks as.
    pub release: Release,
    /// Longest time for one site to answer before another is asked.
    pub reply_timeout: Duration,
    /// Longest time for a request in all.
    pub patience: Duration,
    /// Speak TLS, and this way; the sites' certificates must name the addresses.
    pub tls: Option<Arc<ClientConfig>>,
}

impl ClientOptions {
    /// The usual patience.
    pub fn new(addresses: Vec<SocketAddr>, cluster: u128, id: u128) -> Self {
        Self {
            addresses,
            cluster,
            id,
            release: OLDEST_OF_OURS,
            reply_timeout: Duration::from_secs(2),
            patience: Duration::from_secs(60),
            tls: None,
        }
    }
}

/// A TigerBeetle refuses clients that are newer than itself and serves those of its own minor release.
const OLDEST_OF_OURS: Release = Release::new(0, 17, 0);

/// Pause before the same sites are tried again after none of them answered.
const ROUND_PAUSE: Duration = Duration::from_millis(20);

/// Why a request has no reply.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The session cannot go on.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// No site replied in time. What became of the request is unknown.
    #[error("no site replied within {waited:?}")]
    NoReply {
        /// How long was waited.
        waited: Duration,
        /// What went wrong with the site that was asked last.
        #[source]
        last: Option<io::Error>,
    },
    /// There are no addresses.
    #[error("the client has no address to connect to")]
    NoAddress,
}

impl Coded for ClientError {
    fn code(&self) -> &'static str {
        match self {
            Self::Session(error) => error.code(),
            Self::NoReply { .. } => "VSR-0105",
            Self::NoAddress => "VSR-0106",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Session(error) => error.hint(),
            Self::NoReply { .. } => {
                "check that a site leads and that the addresses and the cluster's id are right"
            }
            Self::NoAddress => "give the addresses of all sites, in order",
        }
    }

    fn retry(&self) -> Retry {
        match self {
            Self::NoReply { .. } => Retry::Later,
            Self::Session(_) | Self::NoAddress => Retry::Never,
        }
    }
}

/// The reply to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// When it was done, nanoseconds since 1970.
    pub timestamp: u64,
    /// The reply's body.
    pub body: Vec<u8>,
}

type Reader = Box<dyn AsyncRead + Send + Sync + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Sync + Unpin>;

struct Line {
    site: usize,
    inbox: Inbox<Reader>,
    writer: Writer,
}

/// Why one site gave no reply; another may.
enum Miss {
    Io(io::Error),
    /// It follows.
    NotLeader,
    Final(SessionError),
}

impl From<io::Error> for Miss {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A session. One request at a time; for more at once open more.
pub struct Client {
    options: ClientOptions,
    session: ClientSession,
    line: Option<Line>,
    /// How many sites after the view's leader to ask: 0, unless it did not reply.
    detour: usize,
    body: Vec<u8>,
}

impl Client {
    /// Connects and opens a session.
    pub async fn open(options: ClientOptions) -> Result<Self, ClientError> {
        if options.addresses.is_empty() {
            return Err(ClientError::NoAddress);
        }
        let mut session = ClientSession::new(options.id, options.cluster, options.release);
        let (header, body) = session.register();
        let mut client = Self { options, session, line: None, detour: 0, body: Vec::new() };
        client.ask(&header, &body).await?;
        Ok(client)
    }

    /// Sends one batch of `kind` and returns its results, without the trailer: both in the encoding of the release that
    /// the client speaks as. Before 0.17 a write has results only of events that were refused, as index and status.
    pub async fn batch(&mut self, kind: Kind, events: &[u8]) -> Result<Answer, ClientError> {
        let operation = self.operation(kind);
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        body.extend_from_slice(events);
        if operation.is_batched() {
            let length = u16::try_from(events.len() / kind.event_size()).unwrap_or(u16::MAX);
            multi_batch::append_trailer(&[length], kind.event_size(), &mut body);
        }
        let answer = self.call(operation, &body).await;
        self.body = body;
        let mut answer = answer?;
        let batches = vsr_core::results(operation, &answer.body).ok_or(SessionError::Mismatch)?;
        let len = batches.first().map_or(0, |batch| batch.len());
        answer.body.truncate(len);
        Ok(answer)
    }

    /// The operation that it sends for `kind`, by the release it speaks as.
    pub fn operation(&self, kind: Kind) -> Operation {
        Operation::of(kind, self.options.release)
    }

    /// Sends a request with this body, trailer included, and waits for its reply.
    pub async fn call(&mut self, operation: Operation, body: &[u8]) -> Result<Answer, ClientError> {
        let header = self.session.request(operation, body)?;
        self.ask(&header, body).await
    }

    async fn ask(&mut self, header: &Header, body: &[u8]) -> Result<Answer, ClientError> {
        let waited = self.options.patience;
        let mut last = None;
        let asked = timeout(waited, async {
            loop {
                match self.ask_one(header, body).await {
                    Ok(answer) => return Ok(answer),
                    Err(Miss::Final(error)) => return Err(ClientError::Session(error)),
                    Err(Miss::Io(error)) => last = Some(error),
                    Err(Miss::NotLeader) => {}
                }
                self.line = None;
                self.detour += 1;
                if self.detour.is_multiple_of(self.options.addresses.len()) {
                    tokio::time::sleep(ROUND_PAUSE).await;
                }
            }
        });
        match asked.await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::NoReply { waited, last }),
        }
    }

    async fn ask_one(&mut self, header: &Header, body: &[u8]) -> Result<Answer, Miss> {
        let patience = self.options.reply_timeout;
        match timeout(patience, self.exchange(header, body)).await {
            Ok(answer) => answer,
            Err(_) => Err(Miss::Io(io::ErrorKind::TimedOut.into())),
        }
    }

    async fn exchange(&mut self, header: &Header, body: &[u8]) -> Result<Answer, Miss> {
        let sites = self.options.addresses.len();
        let site = (self.session.leader(sites) + self.detour) % sites;
        let mut line = match self.line.take() {
            Some(line) if line.site == site => line,
            _ => self.connect(site).await?,
        };
        send(&mut line.writer, header, body).await?;
        let answer = self.hear(&mut line).await?;
        // From here on the view names the leader.
        self.detour = (site + sites - self.session.leader(sites)) % sites;
        self.line = Some(line);
        Ok(answer)
    }

    /// Connects to a site. The ping makes a site that follows say so, instead of ignoring the request in silence.
    async fn connect(&self, site: usize) -> Result<Line, Miss> {
        let address = self.options.addresses[site];
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (reader, mut writer): (Reader, Writer) = match &self.options.tls {
            None => {
                let (reader, writer) = stream.into_split();
                (Box::new(reader), Box::new(writer))
            }
            Some(config) => {
                let connector = TlsConnector::from(Arc::clone(config));
                let stream = connector.connect(ServerName::from(address.ip()), stream).await?;
                let (reader, writer) = tokio::io::split(stream);
                (Box::new(reader), Box::new(writer))
            }
        };
        send(&mut writer, &self.session.ping(0), &[]).await?;
        let inbox = Inbox::new(reader, Budget::new(vsr_core::MESSAGE_BYTES_MAX));
        Ok(Line { site, inbox, writer })
    }

    async fn hear(&mut self, line: &mut Line) -> Result<Answer, Miss> {
        loop {
            let Message { header, body, .. } = next_message(&mut line.inbox).await?;
            match self.session.receive(&header, &body) {
                Ok(Heard::Reply { timestamp }) => return Ok(Answer { timestamp, body }),
                Ok(Heard::Nothing) if header.command() == Some(Command::PongClient) => {
                    let sites = self.options.addresses.len();
                    let is_led_elsewhere =
                        usize::try_from(header.view).is_ok_and(|view| view % sites != line.site);
                    if is_led_elsewhere {
                        return Err(Miss::NotLeader);
                    }
                }
                Ok(Heard::Nothing) => {}
                Err(error) => return Err(Miss::Final(error)),
            }
        }
    }
}

async fn next_message(inbox: &mut Inbox<Reader>) -> Result<Message, Miss> {
    loop {
        match inbox.next().await {
            Ok(Received::Part | Received::Head(_)) => {}
            Ok(Received::Message(message)) => return Ok(message),
            Ok(Received::End) => return Err(Miss::Io(io::ErrorKind::UnexpectedEof.into())),
            Err(InboxError::Io(error)) => return Err(Miss::Io(error)),
            Err(InboxError::Frame(error)) => return Err(Miss::Final(frame(error))),
        }
    }
}

fn frame(error: FrameError) -> SessionError {
    SessionError::Frame(error)
}
