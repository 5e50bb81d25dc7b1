//! Following a journal from another process.

use std::sync::Arc;

use ids::Seq;

use crate::chain::{Position, Record};
use crate::cursor::{Cursor, Step};
use crate::disk::Disk;
use crate::error::{Corruption, JournalError};
use crate::format::check_name;
use crate::tail::Torn;

/// How many polls in a row must find the same damaged bytes at the very end before they count as damage.
const UNSETTLED_POLLS_MAX: u32 = 8;

/// Reads a journal from a position on, while others append to it and take over from each other.
///
/// A record may be read before it is durable. That is harmless for state in memory, which does not outlive the machine
/// either. But a snapshot that is kept, or an answer to a client, must wait until [`Reader::durable`] has reached its
/// sequence number, or a power failure could leave it ahead of the journal. A sync by the follower would be no proof: if the
/// leader's own sync failed, the kernel may call its pages clean without having written them.
#[derive(Debug)]
pub struct Reader {
    cursor: Cursor,
    torn: Option<Torn>,
    unsettled: Option<(Corruption, u32)>,
}

impl Reader {
    /// Starts at `from`. A journal that does not exist yet is one without records.
    ///
    /// Errors: [`JournalError::PositionNotFound`] if the journal does not contain `from`, and everything that can be wrong
    /// with the folder.
    pub fn open(disk: Arc<dyn Disk>, shard: &str, from: Position) -> Result<Self, JournalError> {
        check_name(shard)?;
        let cursor = Cursor::open(disk, shard, from)?;
        Ok(Self { cursor, torn: None, unsettled: None })
    }

    /// The next record; `None` if there is none yet. Never fails because a leader is in the middle of a write, or because its
    /// successor cut a torn write off and wrote something else in its place.
    pub fn next_record(&mut self) -> Result<Option<Record>, JournalError> {
        self.torn = None;
        let unsettled = self.unsettled.take();
        match self.cursor.step()? {
            Step::Record(record) => return Ok(Some(record)),
            Step::End => {}
            Step::Torn(torn) => self.torn = Some(torn),
            Step::Unsettled(found) => {
                let polls = match unsettled {
                    Some((before, polls)) if before == found => polls + 1,
                    _ => 1,
                };
                if polls >= UNSETTLED_POLLS_MAX {
                    self.unsettled = Some((found.clone(), polls));
                    return Err(found.into());
                }
                self.unsettled = Some((found, polls));
            }
        }
        Ok(None)
    }

    /// The place after the last record.
    pub fn position(&self) -> Position {
        self.cursor.position()
    }

    /// The unfinished write the last call of [`Reader::next_record`] found at the end, if it did. A leader may still be at it.
    pub fn torn(&self) -> Option<&Torn> {
        self.torn.as_ref()
    }

    /// Whether the last call of [`Reader::next_record`] found bytes that may turn out to be damage; reading on will tell.
    pub fn is_unsettled(&self) -> bool {
        self.unsettled.is_some()
    }

    /// The last record known to be durable; zero while nothing is known. The last group is not known to be before the next one
    /// follows it.
    pub fn durable(&self) -> Seq {
        self.cursor.durable()
    }
}
