//! Looking at rules, certificates and sites for as long as the bank is up.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use access_core::Policy;
use console_api::{
    Access, AccessDoors, AccessProblem, AccessRules, CertificateFolder, CertificateState, DoorRules,
    Platform, SiteName, SiteRules,
};
use ids::Timestamp;
use stdx::Digest;
use tokio::sync::watch;

use super::{RulesError, folder, rules};
use crate::clock;
use crate::lines::Lines;

/// How often everything is looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// A folder that takes long to read is read less often: this many times its reading passes in between.
const REST: u32 = 20;

/// Where everything is that is looked at.
#[derive(Clone, Debug)]
pub(crate) struct AccessFiles {
    /// The data folder: what lies outside is not named.
    pub(crate) root: PathBuf,
    /// The folder of certificates.
    pub(crate) certs: PathBuf,
    /// The rules.
    pub(crate) rules: PathBuf,
    /// Every site, with its doors over TLS and without.
    pub(crate) doors: Vec<(SiteName, Option<SocketAddr>, Option<SocketAddr>)>,
}

/// The rules as the sites take them: contents count once they were the same for two looks, and those that cannot be used
/// change nothing.
#[derive(Default)]
struct Rules {
    before: Option<Digest>,
    taken: Option<Digest>,
    policy: Arc<Policy>,
    read_at: Option<Timestamp>,
    problem: Option<AccessProblem>,
}

impl Rules {
    fn look(&mut self, read: Result<Vec<u8>, RulesError>, is_on: bool, now: Timestamp) {
        let digest = match &read {
            Ok(bytes) => Digest::of(bytes),
            Err(error) => Digest::of(format!("{error:?}").as_bytes()),
        };
        let is_first = self.before.is_none();
        let is_settled = is_first || self.before == Some(digest);
        self.before = Some(digest);
        if !is_settled || self.taken == Some(digest) {
            return;
        }
        self.taken = Some(digest);
        match read.and_then(rules::parse) {
            Ok(policy) => {
                (self.policy, self.read_at, self.problem) = (Arc::new(policy), Some(now), None);
            }
            // Nobody misses rules that nobody asked for.
            Err(error) if error.is_missing() && !is_on => {
                *self = Self { before: self.before, taken: self.taken, ..Self::default() }
            }
            Err(error) => self.problem = Some(error.problem()),
        }
    }
}

impl AccessFiles {
    fn is_on(&self) -> bool {
        self.doors.iter().any(|(_, tls, _)| tls.is_some())
    }

    /// A path as it is told: from the data folder on, and not at all if it leads elsewhere.
    fn name(&self, path: &Path) -> Option<String> {
        let (root, path) = (self.root.canonicalize().ok()?, path.canonicalize().ok()?);
        Some(super::plain(&path.strip_prefix(root).ok()?.to_string_lossy()))
    }

    fn turn_on(&self) -> Vec<String> {
        let up = "tongbao up --ledger-tls-port 3443".to_owned();
        if self.is_on() {
            Vec::new()
        } else if self.certs.join("ca.pem").exists() {
            vec![up]
        } else {
            vec!["tongbao certs init".to_owned(), up]
        }
    }

    /// Everything at one moment. Reads files.
    fn look(&self, rules: &mut Rules, sites: &BTreeMap<SiteName, SiteRules>, now: Timestamp) -> Access {
        rules.look(rules::read(&self.rules), self.is_on(), now);
        let now_s = i64::try_from(now.0 / Timestamp::NS_PER_S).unwrap_or(i64::MAX);
        let folder::Found { mut certificates, unreadable, more } = folder::look(&self.certs, now_s);
        let (total, mut told) = rules::tell(&rules.policy);

        let known: BTreeSet<&str> = rules.policy.iter().map(|(identity, _)| identity.as_str()).collect();
        let mut best: BTreeMap<String, CertificateState> = BTreeMap::new();
        for certificate in &mut certificates {
            let Some(identity) = &certificate.identity else { continue };
            certificate.has_rules = Some(known.contains(identity.as_str()));
            let state = best.entry(identity.clone()).or_insert(certificate.state);
            *state = certificate.state.min(*state);
        }
        told.iter_mut().for_each(|rule| rule.certificate = best.get(&rule.identity).copied());

        Access {
            at: now,
            on: self.is_on(),
            turn_on: self.turn_on(),
            doors: self.doors.iter().map(|door| describe(door, sites)).collect(),
            rules: AccessRules {
                file: self.name(&self.rules),
                problem: rules.problem.clone(),
                read_at: rules.read_at,
                identities: rules.policy.identities() as u64,
                total,
                rules: told,
            },
            certificates: CertificateFolder {
                folder: self.name(&self.certs),
                certificates,
                unreadable,
                more,
            },
        }
    }
}

fn describe(
    (site, tls, plain): &(SiteName, Option<SocketAddr>, Option<SocketAddr>),
    sites: &BTreeMap<SiteName, SiteRules>,
) -> AccessDoors {
    let kept = match sites.get(site) {
        None => DoorRules::Unknown,
        Some(said) if said.current => DoorRules::Current,
        Some(said) if said.loads > 0 => DoorRules::Older,
        Some(_) => DoorRules::Missing,
    };
    AccessDoors { site: site.clone(), tls: *tls, plain: *plain, rules: tls.is_some().then_some(kept) }
}

/// Starts looking. The receiver always holds what was seen last.
pub(crate) async fn start(
    files: AccessFiles,
    platform: watch::Receiver<Platform>,
) -> anyhow::Result<watch::Receiver<Access>> {
    let files = Arc::new(files);
    let (rules, first) = look(Arc::clone(&files), Rules::default(), BTreeMap::new()).await?;
    let (sender, receiver) = watch::channel(first);
    tokio::spawn(look_forever(files, rules, platform, sender));
    Ok(receiver)
}

async fn look_forever(
    files: Arc<AccessFiles>,
    mut rules: Rules,
    platform: watch::Receiver<Platform>,
    sender: watch::Sender<Access>,
) {
    let mut lines = Lines::default();
    let mut took = Duration::ZERO;
    loop {
        tokio::time::sleep(LOOK_INTERVAL.max(took * REST)).await;
        let sites = if files.is_on() { ask(&mut lines, &platform).await } else { BTreeMap::new() };
        let start = clock::instant();
        match look(Arc::clone(&files), rules, sites).await {
            Ok((kept, seen)) => {
                rules = kept;
                sender.send_replace(seen);
            }
            Err(error) => {
                tracing::error!(%error, "who may do what is not looked at any more");
                return;
            }
        }
        took = start.elapsed();
    }
}

/// Looks on a thread that may wait for the disk.
async fn look(
    files: Arc<AccessFiles>,
    mut rules: Rules,
    sites: BTreeMap<SiteName, SiteRules>,
) -> Result<(Rules, Access), tokio::task::JoinError> {
    tokio::task::spawn_blocking(move || {
        let seen = files.look(&mut rules, &sites, clock::wall());
        (rules, seen)
    })
    .await
}

/// What the sites say of their rules; nothing of those that do not answer.
async fn ask(lines: &mut Lines, platform: &watch::Receiver<Platform>) -> BTreeMap<SiteName, SiteRules> {
    let sites: Vec<(SiteName, SocketAddr)> = {
        let platform = platform.borrow();
        platform.sites.iter().filter_map(|site| Some((site.name.clone(), site.address?))).collect()
    };
    lines.keep(&sites.iter().map(|(_, address)| *address).collect::<Vec<_>>());
    let mut asked = tokio::task::JoinSet::new();
    for (name, address) in sites {
        if let Some(client) = lines.to(address) {
            asked.spawn(async move { Some((name, client.site_rules().await.ok()?)) });
        }
    }
    asked.join_all().await.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
