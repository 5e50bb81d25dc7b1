//! The gate before the door: who shows a certificate of the bank and is in the policy may enter, for as long as both hold.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use access_core::{Identity, Permits, Policy, PolicyError, Right};
use certs::{CertsError, Credentials, Names, Refused};
use stdx::{Coded, Digest};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::access::Access;
use crate::gate_metrics::{GateCounts, GateMetrics};

/// How often the files are looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// The files that say who may enter.
#[derive(Clone, Debug)]
pub struct GateFiles {
    /// The site's own certificate, and those that lead to its authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The certificates of the authorities of clients.
    pub client_authority: PathBuf,
    /// The policy.
    pub policy: PathBuf,
}

/// Why the files do not make a gate. What was in force before stays in force.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The certificates.
    #[error(transparent)]
    Certs(#[from] CertsError),
    /// The policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Coded for GateError {
    fn code(&self) -> &'static str {
        match self {
            Self::Certs(error) => error.code(),
            Self::Policy(error) => error.code(),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Certs(error) => error.hint(),
            Self::Policy(error) => error.hint(),
        }
    }
}

/// What the files said when they were read.
struct Rules {
    acceptor: TlsAcceptor,
    policy: Arc<Policy>,
}

/// The gate of one site.
pub struct Gate {
    files: GateFiles,
    rules: watch::Sender<Option<Arc<Rules>>>,
    /// The contents that were read last, good or bad.
    read: Mutex<Option<Digest>>,
    metrics: GateMetrics,
}

/// The contents of the files, or why they cannot be read.
struct Contents {
    digest: Digest,
    files: Result<[Vec<u8>; 4], CertsError>,
}

impl GateFiles {
    fn read(&self) -> Contents {
        let mut sha = stdx::Sha256::default();
        let mut read = |path: &Path| {
            let bytes = certs::read(path);
            match &bytes {
                Ok(bytes) => {
                    sha.update(&(bytes.len() as u64).to_le_bytes());
                    sha.update(bytes);
                }
                Err(error) => sha.update(format!("{error:?}").as_bytes()),
            }
            bytes
        };
        let all = [&self.certificate, &self.key, &self.client_authority, &self.policy].map(|path| read(path));
        let [certificate, key, client_authority, policy] = all;
        let files = (|| Ok([certificate?, key?, client_authority?, policy?]))();
        Contents { digest: sha.finish(), files }
    }
}

impl Contents {
    fn into_rules(self) -> Result<Rules, GateError> {
        let [certificate, key, client_authority, policy] = self.files?;
        let policy = String::from_utf8(policy)
            .map_err(|_| PolicyError::Malformed { detail: "it is not UTF-8".to_owned() })?;
        let policy = Arc::new(Policy::parse(&policy)?);
        let credentials = Credentials::from_pem(&certificate, &key)?;
        let admit = Arc::clone(&policy);
        let admit = Arc::new(move |certificate: &[u8]| is_admitted(&admit, certificate));
        let config = certs::server_config(credentials, &client_authority, admit)?;
        Ok(Rules { acceptor: TlsAcceptor::from(config), policy })
    }
}

/// The identity in a certificate, and the end of its validity.
fn identify(certificate: &[u8]) -> Option<(Identity, u64)> {
    let Names { uris, dns, common, not_after_s } = Names::of(certificate).ok()?;
    match Identity::of(&access_core::Names { uris, dns, common }) {
        Ok(identity) => Some((identity, not_after_s)),
        Err(error) => {
            tracing::warn!(code = error.code(), %error, "a certificate of the bank identifies nobody");
            None
        }
    }
}

fn is_admitted(policy: &Policy, certificate: &[u8]) -> bool {
    let Some((identity, _)) = identify(certificate) else { return false };
    let is_known = policy.permits(&identity).is_some();
    if !is_known {
        let code = Refused::NotAdmitted.code();
        tracing::warn!(code, %identity, "the policy grants nothing to who knocks with a certificate of the bank");
    }
    is_known
}

impl Gate {
    /// A gate that is closed until its files were read.
    pub fn new(files: GateFiles) -> Arc<Self> {
        let rules = watch::Sender::new(None);
        Arc::new(Self { files, rules, read: Mutex::default(), metrics: GateMetrics::default() })
    }

    /// Reads the files. Whether something changed.
    ///
    /// Errors: [`GateError`]; what was in force before stays in force.
    pub fn reload(&self) -> Result<bool, GateError> {
        self.take(self.files.read())
    }

    fn take(&self, contents: Contents) -> Result<bool, GateError> {
        let digest = Some(contents.digest);
        if std::mem::replace(&mut *self.read.lock().unwrap_or_else(PoisonError::into_inner), digest) == digest
        {
            return Ok(false);
        }
        let rules = contents.into_rules().inspect_err(|_| self.metrics.failed())?;
        self.metrics.loaded(rules.policy.identities());
        self.rules.send_replace(Some(Arc::new(rules)));
        Ok(true)
    }

    /// Reads the files whenever they change, and forever. Contents count once they were the same for two looks, so that a
    /// file that is being written is not taken for less than it will be.
    pub async fn keep(self: Arc<Self>) {
        let mut before = None;
        loop {
            let files = self.files.clone();
            let Ok(contents) = tokio::task::spawn_blocking(move || files.read()).await else { return };
            let digest = Some(contents.digest);
            if before == digest {
                self.take_and_tell(contents);
            }
            before = digest;
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    fn take_and_tell(&self, contents: Contents) {
        match self.take(contents) {
            Ok(false) => {}
            Ok(true) => tracing::info!(identities = self.counts().identities, "the access rules were read"),
            Err(error) => {
                let (code, hint) = (error.code(), error.hint());
                tracing::error!(code, %error, hint, "the access rules cannot be used, and those before stay in force");
            }
        }
    }

    /// Waits until there are rules.
    pub(crate) async fn opened(&self) {
        // The sender lives as long as the gate does.
        let _ = self.rules.subscribe().wait_for(Option::is_some).await;
    }

    /// Lets a client in who proves itself in time.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        stream: TcpStream,
        patience: Duration,
    ) -> Result<(TlsStream<TcpStream>, Pass), Refused> {
        let entered = match timeout(patience, self.shake_hands(stream)).await {
            Ok(entered) => entered,
            Err(_) => Err(Refused::TimedOut),
        };
        match &entered {
            Ok((_, pass)) => self.metrics.entered(&pass.identity),
            Err(refused) => {
                self.metrics.refused(*refused);
                tracing::debug!(code = refused.code(), %refused, "a client was not let in");
            }
        }
        entered
    }

    async fn shake_hands(
        self: &Arc<Self>,
        stream: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, Pass), Refused> {
        let acceptor = self.rules.borrow().as_ref().map(|rules| rules.acceptor.clone());
        let accepted = acceptor.ok_or(Refused::NotAdmitted)?.accept(stream).await;
        let stream = accepted.map_err(|error| Refused::of(&error))?;
        let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let (identity, not_after_s) =
            shown.and_then(|certificate| identify(certificate)).ok_or(Refused::NotAdmitted)?;
        let pass = Pass { identity, not_after_s, gate: Arc::clone(self) };
        // The rules may have changed since the handshake began.
        if pass.permits().is_none() {
            return Err(Refused::NotAdmitted);
        }
        Ok((stream, pass))
    }

    /// What the gate has counted.
    pub fn counts(&self) -> GateCounts {
        self.metrics.counts()
    }

    /// Counts what an identity was denied for want of a right.
    pub(crate) fn count_denied(&self, identity: &Identity, right: Right, count: usize) {
        if count > 0 {
            tracing::info!(%identity, right = right.name(), count, "denied for want of a right");
            self.metrics.denied(identity, right, count);
        }
    }
}

/// What a client that was let in holds.
pub(crate) struct Pass {
    identity: Identity,
    not_after_s: u64,
    gate: Arc<Gate>,
}

impl Pass {
    /// Who the client has proven to be.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What the client may do now; nothing once it must leave.
    pub(crate) fn access(&self) -> Option<Access> {
        let permits = self.permits()?;
        Some(Access { identity: self.identity.clone(), permits, gate: Arc::clone(&self.gate) })
    }

    fn permits(&self) -> Option<Arc<Permits>> {
        #[expect(clippy::disallowed_methods, reason = "certificates end by the wall clock")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        if now.as_secs() > self.not_after_s {
            return None;
        }
        let rules = self.gate.rules.borrow();
        rules.as_ref()?.policy.permits(&self.identity).map(Arc::clone)
    }
}
