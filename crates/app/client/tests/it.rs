//! The client against a server that says whatever a test wants it to.

use std::time::Duration;

use client::{Client, ClientError, ClientOptions};
use ids::AccountId;
use ledger_api::{Cursor, NewAccount, NewPayment, PaymentAckStatus};
use money::{Currency, Money};
use stdx::{Coded as _, Retry};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Reads one request per answer, on one connection each, and gives what it read. An answer of nothing closes the
/// connection; one of `-` is never given.
async fn serve(answers: Vec<String>) -> (Client, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let options = ClientOptions {
        request_timeout: Duration::from_millis(500),
        answer_bytes_max: 1_000,
        ..ClientOptions::default()
    };
    let server = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            requests.push(read_request(&mut stream).await);
            if answer == "-" {
                tokio::time::sleep(Duration::from_secs(3_600)).await;
            }
            stream.write_all(answer.as_bytes()).await.expect("a client that listens");
        }
        requests
    });
    (Client::new(&base, options).expect("an address"), server)
}

/// Reads a request: its head, and as many bytes as the head promises.
async fn read_request(stream: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a length")) {
                return text;
            }
        }
        let mut chunk = [0; 4_096];
        let read = stream.read(&mut chunk).await.expect("a request");
        bytes.extend_from_slice(&chunk[..read]);
    }
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
}

fn id(number: u128) -> AccountId {
    AccountId::new(number).expect("not reserved")
}

fn payment() -> NewPayment {
    NewPayment {
        id: ids::TransferId::new(7).expect("not reserved"),
        debit_account: id(1),
        credit_account: id(2),
        amount: Money::new(70_000, Currency::CZK).into(),
        currency: Currency::CZK.into(),
        code: 1,
        flags: ledger_api::PaymentFlags::NONE,
        pending_id: None,
        timeout: 0,
        user_data_128: ledger_api::U128Text(0),
        user_data_64: ledger_api::U64Text(0),
        user_data_32: 0,
        timestamp: None,
        value_date: None,
        purpose: None,
        reverses: None,
    }
}

const ACK: &str =
    r#"{"id":"7","status":"created","timestamp":"2026-11-22T13:08:23.000000001Z","new":"field"}"#;

#[tokio::test]
async fn a_payment_carries_its_id_and_tells_a_repeat() {
    let answers =
        vec![answer("201 Created", "", ACK), answer("201 Created", "Idempotent-Replayed: true\r\n", ACK)];
    let (client, server) = serve(answers).await;
    let first = client.pay(&payment()).await.unwrap();
    assert_eq!((first.value.status, first.replayed), (PaymentAckStatus::Created, false));
    assert!(client.pay(&payment()).await.unwrap().replayed);
    let requests = server.await.unwrap();
    assert_eq!(requests[0], requests[1]);
    assert!(requests[0].starts_with("POST /v1/payments HTTP/1.1\r\n"), "{}", requests[0]);
    assert!(requests[0].contains("\r\nidempotency-key: 7\r\n"), "{}", requests[0]);
    assert!(requests[0].contains("\r\ncontent-type: application/json\r\n"), "{}", requests[0]);
    assert!(requests[0].ends_with(
        r#"{"id":"7","debit_account":"1","credit_account":"2","amount":"700.00","currency":"CZK","code":1}"#
    ));
}

#[tokio::test]
async fn pages_are_asked_for_by_cursor() {
    let body = r#"{"account":"1","currency":"CZK","entries":[],"next":"17"}"#;
    let (client, server) = serve(vec![answer("200 OK", "", body)]).await;
    let page = client.statement(id(1), Cursor::new("18").as_ref(), Some(5)).await.unwrap();
    assert_eq!(page.next, Cursor::new("17"));
    let requests = server.await.unwrap();
    assert!(
        requests[0].starts_with("GET /v1/accounts/1/statement?before=18&limit=5 HTTP/1.1\r\n"),
        "{}",
        requests[0]
    );
}

#[tokio::test]
async fn a_problem_comes_through_whole() {
    let body = r#"{"type":"https://tongbao.dev/errors/LED-0054","title":"exceeds_credits","status":422,
        "code":"LED-0054","detail":"short of 5.00","hint":"fund it","retryable":false,"id":"7"}"#;
    let problem = answer("422 Unprocessable Content", "content-type: application/problem+json\r\n", body);
    let (client, _server) = serve(vec![problem]).await;
    let error = client.pay(&payment()).await.unwrap_err();
    assert_eq!((error.code(), error.page(), error.advice()), ("CLI-0006", "LED-0054", "fund it"));
    assert_eq!(error.problem().and_then(|problem| problem.id.as_deref()), Some("7"));
    assert_eq!((error.retry(), error.to_string()), (Retry::Never, "short of 5.00 (LED-0054)".to_owned()));
}

#[tokio::test]
async fn everything_else_is_named() {
    let html = "content-type: text/html\r\n";
    let problem = "content-type: application/problem+json\r\n";
    let long = answer("200 OK", "", &" ".repeat(1_001));
    let cases = [
        (answer("404 Not Found", html, "<html>"), "CLI-0005", Retry::Never),
        (answer("503 Service Unavailable", html, "<html>"), "CLI-0005", Retry::Later),
        (answer("500 Internal Server Error", problem, "{}"), "CLI-0005", Retry::Never),
        (answer("200 OK", "", "<html>"), "CLI-0005", Retry::Never),
        (long, "CLI-0005", Retry::Never),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_owned(), "CLI-0003", Retry::Later),
        ("SSH-2.0-OpenSSH\r\n".to_owned(), "CLI-0003", Retry::Later),
        (String::new(), "CLI-0003", Retry::Later),
        ("-".to_owned(), "CLI-0004", Retry::Later),
    ];
    for (answer, code, retry) in cases {
        let (client, server) = serve(vec![answer.clone()]).await;
        let account = NewAccount {
            id: id(1),
            currency: Currency::CZK.into(),
            code: 1,
            flags: ledger_api::AccountFlags::NONE,
            user_data_128: ledger_api::U128Text(0),
            user_data_64: ledger_api::U64Text(0),
            user_data_32: 0,
            timestamp: None,
        };
        let error = client.create_account(&account).await.unwrap_err();
        assert_eq!((error.code(), error.retry()), (code, retry), "{answer}: {error:?}");
        server.abort();
    }
}

#[tokio::test]
async fn nobody_listening_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::new(&base, ClientOptions::default()).unwrap();
    let error = client.health().await.unwrap_err();
    assert!(matches!(error, ClientError::Connect { .. }), "{error:?}");
    assert_eq!((error.code(), error.retry()), ("CLI-0002", Retry::Later));
}
