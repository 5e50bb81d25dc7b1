//! Bad input of every kind: the right status, a code with a page, a hint, and nothing changed.

use std::path::Path;

use axum::body::Body;
use axum::http::Request;

use crate::bank::{Answer, Bank};

const START: &str = "open id=1 currency=CZK code=1 flags=[debits_must_not_exceed_credits]
                     open id=2 currency=CZK code=1
                     open id=3 currency=EUR code=1
                     open id=4 currency=CZK code=1 flags=[credits_must_not_exceed_debits]
                     pay id=1 from=2 to=1 amount=100 currency=CZK code=1
                     pay id=2 from=1 to=2 amount=10 currency=CZK code=1 flags=[pending] timeout=3600";

const PAYMENT: &str =
    r#"{"id":"7","debit_account":"1","credit_account":"2","amount":"5.00","currency":"CZK","code":1}"#;
const ACCOUNT: &str = r#"{"id":"7","currency":"CZK","code":1}"#;

/// The document that every refusal must be.
fn check(what: &str, answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.field("code").as_str()), (status, code), "{what}: {answer:?}");
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{what}");
    assert_eq!(answer.json()["status"], status, "{what}");
    assert_eq!(answer.field("type"), format!("https://tongbao.dev/errors/{code}"), "{what}");
    for field in ["title", "detail", "hint"] {
        assert!(answer.field(field).len() > 3, "{what}: {field} is missing: {answer:?}");
    }
    assert_eq!(answer.json()["retryable"], false, "{what}");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/errors").join(format!("{code}.md"));
    assert!(page.exists(), "{what}: {code} has no page");
    assert!(!answer.is_repeated(), "{what}");
}

/// The bank of these tests, and proof that nothing in it changes.
struct Unchanged {
    bank: Bank,
    digest: String,
    books: [String; 2],
}

impl Unchanged {
    async fn open() -> Self {
        let bank = Bank::after(START).await;
        let digest = bank.digest().await;
        let books = bank.books().await;
        Self { bank, digest, books }
    }

    /// The request is refused, and not even written down.
    async fn refuses(&self, what: &str, request: Request<Body>, status: u16, code: &str) {
        let seq = self.bank.site.handle.status().seq;
        check(what, &self.bank.site.send(request).await, status, code);
        assert_eq!(self.bank.digest().await, self.digest, "{what}");
        assert_eq!(self.bank.site.handle.status().seq, seq, "{what}: it was written to the journal");
    }

    /// The ledger refuses the line and moves nothing. The digest moves on, with the ledger's time.
    async fn ledger_refuses(&mut self, line: &str, status: u16, code: &str) {
        check(line, &self.bank.line(line).await, status, code);
        assert_eq!(self.bank.books().await, self.books, "{line}");
    }
}

fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", "application/json").body(body.into()).unwrap()
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn bodies_that_are_not_the_json_of_a_payment() {
    let bank = Unchanged::open().await;
    let nested = format!(r#"{{"id":{}"#, "[".repeat(100_000));
    let unknown_nested =
        PAYMENT.replacen('{', &format!(r#"{{"x":{}{},"#, "[".repeat(500), "]".repeat(500)), 1);
    let whole =
        ["", " ", "{", "null", "[]", "7", "\"pay\"", "{}", "{]", "{\"id\":\"7\"}", &nested, &unknown_nested];
    for body in whole {
        let name: String = body.chars().take(40).collect();
        bank.refuses(&name, post("/v1/payments", body.to_owned()), 400, "API-0001").await;
    }
    for cut in 1..PAYMENT.len() {
        bank.refuses("truncated", post("/v1/payments", PAYMENT[..cut].to_owned()), 400, "API-0001").await;
    }
    for more in ["{}", ",", "x", PAYMENT] {
        bank.refuses("something follows", post("/v1/payments", format!("{PAYMENT}{more}")), 400, "API-0001")
            .await;
    }
    let not_utf8 = [&PAYMENT.as_bytes()[..7], b"\xff\xfe", &PAYMENT.as_bytes()[7..]].concat();
    bank.refuses("not UTF-8", post("/v1/payments", not_utf8), 400, "API-0001").await;
    let utf16: Vec<u8> = PAYMENT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    bank.refuses("UTF-16", post("/v1/payments", utf16), 400, "API-0001").await;
    let with_mark = format!("\u{feff}{PAYMENT}");
    bank.refuses("a byte order mark", post("/v1/payments", with_mark), 400, "API-0001").await;
}

#[tokio::test]
async fn fields_of_a_payment_that_cannot_be() {
    let bank = Unchanged::open().await;
    let long = "9".repeat(65);
    let largest = "340282366920938463463374607431768211456";
    let amounts = [
        "-5.00",
        "+5.00",
        "-0",
        "5.001",
        "5.",
        ".5",
        "5,00",
        "5e2",
        "5E2",
        "1e400",
        "NaN",
        "inf",
        "Infinity",
        "",
        " ",
        " 5",
        "5 ",
        "0x5",
        "٥",
        "5.0.0",
        "5_000",
        "5'000",
        &long,
        largest,
        "3402823669209384634633746074317682115",
    ];
    let mut cases: Vec<(String, String, &str)> = Vec::new();
    for amount in amounts {
        let code = match amount {
            "5.001" => "MON-0003",
            "3402823669209384634633746074317682115" => "MON-0004",
            _ => "API-0001",
        };
        cases.push((r#""amount":"5.00""#.into(), format!(r#""amount":"{amount}""#), code));
    }
    for amount in ["5", "5.00", "-5", "1e2", "null", "true", "[5]", r#"{"value":"5"}"#] {
        cases.push((r#""amount":"5.00""#.into(), format!(r#""amount":{amount}"#), "API-0001"));
    }
    let uuid_max = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    for field in [r#""id":"7""#, r#""debit_account":"1""#, r#""credit_account":"2""#] {
        let name = field.split(':').next().unwrap();
        for id in [
            "",
            "0",
            "-1",
            "1.0",
            " 1",
            "1 ",
            "0x1",
            "one",
            uuid_max,
            largest,
            "00000000-0000-0000-0000-00000000000",
            "１",
        ] {
            cases.push((field.into(), format!("{name}:\"{id}\""), "API-0001"));
        }
        for id in ["1", "null", "true", "[\"1\"]"] {
            cases.push((field.into(), format!("{name}:{id}"), "API-0001"));
        }
        cases.push((format!("{field},"), String::new(), "API-0001"));
        cases.push((field.into(), format!("{field},{field}"), "API-0001"));
    }
    for unit in ["CZ", "CZKK", "XAU-G", "700", "4294967295"] {
        cases.push((r#""currency":"CZK""#.into(), format!(r#""currency":"{unit}""#), "API-0014"));
    }
    for currency in [
        r#""XXX""#,
        r#""czk""#,
        r#""CZKKKKKKKKKKK""#,
        r#""-CZK""#,
        r#""0""#,
        r#""4294967296""#,
        r#""""#,
        "203",
        "null",
        r#""K\u010d""#,
    ] {
        cases.push((r#""currency":"CZK""#.into(), format!(r#""currency":{currency}"#), "API-0001"));
    }
    for code in ["-1", "65536", "1.5", "1e3", "null", r#""1""#, "true", "99999999999999999999999"] {
        cases.push((r#""code":1"#.into(), format!(r#""code":{code}"#), "API-0001"));
    }
    for more in [
        r#""flags":["history"]"#,
        r#""flags":["frozen"]"#,
        r#""flags":["PENDING"]"#,
        r#""flags":["pending","pending"]"#,
        r#""flags":"pending""#,
        r#""flags":2"#,
        r#""flags":null"#,
        r#""flags":{"pending":true}"#,
        r#""timeout":-1"#,
        r#""timeout":4294967296"#,
        r#""timeout":"60""#,
        r#""timeout":0.5"#,
        r#""pending_id":"0""#,
        r#""pending_id":5"#,
        r#""user_data_128":"340282366920938463463374607431768211456""#,
        r#""user_data_128":5"#,
        r#""user_data_64":"18446744073709551616""#,
        r#""user_data_64":"-1""#,
        r#""user_data_64":5"#,
        r#""user_data_32":4294967296"#,
        r#""user_data_32":"5""#,
        r#""timestamp":"yesterday""#,
        r#""timestamp":1700000000"#,
        r#""value_date":"2026-02-29""#,
        r#""value_date":"2026-11-22T00:00:00Z""#,
        r#""value_date":"1969-12-31""#,
        r#""value_date":"10000-01-01""#,
        r#""value_date":20261122"#,
        r#""value_date":"""#,
        r#""purpose":0"#,
        r#""purpose":-1"#,
        r#""purpose":65536"#,
        r#""purpose":"5193""#,
        r#""reverses":"0""#,
        r#""reverses":7"#,
        r#""ledger":203"#,
        r#""colour":"red""#,
        r#""Id":"8""#,
        r#""__proto__":{}"#,
        r#""code":1"#,
        r#""amount":"5.00""#,
    ] {
        cases.push((r#""code":1"#.into(), format!(r#""code":1,{more}"#), "API-0001"));
    }
    for field in [r#","amount":"5.00""#, r#","currency":"CZK""#, r#","code":1"#] {
        cases.push((field.into(), String::new(), "API-0001"));
    }
    for (from, to, code) in cases {
        assert!(PAYMENT.contains(&from), "{from}");
        let body = PAYMENT.replacen(&from, &to, 1);
        bank.refuses(&body, post("/v1/payments", body.clone()), 400, code).await;
        let batch = format!(r#"{{"payments":[{},{body}]}}"#, PAYMENT.replacen("\"7\"", "\"8\"", 1));
        bank.refuses(&batch, post("/v1/payments/batch", batch.clone()), 400, code).await;
    }
}

#[tokio::test]
async fn fields_of_an_account_that_cannot_be() {
    let bank = Unchanged::open().await;
    for (from, to) in [
        (r#""id":"7""#, r#""id":"0""#),
        (r#""id":"7""#, r#""id":"""#),
        (r#""id":"7""#, r#""id":7"#),
        (r#""id":"7","#, ""),
        (r#""currency":"CZK""#, r#""currency":"AAA""#),
        (r#""currency":"CZK","#, ""),
        (r#""code":1"#, r#""code":70000"#),
        (r#""code":1"#, r#""code":1,"flags":["balancing_debit"]"#),
        (r#""code":1"#, r#""code":1,"flags":["frozen"]"#),
        (r#""code":1"#, r#""code":1,"flags":["pending"]"#),
        (r#""code":1"#, r#""code":1,"balance":"1000000.00""#),
        (r#""code":1"#, r#""code":1,"credits_posted":"1000000.00""#),
        (r#""code":1"#, r#""code":1,"timestamp":"1969-12-31T23:59:59Z""#),
        (r#","code":1"#, ""),
    ] {
        let body = ACCOUNT.replacen(from, to, 1);
        bank.refuses(&body, post("/v1/accounts", body.clone()), 400, "API-0001").await;
        let batch = format!(r#"{{"accounts":[{body}]}}"#);
        bank.refuses(&batch, post("/v1/accounts/batch", batch.clone()), 400, "API-0001").await;
    }
}

#[tokio::test]
async fn batches_that_cannot_be() {
    let bank = Unchanged::open().await;
    let too_many = |item: &str| vec![item; ledger_api::BATCH_ITEMS_MAX + 1].join(",");
    for (path, list, item) in
        [("/v1/payments/batch", "payments", PAYMENT), ("/v1/accounts/batch", "accounts", ACCOUNT)]
    {
        let body = format!(r#"{{"{list}":[{}]}}"#, too_many(item));
        bank.refuses("too many items", post(path, body), 400, "API-0001").await;
        bank.refuses("no items", post(path, format!(r#"{{"{list}":[]}}"#)), 400, "SHD-0001").await;
        for bad in ["{}", r#"{"items":[]}"#, r#"{"payments":{},"accounts":{}}"#, item, "[]"] {
            bank.refuses(bad, post(path, bad.to_owned()), 400, "API-0001").await;
        }
    }
    for id in [r#""0""#, "5", r#""""#] {
        let body = format!(r#"{{"id":{id},"payments":[{PAYMENT}]}}"#);
        bank.refuses(&body, post("/v1/payments/batch", body.clone()), 400, "API-0001").await;
    }
}

#[tokio::test]
async fn bodies_that_are_too_large_or_of_another_kind() {
    let bank = Unchanged::open().await;
    let padded = format!("{}{PAYMENT}", " ".repeat(4 << 20));
    bank.refuses("too large", post("/v1/payments", padded), 413, "API-0009").await;
    for kind in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "json",
        "multipart/form-data",
    ] {
        let request =
            Request::post("/v1/payments").header("content-type", kind).body(PAYMENT.into()).unwrap();
        bank.refuses(kind, request, 415, "API-0004").await;
    }
    let undeclared = Request::post("/v1/payments").body(PAYMENT.into()).unwrap();
    bank.refuses("undeclared", undeclared, 415, "API-0004").await;
    let declared =
        Request::post("/v1/payments").header("content-type", b"\xff".as_slice()).body(PAYMENT.into());
    bank.refuses("not even text", declared.unwrap(), 415, "API-0004").await;
}

#[tokio::test]
async fn paths_and_queries_that_cannot_be() {
    let bank = Unchanged::open().await;
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v2/accounts",
        "/v1/account",
        "/v1/accounts/",
        "/v1/accounts/1/",
        "/v1/accounts/1/x",
        "/v1/payments/1/2",
        "//v1/accounts",
        "/v1/accounts/../payments",
        "/V1/accounts",
        "/v1/accounts%2f1",
        "/admin",
    ] {
        bank.refuses(path, get(path), 404, "API-0002").await;
        bank.refuses(path, post(path, PAYMENT), 404, "API-0002").await;
    }
    for (method, path) in [
        ("DELETE", "/v1/accounts/1"),
        ("DELETE", "/v1/accounts/1/purposes"),
        ("PUT", "/v1/units"),
        ("GET", "/v1/days/cut"),
        ("GET", "/v1/holds/1/spend"),
        ("GET", "/v1/payments/1/reversal"),
        ("POST", "/v1/accounts/tree"),
        ("PUT", "/v1/accounts/1"),
        ("POST", "/v1/accounts/1"),
        ("PATCH", "/v1/payments/1"),
        ("GET", "/v1/payments/batch/"),
        ("DELETE", "/v1/payments"),
        ("POST", "/v1/health"),
        ("OPTIONS", "/v1/accounts"),
        ("BREW", "/v1/accounts"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let (status, code) = if path.ends_with('/') { (404, "API-0002") } else { (405, "API-0003") };
        bank.refuses(&format!("{method} {path}"), request, status, code).await;
    }
    let long = "9".repeat(5_000);
    for id in [
        "x",
        "-1",
        "0",
        "1.0",
        "%20",
        "%00",
        "%ff",
        "%C3%28",
        "1%2F2",
        "340282366920938463463374607431768211455",
        "340282366920938463463374607431768211456",
        "00000000-0000-0000-0000-000000000000",
        "balance",
        &long,
    ] {
        for path in [
            "/v1/accounts/ID",
            "/v1/accounts/ID/balance",
            "/v1/accounts/ID/statement",
            "/v1/accounts/ID/below",
            "/v1/accounts/ID/purposes",
            "/v1/payments/ID",
        ] {
            let path = path.replace("ID", id);
            bank.refuses(&path, get(&path), 400, "API-0006").await;
        }
    }
    for query in [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=65536",
        "limit=x",
        "limit=",
        "limit=1.5",
        "limit=1&limit=2",
        "colour=red",
        "Limit=5",
        "limit=%ff",
    ] {
        for path in [
            "/v1/accounts",
            "/v1/payments",
            "/v1/accounts/1/statement",
            "/v1/accounts/tree",
            "/v1/accounts/1/below",
            "/v1/days",
        ] {
            let path = format!("{path}?{query}");
            bank.refuses(&path, get(&path), 400, "API-0005").await;
        }
    }
    for path in [
        "/v1/accounts?after=0",
        "/v1/accounts?after=x",
        "/v1/accounts?before=1",
        "/v1/payments?after=1",
        "/v1/payments?before=",
        "/v1/payments?before=a%20b",
        "/v1/accounts/1/statement?before=%C3%A4",
        "/v1/accounts/tree?root=0",
        "/v1/accounts/tree?currency=XXX",
        "/v1/days?before=2026-02-30",
        "/v1/days?before=yesterday",
    ] {
        bank.refuses(path, get(path), 400, "API-0005").await;
    }
    for (path, code) in [
        ("/v1/accounts/9", "API-0007"),
        ("/v1/accounts/9/balance", "API-0007"),
        ("/v1/accounts/9/statement", "API-0007"),
        ("/v1/accounts/9/below", "API-0007"),
        ("/v1/accounts/9/purposes", "API-0007"),
        ("/v1/accounts/tree?root=9", "API-0007"),
        ("/v1/payments/9", "API-0008"),
    ] {
        bank.refuses(path, get(path), 404, code).await;
    }
}

/// The cursor of the page after this one.
async fn next(bank: &Unchanged, path: &str) -> String {
    let page = bank.bank.site.get(path).await.json();
    page["next"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn cursors_of_somebody_else() {
    let bank = Unchanged::open().await;
    let of_account = next(&bank, "/v1/accounts/2/statement?limit=1").await;
    let of_payments = next(&bank, "/v1/payments?limit=1").await;
    for path in [
        format!("/v1/accounts/3/statement?before={of_account}"),
        "/v1/accounts/1/statement?before=1".to_owned(),
        "/v1/accounts/1/statement?before=x".to_owned(),
        "/v1/accounts/1/statement?before=-".to_owned(),
        format!("/v1/accounts/1/statement?before={}", "9".repeat(96)),
        format!("/v1/accounts/1/statement?before={of_account}-1"),
        format!("/v1/accounts/3/statement?before={of_payments}"),
        "/v1/payments?before=x".to_owned(),
        format!("/v1/payments?before={}", "9".repeat(96)),
    ] {
        bank.refuses(&path, get(&path), 400, "LED-1302").await;
    }
}

#[tokio::test]
async fn payments_that_the_ledger_refuses_move_nothing() {
    let mut bank = Unchanged::open().await;
    for (line, code) in [
        ("pay id=10 from=1 to=1 amount=5 currency=CZK code=1", "LED-0012"),
        ("pay id=11 from=9 to=1 amount=5 currency=CZK code=1", "LED-0021"),
        ("pay id=12 from=1 to=9 amount=5 currency=CZK code=1", "LED-0022"),
        ("pay id=13 from=1 to=3 amount=5 currency=CZK code=1", "LED-0023"),
        ("pay id=14 from=1 to=2 amount=5 currency=EUR code=1", "LED-0024"),
        ("pay id=15 from=1 to=2 amount=5 currency=CZK code=0", "LED-0020"),
        ("pay id=16 from=1 to=2 amount=90.01 currency=CZK code=1", "LED-0054"),
        ("pay id=17 from=2 to=4 amount=0.01 currency=CZK code=1", "LED-0055"),
        ("pay id=18 from=1 to=2 amount=5 currency=CZK code=1 timeout=5", "LED-0017"),
        ("pay id=19 from=1 to=2 amount=5 currency=CZK code=1 pending_id=2", "LED-0013"),
        ("pay id=20 from=1 to=2 amount=5 currency=CZK code=1 flags=[linked]", "LED-0002"),
        (
            "pay id=21 from=1 to=2 amount=5 currency=CZK code=1 flags=[pending,post_pending_transfer] pending_id=2",
            "LED-0007",
        ),
        ("pay id=22 from=1 to=2 amount=5 currency=CZK code=1 flags=[post_pending_transfer]", "LED-0014"),
        (
            "pay id=23 from=1 to=2 amount=5 currency=CZK code=1 flags=[post_pending_transfer] pending_id=23",
            "LED-0016",
        ),
        (
            "pay id=24 from=1 to=2 amount=5 currency=CZK code=1 flags=[post_pending_transfer] pending_id=99",
            "LED-0025",
        ),
        (
            "pay id=25 from=1 to=2 amount=5 currency=CZK code=1 flags=[post_pending_transfer] pending_id=1",
            "LED-0026",
        ),
        (
            "pay id=26 from=2 to=1 amount=5 currency=CZK code=1 flags=[post_pending_transfer] pending_id=2",
            "LED-0027",
        ),
        (
            "pay id=27 from=1 to=4 amount=5 currency=CZK code=1 flags=[post_pending_transfer] pending_id=2",
            "LED-0028",
        ),
        (
            "pay id=28 from=1 to=2 amount=5 currency=EUR code=1 flags=[post_pending_transfer] pending_id=2",
            "LED-0029",
        ),
        (
            "pay id=29 from=1 to=2 amount=5 currency=CZK code=2 flags=[post_pending_transfer] pending_id=2",
            "LED-0030",
        ),
        (
            "pay id=30 from=1 to=2 amount=10.01 currency=CZK code=1 flags=[post_pending_transfer] pending_id=2",
            "LED-0031",
        ),
        (
            "pay id=31 from=1 to=2 amount=9 currency=CZK code=1 flags=[void_pending_transfer] pending_id=2",
            "LED-0032",
        ),
    ] {
        bank.ledger_refuses(line, 422, code).await;
    }
    bank.ledger_refuses("pay id=1 from=2 to=1 amount=99 currency=CZK code=1", 409, "LED-0039").await;
    bank.ledger_refuses("open id=10 currency=CZK code=0", 422, "LED-0114").await;
    bank.ledger_refuses("open id=11 currency=CZK code=1 flags=[linked]", 422, "LED-0102").await;
    let both = "flags=[debits_must_not_exceed_credits,credits_must_not_exceed_debits]";
    bank.ledger_refuses(&format!("open id=12 currency=CZK code=1 {both}"), 422, "LED-0108").await;
    bank.ledger_refuses("open id=1 currency=CZK code=1", 409, "LED-0115").await;
}
