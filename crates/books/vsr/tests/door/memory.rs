//! A ledger in memory behind the door: at once durable, and whoever is told to lead leads.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use ids::Timestamp;
use ledger_core::{Ledger, Ledgers, QueryOperation};
use vsr::{Answers, Backend, Kind, Lead, Operation, Position, Refusal};

/// When the bank opens, nanoseconds since 1970.
const FIRST_STAMP: u64 = 1_000_000_000;

/// What the sites of one bank share: the ledger, and the replies that were given.
#[derive(Default)]
struct Books {
    ledger: Ledger,
    seq: u64,
    stamp: u64,
    replies: BTreeMap<u128, (u128, Vec<u8>)>,
}

impl Books {
    /// Lets time pass, as it does between requests: a third of a second for each read.
    fn tick(&mut self) {
        self.stamp = self.stamp.max(FIRST_STAMP) + 333_000_000;
        if self.ledger.next_expiry().is_some_and(|due| due.0 <= self.stamp) {
            let pulse = ledger_core::Operation::Pulse;
            self.ledger.apply(pulse, Timestamp(self.stamp), &[], &mut Vec::new()).unwrap();
        }
    }
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

    /// Does what another door of the bank would do.
    pub(crate) fn apply(&self, operation: ledger_core::Operation, events: &[u8]) {
        let mut books = self.books();
        let books = &mut *books;
        books.stamp = books.stamp.max(FIRST_STAMP) + 1_000_000;
        let mut reply = Vec::new();
        books.ledger.apply(operation, Timestamp(books.stamp), events, &mut reply).unwrap();
        assert!(super::site::statuses(&reply).iter().all(|status| *status == u32::MAX), "{reply:?}");
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
        books.stamp = books.stamp.max(FIRST_STAMP) + events.len() as u64 / 128;
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
        within: Ledgers,
    ) -> Result<Answers, Refusal> {
        self.leads()?;
        let query = match operation.kind {
            Kind::LookupAccounts => QueryOperation::LookupAccounts,
            Kind::LookupTransfers => QueryOperation::LookupTransfers,
            Kind::GetAccountTransfers => QueryOperation::GetAccountTransfers,
            Kind::GetAccountBalances => QueryOperation::GetAccountBalances,
            Kind::QueryAccounts => QueryOperation::QueryAccounts,
            Kind::QueryTransfers => QueryOperation::QueryTransfers,
            Kind::GetChangeEvents => QueryOperation::GetChangeEvents,
            kind => panic!("a write is read: {kind:?}"),
        };
        let mut books = self.bank.books();
        books.tick();
        let mut answers = Answers { timestamp: books.stamp, ..Answers::default() };
        for batch in batches {
            books.ledger.answer_within(&within, query, &events[batch], &mut answers.results).unwrap();
            answers.ends.push(answers.results.len());
        }
        Ok(answers)
    }

    async fn ledgers_of_pending(&self, ids: Vec<u128>) -> Result<Vec<Option<u32>>, Refusal> {
        self.leads()?;
        Ok(self.bank.books().ledger.ledgers_of_pending(ids))
    }

    async fn reply_to(&self, key: u128, digest: u128) -> Result<Option<Vec<u8>>, Refusal> {
        self.leads()?;
        let books = self.bank.books();
        let reply = books.replies.get(&key).filter(|(known, _)| *known == digest);
        Ok(reply.map(|(_, reply)| reply.clone()))
    }
}
