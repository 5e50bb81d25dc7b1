//! Being asked to end: Ctrl-C, or a polite kill.

use anyhow::{Error, Result, anyhow};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells whether somebody asked this process to end.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens for `SIGINT` and `SIGTERM` from now on, in place of what they do by themselves: end the process at once
    /// and leave a bank running.
    pub(crate) fn on_signals() -> Result<Self> {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            sender.send_replace(true);
        });
        Ok(Self(receiver))
    }

    /// Waits until somebody asks, and gives the error to end with.
    pub(crate) async fn asked(&self) -> Error {
        let mut receiver = self.0.clone();
        // The sender only goes away after it has sent.
        let _ = receiver.wait_for(|asked| *asked).await;
        interrupted()
    }

    /// The error to end with, if somebody has asked.
    pub(crate) fn check(&self) -> Result<()> {
        if *self.0.borrow() { Err(interrupted()) } else { Ok(()) }
    }
}

fn interrupted() -> Error {
    anyhow!("interrupted")
}
