//! The thread on which everything that waits for the server runs.

use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::PgError;

/// A runtime of one thread. A shard's own thread never waits for the network.
#[derive(Clone, Debug)]
pub(crate) struct Engine(Arc<Owned>);

#[derive(Debug)]
struct Owned(Option<Runtime>);

impl Engine {
    pub(crate) fn start() -> Result<Self, PgError> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("postgres").enable_all().build();
        Ok(Self(Arc::new(Owned(Some(runtime.map_err(PgError::Start)?)))))
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.0.0.as_ref().expect("taken out only when dropped").handle()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // The last owner may itself be on a runtime, where waiting is not allowed.
            runtime.shutdown_background();
        }
    }
}
