//! `tongbao journal …`: works on files or PostgreSQL, whether or not a bank runs on them.

mod verify;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use console_api::SiteName;
use ids::{Seq, Timestamp};
use journal::{Disk, FileStore, Kind, Options, Position, Reader, RealDisk, Record, Store as _, Tail};
use journal_pg::{PgStore, Settings, Survey};
use serde_json::{Value, json};

use super::events;
use crate::cli::{JournalArgs, JournalCommand};
use crate::error::AppError;
use crate::institution::default_plan;
use crate::layout::Layout;
use crate::output::Output;
use crate::up::given_url;

/// How long to wait for the next rows.
const DUMP_POLL: Duration = Duration::from_millis(2);

pub(super) async fn run(layout: &Layout, command: JournalCommand, output: Output) -> anyhow::Result<()> {
    match command {
        JournalCommand::Verify { journal, from_empty } => {
            let shard = &journal.shard;
            match (books_url(layout, &journal)?, from_empty) {
                (Some(url), false) => verify::books(&url, shard, output).await,
                (Some(url), true) => {
                    verify::books_from_empty(&url, &layout.archive(shard), shard, output).await
                }
                (None, false) => verify::files(&open(layout, &journal)?, shard, output),
                (None, true) => verify::files_from_empty(&open(layout, &journal)?, shard, output),
            }
        }
        JournalCommand::Dump { journal, from, limit, commands } => {
            let what = Dump { from, limit, commands };
            match books_url(layout, &journal)? {
                Some(url) => {
                    let end = Survey::ask(&url, &journal.shard).await?.seq;
                    let store = PgStore::new(url, &journal.shard)?;
                    dump(store.tail(store.place_before(Seq(from))?)?, Some(end), &what, output).await
                }
                None => {
                    let store = FileStore::new(open(layout, &journal)?, &journal.shard, Options::default());
                    dump(store.tail(store.place_before(Seq(from))?)?, None, &what, output).await
                }
            }
        }
        JournalCommand::Copy { journal, to } => {
            let to = to.or_else(given_url).context("say where to, with --to or in TONGBAO_JOURNAL")?;
            let mut from = Reader::open(open(layout, &journal)?, &journal.shard, Position::genesis())?;
            let copied = journal_pg::copy_in(&mut from, &to.parse()?, &journal.shard).await?;
            output.result(&copied, || {
                format!("{} records are copied; the last one there is {}", copied.records, copied.last_seq)
            })
        }
        JournalCommand::Archive { journal, before } => archive(layout, &journal, before, output).await,
    }
}

fn open(layout: &Layout, journal: &JournalArgs) -> Result<Arc<dyn Disk>, AppError> {
    let folder = journal.folder.clone().unwrap_or_else(|| layout.journal(&journal.shard));
    let disk = RealDisk::open(&folder).map_err(|source| AppError::Folder { folder, source })?;
    Ok(Arc::new(disk))
}

/// Where the books are in PostgreSQL, unless files are asked for or the data folder has files.
fn books_url(layout: &Layout, journal: &JournalArgs) -> anyhow::Result<Option<Settings>> {
    let url = match (&journal.journal, &journal.folder) {
        (Some(url), _) => Some(url.clone()),
        (None, Some(_)) => None,
        (None, None) => match given_url() {
            Some(url) => Some(url),
            None => crate::up::kept_url(layout)?,
        },
    };
    Ok(url.map(|url| url.parse()).transpose()?)
}

async fn archive(
    layout: &Layout,
    journal: &JournalArgs,
    before: jiff::civil::Date,
    output: Output,
) -> anyhow::Result<()> {
    let from = JournalArgs { folder: None, ..journal.clone() };
    let settings = books_url(layout, &from)?.context("the books of this data folder are files already")?;
    let folder = journal.folder.clone().unwrap_or_else(|| layout.archive(&journal.shard));
    let disk =
        RealDisk::create(&folder).map_err(|source| AppError::Folder { folder: folder.clone(), source })?;
    let start = before.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp().as_nanosecond();
    let start = Timestamp(u64::try_from(start)?);
    let oldest = default_plan().iter().map(|site| newest_snapshot(layout, &site.name, &journal.shard)).min();
    let oldest = oldest.unwrap_or_default();
    let archived = journal_pg::archive(&settings, &journal.shard, Arc::new(disk), start, oldest).await?;
    output.result(&archived, || {
        format!(
            "{} records are copied to {}, which is sound up to {}\n  dropped from PostgreSQL: {}",
            archived.records,
            folder.display(),
            archived.through_seq,
            if archived.days_dropped.is_empty() {
                "nothing".to_owned()
            } else {
                archived.days_dropped.join(", ")
            },
        )
    })
}

/// The place of a site's newest snapshot; zero if it has none and would read everything.
fn newest_snapshot(layout: &Layout, site: &SiteName, shard: &str) -> Seq {
    let entries = std::fs::read_dir(layout.snapshots(site, shard)).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter_map(|name| name.strip_suffix(".snapshot")?.parse().ok().map(Seq)).max().unwrap_or_default()
}

struct Dump {
    from: u64,
    limit: u64,
    commands: bool,
}

/// Prints records up to the limit or the end: what is there now, or `end`.
async fn dump(mut tail: Box<dyn Tail>, end: Option<Seq>, what: &Dump, output: Output) -> anyhow::Result<()> {
    let mut shown = Vec::new();
    while (shown.len() as u64) < what.limit {
        match tail.next_record()? {
            Some(record) if record.seq.0 >= what.from => shown.push(describe(&record, what.commands)?),
            Some(_) => {}
            None if end.is_none_or(|end| tail.position().seq >= end) => break,
            // The rows are on their way.
            None => tokio::time::sleep(DUMP_POLL).await,
        }
    }
    output.result(&shown, || shown.iter().map(as_text).collect::<Vec<_>>().join("\n"))
}

fn describe(record: &Record, commands: bool) -> anyhow::Result<Value> {
    let mut value = json!({
        "seq": record.seq, "epoch": record.epoch, "kind": record.kind, "timestamp": record.timestamp,
        "commands": record.commands, "bytes": record.payload.len(), "hash": record.hash,
        "prev_hash": record.prev_hash,
    });
    if let Some((seq, digest)) = record.state {
        value["state"] = json!({ "seq": seq, "hash": digest });
    }
    match record.kind {
        Kind::Epoch => value["holder"] = json!(String::from_utf8_lossy(&record.payload)),
        Kind::Commands if commands => value["requests"] = Value::Array(requests(&record.payload)?),
        Kind::Commands => {}
    }
    Ok(value)
}

fn requests(payload: &[u8]) -> anyhow::Result<Vec<Value>> {
    let mut requests = Vec::new();
    for frame in shard::frames(payload) {
        let frame = frame?;
        let events = events::of(frame.operation, frame.body);
        requests.push(json!({ "operation": frame.operation, "events": events }));
    }
    Ok(requests)
}

/// One line a record, and its commands below it.
fn as_text(record: &Value) -> String {
    let field = |name: &str| match &record[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut text = format!(
        "{:>8}  epoch {:>3}  {:<8}  {}  {:>5} commands  {:>8} bytes  {}",
        field("seq"),
        field("epoch"),
        field("kind"),
        field("timestamp"),
        field("commands"),
        field("bytes"),
        &field("hash")[..16],
    );
    if let Some(holder) = record["holder"].as_str() {
        text.push_str(&format!("  {holder} takes the lead"));
    }
    for event in
        record["requests"].as_array().into_iter().flatten().flat_map(|request| request["events"].as_array())
    {
        event.iter().for_each(|event| text.push_str(&format!("\n            {event}")));
    }
    text
}
