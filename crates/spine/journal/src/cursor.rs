//! Walks a journal record by record, checks each, and judges what fails. Readers, takeovers and verification share it.

use std::io;
use std::sync::Arc;

use ids::Seq;

use crate::chain::{Position, Record};
use crate::disk::{Access, Disk, DiskFile};
use crate::error::{Corruption, Fault, JournalError};
use crate::examine::{Finding, examine, read, record_before};
use crate::files::{list_segments, read_epoch, segment_name};
use crate::format::{HEADER_BYTES, Hasher, Header, check_name};
use crate::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, is_unfinished_header};
use crate::tail::{Torn, has_durable_successor};

/// A follower looks for segments beyond a gap at every so many polls: listing a folder costs more than reading a file's end.
const POLLS_PER_LISTING: u32 = 64;

/// What comes next in a journal.
#[derive(Debug)]
pub(crate) enum Step {
    /// A record, checked and linked.
    Record(Record),
    /// Nothing yet.
    End,
    /// A write that is not finished: still under way, or torn.
    Torn(Torn),
    /// Damage at the very end that nothing yet proves to have been durable. Final once no writer can be at work on it.
    Unsettled(Corruption),
}

/// A place in a journal that moves from record to record.
#[derive(Debug)]
pub(crate) struct Cursor {
    disk: Arc<dyn Disk>,
    shard: String,
    hasher: Hasher,
    position: Position,
    /// The last record that some later record proves to have been durable when that was written.
    durable: Seq,
    /// The segment of `position`; `None` until the journal's first segment exists.
    file: Option<Box<dyn DiskFile>>,
    /// All segments as of the last listing.
    segments: Vec<Seq>,
    polls: u32,
}

/// A segment that was opened.
enum Entry {
    Absent,
    /// Its creation was cut short, or is still under way.
    Unfinished(Torn),
    Segment(Box<dyn DiskFile>, SegmentHeader),
}

impl Cursor {
    /// Starts at `from` and checks that the journal contains it.
    pub(crate) fn open(disk: Arc<dyn Disk>, shard: &str, from: Position) -> Result<Self, JournalError> {
        check_name(shard)?;
        // In this order: the first segment is created before the epoch file.
        let claimed = read_epoch(&*disk)?.is_some();
        let segments = list_segments(&*disk)?;
        if segments.is_empty() && claimed {
            return Err(JournalError::MissingSegment { expected: Seq(1) });
        }
        let hasher = Hasher::new(shard);
        let mut cursor = Self {
            disk,
            shard: shard.to_owned(),
            hasher,
            position: from,
            durable: Seq::ZERO,
            file: None,
            segments,
            polls: 0,
        };
        if from != Position::genesis() || cursor.segments.first() > Some(&Seq(1)) {
            cursor.locate()?;
        }
        Ok(cursor)
    }

    /// The place after the last record.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// The last record known to be durable; zero while nothing is known.
    pub(crate) fn durable(&self) -> Seq {
        self.durable
    }

    /// Whether the journal has a segment to append to.
    pub(crate) fn has_segment(&self) -> bool {
        self.file.is_some()
    }

    /// Reads on.
    pub(crate) fn step(&mut self) -> Result<Step, JournalError> {
        loop {
            if self.file.is_none() {
                if let Some(step) = self.enter_first()? {
                    return Ok(step);
                }
                continue;
            }
            match self.examine()? {
                Finding::Record(header, payload) => return Ok(self.advance(&header, payload)),
                Finding::Failure { .. } => return self.judge(),
                Finding::Nothing => {}
            }
            if let Some(step) = self.enter_next()? {
                return Ok(step);
            }
        }
    }

    /// Opens the segment of the position and finds the record that ends there.
    fn locate(&mut self) -> Result<(), JournalError> {
        let Position { seq, epoch, hash, timestamp, segment_first, offset } = self.position;
        let (file, header) = match self.enter(segment_first)? {
            Entry::Segment(file, header) => (file, header),
            _ if self.segments.last() > Some(&segment_first) => {
                return Err(JournalError::MissingSegment { expected: segment_first });
            }
            _ => return Err(self.not_found()),
        };
        let found = if offset == SEGMENT_HEADER_BYTES as u64 {
            Some(header.first_seq.0) == seq.0.checked_add(1)
                && header.prev_hash == hash
                && header.epoch == epoch
        } else {
            record_before(&*file, &self.position)?.is_some_and(|record| {
                (record.seq, record.hash, record.epoch, record.timestamp) == (seq, hash, epoch, timestamp)
            })
        };
        if !found {
            return Err(self.not_found());
        }
        self.file = Some(file);
        Ok(())
    }

    fn not_found(&self) -> JournalError {
        let Position { seq, hash, segment_first, offset, .. } = self.position;
        JournalError::PositionNotFound { seq, hash, file: segment_name(segment_first), offset }
    }

    /// Opens the segment that starts with `first` and checks its header.
    fn enter(&self, first: Seq) -> Result<Entry, JournalError> {
        let name = segment_name(first);
        let file = match self.disk.open(&name, Access::Read) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Entry::Absent),
            Err(error) => return Err(JournalError::io("open", &name)(error)),
        };
        // Measured before it is read: a header that grows meanwhile must not look like a long file with half a header.
        let size = file.size().map_err(JournalError::io("measure", &name))?;
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        let length = read(&*file, &name, 0, &mut bytes)?;
        // Records are written only after the header is durable: in a longer file a bad header is damage.
        if size <= SEGMENT_HEADER_BYTES as u64 && is_unfinished_header(&bytes[..length]) {
            return Ok(Entry::Unfinished(Torn { file: name, offset: 0, bytes: size }));
        }
        let header = SegmentHeader::decode(&bytes, first, &self.shard)?;
        Ok(Entry::Segment(file, header))
    }

    /// In a journal without segments: enters the first (`None`), or says what there is instead.
    fn enter_first(&mut self) -> Result<Option<Step>, JournalError> {
        match self.enter(self.position.segment_first)? {
            Entry::Segment(file, header) => {
                self.check_chain(&header)?;
                self.file = Some(file);
                Ok(None)
            }
            Entry::Unfinished(torn) => self.judge_unfinished(self.position.segment_first, torn),
            Entry::Absent => self.look_beyond_the_end(),
        }
    }

    /// Only the last segment can be unfinished: records go into a segment after its header, and a next one after them.
    fn judge_unfinished(&mut self, first: Seq, torn: Torn) -> Result<Option<Step>, JournalError> {
        self.segments = list_segments(&*self.disk)?;
        if self.segments.last() <= Some(&first) {
            return Ok(Some(Step::Torn(torn)));
        }
        // A leader may have finished it, and more, since the first look.
        match self.enter(first)? {
            Entry::Unfinished(Torn { file, bytes, .. }) => {
                let missing = (SEGMENT_HEADER_BYTES as u64).saturating_sub(bytes);
                Err(Corruption { file, offset: 0, fault: Fault::Incomplete { missing } }.into())
            }
            _ => Ok(None),
        }
    }

    /// At the end of a segment: moves to the next one (`None`), or says that there is none.
    fn enter_next(&mut self) -> Result<Option<Step>, JournalError> {
        let next = self.position.seq.next();
        let current = self.position.segment_first;
        if next != current {
            match self.enter(next)? {
                // Leaders finish a segment before they create the next: only now is its end known to be the end.
                _ if self.has_grown()? => return Ok(None),
                Entry::Segment(file, header) => {
                    self.check_overlap(next)?;
                    self.check_chain(&header)?;
                    self.file = Some(file);
                    self.position.segment_first = next;
                    self.position.offset = SEGMENT_HEADER_BYTES as u64;
                    return Ok(None);
                }
                Entry::Unfinished(torn) => return self.judge_unfinished(next, torn),
                Entry::Absent => {}
            }
        }
        self.look_beyond_the_end()
    }

    /// Checks that no segment starts between the current one and the `next`.
    fn check_overlap(&mut self, next: Seq) -> Result<(), JournalError> {
        let current = self.position.segment_first;
        let starts_between = |first: &&Seq| (current.next()..next).contains(first);
        if self.segments.iter().any(|first| starts_between(&first)) {
            // Unless that was one whose creation a leader did not finish, and its successor removed.
            self.segments = list_segments(&*self.disk)?;
        }
        match self.segments.iter().find(starts_between) {
            Some(between) => Err(JournalError::OverlappingSegment { file: segment_name(*between) }),
            None => Ok(()),
        }
    }

    /// Tells the journal's end from a gap.
    fn look_beyond_the_end(&mut self) -> Result<Option<Step>, JournalError> {
        let next = self.position.seq.next();
        let current = self.position.segment_first;
        if self.segments.last() > Some(&current) || self.polls.is_multiple_of(POLLS_PER_LISTING) {
            self.segments = list_segments(&*self.disk)?;
        }
        self.polls = self.polls.wrapping_add(1);
        let following = self.segments.iter().copied().find(|first| *first > current);
        match following {
            _ if self.has_grown()? => Ok(None),
            None => Ok(Some(Step::End)),
            // Created between the look at the file and the listing.
            Some(_) if self.file.is_none() && self.segments.contains(&current) => Ok(None),
            Some(first) if first == next => Ok(None),
            Some(first) if first < next => {
                Err(JournalError::OverlappingSegment { file: segment_name(first) })
            }
            Some(_) => Err(JournalError::MissingSegment { expected: next }),
        }
    }

    /// Whether the current segment goes on after the position. A segment that has become shorter has lost its tail.
    fn has_grown(&self) -> Result<bool, JournalError> {
        let Some(file) = &self.file else { return Ok(false) };
        let size =
            file.size().map_err(JournalError::io("measure", &segment_name(self.position.segment_first)))?;
        if size < self.position.offset {
            return Err(self.not_found());
        }
        Ok(size > self.position.offset)
    }

    /// Checks that a segment goes on where the position is.
    fn check_chain(&self, header: &SegmentHeader) -> Result<(), Corruption> {
        let Position { hash, epoch, .. } = self.position;
        if (header.prev_hash, header.epoch) == (hash, epoch) {
            return Ok(());
        }
        let fault =
            Fault::SegmentChain { expected: hash, found: header.prev_hash, epoch, found_epoch: header.epoch };
        Err(Corruption { file: segment_name(header.first_seq), offset: 0, fault })
    }

    fn examine(&self) -> Result<Finding, JournalError> {
        match &self.file {
            Some(file) => examine(&**file, &self.hasher, &self.position),
            None => Ok(Finding::Nothing),
        }
    }

    /// Decides what a record is that failed its checks.
    fn judge(&mut self) -> Result<Step, JournalError> {
        let durable = self.was_durable()?;
        // A leader may have been at work on the record when it was first read. Read again, now that it is known whether the
        // record had become durable by then: if it had, it must be good.
        let (fault, unwritten) = match self.examine()? {
            Finding::Record(header, payload) => return Ok(self.advance(&header, payload)),
            Finding::Failure { fault, unwritten } => (fault, unwritten),
            Finding::Nothing => (Fault::Incomplete { missing: HEADER_BYTES as u64 }, true),
        };
        let file = segment_name(self.position.segment_first);
        let offset = self.position.offset;
        if durable || !unwritten {
            let corruption = Corruption { file, offset, fault };
            return if durable { Err(corruption.into()) } else { Ok(Step::Unsettled(corruption)) };
        }
        let size = self.file.as_ref().map_or(Ok(offset), |open| open.size());
        let bytes = size.map_err(JournalError::io("measure", &file))?.saturating_sub(offset);
        Ok(Step::Torn(Torn { file, offset, bytes }))
    }

    /// Whether something proves that the record at the position was once durable.
    fn was_durable(&mut self) -> Result<bool, JournalError> {
        self.segments = list_segments(&*self.disk)?;
        if self.segments.last() > Some(&self.position.segment_first) {
            return Ok(true);
        }
        let Some(file) = &self.file else { return Ok(false) };
        let name = segment_name(self.position.segment_first);
        has_durable_successor(&**file, &name, self.position.offset + 8, self.position.seq.next())
    }

    fn advance(&mut self, header: &Header, payload: Vec<u8>) -> Step {
        if header.first_of_group {
            self.durable = self.position.seq;
        }
        self.position = self.position.after(header);
        Step::Record(Record {
            seq: header.seq,
            epoch: header.epoch,
            kind: header.kind,
            timestamp: header.timestamp,
            commands: header.commands,
            state: header.state,
            hash: header.hash,
            prev_hash: header.prev_hash,
            payload,
        })
    }
}
