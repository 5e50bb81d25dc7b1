//! Input of every bad kind, and what it is told.

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use ledger_grpc::pb;
use prost::Message as _;
use tonic::{Code, Status};

use super::bank::{Bank, transfer, transfers};

/// What a call is told that sends these bytes as its message.
async fn told(bank: &Bank, method: &str, body: Bytes) -> Status {
    let wire: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let request = Request::post(format!("http://{}/tongbao.ledger.v1.Ledger/{method}", bank.address))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    let response = wire.request(request.body(Full::new(body)).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    assert_eq!(head.status, 200);
    let trailers = body.collect().await.unwrap().trailers().cloned();
    let status = trailers.as_ref().and_then(Status::from_header_map);
    status.or_else(|| Status::from_header_map(&head.headers)).unwrap()
}

fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(message);
    frame.freeze()
}

/// The code and the error's code, and that the details name the same, and the field.
async fn create(bank: &Bank, request: pb::CreateTransfersRequest) -> String {
    shown(&bank.client().create_transfers(request).await.unwrap_err())
}

fn shown(status: &Status) -> String {
    let code = status.message().rsplit('[').next().unwrap().trim_end_matches(']');
    let details = String::from_utf8_lossy(status.details()).into_owned();
    assert!(details.contains(&code.replace('-', "_")) && details.contains(code), "{status:?}");
    assert!(details.contains(&format!("https://tongbao.dev/errors/{code}")), "{status:?}");
    format!("{:?} {}", status.code(), status.message())
}

#[tokio::test]
async fn every_field_is_told_with_its_place() {
    let bank = Bank::open().await;
    bank.open_accounts(2).await;
    type Spoil = fn(&mut pb::NewTransfer);
    let cases: [(Spoil, &str); 20] = [
        (
            |t| t.value_date = "2026-11-31".into(),
            "value_date: there is no day 2026-11-31 in the calendar [CAL-0002]",
        ),
        (|t| t.purpose = 65_536, "purpose: a purpose is below 65,536 [GRP-0002]"),
        (|t| t.reverses = "z".into(), "reverses: an id is a decimal number below 2^128 or a UUID [GRP-0002]"),
        (|t| t.currency = "XAU-G".into(), ""),
        (|t| t.id = String::new(), "id: an id is a decimal number below 2^128 or a UUID [GRP-0002]"),
        (|t| t.id = "0".into(), "id: ids 0 and 2^128 − 1 are reserved [GRP-0002]"),
        (|t| t.id = "1".repeat(40), "id: an id is a decimal number below 2^128 or a UUID [GRP-0002]"),
        (
            |t| t.debit_account = "0123456789abcdef".into(),
            "debit_account: an id is a decimal number below 2^128 or a UUID [GRP-0002]",
        ),
        (
            |t| t.credit_account = "-1".into(),
            "credit_account: an id is a decimal number below 2^128 or a UUID [GRP-0002]",
        ),
        (
            |t| t.pending_id = "x".into(),
            "pending_id: an id is a decimal number below 2^128 or a UUID [GRP-0002]",
        ),
        (|t| t.currency = "XXX".into(), "currency: the currency is not an active ISO 4217 code [MON-0006]"),
        (|t| t.currency = String::new(), "currency: the currency is not an active ISO 4217 code [MON-0006]"),
        (
            |t| t.amount = String::new(),
            "amount: an amount is written in digits with at most one decimal point, like 700 or 700.00 [MON-0001]",
        ),
        (|t| t.amount = "-1".into(), "amount: an amount to move cannot be negative [MON-0002]"),
        (
            |t| t.amount = "1.001".into(),
            "amount: the amount has more than the 2 digits after the point of CZK [MON-0003]",
        ),
        (
            |t| t.amount = "9".repeat(60),
            "amount: the amount does not fit into 128 bits of minor units [MON-0004]",
        ),
        (|t| t.code = 65_536, "code: a code is below 65,536 [GRP-0002]"),
        (|t| t.flags = vec![3], "flags: 3 is not one of the values of this field [GRP-0002]"),
        (
            |t| t.user_data_128 = "0x1".into(),
            "user_data_128: this is a decimal number below 2^128 [GRP-0002]",
        ),
        (
            |t| t.timestamp = Some(prost_types::Timestamp { seconds: 1, nanos: -1 }),
            "timestamp: a timestamp lies between 1970 and 2262, with nanoseconds of 0 to 999,999,999 [GRP-0002]",
        ),
    ];
    for (spoil, expected) in cases {
        let mut bad = transfer(2);
        spoil(&mut bad);
        let request = pb::CreateTransfersRequest { id: String::new(), transfers: vec![transfer(1), bad] };
        if expected.is_empty() {
            // Whether a unit is declared is known to the ledger alone.
            let told = create(&bank, request).await;
            assert!(told.starts_with("InvalidArgument ") && told.contains("XAU-G"), "{told}");
            continue;
        }
        assert_eq!(create(&bank, request).await, format!("InvalidArgument transfers[1].{expected}"));
    }
    let named = pb::CreateTransfersRequest { id: "x".into(), ..transfers([1]) };
    assert!(create(&bank, named).await.starts_with("InvalidArgument id: an id"));
    // One bad transfer, and nothing of its batch is done.
    assert_eq!(bank.get("/v1/totals").await["transfers"], 0);
}

#[tokio::test]
async fn messages_of_another_shape_are_refused_as_a_whole() {
    let bank = Bank::open().await;
    bank.open_accounts(2).await;
    let good = transfers([1]).encode_to_vec();
    let with = |more: &[u8]| framed(&[&good[..], more].concat());
    let many = transfers(1..=8_191).encode_to_vec();
    for (body, expected) in [
        (
            with(&[0x1a, 1, b'x']),
            "InvalidArgument the message cannot be read: field 3 is not known [GRP-0001]",
        ),
        (
            with(&[0x12, 3, 0x98, 0x06, 1]),
            "InvalidArgument the message cannot be read: transfers[1]: field 99 is not known [GRP-0001]",
        ),
        (
            with(&[0x0a, 1, b'7', 0x0a, 1, b'8']),
            "InvalidArgument the message cannot be read: id: the field comes twice [GRP-0001]",
        ),
        (
            with(&[0x0a, 9]),
            "InvalidArgument the message cannot be read: id: the bytes are not a message of Protocol Buffers [GRP-0001]",
        ),
        (
            framed(&many),
            "InvalidArgument the message cannot be read: transfers: more than 8190 items [GRP-0001]",
        ),
        (
            framed(&[0x12, 0].repeat(1 << 20)),
            "InvalidArgument the message cannot be read: transfers: more than 8190 items [GRP-0001]",
        ),
    ] {
        assert_eq!(shown(&told(&bank, "CreateTransfers", body).await), expected);
    }
    let text = told(&bank, "CreateTransfers", framed(&[0x0a, 1, 0xff])).await;
    assert!(text.message().contains("UTF-8") && text.message().ends_with("[GRP-0001]"), "{text:?}");
    assert_eq!(bank.get("/v1/totals").await["transfers"], 0);
}

#[tokio::test]
async fn what_is_too_large_or_no_message_at_all_is_refused() {
    let bank = Bank::open().await;
    let large = told(&bank, "CreateTransfers", framed(&vec![0; 5 << 20])).await;
    assert_eq!(shown(&large), "ResourceExhausted the body is larger than 4194304 bytes [GWY-0003]");
    let announced = told(&bank, "Pipeline", Bytes::from_static(&[0, 0xff, 0xff, 0xff, 0xff])).await;
    assert_eq!(shown(&announced), "ResourceExhausted the body is larger than 4194304 bytes [GWY-0003]");
    let empty = told(&bank, "CreateTransfers", Bytes::new()).await;
    assert_ne!(empty.code(), Code::Ok, "{empty:?}");
    let cut = told(&bank, "CreateTransfers", Bytes::from_static(&[0, 0, 0, 0, 9, 1])).await;
    assert_ne!(cut.code(), Code::Ok, "{cut:?}");
    let compressed = told(&bank, "CreateTransfers", Bytes::from_static(&[1, 0, 0, 0, 1, 1])).await;
    assert_ne!(compressed.code(), Code::Ok, "{compressed:?}");
    let unknown = told(&bank, "Nothing", framed(&[])).await;
    assert_eq!(unknown.code(), Code::Unimplemented, "{unknown:?}");
    let missing = told(&bank, "Pipeline", framed(&[])).await;
    assert_eq!(shown(&missing), "InvalidArgument batch: the field is missing [GRP-0002]");
    bank.open_accounts(1).await;
}

#[tokio::test]
async fn questions_are_read_as_strictly() {
    let bank = Bank::open().await;
    let mut client = bank.client();
    let lookup =
        |ids: &[&str]| pb::LookupAccountsRequest { ids: ids.iter().map(ToString::to_string).collect() };
    let error = client.lookup_accounts(lookup(&["1", "y"])).await.unwrap_err();
    assert_eq!(
        shown(&error),
        "InvalidArgument ids[1]: an id is a decimal number below 2^128 or a UUID [GRP-0002]"
    );
    let many = lookup(&vec!["1"; 8_191]);
    let error = client.lookup_accounts(many).await.unwrap_err();
    assert!(shown(&error).contains("ids: more than 8190 items"), "{error:?}");
    let filter = |filter: pb::AccountFilter| pb::GetAccountTransfersRequest { filter: Some(filter) };
    for (request, expected) in [
        (pb::GetAccountTransfersRequest { filter: None }, "filter: the field is missing [GRP-0002]"),
        (
            filter(pb::AccountFilter::default()),
            "filter.account: an id is a decimal number below 2^128 or a UUID [GRP-0002]",
        ),
        (
            filter(pb::AccountFilter { order: 7, ..pb::AccountFilter::default() }),
            "filter.order: 7 is not one of the values of this field [GRP-0002]",
        ),
        (
            filter(pb::AccountFilter { code: 1 << 20, ..pb::AccountFilter::default() }),
            "filter.code: a code is below 65,536 [GRP-0002]",
        ),
        (
            filter(pb::AccountFilter { after: "a b".into(), ..pb::AccountFilter::default() }),
            "filter.after: a cursor is the `next` of a page [GRP-0002]",
        ),
    ] {
        let error = client.get_account_transfers(request).await.unwrap_err();
        assert_eq!(shown(&error), format!("InvalidArgument {expected}"));
    }
    let error =
        client.get_trial_balance(pb::GetTrialBalanceRequest { currency: "ABC".into() }).await.unwrap_err();
    assert!(shown(&error).ends_with("[MON-0006]"), "{error:?}");
}
