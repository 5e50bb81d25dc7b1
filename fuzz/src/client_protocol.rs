//! The client protocol: any bytes on a connection are a message, a part of one, or the end of the connection.

use arbitrary::{Result, Unstructured};
use vsr_core::{
    BODY_BYTES_MAX, Batches, ClientSession, Connection, Done, EVENTS_MAX, Effect, Encoding, EvictionReason,
    HEADER_BYTES, Header, Kind, Operation, PingClient, Release, Request, Site, Submission, Work, checksum,
    clamp_limits, finish_read, finish_write, multi_batch, results,
};

use crate::assert_told;

const CLIENT: u128 = 1;
const OUTCOME_BYTES: usize = 16;
/// Where a header keeps the checksum of the body and the size, and where what its own checksum covers begins.
const CHECKSUM_BODY_AT: usize = 32;
const SIZE_AT: usize = 96;
const CHECKED_AT: usize = 16;

/// Feeds a connection with messages made of `bytes`. Returns whether one of them asked the ledger for something.
///
/// # Panics
/// If something does not hold.
pub fn run(bytes: &[u8]) -> bool {
    let mut u = Unstructured::new(bytes);
    for size in [8, 16, 64, 128, 384] {
        batches(bytes, size);
    }
    stream(bytes);
    let mut client = ClientSession::new(CLIENT, 0, Release::OURS);
    client.register();
    talk(&mut u, &mut client).unwrap_or_default()
}

/// What a body's trailer says is what the trailer of these lengths is.
fn batches(body: &[u8], size: usize) {
    let Ok(lengths) = multi_batch::decode(body, size) else { return };
    let elements: usize = lengths.iter().map(|length| usize::from(*length)).sum();
    let mut again = body[..elements * size].to_vec();
    multi_batch::append_trailer(&lengths, size, &mut again);
    assert_eq!(again, body, "decoded and encoded");
}

/// The bytes as they are, as a stream.
fn stream(mut bytes: &[u8]) {
    let mut connection = Connection::default();
    let site = Site { cluster: 0, replica: 0, view: 0, leads: true };
    loop {
        match connection.feed(&site, bytes) {
            Ok(Some((_, used))) => bytes = &bytes[used..],
            Ok(None) => return,
            Err(error) => return assert_told(&error),
        }
    }
}

/// Messages that are close to good ones.
fn talk(u: &mut Unstructured<'_>, client: &mut ClientSession) -> Result<bool> {
    let mut connection = Connection::default();
    let site = Site {
        cluster: 0,
        replica: u.int_in_range(0..=5)?,
        view: u.arbitrary()?,
        leads: !u.ratio(1_u8, 16)?,
    };
    let mut asked = false;
    while !u.is_empty() {
        let message = message(u)?;
        hear(client, &message);
        match connection.feed(&site, &message) {
            Ok(None) => {
                let head = message.first_chunk::<HEADER_BYTES>().map(Header::parse);
                assert!(head.is_none_or(|head| {
                    head.is_ok_and(|head| HEADER_BYTES + head.body_len() > message.len())
                }));
            }
            Err(error) => {
                assert_told(&error);
                return Ok(asked);
            }
            Ok(Some((effect, used))) => {
                check_identity(&message[..used]);
                match effect {
                    Effect::Ignore(_) => {}
                    Effect::Send(header) | Effect::Evict(header) => check_identity(&header.to_bytes()),
                    Effect::Submit(submission) => {
                        asked |= matches!(submission.work, Work::Operation(..));
                        answer(u, &mut connection, &site, &submission, &message[HEADER_BYTES..used])?;
                    }
                }
            }
        }
    }
    Ok(asked)
}

/// A message that was accepted is the one that its content makes.
fn check_identity(message: &[u8]) {
    let (head, body) = message.split_first_chunk::<HEADER_BYTES>().expect("a whole header");
    let header = Header::parse(head).expect("what was accepted reads again");
    assert_eq!(&header.to_bytes(), head);
    if header.check_body(body).is_ok() {
        assert_eq!(header.sealed(body), header);
    }
}

fn hear(client: &mut ClientSession, message: &[u8]) {
    let Some((head, body)) = message.split_first_chunk::<HEADER_BYTES>() else { return };
    let Ok(header) = Header::parse(head) else { return };
    match client.receive(&header, body) {
        Ok(_) => assert!(client.leader(3) < 3),
        Err(error) => assert_told(&error),
    }
}

/// Does what was submitted, more or less, and checks the reply.
fn answer(
    u: &mut Unstructured<'_>,
    connection: &mut Connection,
    site: &Site,
    submission: &Submission,
    body: &[u8],
) -> Result<()> {
    assert!(connection.is_under_way());
    assert_ne!(submission.key(0), submission.key(1), "every part of a write has a name of its own");
    let reply = match &submission.work {
        Work::Register => Connection::register_result().to_vec(),
        Work::Noop => Vec::new(),
        Work::Operation(operation, batches) => {
            check_batches(*operation, batches, body);
            reply_to(u, *operation, batches, body)?
        }
    };
    match u.int_in_range(0..=7_u8)? {
        0 => connection.abandon(),
        1 => drop(connection.evict(site, EvictionReason::NoSession)),
        2 => assert!(connection.verify(0, u.arbitrary()?), "session 0 lies beyond no journal"),
        _ => {
            let done = Done { op: u.int_in_range(1..=9)?, timestamp: u.int_in_range(1..=9)? };
            let header = connection.reply(site, done, &reply).expect("a request is under way");
            let head = Header::parse(&header.to_bytes()).expect("our own reply");
            assert_eq!(head.check_body(&reply), Ok(()));
        }
    }
    assert!(
        !connection.is_under_way() || connection.reply(site, Done { op: 1, timestamp: 1 }, &[]).is_some()
    );
    Ok(())
}

fn check_batches(operation: Operation, batches: &Batches, body: &[u8]) {
    let events: usize = batches.lengths.iter().map(|length| usize::from(*length)).sum();
    assert!(events <= EVENTS_MAX && batches.payload_len == events * operation.kind.event_size());
    let payload = &body[..batches.payload_len];
    let mut again = payload.to_vec();
    if operation.is_batched() {
        multi_batch::append_trailer(&batches.lengths, operation.kind.event_size(), &mut again);
    }
    assert_eq!(again, body, "decoded and encoded");
    let mut end = 0;
    for range in batches.ranges(operation.kind) {
        assert_eq!(range.start, end);
        end = range.end;
    }
    assert_eq!(end, payload.len());
    if operation.kind.is_write() {
        let parts = batches.parts(operation.kind, payload);
        assert!(parts.iter().all(|part| !part.is_empty()));
        let joined: Vec<u8> = parts.into_iter().flat_map(|part| payload[part].to_vec()).collect();
        assert_eq!(joined, payload, "the parts of a write are all of it, in order");
    }
}

/// The body of the largest reply that the request allows.
fn reply_to(
    u: &mut Unstructured<'_>,
    operation: Operation,
    batches: &Batches,
    body: &[u8],
) -> Result<Vec<u8>> {
    let mut payload = body[..batches.payload_len].to_vec();
    clamp_limits(operation, &mut payload);
    let mut out = Vec::new();
    if operation.kind.is_write() {
        let refused: u8 = u.arbitrary()?;
        for event in 0..payload.len() / operation.kind.event_size() {
            let is_refused = refused >> (event % 8) & 1 == 1;
            let status = if is_refused { 5_u32 } else { u32::MAX };
            out.extend_from_slice(&(event as u64).to_le_bytes());
            out.extend_from_slice(&[status.to_le_bytes(), [0; 4]].concat());
        }
        let events = out.len() / OUTCOME_BYTES;
        let latest = finish_write(operation, batches, &mut out);
        assert_eq!(latest, events.saturating_sub(1) as u64, "the stamp of the last event");
    } else {
        let mut ends = Vec::new();
        for range in batches.ranges(operation.kind) {
            let most = match limit_at(operation.kind) {
                Some(at) => {
                    let limit = &payload[range.start + at..range.start + at + 4];
                    u32::from_le_bytes([limit[0], limit[1], limit[2], limit[3]]) as usize
                }
                None => range.len() / operation.kind.event_size(),
            };
            out.resize(out.len() + most * operation.result_size(), 0x33);
            ends.push(out.len());
        }
        assert_eq!(
            finish_read(operation, &ends, &mut out),
            Some(()),
            "a request is taken only if its reply fits"
        );
    }
    assert!(out.len() <= BODY_BYTES_MAX);
    let parts = results(operation, &out).expect("our own results");
    if operation.is_batched() {
        assert_eq!(parts.len(), batches.lengths.len(), "results for every batch");
    }
    if operation.encoding == Encoding::Batched && operation.kind.is_write() {
        let lengths = parts.iter().map(|part| part.len() / OUTCOME_BYTES);
        assert!(lengths.eq(batches.lengths.iter().map(|length| usize::from(*length))));
    }
    Ok(out)
}

/// Where a filter keeps its limit, as the protocol's description has it.
fn limit_at(kind: Kind) -> Option<usize> {
    match kind {
        Kind::GetAccountTransfers | Kind::GetAccountBalances => Some(120),
        Kind::QueryAccounts | Kind::QueryTransfers => Some(56),
        Kind::GetChangeEvents => Some(16),
        _ => None,
    }
}

fn message(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut message = match u.int_in_range(0..=9_u8)? {
        0 => {
            let length = u.int_in_range(0..=HEADER_BYTES + 8)?.min(u.len());
            u.bytes(length)?.to_vec()
        }
        1 => {
            let ping = PingClient::new(client(u)?, u.int_in_range(0..=3)?, u.arbitrary()?);
            Header::new(0, 0, 0, Release::OURS, ping).sealed(&[]).to_bytes().to_vec()
        }
        _ => request(u)?,
    };
    match u.int_in_range(0..=7_u8)? {
        // A field that lies.
        0 if message.len() >= HEADER_BYTES => {
            let at = u.int_in_range(CHECKED_AT..=HEADER_BYTES - 1)?;
            message[at] = u.arbitrary()?;
        }
        1 if !message.is_empty() => {
            let length = u.int_in_range(0..=message.len())?;
            message.truncate(length);
            return Ok(message);
        }
        _ => return Ok(message),
    }
    put_right(&mut message, u.arbitrary()?);
    Ok(message)
}

fn client(u: &mut Unstructured<'_>) -> Result<u128> {
    if u.ratio(1_u8, 16)? { u.arbitrary() } else { Ok(CLIENT) }
}

fn request(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let number = match u.int_in_range(0..=9_u8)? {
        0 => u.arbitrary()?,
        1 => 2,
        2 => 6,
        _ => u.int_in_range(129..=147)?,
    };
    let body = match Operation::from_number(number) {
        Some(operation) if !u.ratio(1_u8, 16)? => events(u, operation)?,
        _ if number == 2 => vec![0; 256],
        _ => {
            let length = u.int_in_range(0..=300_usize)?.min(u.len());
            u.bytes(length)?.to_vec()
        }
    };
    let (session, count) =
        if number == 2 { (0, 0) } else { (u.int_in_range(0..=15)?, u.int_in_range(0..=9)?) };
    let release = match u.int_in_range(0..=15_u8)? {
        15 => Release(u.arbitrary()?),
        14 => Release::CLIENT_MIN,
        _ => Release::OURS,
    };
    let fields = Request::new(client(u)?, session, count, number, 0);
    let header = Header::new(0, 0, 0, release, fields).sealed(&body);
    Ok([&header.to_bytes()[..], &body].concat())
}

/// A body of some batches of events.
fn events(u: &mut Unstructured<'_>, operation: Operation) -> Result<Vec<u8>> {
    let size = operation.kind.event_size();
    let batches = if operation.is_batched() { u.int_in_range(1..=6_u8)? } else { 1 };
    let (mut body, mut lengths) = (Vec::new(), Vec::new());
    for _ in 0..batches {
        let length = if operation.kind.takes_many() { u.int_in_range(0..=4_u16)? } else { 1 };
        lengths.push(length);
        for _ in 0..length {
            let start = body.len();
            body.resize(start + size, 0);
            // The numbers that matter are the flags and the limit, near the end.
            let at = limit_at(operation.kind).unwrap_or(size.saturating_sub(10));
            let number: u32 = if u.arbitrary()? { u.int_in_range(0..=9)? } else { u.arbitrary()? };
            body[start + at..start + at + 4].copy_from_slice(&number.to_le_bytes());
        }
    }
    if operation.is_batched() {
        multi_batch::append_trailer(&lengths, size, &mut body);
    }
    Ok(body)
}

/// Makes the checksums of a message say that all is well, and with `size` also its size.
fn put_right(message: &mut [u8], size: bool) {
    let Some((head, body)) = message.split_at_mut_checked(HEADER_BYTES) else { return };
    if size {
        let length = u32::try_from(HEADER_BYTES + body.len()).unwrap_or(u32::MAX);
        head[SIZE_AT..SIZE_AT + 4].copy_from_slice(&length.to_le_bytes());
        head[CHECKSUM_BODY_AT..CHECKSUM_BODY_AT + 16].copy_from_slice(&checksum(body).to_le_bytes());
    }
    let sum = checksum(&head[CHECKED_AT..]);
    head[..CHECKED_AT].copy_from_slice(&sum.to_le_bytes());
}
