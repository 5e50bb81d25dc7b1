//! Ten thousand clients that only keep their connections open.

use std::io::{BufRead as _, Read as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use gateway::{GatewayLimits, ServeLimits};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::clients::{get, post, send, send_over};
use crate::site::{Door, Site};

const IDLE: usize = 10_000;
/// For everything else that is open in a test.
const OTHER_FILES: u64 = 200;

/// Raises the limit on open files as far as it goes; an error if that is not enough for the idle connections.
fn raise_file_limit() -> Result<(), String> {
    let hard = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: hard, maximum: hard }).unwrap();
    let needed = IDLE as u64 + OTHER_FILES;
    let enough = hard.is_none_or(|hard| hard >= needed);
    enough
        .then_some(())
        .ok_or_else(|| format!("{needed} open files are needed, and the hard limit is {hard:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_leave_room_for_work() {
    if let Err(why) = raise_file_limit() {
        println!("SKIPPED: {why}; raise it with `ulimit -Hn`");
        return;
    }
    let site = Site::leading("east-1", 1).await;
    // Nobody is shown out for being slow, however slow this machine is.
    let limits = ServeLimits { head_timeout: Duration::from_secs(3_600), ..ServeLimits::default() };
    let door = Door::with(&[&site], GatewayLimits::default(), limits).await;
    // The clients' ends are files as well, so they live in a process of their own.
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "idle::holds_connections", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = holder.stdin.take().unwrap();
    let mut output = std::io::BufReader::new(holder.stdout.take().unwrap()).lines();
    std::io::Write::write_all(&mut input, format!("{}\n", door.address).as_bytes()).unwrap();
    let opening = tokio::task::spawn_blocking(move || {
        let opened = output.any(|line| line.unwrap().contains("all are open"));
        // Given back, so that the pipe stays open.
        (opened, output)
    });
    let (opened, _output) = opening.await.unwrap();
    assert!(opened, "the connections could not be opened");

    for _ in 0..20 {
        assert_eq!(send(&door, post("/v1/payments", "{}")).await.status, 201);
    }
    assert_eq!(send_over(door.address, true, get("/v1/totals")).await.status, 201);
    drop(input);
    assert!(holder.wait().unwrap().success(), "a connection was closed while it was idle");
    door.close().await;
}

/// The other process of the test above: opens connections to the address it reads, keeps them until its input ends,
/// and then finds all of them still open.
#[test]
#[ignore = "the test above runs it"]
fn holds_connections() {
    let mut input = std::io::stdin().lock();
    let mut line = String::new();
    input.read_line(&mut line).unwrap();
    let Ok(door) = line.trim().parse::<SocketAddr>() else { return };
    raise_file_limit().unwrap();
    let mut idle: Vec<TcpStream> = (0..IDLE).map(|_| TcpStream::connect(door).unwrap()).collect();
    println!("all are open");
    input.read_to_string(&mut line).unwrap();
    for connection in &mut idle {
        connection.set_nonblocking(true).unwrap();
        let error = connection.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    }
}
