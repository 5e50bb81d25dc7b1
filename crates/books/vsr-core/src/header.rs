//! Messages: a header of 256 bytes, then the body.
//!
//! The first half of the header is the same for all messages, the second half depends on the command. All numbers are
//! little-endian. The header's checksum covers the header after it, so that the size can be trusted before the body is
//! there; the body has a checksum of its own in the header.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, TryFromBytes};

use crate::checksum::{CHECKSUM_OF_NOTHING, checksum};
use crate::release::Release;

#[cfg(target_endian = "big")]
compile_error!("headers are used in place and are little-endian");

/// Bytes of a header.
pub const HEADER_BYTES: usize = 256;
/// Bytes of the largest message, header included.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Bytes of the largest body.
pub const BODY_BYTES_MAX: usize = MESSAGE_BYTES_MAX - HEADER_BYTES;

/// The version of the message format.
const PROTOCOL: u16 = 0;

/// The messages between a client and a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(u8)]
pub enum Command {
    /// A client asks who leads, and whether anybody is there.
    PingClient = 3,
    /// The answer.
    PongClient = 4,
    /// A client wants something done.
    Request = 5,
    /// What became of it.
    Reply = 8,
    /// A client is told that it will not be served.
    Eviction = 18,
}

/// A header, as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Header {
    /// Of everything after it in the header.
    pub checksum: u128,
    checksum_padding: u128,
    /// Of the body.
    pub checksum_body: u128,
    checksum_body_padding: u128,
    nonce_reserved: u128,
    /// The cluster that the sender means.
    pub cluster: u128,
    /// Bytes of header and body.
    pub size: u32,
    epoch: u32,
    /// The view: `view % replicas` is the index of the replica that leads.
    pub view: u32,
    /// The client's release in requests and replies, the cluster's otherwise.
    pub release: Release,
    protocol: u16,
    command: u8,
    /// The index of the replica that sends; 0 from a client.
    pub replica: u8,
    reserved_frame: [u8; 12],
    fields: [u8; 128],
}

/// The second half of the header of one command.
pub trait Fields: FromBytes + IntoBytes + Immutable + KnownLayout + Copy {
    /// The command it belongs to.
    const COMMAND: Command;
}

/// A client's ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct PingClient {
    /// The client's id.
    pub client: u128,
    /// The client's own clock, nanoseconds; comes back in the pong.
    pub ping_timestamp_monotonic: u64,
    /// The session's number, 0 before it is open.
    pub session: u64,
    /// Not checked: releases add to the ping, and a pong does not depend on it.
    reserved: [u8; 96],
}

/// The answer to a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct PongClient {
    /// The ping's.
    pub ping_timestamp_monotonic: u64,
    reserved: [u8; 120],
}

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Request {
    /// The `context` of the reply before, 0 to register.
    pub parent: u128,
    parent_padding: u128,
    /// The client's id: random, and new for every process.
    pub client: u128,
    /// The session's number, 0 to register.
    pub session: u64,
    timestamp: u64,
    /// The number of the request in its session, 0 to register.
    pub request: u32,
    /// What is asked for.
    pub operation: u8,
    latency_padding: [u8; 3],
    /// How long the request before took, as the client saw it.
    pub previous_request_latency: u32,
    reserved: [u8; 52],
}

/// A reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Reply {
    /// The request's `checksum`.
    pub request_checksum: u128,
    request_checksum_padding: u128,
    /// What the next request names as its parent: this header's checksum as it would be in view 0.
    pub context: u128,
    context_padding: u128,
    /// The client's id.
    pub client: u128,
    /// The operation's number in the cluster's log.
    pub op: u64,
    /// The same number. In the reply to a registration it is the session's.
    pub commit: u64,
    /// When the request was executed, in nanoseconds since 1970; never 0.
    pub timestamp: u64,
    /// The request's.
    pub request: u32,
    /// The request's.
    pub operation: u8,
    reserved: [u8; 19],
}

/// A client will not be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Eviction {
    /// The client's id.
    pub client: u128,
    reserved: [u8; 111],
    reason: u8,
}

/// Why a client is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EvictionReason {
    /// There is no such session.
    NoSession = 1,
    /// The client is too old.
    ClientReleaseTooLow = 2,
    /// The client is too new.
    ClientReleaseTooHigh = 3,
    /// There is no such operation.
    InvalidRequestOperation = 4,
    /// The body is not what the operation takes.
    InvalidRequestBody = 5,
    /// The body is too large.
    InvalidRequestBodySize = 6,
    /// The session was replaced by a later one of the same client.
    SessionTooLow = 7,
    /// The session was opened by a client of another release.
    SessionReleaseMismatch = 8,
}

impl EvictionReason {
    const ALL: [Self; 8] = [
        Self::NoSession,
        Self::ClientReleaseTooLow,
        Self::ClientReleaseTooHigh,
        Self::InvalidRequestOperation,
        Self::InvalidRequestBody,
        Self::InvalidRequestBodySize,
        Self::SessionTooLow,
        Self::SessionReleaseMismatch,
    ];
}

const _: () = assert!(
    size_of::<Header>() == HEADER_BYTES
        && size_of::<PingClient>() == 128
        && size_of::<PongClient>() == 128
        && size_of::<Request>() == 128
        && size_of::<Reply>() == 128
        && size_of::<Eviction>() == 128
);

impl Fields for PingClient {
    const COMMAND: Command = Command::PingClient;
}
impl Fields for PongClient {
    const COMMAND: Command = Command::PongClient;
}
impl Fields for Request {
    const COMMAND: Command = Command::Request;
}
impl Fields for Reply {
    const COMMAND: Command = Command::Reply;
}
impl Fields for Eviction {
    const COMMAND: Command = Command::Eviction;
}

/// Why bytes are not a message of this protocol. What follows them on the connection cannot be trusted either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The header is damaged, or this is another protocol.
    #[error("the header's checksum does not match")]
    HeaderChecksum,
    /// The body is damaged.
    #[error("the body's checksum does not match")]
    BodyChecksum,
    /// A later version of the format.
    #[error("the message has format {protocol}, which this program does not know")]
    Protocol {
        /// The format found.
        protocol: u16,
    },
    /// Smaller than a header or larger than a message may be.
    #[error("the message claims a size of {size} bytes")]
    Size {
        /// The size found.
        size: u32,
    },
    /// Not a message between clients and replicas.
    #[error("command {command} is not for clients")]
    Command {
        /// The command found.
        command: u8,
    },
    /// A field that must be zero is not, or a field that must not be zero is.
    #[error("the header's {field} has a value that it must not have")]
    Field {
        /// Its name.
        field: &'static str,
    },
}

impl Header {
    /// Reads a header and checks all that can be checked without its body.
    pub fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, FrameError> {
        if u128::from_le_bytes(*bytes.first_chunk().unwrap_or(&[0; 16])) != checksum(&bytes[16..]) {
            return Err(FrameError::HeaderChecksum);
        }
        let header: Self = zerocopy::transmute!(*bytes);
        if header.protocol != PROTOCOL {
            return Err(FrameError::Protocol { protocol: header.protocol });
        }
        if !(HEADER_BYTES..=MESSAGE_BYTES_MAX).contains(&(header.size as usize)) {
            return Err(FrameError::Size { size: header.size });
        }
        let zero = [
            ("checksum_padding", header.checksum_padding == 0),
            ("checksum_body_padding", header.checksum_body_padding == 0),
            ("nonce_reserved", header.nonce_reserved == 0),
            ("epoch", header.epoch == 0),
            ("reserved_frame", header.reserved_frame == [0; 12]),
            ("release", header.release.0 != 0),
        ];
        all_hold(&zero)?;
        header.check_fields()?;
        Ok(header)
    }

    fn check_fields(&self) -> Result<(), FrameError> {
        let empty = self.body_len() == 0 && self.checksum_body == CHECKSUM_OF_NOTHING;
        match self.command().ok_or(FrameError::Command { command: self.command })? {
            Command::PingClient => {
                let ping: PingClient = self.read();
                all_hold(&[
                    ("size", empty),
                    ("replica", self.replica == 0),
                    ("view", self.view == 0),
                    ("client", ping.client != 0),
                ])
            }
            Command::PongClient => {
                let pong: PongClient = self.read();
                all_hold(&[("size", empty), ("reserved", pong.reserved == [0; 120])])
            }
            Command::Request => {
                let request: Request = self.read();
                all_hold(&[
                    ("replica", self.replica == 0),
                    ("parent_padding", request.parent_padding == 0),
                    ("client", request.client != 0),
                    ("timestamp", request.timestamp == 0),
                    ("latency_padding", request.latency_padding == [0; 3]),
                    ("reserved", request.reserved == [0; 52]),
                ])
            }
            Command::Reply => {
                let reply: Reply = self.read();
                all_hold(&[
                    ("request_checksum_padding", reply.request_checksum_padding == 0),
                    ("context_padding", reply.context_padding == 0),
                    ("client", reply.client != 0),
                    ("op", reply.op == reply.commit && reply.commit != 0),
                    ("timestamp", reply.timestamp != 0),
                    ("reserved", reply.reserved == [0; 19]),
                ])
            }
            Command::Eviction => {
                let eviction: Eviction = self.read();
                all_hold(&[
                    ("size", empty),
                    ("client", eviction.client != 0),
                    ("reason", eviction.reason().is_some()),
                    ("reserved", eviction.reserved == [0; 111]),
                ])
            }
        }
    }

    /// A header of `T`'s command, to be sealed with its body.
    pub fn new<T: Fields>(cluster: u128, view: u32, replica: u8, release: Release, fields: T) -> Self {
        Self {
            checksum: 0,
            checksum_padding: 0,
            checksum_body: 0,
            checksum_body_padding: 0,
            nonce_reserved: 0,
            cluster,
            size: 0,
            epoch: 0,
            view,
            release,
            protocol: PROTOCOL,
            command: T::COMMAND as u8,
            replica,
            reserved_frame: [0; 12],
            fields: read(fields.as_bytes()),
        }
    }

    /// Sets size and checksums for `body`, which must be at most [`BODY_BYTES_MAX`] bytes.
    #[must_use]
    pub fn sealed(mut self, body: &[u8]) -> Self {
        debug_assert!(body.len() <= BODY_BYTES_MAX);
        self.size = u32::try_from(HEADER_BYTES + body.len()).unwrap_or(u32::MAX);
        self.checksum_body = if body.is_empty() { CHECKSUM_OF_NOTHING } else { checksum(body) };
        self.checksum = checksum(&self.as_bytes()[16..]);
        self
    }

    /// A reply with this body, sealed. Its context is its checksum in view 0, so that sending it again in a later view
    /// does not change what the next request names as its parent.
    pub(crate) fn reply(mut self, fields: Reply, body: &[u8]) -> Self {
        let view = std::mem::take(&mut self.view);
        self = self.sealed(body);
        let fields = Reply { context: self.checksum, ..fields };
        self.view = view;
        self.fields = read(fields.as_bytes());
        self.checksum = checksum(&self.as_bytes()[16..]);
        self
    }

    /// Checks the body that came with this header.
    pub fn check_body(&self, body: &[u8]) -> Result<(), FrameError> {
        if body.len() != self.body_len() {
            return Err(FrameError::Size { size: self.size });
        }
        let actual = if body.is_empty() { CHECKSUM_OF_NOTHING } else { checksum(body) };
        if actual == self.checksum_body { Ok(()) } else { Err(FrameError::BodyChecksum) }
    }

    /// Bytes of the body.
    pub fn body_len(&self) -> usize {
        (self.size as usize).saturating_sub(HEADER_BYTES)
    }

    /// The command, if it is one that clients send or hear.
    pub fn command(&self) -> Option<Command> {
        Command::try_read_from_bytes(&[self.command]).ok()
    }

    /// The second half, if it is that of a `T`.
    pub fn fields<T: Fields>(&self) -> Option<T> {
        (self.command == T::COMMAND as u8).then(|| self.read())
    }

    fn read<T: Fields>(&self) -> T {
        read(&self.fields)
    }

    /// The header as it travels.
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        zerocopy::transmute!(self)
    }
}

/// Reads a value of exactly as many bytes.
fn read<T: FromBytes + IntoBytes>(bytes: &[u8]) -> T {
    let mut value = T::new_zeroed();
    value.as_mut_bytes().copy_from_slice(bytes);
    value
}

fn all_hold(rules: &[(&'static str, bool)]) -> Result<(), FrameError> {
    match rules.iter().find(|(_, holds)| !holds) {
        Some((field, _)) => Err(FrameError::Field { field }),
        None => Ok(()),
    }
}

impl PingClient {
    /// A ping of `client` in its session, at its own time.
    pub fn new(client: u128, session: u64, ping_timestamp_monotonic: u64) -> Self {
        Self { client, ping_timestamp_monotonic, session, reserved: [0; 96] }
    }
}

impl PongClient {
    /// The answer to a ping.
    pub fn new(ping: &PingClient) -> Self {
        Self { ping_timestamp_monotonic: ping.ping_timestamp_monotonic, reserved: [0; 120] }
    }
}

impl Request {
    /// Request number `request` of a session.
    pub fn new(client: u128, session: u64, request: u32, operation: u8, parent: u128) -> Self {
        Self {
            parent,
            parent_padding: 0,
            client,
            session,
            timestamp: 0,
            request,
            operation,
            latency_padding: [0; 3],
            previous_request_latency: 0,
            reserved: [0; 52],
        }
    }
}

impl Reply {
    /// The reply to the request in `header`, executed at `timestamp`, whose number in the log is `op`.
    pub(crate) fn new(request_checksum: u128, request: &Request, op: u64, timestamp: u64) -> Self {
        Self {
            request_checksum,
            request_checksum_padding: 0,
            context: 0,
            context_padding: 0,
            client: request.client,
            op,
            commit: op,
            timestamp,
            request: request.request,
            operation: request.operation,
            reserved: [0; 19],
        }
    }
}

impl Eviction {
    /// Tells `client` why.
    pub fn new(client: u128, reason: EvictionReason) -> Self {
        Self { client, reserved: [0; 111], reason: reason as u8 }
    }

    /// Why.
    pub fn reason(&self) -> Option<EvictionReason> {
        EvictionReason::ALL.into_iter().find(|reason| *reason as u8 == self.reason)
    }
}
