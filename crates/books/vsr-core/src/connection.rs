//! What a site does with the messages of one connection.
//!
//! A connection belongs to one client, the first that speaks on it. A client has one request under way at a time, so a
//! connection remembers no more than that one; everything else that a replica must know of a client is in the shard's
//! window of recent requests, which every site shares.

use crate::body::Batches;
use crate::header::{
    Command, Eviction, EvictionReason, FrameError, HEADER_BYTES, Header, PingClient, PongClient, Reply,
    Request,
};
use crate::operation::{NOOP, Operation, REGISTER};
use crate::release::Release;

/// Bytes of the body of a request to register; clients before 0.15.4 sent none.
const REGISTER_REQUEST_BYTES: usize = 256;
/// Bytes of the body of the reply to it.
const REGISTER_RESULT_BYTES: usize = 64;

/// What a site says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// The cluster's id.
    pub cluster: u128,
    /// The site's index in the list of addresses.
    pub replica: u8,
    /// The view: its remainder by the number of sites is the index of the leader. 0 if the site does not know.
    pub view: u32,
    /// Whether this site leads.
    pub leads: bool,
}

/// What to do about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Ignore(Ignored),
    /// Send this message, which has no body.
    Send(Box<Header>),
    /// Send this eviction. Everything that comes after it is ignored.
    Evict(Box<Header>),
    /// Do this, then call [`Connection::reply`], [`Connection::evict`] or [`Connection::abandon`].
    Submit(Submission),
}

/// Why a message needs no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// This site does not lead; the client will find who does.
    NotLeader,
    /// The request is under way already, or another one is.
    UnderWay,
    /// A later request of the client was here before.
    Old,
    /// The client was evicted.
    Evicted,
    /// A site does not take messages of this command.
    Misdirected,
}

/// A request that is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The client's id.
    pub client: u128,
    /// The session's number: the position in the journal at which it was opened.
    pub session: u64,
    /// The request's number in its session.
    pub request: u32,
    /// Tells a repetition of the request from another request under its name.
    pub digest: u128,
    /// Whether the session may come from another journal: it does if its number lies beyond this journal's end.
    pub is_unverified: bool,
    /// What is to be done.
    pub work: Work,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Open a session; its number is the journal's position.
    Register,
    /// Nothing.
    Noop,
    /// An operation on the ledger, with the events in these batches.
    Operation(Operation, Batches),
}

impl Submission {
    /// The name under which part `part` of a write is remembered, the same on every site.
    pub fn key(&self, part: u32) -> u128 {
        let mut sha = stdx::Sha256::default();
        sha.update(b"vsr");
        sha.update(&self.client.to_le_bytes());
        sha.update(&self.session.to_le_bytes());
        sha.update(&self.request.to_le_bytes());
        sha.update(&part.to_le_bytes());
        let digest = sha.finish().0;
        digest.first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes))
    }
}

/// What was done, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// For a registration the position of the journal, else the stamp: what the reply calls the operation's number.
    pub op: u64,
    /// The stamp of the ledger, nanoseconds since 1970.
    pub timestamp: u64,
}

/// One connection to a client.
#[derive(Debug, Default)]
pub struct Connection {
    client: Option<u128>,
    release: Option<Release>,
    /// The highest position of the journal that this connection has heard of: sessions up to it exist.
    position: u64,
    /// The latest request.
    last: Option<Header>,
    is_under_way: bool,
    is_evicted: bool,
}

/// The connection cannot go on: close it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// The bytes are not a message.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A message for another cluster.
    #[error("the message is for cluster {theirs}, but this is cluster {ours}")]
    Cluster {
        /// Whom the client means.
        theirs: u128,
        /// Who we are.
        ours: u128,
    },
    /// Two clients on one connection.
    #[error("the connection belongs to another client")]
    OtherClient,
}

impl stdx::Coded for ConnectionError {
    fn code(&self) -> &'static str {
        match self {
            Self::Frame(FrameError::HeaderChecksum) => "VSR-0001",
            Self::Frame(FrameError::BodyChecksum) => "VSR-0002",
            Self::Frame(FrameError::Protocol { .. }) => "VSR-0003",
            Self::Frame(FrameError::Size { .. }) => "VSR-0004",
            Self::Frame(FrameError::Command { .. } | FrameError::Field { .. }) => "VSR-0005",
            Self::Cluster { .. } => "VSR-0006",
            Self::OtherClient => "VSR-0007",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Frame(FrameError::HeaderChecksum) => "speak TigerBeetle's client protocol on this port",
            Self::Frame(FrameError::BodyChecksum) => "look for what damages data between client and site",
            Self::Frame(FrameError::Protocol { .. }) => "use a client of a release that is served",
            Self::Frame(FrameError::Size { .. }) => "split the request: a message has at most 1 MiB",
            Self::Frame(FrameError::Command { .. } | FrameError::Field { .. }) => {
                "use a published client; this one breaks the protocol"
            }
            Self::Cluster { .. } => "give the client the id of this cluster",
            Self::OtherClient => "open a connection for each client",
        }
    }
}

impl Connection {
    /// Checks what can be known before the body of a message is there.
    pub fn check(&self, site: &Site, header: &Header) -> Result<(), ConnectionError> {
        if header.cluster != site.cluster {
            return Err(ConnectionError::Cluster { theirs: header.cluster, ours: site.cluster });
        }
        let client = header.fields().map(|ping: PingClient| ping.client);
        let client = client.or_else(|| header.fields().map(|request: Request| request.client));
        match (self.client, client) {
            (Some(ours), Some(theirs)) if ours != theirs => Err(ConnectionError::OtherClient),
            _ => Ok(()),
        }
    }

    /// Takes a message whose header passed [`Connection::check`].
    ///
    /// Errors: the body is damaged.
    pub fn receive(&mut self, site: &Site, header: &Header, body: &[u8]) -> Result<Effect, ConnectionError> {
        self.check(site, header)?;
        match header.command() {
            Some(Command::PingClient) => Ok(self.ping(site, header)),
            Some(Command::Request) => self.request(site, header, body),
            _ => Ok(Effect::Ignore(Ignored::Misdirected)),
        }
    }

    fn ping(&mut self, site: &Site, header: &Header) -> Effect {
        let Some(ping) = header.fields::<PingClient>() else { return Effect::Ignore(Ignored::Misdirected) };
        self.client = Some(ping.client);
        let pong = Header::new(site.cluster, site.view, site.replica, Release::OURS, PongClient::new(&ping));
        Effect::Send(Box::new(pong.sealed(&[])))
    }

    fn request(&mut self, site: &Site, header: &Header, body: &[u8]) -> Result<Effect, ConnectionError> {
        let Some(request) = header.fields::<Request>() else {
            return Ok(Effect::Ignore(Ignored::Misdirected));
        };
        if let Some(reason) = self.ignored(site, header, &request) {
            return Ok(Effect::Ignore(reason));
        }
        header.check_body(body)?;
        self.client = Some(request.client);
        let release = *self.release.get_or_insert(header.release);
        let work = if header.release < Release::CLIENT_MIN {
            Err(EvictionReason::ClientReleaseTooLow)
        } else if header.release > Release::CLIENT_MAX {
            Err(EvictionReason::ClientReleaseTooHigh)
        } else if header.release != release {
            Err(EvictionReason::SessionReleaseMismatch)
        } else {
            work(&request, body)
        };
        self.last = Some(*header);
        match work {
            Err(reason) => Ok(Effect::Evict(Box::new(self.evict(site, reason)))),
            Ok(work) => {
                self.is_under_way = true;
                Ok(Effect::Submit(Submission {
                    client: request.client,
                    session: request.session,
                    request: request.request,
                    digest: header.checksum_body ^ u128::from(request.operation),
                    is_unverified: request.session > self.position,
                    work,
                }))
            }
        }
    }

    fn ignored(&self, site: &Site, header: &Header, request: &Request) -> Option<Ignored> {
        let last = self.last.as_ref().and_then(Header::fields::<Request>);
        let is_old = last.is_some_and(|last| request.request < last.request && request.operation != REGISTER);
        // The same number with other content: the client's mistake, and there is an answer to the first only.
        let is_clash = last.is_some_and(|last| request.request == last.request && request.request != 0)
            && self.last.is_some_and(|last| last.checksum != header.checksum);
        if self.is_evicted {
            Some(Ignored::Evicted)
        } else if self.is_under_way {
            Some(Ignored::UnderWay)
        } else if !site.leads {
            Some(Ignored::NotLeader)
        } else if is_old || is_clash {
            Some(Ignored::Old)
        } else {
            None
        }
    }

    /// Hears the position of the journal, now. `false` if `session` lies beyond it: it belongs to another journal.
    pub fn verify(&mut self, session: u64, position: u64) -> bool {
        self.position = self.position.max(position);
        session <= self.position
    }

    /// The header of the reply to what is under way, with this body.
    pub fn reply(&mut self, site: &Site, done: Done, body: &[u8]) -> Option<Header> {
        let (header, request) = self.under_way()?;
        if request.operation == REGISTER {
            self.position = self.position.max(done.op);
        }
        let fields = Reply::new(header.checksum, &request, done.op, done.timestamp);
        Some(Header::new(site.cluster, site.view, site.replica, header.release, fields).reply(fields, body))
    }

    /// The body of the reply to a registration: the largest body that this site takes.
    pub fn register_result() -> [u8; REGISTER_RESULT_BYTES] {
        let mut body = [0; REGISTER_RESULT_BYTES];
        let limit = u32::try_from(crate::header::BODY_BYTES_MAX).unwrap_or(u32::MAX);
        body[..4].copy_from_slice(&limit.to_le_bytes());
        body
    }

    /// Ends what is under way without an answer: the client will ask again, here or elsewhere.
    pub fn abandon(&mut self) {
        self.is_under_way = false;
        self.last = None;
    }

    /// The message that tells the client why it is not served any more.
    pub fn evict(&mut self, site: &Site, reason: EvictionReason) -> Header {
        self.is_under_way = false;
        self.is_evicted = true;
        let client = self.client.unwrap_or_default();
        Header::new(site.cluster, site.view, site.replica, Release::OURS, Eviction::new(client, reason))
            .sealed(&[])
    }

    /// Whether a request is under way.
    pub fn is_under_way(&self) -> bool {
        self.is_under_way
    }

    fn under_way(&mut self) -> Option<(Header, Request)> {
        let header = self.last.filter(|_| self.is_under_way)?;
        self.is_under_way = false;
        Some((header, header.fields()?))
    }

    /// Takes the next message from bytes as they come from a stream. `None` if it is not there as a whole; else what to
    /// do, and how many bytes it had.
    pub fn feed(&mut self, site: &Site, bytes: &[u8]) -> Result<Option<(Effect, usize)>, ConnectionError> {
        let Some((head, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let header = Header::parse(head)?;
        self.check(site, &header)?;
        let Some(body) = rest.get(..header.body_len()) else { return Ok(None) };
        let effect = self.receive(site, &header, body)?;
        Ok(Some((effect, HEADER_BYTES + body.len())))
    }
}

/// What a request asks for, or why nobody will do it.
fn work(request: &Request, body: &[u8]) -> Result<Work, EvictionReason> {
    if request.operation == REGISTER {
        let is_first = request.parent == 0 && request.session == 0 && request.request == 0;
        return match body.len() {
            0 | REGISTER_REQUEST_BYTES if is_first => Ok(Work::Register),
            _ => Err(EvictionReason::InvalidRequestBody),
        };
    }
    if request.session == 0 || request.request == 0 {
        return Err(EvictionReason::NoSession);
    }
    if request.operation == NOOP {
        return if body.is_empty() { Ok(Work::Noop) } else { Err(EvictionReason::InvalidRequestBody) };
    }
    let operation =
        Operation::from_number(request.operation).ok_or(EvictionReason::InvalidRequestOperation)?;
    Batches::read(operation, body).map(|batches| Work::Operation(operation, batches))
}
