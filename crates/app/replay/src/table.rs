//! A CSV file as a stream of records, in bounded memory: one chunk of the file and one record.

use std::io::{ErrorKind, Read};
use std::path::PathBuf;

use csv_core::ReadRecordResult;
use encoding_rs::{Decoder, DecoderResult};

use crate::SourceError;
use crate::mapping::{FileFormat, Mapping};
use crate::options::LimitOptions;

/// How much of the file is read at once, in bytes.
const CHUNK_BYTES: usize = 1 << 16;

/// The records of a file.
pub(crate) struct Table<R> {
    input: R,
    path: PathBuf,
    encoding: &'static str,
    limits: LimitOptions,
    decoder: Decoder,
    parser: csv_core::Reader,
    raw: Vec<u8>,
    /// Bytes read from the file so far.
    offset: u64,
    /// The decoded chunk, and how much of it the parser has seen.
    text: Vec<u8>,
    seen: usize,
    ended: bool,
    fields: Vec<u8>,
    ends: Vec<usize>,
}

/// One record: its values, and the line it begins at.
pub(crate) struct Record<'a> {
    pub(crate) line: u64,
    fields: &'a str,
    ends: &'a [usize],
}

impl<'a> Record<'a> {
    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The value of a column; empty beyond the last.
    pub(crate) fn get(&self, column: usize) -> &'a str {
        let end = self.ends.get(column).copied().unwrap_or_default();
        let start =
            column.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.fields.get(start..end).unwrap_or_default()
    }

    /// All values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a str> {
        (0..self.len()).map(|column| self.get(column))
    }
}

impl<R: Read> Table<R> {
    /// The records of `input`; `path` names it in errors.
    pub(crate) fn new(input: R, path: PathBuf, mapping: &Mapping) -> Self {
        let FileFormat { encoding, separator, quote, .. } = mapping.file;
        let mut builder = csv_core::ReaderBuilder::new();
        builder.delimiter(separator).quoting(quote.is_some()).quote(quote.unwrap_or(b'"'));
        Self {
            input,
            path,
            encoding: encoding.name(),
            limits: mapping.limits,
            decoder: encoding.new_decoder_with_bom_removal(),
            parser: builder.build(),
            raw: vec![0; CHUNK_BYTES],
            offset: 0,
            text: Vec::new(),
            seen: 0,
            ended: false,
            fields: vec![0; mapping.limits.row_bytes_max],
            // One more than allowed, so that a record with exactly the limit is told from a longer one.
            ends: vec![0; mapping.limits.columns_max + 1],
        }
    }

    /// The next record, or nothing at the end. Blank lines are no records.
    pub(crate) fn next(&mut self) -> Result<Option<Record<'_>>, SourceError> {
        let (mut length, mut columns) = (0, 0);
        let (mut line, mut blank) = (self.parser.line(), true);
        loop {
            // A chunk may decode to nothing: half a character, or a byte order mark.
            while self.seen == self.text.len() && !self.ended {
                self.fill()?;
            }
            let (result, taken, written, ended) = self.parser.read_record(
                &self.text[self.seen..],
                &mut self.fields[length..],
                &mut self.ends[columns..],
            );
            let bytes = &self.text[self.seen..self.seen + taken];
            if blank {
                let ends = bytes.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
                line += ends.clone().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
                blank = ends.count() == bytes.len();
            }
            (self.seen, length, columns) = (self.seen + taken, length + written, columns + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => {
                    return Err(SourceError::RowTooLong { line, max: self.limits.row_bytes_max });
                }
                ReadRecordResult::Record if columns <= self.limits.columns_max => break,
                ReadRecordResult::OutputEndsFull | ReadRecordResult::Record => {
                    return Err(SourceError::TooManyColumns { line, max: self.limits.columns_max });
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
        // The decoder gives UTF-8, and the parser cuts it at ASCII characters only.
        let fields = std::str::from_utf8(&self.fields[..length])
            .map_err(|_| SourceError::Encoding { offset: self.offset, encoding: self.encoding })?;
        Ok(Some(Record { line, fields, ends: &self.ends[..columns] }))
    }

    /// Reads and decodes the next chunk; at the end of the file the chunk is empty.
    fn fill(&mut self) -> Result<(), SourceError> {
        let read = loop {
            match self.input.read(&mut self.raw) {
                Ok(read) => break read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(SourceError::Unreadable { path: self.path.clone(), source }),
            }
        };
        let chunk_start = self.offset;
        self.offset += u64::try_from(read).unwrap_or(u64::MAX);
        if self.offset > self.limits.file_bytes_max {
            return Err(SourceError::FileTooLarge { max: self.limits.file_bytes_max });
        }
        self.ended = read == 0;
        let room = self.decoder.max_utf8_buffer_length_without_replacement(read).unwrap_or(usize::MAX);
        self.text.resize(room, 0);
        let (result, taken, written) =
            self.decoder.decode_to_utf8_without_replacement(&self.raw[..read], &mut self.text, self.ended);
        if let DecoderResult::Malformed(length, after) = result {
            let back = u64::from(length) + u64::from(after);
            let reached = chunk_start + u64::try_from(taken).unwrap_or(u64::MAX);
            return Err(SourceError::Encoding {
                offset: reached.saturating_sub(back),
                encoding: self.encoding,
            });
        }
        // The room above suffices for the whole chunk, so all of it was taken.
        self.seen = 0;
        self.text.truncate(written);
        Ok(())
    }
}
