//! `tongbao journal verify`: every byte, and with `--from-empty` everything that follows from them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ids::Seq;
use journal::{
    Claim, Disk, FileStore, JournalError, Options, Position, RealDisk, Record, Report, Store, Tail,
};
use journal_pg::{PgStore, Settings, Survey};
use ledger::Rebuild;
use serde::Serialize;
use stdx::Digest;

use crate::output::Output;

/// How long to wait for the next rows.
const POLL: Duration = Duration::from_millis(2);

/// Checks every byte of files.
pub(super) fn files(disk: &Arc<dyn Disk>, shard: &str, output: Output) -> anyhow::Result<()> {
    let bar = output.progress(0, "verifying");
    let report = journal::verify(disk, shard, |progress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes);
    });
    bar.finish_and_clear();
    let report = report?;
    output.result(&report, || {
        let torn = match &report.torn {
            Some(torn) => format!("\n  unfinished write at the end: {torn:?}"),
            None => String::new(),
        };
        format!(
            "the journal is sound: {} records with {} commands in {} segments, {} bytes\n  \
             records   {} to {}\n  epochs    {}\n  head      {}{torn}",
            report.records,
            report.commands,
            report.segments,
            report.bytes,
            report.first_seq,
            report.last_seq,
            report.reigns.len(),
            report.head,
        )
    })
}

/// Checks every byte of books in PostgreSQL.
pub(super) async fn books(settings: &Settings, shard: &str, output: Output) -> anyhow::Result<()> {
    let bar = output.progress(Survey::ask(settings, shard).await?.seq.0, "verifying");
    let report = journal_pg::verify(settings, shard, |so_far| bar.set_position(so_far.last_seq.0)).await;
    bar.finish_and_clear();
    let report = report?;
    output.result(&report, || {
        format!(
            "the journal in PostgreSQL is sound: {} records with {} commands\n  records   {} to {}\n  \
             epochs    {}\n  head      {}",
            report.records,
            report.commands,
            report.first_seq,
            report.last_seq,
            report.reigns.len(),
            report.head,
        )
    })
}

/// What a ledger made from the whole journal shows.
#[derive(Serialize)]
struct Rebuilt {
    #[serde(flatten)]
    report: Report,
    /// State hashes in the journal that were compared, all equal.
    state_hashes_compared: u64,
    /// The digest of the ledger after the last record.
    state_hash: Digest,
    accounts: u32,
    transfers: u32,
    pending: u32,
}

impl Rebuilt {
    /// Checks the books, and says what they hold.
    fn of(rebuild: &Rebuild, report: Report) -> anyhow::Result<Self> {
        let ledger = rebuild.replica().machine().ledger();
        ledger.check_invariants()?;
        let counts = ledger.counts();
        Ok(Self {
            state_hashes_compared: rebuild.hashes_compared(),
            state_hash: rebuild.replica().state_hash(),
            accounts: counts.accounts,
            transfers: counts.transfers,
            pending: counts.pending,
            report,
        })
    }

    fn print(&self, output: Output) -> anyhow::Result<()> {
        output.result(self, || {
            format!(
                "the journal is sound, and the ledger made of it from empty agrees with it: {} records with {} commands\n  \
                 state     {} after record {}\n  compared  {} state hashes in the journal, all equal\n  \
                 books     {} accounts, {} transfers, {} pending; debits equal credits",
                self.report.records,
                self.report.commands,
                self.state_hash,
                self.report.last_seq,
                self.state_hashes_compared,
                self.accounts,
                self.transfers,
                self.pending,
            )
        })
    }
}

/// Replays files.
pub(super) fn files_from_empty(disk: &Arc<dyn Disk>, shard: &str, output: Output) -> anyhow::Result<()> {
    // Every byte first: it is quick, and damage is told from a state that differs.
    let report = journal::verify(disk, shard, |_| ())?;
    let bar = output.progress(report.records, "replaying");
    let mut rebuild = Rebuild::new(&FileStore::new(Arc::clone(disk), shard, Options::default()))?;
    // Up to where the bytes were checked: a running bank goes on.
    while rebuild.seq() < report.last_seq {
        if rebuild.step()?.is_some() {
            bar.set_position(rebuild.seq().0);
        }
    }
    bar.finish_and_clear();
    Rebuilt::of(&rebuild, report)?.print(output)
}

/// Replays books in PostgreSQL, page by page: first the files of the days that were archived, if there are any.
pub(super) async fn books_from_empty(
    settings: &Settings,
    archive: &Path,
    shard: &str,
    output: Output,
) -> anyhow::Result<()> {
    let end = journal_pg::verify(settings, shard, |_| ()).await?.last_seq;
    let bar = output.progress(end.0, "replaying");
    let archive = match RealDisk::open(archive) {
        Ok(disk) => Some(FileStore::new(Arc::new(disk), shard, Options::default())),
        Err(_) => None,
    };
    let books = Arc::new(PgStore::new(settings.clone(), shard)?);
    let mut rebuild = Rebuild::new(&Whole { archive, books })?;
    let mut report = Report::default();
    while rebuild.seq() < end {
        match rebuild.step()? {
            Some(record) => {
                report.bytes += record.payload.len() as u64;
                report.add(&record);
                bar.set_position(rebuild.seq().0);
            }
            // The rows are on their way.
            None => tokio::time::sleep(POLL).await,
        }
    }
    bar.finish_and_clear();
    Rebuilt::of(&rebuild, report)?.print(output)
}

/// Books in PostgreSQL together with their archived days. Only to be read.
#[derive(Debug)]
struct Whole {
    archive: Option<FileStore>,
    books: Arc<PgStore>,
}

impl Store for Whole {
    fn shard(&self) -> &str {
        self.books.shard()
    }

    fn tail(&self, from: Position) -> Result<Box<dyn Tail>, JournalError> {
        match &self.archive {
            Some(archive) => {
                let then = Some(Arc::clone(&self.books));
                Ok(Box::new(WholeTail { now: archive.tail(from)?, then }))
            }
            None => self.books.tail(from),
        }
    }

    fn try_lead(&self, _: &str, _: Position) -> Result<Option<Box<dyn Claim>>, JournalError> {
        Ok(None)
    }
}

/// Reads the files to their end, and goes on in the database.
#[derive(Debug)]
struct WholeTail {
    now: Box<dyn Tail>,
    then: Option<Arc<PgStore>>,
}

impl Tail for WholeTail {
    fn next_record(&mut self) -> Result<Option<Record>, JournalError> {
        if let Some(record) = self.now.next_record()? {
            return Ok(Some(record));
        }
        if let Some(books) = self.then.take() {
            self.now = books.tail(self.now.position())?;
        }
        Ok(None)
    }

    fn position(&self) -> Position {
        self.now.position()
    }

    fn durable(&self) -> Seq {
        self.now.durable()
    }
}
