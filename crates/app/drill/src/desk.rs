//! The desk: one drill at a time, and the list of all.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use console_api::{
    Drill, DrillPhase, DrillReport, DrillRequest, DrillState, DrillTarget, Platform, SiteName, SiteState,
    Verdict,
};
use futures_util::future::BoxFuture;
use ids::{Id, Timestamp};
use stdx::{Coded as _, Digest};
use tokio::sync::watch;

use crate::error::{DrillError, Failure};
use crate::page::page;
use crate::run::{Job, Update, run};
use crate::store::{DRILLS_MAX, Store, StoreError};

/// Kills every process of a site at once, with SIGKILL, and returns when the signal has been sent. An error is a
/// sentence for people.
pub type KillSite = Arc<dyn Fn(SiteName) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What a desk works with.
pub struct DeskConfig {
    /// Where the gateway listens.
    pub gateway: SocketAddr,
    /// The shard's journal, wherever it is kept.
    pub journal: Arc<dyn journal::Store>,
    /// Where the evidence is kept.
    pub reports_dir: PathBuf,
    /// The platform as it is now.
    pub platform: watch::Receiver<Platform>,
    /// How a site is killed.
    pub kill: KillSite,
    /// The wall clock, read once per drill.
    pub clock: fn() -> Timestamp,
}

impl fmt::Debug for DeskConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeskConfig")
            .field("gateway", &self.gateway)
            .field("journal", &self.journal)
            .field("reports_dir", &self.reports_dir)
            .finish_non_exhaustive()
    }
}

/// Runs drills, one at a time, and keeps their evidence. Clones share everything.
#[derive(Clone, Debug)]
pub struct Desk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Arc<DeskConfig>,
    store: Store,
    /// Newest first, at most [`DRILLS_MAX`].
    drills: Mutex<Vec<Drill>>,
}

impl Desk {
    /// A desk that knows the drills in `reports_dir`, the newest 200. A drill that was running when its process ended
    /// left nothing behind and is not among them.
    ///
    /// Errors: [`StoreError`] if the folder cannot be made or listed.
    pub fn new(config: DeskConfig) -> Result<Self, StoreError> {
        let store = Store::open(config.reports_dir.clone())?;
        let drills = Mutex::new(store.load()?);
        Ok(Self(Arc::new(Inner { config: Arc::new(config), store, drills })))
    }

    /// Starts a drill and returns at once; it goes on by itself. Must be called on a Tokio runtime.
    ///
    /// Errors: [`DrillError::AlreadyRunning`], [`DrillError::UnknownSite`], [`DrillError::SiteNotUp`],
    /// [`DrillError::NoLeader`].
    pub fn start(&self, request: DrillRequest) -> Result<Drill, DrillError> {
        let mut drills = self.0.drills();
        if let Some(running) = drills.iter().find(|drill| drill.state == DrillState::Running) {
            return Err(DrillError::AlreadyRunning { id: running.id });
        }
        let site = site_to_lose(&self.0.config.platform.borrow(), &request.site)?;
        let started_at = (self.0.config.clock)();
        let drill = Drill {
            id: fresh_id(started_at),
            kind: request.kind,
            site,
            state: DrillState::Running,
            phase: DrillPhase::Load,
            started_at,
            progress: None,
            error: None,
            report: None,
        };
        drills.insert(0, drill.clone());
        drills.truncate(DRILLS_MAX);
        drop(drills);
        let (inner, id) = (Arc::clone(&self.0), drill.id);
        tokio::spawn(async move {
            let outcome = Arc::clone(&inner).run(id, request.site, started_at).await;
            // The disk may take its time.
            let stored = tokio::task::spawn_blocking(move || inner.finish(id, outcome)).await;
            if let Err(error) = stored {
                tracing::error!(%error, drill = %id, "a drill's evidence could not be stored");
            }
        });
        Ok(drill)
    }

    /// All drills, newest first, at most 200.
    pub fn list(&self) -> Vec<Drill> {
        self.0.drills().clone()
    }

    /// One drill. Errors: [`DrillError::NotFound`].
    pub fn get(&self, id: Id) -> Result<Drill, DrillError> {
        let found = self.0.drills().iter().find(|drill| drill.id == id).cloned();
        found.ok_or(DrillError::NotFound { id })
    }

    /// The evidence of one drill as a page: the same that is kept as `<id>.html`.
    ///
    /// Errors: [`DrillError::NotFound`], [`DrillError::NoReport`].
    pub fn report_html(&self, id: Id) -> Result<String, DrillError> {
        self.get(id)?.report.as_ref().map(page).ok_or(DrillError::NoReport { id })
    }
}

impl Inner {
    fn drills(&self) -> MutexGuard<'_, Vec<Drill>> {
        self.drills.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, id: Id, change: impl FnOnce(&mut Drill)) {
        if let Some(drill) = self.drills().iter_mut().find(|drill| drill.id == id) {
            change(drill);
        }
    }

    async fn run(
        self: Arc<Self>,
        id: Id,
        target: DrillTarget,
        started_at: Timestamp,
    ) -> Result<DrillReport, Failure> {
        let config = Arc::clone(&self.config);
        let tell = Arc::new(move |update| {
            self.change(id, |drill| match update {
                Update::Site(site) => drill.site = site,
                Update::Phase(phase) => drill.phase = phase,
                Update::Progress(progress) => drill.progress = Some(progress),
            });
        });
        // On a task of its own, so that even a panic ends as a failed drill and not as one that runs for ever.
        let drill = tokio::spawn(run(Job { id, target, started_at, config, tell }));
        drill.await.unwrap_or_else(|error| Err(Failure::Broken { why: error.to_string() }))
    }

    /// Stores the outcome, then shows it: a drill that is shown as passed has its evidence on disk.
    fn finish(&self, id: Id, outcome: Result<DrillReport, Failure>) {
        let Some(mut drill) = self.drills().iter().find(|drill| drill.id == id).cloned() else { return };
        drill.progress = None;
        match outcome {
            Ok(report) => {
                let passed = report.verdict == Verdict::Passed;
                drill.state = if passed { DrillState::Passed } else { DrillState::Failed };
                drill.phase = DrillPhase::Done;
                drill.report = Some(report);
            }
            Err(failure) => {
                tracing::warn!(drill = %id, error = failure.line(), "a drill could not be finished");
                drill.state = DrillState::Failed;
                drill.error = Some(failure.line());
            }
        }
        if let Err(error) = self.store.save(&drill) {
            tracing::error!(drill = %id, %error, "a drill's evidence could not be stored");
            drill.state = DrillState::Failed;
            drill.error = Some(format!("{}: {error}; {}", error.code(), error.hint()));
        }
        self.change(id, |shown| *shown = drill);
    }
}

/// The site that a drill started now would lose.
fn site_to_lose(platform: &Platform, target: &DrillTarget) -> Result<SiteName, DrillError> {
    let site = match target {
        DrillTarget::Leader => platform.leader.clone().ok_or(DrillError::NoLeader)?,
        DrillTarget::Site(site) => site.clone(),
    };
    match platform.sites.iter().find(|known| known.name == site) {
        None => Err(DrillError::UnknownSite { site }),
        Some(known) if known.state != SiteState::Up => Err(DrillError::SiteNotUp { site }),
        Some(_) => Ok(site),
    }
}

/// A time-ordered id. Drills follow each other, so the nanosecond tells them apart; the digest only spreads it.
fn fresh_id(now: Timestamp) -> Id {
    let mut random = [0; 16];
    random.copy_from_slice(&Digest::of(&now.0.to_le_bytes()).0[..16]);
    Id::time_ordered(now.unix_ms(), u128::from_le_bytes(random))
}
