//! How fast a connection is. Nothing here passes or fails by time; run it with `--release --nocapture` to see figures.

use std::time::Instant;

use tokio::sync::watch;
use vsr::{Client, ClientOptions, Kind, Tunnel};

use super::memory::Bank;
use super::site::{Door, transfers};
use super::tls::{Pki, options};

/// Requests to send; enough for a figure, few enough for every test run.
const REQUESTS: u32 = if cfg!(debug_assertions) { 20 } else { 4_000 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_batches_through_one_connection() {
    let bank = Bank::default();
    bank.answer_at_once();
    let door = Door::open(&bank, 0, 1, vsr::Limits::default()).await;
    measure("plain", ClientOptions::new(vec![door.address], 0, 1)).await;

    for (what, grant) in [("TLS", "operator: read post: *"), ("TLS, reviewed", "operator: read post: 1 2 3")]
    {
        let pki = Pki::new(&[grant]);
        let door = pki.door(&bank).await;
        measure(what, options(door.address, pki.tls("operator"), 1)).await;
    }

    let pki = Pki::new(&["operator: read post: *"]);
    let door = pki.door(&bank).await;
    let tunnel = Tunnel::new(door.address.to_string().parse().unwrap(), pki.tls("operator"));
    let listener = Tunnel::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(tunnel.serve(listener, stopped));
    measure("TLS through a tunnel", ClientOptions::new(vec![address], 0, 1)).await;
}

#[expect(
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    reason = "a measurement reads the clock, and says what it read"
)]
async fn measure(what: &str, options: ClientOptions) {
    let mut client = Client::open(options).await.unwrap();
    for events in [1_u32, 8_189] {
        let batch = transfers(1..u128::from(events) + 1);
        let start = Instant::now();
        for _ in 0..REQUESTS {
            let made = client.batch(Kind::CreateTransfers, &batch).await.unwrap();
            assert_eq!(made.body.len(), batch.len() / 8);
        }
        let micros = start.elapsed().as_secs_f64() * 1e6 / f64::from(REQUESTS);
        let megabytes = batch.len() as f64 / micros;
        println!("{what}, {events} transfers a request: {micros:.0} µs a request, {megabytes:.0} MB/s");
    }
}
