//! A bank in memory behind a real HTTP server, which can be told to fail.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use calendar::Date;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use ids::{AccountId, Timestamp, TransferId};
use ledger_api::{
    AccountBatch, AccountBatchOutcome, AmountText, Cursor, Direction, IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED,
    NewPayment, PaymentAck, PaymentAckStatus, PaymentStatus, Refused, Statement, StatementEntry,
};
use money::{Balance, Currency};
use problem::Problem;
use stdx::Retry;
use tokio::net::TcpListener;

/// What happens to the next payment request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Refused with a retryable problem; nothing is done.
    Unavailable,
    /// Done, and then the connection is cut instead of an answer.
    LoseTheAnswer,
    /// Refused for good.
    Refuse,
    /// Answered with a page that is not the API's.
    NotTheApi,
}

/// The bank's books.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) accounts: BTreeSet<AccountId>,
    /// Every payment in the order it was made.
    pub(crate) payments: Vec<NewPayment>,
    /// Their places, by id.
    places: BTreeMap<TransferId, usize>,
    /// What each account received and gave.
    sums: BTreeMap<AccountId, (u128, u128)>,
    /// Each account's entries, oldest first.
    pub(crate) statements: BTreeMap<AccountId, Vec<StatementEntry>>,
    /// Payment requests by id.
    pub(crate) requests: BTreeMap<TransferId, u32>,
    /// Faults still to come.
    pub(crate) faults: VecDeque<Fault>,
    /// Whether accounts are refused.
    pub(crate) refuse_accounts: bool,
    /// Entries on a statement page, whatever was asked for.
    pub(crate) page: usize,
}

/// A running bank.
pub(crate) struct FakeBank {
    pub(crate) base: String,
    pub(crate) books: Arc<Mutex<Books>>,
}

impl FakeBank {
    pub(crate) async fn start(faults: &[Fault]) -> Self {
        let books = Books { page: 2, faults: faults.iter().copied().collect(), ..Books::default() };
        let books = Arc::new(Mutex::new(books));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::clone(&books);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let books = Arc::clone(&shared);
                let service = hyper::service::service_fn(move |request| serve(Arc::clone(&books), request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { base, books }
    }
}

/// The error that cuts a connection.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
struct Cut;

async fn serve(books: Arc<Mutex<Books>>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let mut books = books.lock().unwrap();
    let path = parts.uri.path().to_owned();
    if parts.method == Method::GET {
        return Ok(json(200, &statement(&books, &path, parts.uri.query().unwrap_or_default())));
    }
    if path == "/v1/accounts/batch" {
        return Ok(json(200, &create(&mut books, &body)));
    }
    assert_eq!(path, "/v1/payments");
    let payment: NewPayment = serde_json::from_slice(&body).unwrap();
    assert_eq!(parts.headers[IDEMPOTENCY_KEY], payment.id.to_string());
    *books.requests.entry(payment.id).or_default() += 1;
    match books.faults.pop_front() {
        Some(Fault::Unavailable) => Ok(problem(503, "GWY-0001", Retry::Later)),
        Some(Fault::Refuse) => Ok(problem(422, "LED-0054", Retry::Never)),
        Some(Fault::NotTheApi) => Ok(Response::builder().status(404).body("<html>".into()).unwrap()),
        Some(Fault::LoseTheAnswer) => {
            pay(&mut books, payment);
            Err(Cut)
        }
        None => Ok(pay(&mut books, payment)),
    }
}

fn create(books: &mut Books, body: &[u8]) -> AccountBatchOutcome {
    let batch: AccountBatch = serde_json::from_slice(body).unwrap();
    let mut outcome = AccountBatchOutcome::default();
    for account in batch.accounts {
        if books.refuse_accounts {
            let id = ids::Id::new(account.id.get()).unwrap();
            let (status, code) = ("exists_with_different_code".into(), "LED-0019".into());
            outcome.refused.push(Refused { index: 0, id, status, code });
        } else if books.accounts.insert(account.id) {
            outcome.created += 1;
        } else {
            outcome.existing += 1;
        }
    }
    outcome
}

fn pay(books: &mut Books, payment: NewPayment) -> Response<Full<Bytes>> {
    let known = books.places.get(&payment.id).copied();
    let place = known.unwrap_or(books.payments.len());
    match known {
        Some(place) => assert_eq!(books.payments[place], payment, "the same id always has the same content"),
        None => books.post(payment),
    }
    let timestamp = Timestamp(place as u64 + 1);
    let mut response =
        json(201, &PaymentAck { id: payment.id, status: PaymentAckStatus::Created, timestamp });
    if known.is_some() {
        response.headers_mut().insert(IDEMPOTENT_REPLAYED, "true".parse().unwrap());
    }
    response
}

impl Books {
    /// Moves the money.
    pub(crate) fn post(&mut self, payment: NewPayment) {
        self.places.insert(payment.id, self.payments.len());
        self.payments.push(payment);
        let sides = [
            (payment.debit_account, payment.credit_account, Direction::Debit),
            (payment.credit_account, payment.debit_account, Direction::Credit),
        ];
        for (account, counterparty, direction) in sides {
            assert!(self.accounts.contains(&account), "{account}");
            let amount = payment.amount.in_currency(Currency::CZK).unwrap();
            let (credits, debits) = self.sums.entry(account).or_default();
            *(if direction == Direction::Credit { &mut *credits } else { &mut *debits }) += amount.minor();
            self.statements.entry(account).or_default().push(StatementEntry {
                payment: payment.id,
                timestamp: Timestamp(self.payments.len() as u64),
                direction,
                counterparty,
                amount: AmountText::from(amount),
                balance: Balance::difference(*credits, *debits, Currency::CZK).into(),
                status: PaymentStatus::Posted,
                code: payment.code,
                user_data_64: payment.user_data_64,
                booking_date: Date::MIN,
                value_date: Date::MIN,
                purpose: None,
                reverses: None,
                reversed_by: None,
            });
        }
    }
}

/// A page of the statement, newest first; the cursor is the number of entries still to come.
fn statement(books: &Books, path: &str, query: &str) -> Statement {
    let account: AccountId = path.split('/').nth(3).unwrap().parse().unwrap();
    let entries = books.statements.get(&account).map_or(&[][..], Vec::as_slice);
    let before = query.split('&').find_map(|pair| pair.strip_prefix("before="));
    let end = before.map_or(entries.len(), |cursor| cursor.parse().unwrap());
    let start = end.saturating_sub(books.page);
    let mut page = entries[start..end].to_vec();
    page.reverse();
    let next = (start > 0).then(|| Cursor::new(start.to_string()).unwrap());
    Statement { account, currency: Currency::CZK.into(), entries: page, next }
}

fn json(status: u16, value: &impl serde::Serialize) -> Response<Full<Bytes>> {
    let body = serde_json::to_vec(value).unwrap();
    Response::builder().status(status).header("content-type", "application/json").body(body.into()).unwrap()
}

fn problem(status: u16, code: &str, retry: Retry) -> Response<Full<Bytes>> {
    let problem = Problem::from_parts(status, code, "refused", "wait", retry);
    let response = Response::builder().status(status).header("content-type", problem::CONTENT_TYPE);
    response.body(problem.to_json().into()).unwrap()
}
