//! Payments of one crown each, from many clients at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crate::bank::{Bank, Folder, payment, until};
use crate::http::Line;

const CLIENTS: usize = 8;

/// What the clients heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Payments that were acknowledged.
    pub(crate) acknowledged: Vec<u64>,
    /// Everything else, with the payment.
    pub(crate) errors: Vec<(u64, String)>,
}

/// Clients that pay until they are told to stop.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Heard>>,
}

impl Load {
    /// Starts paying from account 1 to account 2, under ids from `first` on.
    pub(crate) fn start(bank: &Bank, first: u64) -> Self {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let next = Arc::new(AtomicU64::new(first));
        let client = |_| {
            let (stop, acknowledged, next) =
                (Arc::clone(&stop), Arc::clone(&acknowledged), Arc::clone(&next));
            let gateway = bank.gateway.clone();
            std::thread::spawn(move || {
                let (mut line, mut heard) = (Line::open(&gateway), Heard::default());
                while !stop.load(Ordering::SeqCst) {
                    let id = next.fetch_add(1, Ordering::SeqCst);
                    let answer = line.post("/v1/payments", &payment(id, "1.00"));
                    if answer.status == 201 {
                        heard.acknowledged.push(id);
                        acknowledged.fetch_add(1, Ordering::SeqCst);
                    } else {
                        heard.errors.push((id, format!("{answer:?}")));
                    }
                }
                heard
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { stop, acknowledged, clients }
    }

    /// Waits until as many more payments are acknowledged.
    pub(crate) fn until_more(&self, payments: u64) {
        let goal = self.acknowledged.load(Ordering::SeqCst) + payments;
        until("more payments are acknowledged", || self.acknowledged.load(Ordering::SeqCst) >= goal);
    }

    pub(crate) fn stop(self) -> Heard {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Heard::default();
        for client in self.clients {
            let heard = client.join().unwrap();
            all.acknowledged.extend(heard.acknowledged);
            all.errors.extend(heard.errors);
        }
        all.acknowledged.sort_unstable();
        all
    }
}

/// Every acknowledged payment is in the journal exactly once, and the balance is theirs. Payments whose
/// outcome nobody was told may be there or not.
pub(crate) fn check_books(folder: &Folder, bank: &Bank, heard: &Heard) {
    let records = folder.json(&["journal", "dump", "--commands", "--limit", "1000000"]);
    let requests =
        records.as_array().unwrap().iter().filter_map(|record| record["requests"].as_array()).flatten();
    let events = requests.filter_map(|request| request["events"].as_array()).flatten();
    let mut journal: Vec<u64> =
        events.filter_map(|event| event["transfer"].as_str()).map(|id| id.parse().unwrap()).collect();
    journal.sort_unstable();
    let untold: Vec<u64> = heard.errors.iter().map(|(id, _)| *id).collect();
    let told: Vec<u64> = journal.iter().copied().filter(|id| !untold.contains(id)).collect();
    assert_eq!(told, heard.acknowledged, "lost, done twice, or done without a word");
    assert_eq!(bank.balance(2), format!("{}.00", journal.len()));
    assert_eq!(bank.balance(1), format!("-{}.00", journal.len()));
    let newest = heard.acknowledged.last().unwrap();
    assert_eq!(bank.get(&format!("/v1/payments/{newest}")).json()["status"], "posted");
    folder.json(&["journal", "verify"]);
}
