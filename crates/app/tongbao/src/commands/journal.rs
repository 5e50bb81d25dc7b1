//! `tongbao journal …`: works on the files, whether or not a bank runs on them.

use std::sync::Arc;

use journal::{Disk, FileStore, Kind, Options, Position, Reader, RealDisk, Record, Report};
use ledger::Rebuild;
use ledger_core::{Account, Operation, Transfer};
use serde::Serialize;
use serde_json::{Value, json};
use stdx::Digest;

use crate::cli::{JournalArgs, JournalCommand};
use crate::error::AppError;
use crate::layout::Layout;
use crate::output::Output;

pub(super) fn run(layout: &Layout, command: JournalCommand, output: Output) -> anyhow::Result<()> {
    match command {
        JournalCommand::Verify { journal, from_empty: false } => {
            verify(&open(layout, &journal)?, &journal.shard, output)
        }
        JournalCommand::Verify { journal, from_empty: true } => {
            verify_from_empty(&open(layout, &journal)?, &journal.shard, output)
        }
        JournalCommand::Dump { journal, from, limit, commands } => {
            let what = Dump { from, limit, commands };
            dump(open(layout, &journal)?, &journal.shard, &what, output)
        }
    }
}

fn open(layout: &Layout, journal: &JournalArgs) -> Result<Arc<dyn Disk>, AppError> {
    let folder = journal.folder.clone().unwrap_or_else(|| layout.journal(&journal.shard));
    let disk = RealDisk::open(&folder).map_err(|source| AppError::Folder { folder, source })?;
    Ok(Arc::new(disk))
}

fn verify(disk: &Arc<dyn Disk>, shard: &str, output: Output) -> anyhow::Result<()> {
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

fn verify_from_empty(disk: &Arc<dyn Disk>, shard: &str, output: Output) -> anyhow::Result<()> {
    // Every byte first: it is quick, and damage is told from a state that differs.
    let report = journal::verify(disk, shard, |_| ())?;
    let bar = output.progress(report.records, "replaying");
    let mut rebuild = Rebuild::new(&FileStore::new(Arc::clone(disk), shard, Options::default()))?;
    // Up to where the bytes were checked: a running bank goes on.
    while rebuild.seq() < report.last_seq {
        if rebuild.step()?.is_none() {
            continue;
        }
        bar.set_position(rebuild.seq().0);
    }
    bar.finish_and_clear();
    let ledger = rebuild.replica().machine().ledger();
    ledger.check_invariants()?;
    let counts = ledger.counts();
    let rebuilt = Rebuilt {
        state_hashes_compared: rebuild.hashes_compared(),
        state_hash: rebuild.replica().state_hash(),
        accounts: counts.accounts,
        transfers: counts.transfers,
        pending: counts.pending,
        report,
    };
    output.result(&rebuilt, || {
        format!(
            "the journal is sound, and the ledger made of it from empty agrees with it: {} records with {} commands\n  \
             state     {} after record {}\n  compared  {} state hashes in the journal, all equal\n  \
             books     {} accounts, {} transfers, {} pending; debits equal credits",
            rebuilt.report.records,
            rebuilt.report.commands,
            rebuilt.state_hash,
            rebuilt.report.last_seq,
            rebuilt.state_hashes_compared,
            rebuilt.accounts,
            rebuilt.transfers,
            rebuilt.pending,
        )
    })
}

struct Dump {
    from: u64,
    limit: u64,
    commands: bool,
}

fn dump(disk: Arc<dyn Disk>, shard: &str, what: &Dump, output: Output) -> anyhow::Result<()> {
    let mut reader = Reader::open(disk, shard, Position::genesis())?;
    let mut shown = Vec::new();
    while (shown.len() as u64) < what.limit
        && let Some(record) = reader.next_record()?
    {
        if record.seq.0 >= what.from {
            shown.push(describe(&record, what.commands)?);
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
        let events = frame.body.chunks_exact(ledger_core::EVENT_BYTES);
        let events: Vec<Value> = match u8::try_from(frame.operation).map(Operation::try_from) {
            Ok(Ok(Operation::CreateAccounts)) => {
                events.filter_map(Account::from_bytes).map(|a| account(&a)).collect()
            }
            Ok(Ok(Operation::CreateTransfers)) => {
                events.filter_map(Transfer::from_bytes).map(|t| transfer(&t)).collect()
            }
            _ => Vec::new(),
        };
        requests.push(json!({ "operation": frame.operation, "events": events }));
    }
    Ok(requests)
}

fn account(account: &Account) -> Value {
    let flags: Vec<&str> = account.flags.names().collect();
    json!({ "account": account.id.to_string(), "ledger": account.ledger, "code": account.code, "flags": flags })
}

fn transfer(transfer: &Transfer) -> Value {
    let flags: Vec<&str> = transfer.flags.names().collect();
    json!({
        "transfer": transfer.id.to_string(), "debit": transfer.debit_account_id.to_string(),
        "credit": transfer.credit_account_id.to_string(), "amount_minor": transfer.amount.to_string(),
        "ledger": transfer.ledger, "code": transfer.code, "flags": flags,
    })
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
