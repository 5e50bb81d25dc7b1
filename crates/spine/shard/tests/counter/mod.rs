//! The smallest machine that can tell lost, repeated and reordered requests apart: every request appends its bytes to a
//! log, and the reply is its place in it.

use ids::Timestamp;
use shard::{Frozen, StateMachine};
use stdx::Digest;

/// Any body: one command for each of its bytes.
pub(crate) const APPEND: u16 = 1;
/// Brought by time alone, once a stamp is beyond [`ALARM`].
pub(crate) const RING: u16 = 2;
/// When the alarm is due.
pub(crate) const ALARM: u64 = 1 << 62;

#[derive(Default)]
pub(crate) struct Log {
    pub(crate) bytes: Vec<u8>,
    pub(crate) stamps: Vec<u64>,
    pub(crate) rung: bool,
}

impl StateMachine for Log {
    type Context = ();

    fn genesis((): &()) -> Self {
        Self::default()
    }

    fn check(operation: u16, body: &[u8]) -> Result<u32, String> {
        match operation {
            APPEND => u32::try_from(body.len()).map_err(|error| error.to_string()),
            RING => Ok(1),
            other => Err(format!("operation {other} does not exist")),
        }
    }

    fn apply(&mut self, operation: u16, timestamp: Timestamp, body: &[u8], reply: &mut Vec<u8>) {
        if operation == RING {
            self.rung = true;
        }
        reply.extend_from_slice(&(self.bytes.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(body);
        self.stamps.push(timestamp.0);
    }

    fn due(&self, now: Timestamp) -> Option<u16> {
        (now.0 >= ALARM && !self.rung).then_some(RING)
    }

    fn state_hash(&self) -> Digest {
        let stamps: Vec<u8> = self.stamps.iter().flat_map(|stamp| stamp.to_le_bytes()).collect();
        Digest::of(&[&self.bytes[..], &stamps].concat())
    }

    fn freeze(&mut self) -> Frozen {
        let mut out = (self.bytes.len() as u64).to_le_bytes().to_vec();
        out.extend_from_slice(&self.bytes);
        self.stamps.iter().for_each(|stamp| out.extend_from_slice(&stamp.to_le_bytes()));
        out.into()
    }

    fn restore(bytes: &[u8], (): &()) -> Result<Self, String> {
        let (len, rest) = bytes.split_first_chunk::<8>().ok_or("too short")?;
        let len = usize::try_from(u64::from_le_bytes(*len)).map_err(|error| error.to_string())?;
        let (log, stamps) = rest.split_at_checked(len).ok_or("too short")?;
        let stamps = stamps.chunks_exact(8).map(|chunk| u64::from_le_bytes(chunk.try_into().unwrap()));
        Ok(Self { bytes: log.to_vec(), stamps: stamps.collect(), rung: false })
    }
}
