//! A ledger in memory behind the door: at once durable, and whoever is told to lead leads.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use ids::Timestamp;
use ledger_core::Ledger;
use vsr::{Answers, Backend, Kind, Lead, Operation, Position, Refusal};
use vsr_core::EvictionReason;

/// What the sites of one bank share: the ledger, and the replies that were given.
#[derive(Default)]
struct Books {
    ledger: Ledger,
    seq: u64,
    stamp: u64,
    replies: BTreeMap<u128, (u128, Vec<u8>)>,
}

/// A bank whose sites share one ledger.
#[derive(Clone, Default)]
pub(crate) struct Bank {
    books: Arc<Mutex<Books>>,
    view: Arc<AtomicU32>,
    /// Whether writes are done but never answered, as by a leader that dies at that moment.
    pub(crate) is_dying: Arc<AtomicBool>,
    /// Whether writes are answered without being done.
    is_hollow: Arc<AtomicBool>,
}

/// One site of it.
#[derive(Clone)]
pub(crate) struct MemorySite {
    bank: Bank,
    index: u8,
    sites: u8,
}

impl Bank {
    pub(crate) fn site(&self, index: u8, sites: u8) -> MemorySite {
        MemorySite { bank: self.clone(), index, sites }
    }

    /// From now on the site `view % sites` leads.
    pub(crate) fn change_view(&self, view: u32) {
        self.view.store(view, Ordering::SeqCst);
    }

    /// From now on writes are answered without being done, to measure everything else.
    pub(crate) fn answer_at_once(&self) {
        self.is_hollow.store(true, Ordering::SeqCst);
    }

    /// How many different requests were applied.
    pub(crate) fn applied(&self) -> usize {
        self.books().replies.len()
    }

    pub(crate) fn transfers(&self) -> u32 {
        self.books().ledger.counts().transfers
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }
}

impl MemorySite {
    fn leads(&self) -> Result<(), Refusal> {
        if self.lead().leads { Ok(()) } else { Err(Refusal::Unanswered) }
    }
}

impl Backend for MemorySite {
    fn lead(&self) -> Lead {
        let view = self.bank.view.load(Ordering::SeqCst);
        Lead { view, leads: view % u32::from(self.sites) == u32::from(self.index) }
    }

    async fn position(&self) -> Result<Position, Refusal> {
        self.leads()?;
        let books = self.bank.books();
        Ok(Position { seq: books.seq, timestamp: books.stamp })
    }

    async fn write(&self, key: u128, digest: u128, kind: Kind, events: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        self.leads()?;
        if self.bank.is_hollow.load(Ordering::SeqCst) {
            return Ok(vec![1; events.len() / 8]);
        }
        let mut books = self.bank.books();
        let books = &mut *books;
        if let Some((known, reply)) = books.replies.get(&key) {
            return if *known == digest { Ok(reply.clone()) } else { Err(Refusal::Unanswered) };
        }
        let operation = match kind {
            Kind::CreateAccounts => ledger_core::Operation::CreateAccounts,
            _ => ledger_core::Operation::CreateTransfers,
        };
        books.stamp = books.stamp.max(1_000_000_000) + events.len() as u64 / 128;
        books.seq += 1;
        let mut reply = Vec::new();
        books.ledger.apply(operation, Timestamp(books.stamp), &events, &mut reply).unwrap();
        books.replies.insert(key, (digest, reply.clone()));
        if self.bank.is_dying.load(Ordering::SeqCst) {
            return Err(Refusal::Unanswered);
        }
        Ok(reply)
    }

    async fn read(
        &self,
        operation: Operation,
        events: Vec<u8>,
        batches: Vec<Range<usize>>,
    ) -> Result<Answers, Refusal> {
        self.leads()?;
        let books = self.bank.books();
        let mut answers = Answers { timestamp: books.stamp, ..Answers::default() };
        for batch in batches {
            let ids = events[batch].as_chunks::<16>().0.iter().map(|id| u128::from_le_bytes(*id));
            for id in ids {
                match operation.kind {
                    Kind::LookupAccounts => books
                        .ledger
                        .account(id)
                        .iter()
                        .for_each(|account| answers.results.extend_from_slice(account.as_bytes())),
                    Kind::LookupTransfers => books
                        .ledger
                        .transfer(id)
                        .iter()
                        .for_each(|view| answers.results.extend_from_slice(view.transfer.as_bytes())),
                    _ => return Err(Refusal::Impossible(EvictionReason::InvalidRequestOperation)),
                }
            }
            answers.ends.push(answers.results.len());
        }
        Ok(answers)
    }
}
