//! What a client does: one session, one request under way at a time, and the view it follows.

use crate::header::{
    BODY_BYTES_MAX, Command, Eviction, EvictionReason, FrameError, Header, PingClient, Reply, Request,
};
use crate::operation::{Operation, REGISTER};
use crate::release::Release;

/// Bytes of the body of a request to register.
const REGISTER_REQUEST_BYTES: usize = 256;

/// A client's session.
#[derive(Clone, Debug)]
pub struct ClientSession {
    id: u128,
    cluster: u128,
    release: Release,
    session: u64,
    next: u32,
    parent: u128,
    view: u32,
    body_max: usize,
    under_way: Option<Header>,
}

/// What a message told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing that is waited for.
    Nothing,
    /// The reply to the request under way; its body came with the message.
    Reply {
        /// When it was done, nanoseconds since 1970.
        timestamp: u64,
    },
}

/// Why a session cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The message is damaged.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The cluster refused the client.
    #[error("the cluster refused the client: {reason:?}")]
    Evicted {
        /// Why.
        reason: EvictionReason,
    },
    /// The message answers something that was not asked.
    #[error("the reply does not belong to the request")]
    Mismatch,
    /// A request while another one is under way or before the session is open, or a body that is too large.
    #[error("the request cannot be sent now, or is too large")]
    Misuse,
}

impl stdx::Coded for SessionError {
    fn code(&self) -> &'static str {
        match self {
            Self::Frame(_) => "VSR-0101",
            Self::Evicted { .. } => "VSR-0102",
            Self::Mismatch => "VSR-0103",
            Self::Misuse => "VSR-0104",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Frame(_) => {
                "look for what damages data between client and cluster, and for another protocol on this port"
            }
            Self::Evicted { .. } => "open a new session, with a release and a body that the cluster takes",
            Self::Mismatch => "check that the addresses belong to one cluster and that its id is right",
            Self::Misuse => "wait for the reply before the next request, and keep bodies within the limit",
        }
    }
}

impl ClientSession {
    /// A client that calls itself `id`, which must be random and not 0.
    pub fn new(id: u128, cluster: u128, release: Release) -> Self {
        Self {
            id,
            cluster,
            release,
            session: 0,
            next: 0,
            parent: 0,
            view: 0,
            body_max: BODY_BYTES_MAX,
            under_way: None,
        }
    }

    /// The request that opens the session, header and body.
    pub fn register(&mut self) -> (Header, [u8; REGISTER_REQUEST_BYTES]) {
        let body = [0; REGISTER_REQUEST_BYTES];
        (self.start(REGISTER, &body), body)
    }

    /// The header of the next request.
    ///
    /// Errors: [`SessionError::Misuse`].
    pub fn request(&mut self, operation: Operation, body: &[u8]) -> Result<Header, SessionError> {
        if self.session == 0 || self.under_way.is_some() || body.len() > self.body_max {
            return Err(SessionError::Misuse);
        }
        Ok(self.start(operation.number(), body))
    }

    fn start(&mut self, operation: u8, body: &[u8]) -> Header {
        let fields = Request::new(self.id, self.session, self.next, operation, self.parent);
        let header = Header::new(self.cluster, self.view, 0, self.release, fields).sealed(body);
        self.next += 1;
        self.under_way = Some(header);
        header
    }

    /// A ping at the client's own time `now`.
    pub fn ping(&self, now: u64) -> Header {
        Header::new(self.cluster, 0, 0, self.release, PingClient::new(self.id, self.session, now)).sealed(&[])
    }

    /// Takes a message.
    pub fn receive(&mut self, header: &Header, body: &[u8]) -> Result<Heard, SessionError> {
        header.check_body(body)?;
        if header.cluster != self.cluster {
            return Err(SessionError::Mismatch);
        }
        match header.command() {
            Some(Command::PongClient) => {
                self.view = self.view.max(header.view);
                Ok(Heard::Nothing)
            }
            Some(Command::Reply) => self.reply(header, body),
            Some(Command::Eviction) => match header.fields::<Eviction>() {
                Some(eviction) if eviction.client == self.id && header.view >= self.view => {
                    let reason = eviction.reason().unwrap_or(EvictionReason::NoSession);
                    Err(SessionError::Evicted { reason })
                }
                _ => Ok(Heard::Nothing),
            },
            _ => Ok(Heard::Nothing),
        }
    }

    fn reply(&mut self, header: &Header, body: &[u8]) -> Result<Heard, SessionError> {
        let (Some(reply), Some(asked)) = (header.fields::<Reply>(), self.under_way) else {
            return Ok(Heard::Nothing);
        };
        let request: Request = asked.fields().ok_or(SessionError::Mismatch)?;
        if reply.client != self.id || reply.request < request.request {
            return Ok(Heard::Nothing);
        }
        if reply.request_checksum != asked.checksum || reply.operation != request.operation {
            return Err(SessionError::Mismatch);
        }
        self.view = self.view.max(header.view);
        self.parent = reply.context;
        self.under_way = None;
        if request.operation == REGISTER {
            self.session = reply.commit;
            let limit = body.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
            self.body_max = usize::try_from(limit).unwrap_or(0).min(BODY_BYTES_MAX);
        }
        Ok(Heard::Reply { timestamp: reply.timestamp })
    }

    /// Whether the session is open.
    pub fn is_open(&self) -> bool {
        self.session != 0
    }

    /// The index of the site to ask, of `sites`.
    pub fn leader(&self, sites: usize) -> usize {
        usize::try_from(self.view).unwrap_or(0).checked_rem(sites).unwrap_or(0)
    }

    /// The client's id.
    pub fn id(&self) -> u128 {
        self.id
    }
}
