//! The console's door on the real binary. What its handlers do in detail, its own tests show.

use serde_json::Value;

use crate::bank::{Bank, Folder, payment};
use crate::http::Line;

#[test]
fn the_console_serves_its_own_pages_and_nobody_elses() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.until_whole();
    let address = bank.console.strip_prefix("http://").unwrap();
    let port = address.rsplit(':').next().unwrap();
    let mut line = Line::open(&bank.console);

    let platform = line.get("/v1/platform").json();
    let names: Vec<_> =
        platform["sites"].as_array().unwrap().iter().map(|site| site["name"].clone()).collect();
    assert_eq!(names, ["east-1", "east-2", "south-1"]);
    assert_eq!((platform["leader"].as_str(), platform["shard"].as_str()), (Some("east-1"), Some("bank")));
    assert_eq!(platform["gateway"], bank.gateway.strip_prefix("http://").unwrap());

    for host in ["evil.example", &format!("evil.example:{port}"), "127.0.0.1", "127.0.0.1:1"] {
        for path in ["/v1/platform", "/v1/accounts", "/", "/metrics"] {
            let answer = line.send("GET", path, &format!("Host: {host}\r\n"), "").unwrap();
            assert_eq!(
                (answer.status, answer.json()["code"].as_str()),
                (403, Some("GWY-0006")),
                "{host} {path}"
            );
        }
    }
    let drill = r#"{"kind":"kill-site","site":"leader"}"#;
    for origin in ["http://evil.example", "null", "https://127.0.0.1"] {
        let headers = format!("Host: {address}\r\nOrigin: {origin}\r\nContent-Type: application/json\r\n");
        for (path, body) in [("/v1/drills", drill), ("/v1/payments", &payment(1, "1.00"))] {
            let answer = line.send("POST", path, &headers, body).unwrap();
            assert_eq!(
                (answer.status, answer.json()["code"].as_str()),
                (403, Some("GWY-0006")),
                "{origin} {path}"
            );
        }
    }
    let simple = format!("Host: {address}\r\nContent-Type: text/plain\r\n");
    assert_eq!(line.send("POST", "/v1/drills", &simple, drill).unwrap().status, 415);
    assert_eq!(line.get("/v1/drills").json()["drills"], Value::Array(Vec::new()), "none was started");

    bank.open_accounts(&[1, 2]);
    assert_eq!(
        line.post("/v1/payments", &payment(9, "2.00")).status,
        201,
        "the bank API is served here, too"
    );
    assert_eq!(line.get("/v1/accounts/2/balance").json()["balance"], "2.00");
    let document = line.get("/v1/openapi.json").json();
    assert!(document["paths"]["/v1/payments"].is_object() && document["paths"]["/v1/platform"].is_object());
    assert_eq!(bank.get("/v1/openapi.json").json(), document);
    assert!(line.get("/metrics").body.contains("tongbao_gateway_requests_total"));
}

#[test]
fn live_figures_flow_and_do_not_hold_up_the_end() {
    let folder = Folder::new();
    let bank = Bank::up(&folder);
    bank.open_accounts(&[1, 2]);
    let mut lines = Line::open(&bank.console).stream("/v1/platform/live");
    assert!(lines.next().unwrap().starts_with("HTTP/1.1 200"));
    assert!(lines.by_ref().any(|line| line.eq_ignore_ascii_case("content-type: text/event-stream")));
    for id in 0..3 {
        assert_eq!(bank.pay(&payment(100 + id, "1.00")).status, 201);
    }
    let mut events =
        lines.filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let mut at = Vec::new();
    let counted = events.by_ref().take(100).find(|event| {
        at.push(event["at"].as_str().unwrap().to_owned());
        event["transfers"] == 3 && event["accounts"] == 2
    });
    let event = counted.expect("the payments are never counted");
    assert_eq!(event["platform"]["sites"].as_array().unwrap().len(), 3);
    events.take(2).for_each(|event| at.push(event["at"].as_str().unwrap().to_owned()));
    assert!(at.len() >= 3 && at.is_sorted(), "{at:?}");
    let open = Line::open(&bank.console).stream("/v1/platform/live");
    assert_eq!(bank.down().code(), Some(0), "an open stream does not keep it from ending");
    drop(open);
}
