//! A site of ours as it runs in a bank: a journal on files, a shard, and the door.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use journal::{FileStore, Options};
use ledger::{LedgerMachine, Storage};
use shard::{Node, NodeConfig, Role, wall_clock};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use vsr::{Address, Limits, Metrics, ShardBackend, serve};

/// A bank with one site, which leads.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    metrics: Arc<Metrics>,
    node: Node<LedgerMachine>,
    _stop: watch::Sender<bool>,
    _folder: TempDir,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let node = start(folder.path());
        let handle = node.handle();
        while handle.status().role != Role::Leader {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let metrics = Arc::new(Metrics::default());
        let whose = Address { cluster: 0, index: 0 };
        let backend = ShardBackend::new(handle, 1, 0);
        tokio::spawn(serve(listener, backend, whose, Limits::default(), Arc::clone(&metrics), stopped));
        Self { address, metrics, node, _stop: stop, _folder: folder }
    }

    /// How many clients were sent away.
    pub(crate) fn evictions(&self) -> u64 {
        self.metrics.counts().evictions
    }

    /// Ends it; its shard must have been well until then.
    pub(crate) async fn stop(self) {
        self.node.handle().stop();
        self.node.finished().await.unwrap();
    }
}

fn start(folder: &Path) -> Node<LedgerMachine> {
    let journal = Arc::new(FileStore::create(&folder.join("journal"), "bank", Options::default()).unwrap());
    let config = NodeConfig {
        journal,
        site: "east-1".to_owned(),
        snapshots: folder.join("snapshots"),
        rank: 0,
        clock: wall_clock,
    };
    Node::start(config, Storage::in_memory()).unwrap()
}
