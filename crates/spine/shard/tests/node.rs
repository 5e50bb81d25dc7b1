//! The shell: threads, files, locks and the clock.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
#![expect(clippy::disallowed_methods, reason = "the tests damage files on purpose")]

mod counter;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use counter::{APPEND, Log};
use journal::{FileStore, Options};
use shard::{Handle, Node, NodeConfig, Request, RequestError, Role, wall_clock};

fn config(folder: &Path, site: &str, rank: u32) -> NodeConfig {
    let options = Options { segment_bytes_max: 1 << 16 };
    let journal = FileStore::create(&folder.join("journal"), "test", options).unwrap();
    NodeConfig {
        journal: Arc::new(journal),
        site: site.to_owned(),
        snapshots: folder.join(site),
        rank,
        clock: wall_clock,
    }
}

fn start(folder: &Path, site: &str, rank: u32) -> Node<Log> {
    Node::start(config(folder, site, rank), ()).unwrap()
}

/// Patience is for slow machines only; it decides nothing.
async fn until(what: &str, mut reached: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if reached() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never reached: {what}");
}

async fn until_role(handle: &Handle<Log>, role: Role) {
    until(&format!("{role:?}"), || handle.status().role == role).await;
}

async fn contents(handle: &Handle<Log>) -> Vec<u8> {
    handle.read(|replica| replica.machine().bytes.clone()).await.unwrap()
}

#[tokio::test]
async fn the_lead_goes_down_the_line_and_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let first = start(folder.path(), "first", 0);
    let second = start(folder.path(), "second", 1);
    let (one, two) = (first.handle(), second.handle());
    until_role(&one, Role::Leader).await;
    until_role(&two, Role::Follower).await;
    assert_eq!(one.status().leader.as_deref(), Some("first"));
    until("the follower knows who leads", || two.status().leader.as_deref() == Some("first")).await;

    for byte in 0..100u8 {
        one.submit(Request::by_content(APPEND, vec![byte, 0])).await.unwrap();
    }
    let refused = two.submit(Request::by_content(APPEND, vec![1])).await.unwrap_err();
    assert!(matches!(refused, RequestError::NotLeader));
    assert!(matches!(two.read(|_| ()).await, Err(RequestError::NotLeader)));

    let expected = contents(&one).await;
    one.stop();
    first.finished().await.unwrap();
    until_role(&two, Role::Leader).await;
    assert_eq!(contents(&two).await, expected);
    assert_eq!((two.status().epoch.0, two.status().leader.as_deref()), (2, Some("second")));
    let again = two.submit(Request::by_content(APPEND, vec![7, 0])).await.unwrap();
    assert!(again.replayed, "the new leader remembers what the old one answered");
    two.stop();
    second.finished().await.unwrap();
}

#[tokio::test]
async fn a_restart_continues_from_snapshot_and_journal() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3u8 {
        let node = start(folder.path(), "only", 0);
        let handle = node.handle();
        until_role(&handle, Role::Leader).await;
        handle.submit(Request::forgotten(APPEND, vec![round])).await.unwrap();
        assert_eq!(contents(&handle).await, (0..=round).collect::<Vec<_>>());
        handle.stop();
        node.finished().await.unwrap();
        assert!(handle.submit(Request::forgotten(APPEND, vec![9])).await.is_err(), "stopped");
    }
    let snapshots = std::fs::read_dir(folder.path().join("only")).unwrap().count();
    assert_eq!(snapshots, 2, "the newest two are kept");
}

#[tokio::test]
async fn a_damaged_snapshot_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(folder.path(), "only", 0);
    let handle = node.handle();
    until_role(&handle, Role::Leader).await;
    handle.submit(Request::forgotten(APPEND, b"abc".to_vec())).await.unwrap();
    handle.stop();
    node.finished().await.unwrap();
    for entry in std::fs::read_dir(folder.path().join("only")).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    let node = start(folder.path(), "only", 0);
    let handle = node.handle();
    until_role(&handle, Role::Leader).await;
    assert_eq!(contents(&handle).await, b"abc");
    handle.stop();
    node.finished().await.unwrap();
}

#[tokio::test]
async fn a_damaged_journal_stops_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(folder.path(), "only", 0);
    let handle = node.handle();
    until_role(&handle, Role::Leader).await;
    for _ in 0..3 {
        handle.submit(Request::forgotten(APPEND, vec![5; 500])).await.unwrap();
    }
    handle.stop();
    node.finished().await.unwrap();
    std::fs::remove_dir_all(folder.path().join("only")).unwrap();
    let segment = folder.path().join("journal").join("00000000000000000001.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&segment, bytes).unwrap();

    let node = start(folder.path(), "only", 0);
    let handle = node.handle();
    let error = node.finished().await.unwrap_err();
    assert_eq!(stdx::Coded::code(&error).split('-').next(), Some("JRN"));
    assert_eq!(handle.status().role, Role::Failed);
}

#[tokio::test]
async fn any_site_shows_its_state_until_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let (leader, follower) = (start(folder.path(), "first", 0), start(folder.path(), "second", 1));
    until_role(&leader.handle(), Role::Leader).await;
    until_role(&follower.handle(), Role::Follower).await;
    leader.handle().submit(Request::by_content(APPEND, vec![7])).await.unwrap();
    let seq = leader.handle().status().seq;
    until("the follower has it", || follower.handle().status().seq == seq).await;
    for node in [leader, follower] {
        let handle = node.handle();
        let seen = handle.glance(|replica| (replica.machine().bytes.clone(), replica.seq())).await.unwrap();
        assert_eq!(seen, (vec![7], seq));
        handle.stop();
        node.finished().await.unwrap();
        assert!(matches!(handle.glance(|_| ()).await, Err(RequestError::Unknown)));
    }
}

#[tokio::test]
async fn a_thousand_requests_at_once_share_syncs() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(folder.path(), "only", 0);
    let handle = node.handle();
    until_role(&handle, Role::Leader).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..1_000u32 {
        let handle = handle.clone();
        tasks.spawn(async move {
            handle.submit(Request::forgotten(APPEND, number.to_le_bytes().to_vec())).await.unwrap()
        });
    }
    let mut places: Vec<u64> = tasks
        .join_all()
        .await
        .iter()
        .map(|reply| u64::from_le_bytes(reply.bytes[..].try_into().unwrap()))
        .collect();
    places.sort_unstable();
    let expected: Vec<u64> = (0..1_000).map(|place| place * 4).collect();
    assert_eq!(places, expected, "every request has a place of its own");
    assert!(handle.status().seq.0 < 500, "batches carry more than one request");
    handle.stop();
    node.finished().await.unwrap();
}

/// Differs from one instance to the next, as a machine with damaged memory would.
struct Unsound(Log, u64);

static INSTANCES: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

impl shard::StateMachine for Unsound {
    type Context = ();

    fn genesis(context: &()) -> Self {
        Self(Log::genesis(context), INSTANCES.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
    }
    fn check(operation: u16, body: &[u8]) -> Result<u32, String> {
        Log::check(operation, body)
    }
    fn apply(&mut self, operation: u16, timestamp: ids::Timestamp, body: &[u8], reply: &mut Vec<u8>) {
        self.0.apply(operation, timestamp, body, reply);
    }
    fn due(&self, now: ids::Timestamp) -> Option<u16> {
        self.0.due(now)
    }
    fn state_hash(&self) -> stdx::Digest {
        stdx::Digest::of(&self.1.to_le_bytes())
    }
    fn freeze(&mut self) -> shard::Frozen {
        self.0.freeze()
    }
    fn restore(_: &[u8], (): &()) -> Result<Self, String> {
        Err("never stored".to_owned())
    }
}

#[tokio::test]
async fn a_follower_that_differs_stops_and_never_leads() {
    let folder = tempfile::tempdir().unwrap();
    let first = Node::<Unsound>::start(config(folder.path(), "first", 0), ()).unwrap();
    let one = first.handle();
    until("the lead", || one.status().role == Role::Leader).await;
    let second = Node::<Unsound>::start(config(folder.path(), "second", 1), ()).unwrap();
    let two = second.handle();
    for _ in 0..shard::STATE_HASH_EVERY_BATCHES + 2 {
        one.submit(Request::forgotten(APPEND, vec![1])).await.unwrap();
    }
    let error = second.finished().await.unwrap_err();
    assert_eq!(stdx::Coded::code(&error), "SHD-0010");
    one.stop();
    first.finished().await.unwrap();
    assert_eq!(two.status().role, Role::Diverged, "and the free lead does not tempt it");
}

/// Cannot go on: unwinds with what it is told, or panics.
struct Broken(Log);

const FAIL: u16 = 7;
const PANIC: u16 = 8;

impl shard::StateMachine for Broken {
    type Context = ();

    fn genesis(context: &()) -> Self {
        Self(Log::genesis(context))
    }
    fn check(_: u16, _: &[u8]) -> Result<u32, String> {
        Ok(1)
    }
    fn apply(&mut self, operation: u16, _: ids::Timestamp, _: &[u8], _: &mut Vec<u8>) {
        match operation {
            FAIL => std::panic::resume_unwind(Box::new(42u8)),
            _ => std::panic::resume_unwind(Box::new("an invariant does not hold")),
        }
    }
    fn due(&self, now: ids::Timestamp) -> Option<u16> {
        self.0.due(now)
    }
    fn state_hash(&self) -> stdx::Digest {
        self.0.state_hash()
    }
    fn freeze(&mut self) -> shard::Frozen {
        self.0.freeze()
    }
    fn restore(_: &[u8], (): &()) -> Result<Self, String> {
        Err("never stored".to_owned())
    }
    fn failure(
        payload: Box<dyn std::any::Any + Send>,
    ) -> Result<shard::Failure, Box<dyn std::any::Any + Send>> {
        let what = payload.downcast::<u8>()?.to_string();
        Ok(shard::Failure { code: "TST-0042", hint: "none", what })
    }
}

#[tokio::test]
async fn a_machine_that_cannot_go_on_ends_its_site_with_a_code() {
    for (operation, code, words) in [
        (FAIL, "TST-0042", "42"),
        (PANIC, "SHD-0015", "the shard's thread panicked: an invariant does not hold"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::<Broken>::start(config(folder.path(), "only", 0), ()).unwrap();
        let handle = node.handle();
        until("the lead", || handle.status().role == Role::Leader).await;
        let outcome = handle.submit(Request::forgotten(operation, vec![1])).await;
        assert!(matches!(outcome, Err(RequestError::Unknown)), "{outcome:?}");
        let error = node.finished().await.unwrap_err();
        assert_eq!(stdx::Coded::code(&error), code);
        let told = std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string);
        assert_eq!(told, words);
        let status = handle.status();
        assert_eq!((status.role, status.stopped_by), (Role::Failed, Some(code)));
    }
}
