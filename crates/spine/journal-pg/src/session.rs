//! One session with a primary that can be written to.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::Severity;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::dialect::Dialect;
use crate::error::PgError;
use crate::settings::{Settings, describe};

/// How long a host may take until a session with it is ready.
const READY_TIMEOUT: Duration = Duration::from_secs(3);

/// A session. Dropping it ends it when what is under way has been answered; nothing is ever cancelled.
pub(crate) struct Session {
    pub(crate) client: Client,
    /// Which of the settings' hosts this is.
    pub(crate) host: usize,
    /// What the server understands.
    pub(crate) dialect: Dialect,
    /// The server has warned: with a success that follows, this may mean that it did not wait for the standby.
    warned: Arc<AtomicBool>,
}

impl Session {
    /// Asks all hosts at once and takes the first that can be written to.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, PgError> {
        let mut asked = JoinSet::new();
        for host in 0..settings.hosts.len() {
            let settings = settings.clone();
            asked.spawn(async move { Self::open_host(&settings, host).await });
        }
        let mut reasons = Vec::new();
        let mut are_strange = true;
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok(Ok(session)) => return Ok(session),
                Ok(Err(
                    error @ (PgError::Tls { .. } | PgError::Url { .. } | PgError::Compatibility { .. }),
                )) => return Err(error),
                Ok(Err(PgError::Login { reason })) => reasons.push(reason),
                other => {
                    are_strange = false;
                    reasons.push(match other {
                        Ok(Err(PgError::Unreachable { reason })) => reason,
                        Ok(Err(error)) => error.to_string(),
                        Err(error) => error.to_string(),
                        Ok(Ok(_)) => unreachable!("returned above"),
                    });
                }
            }
        }
        reasons.sort();
        let reason = reasons.join("; ");
        // While one host may still let this role in, another try may help.
        Err(if are_strange { PgError::Login { reason } } else { PgError::Unreachable { reason } })
    }

    /// A session with one of the hosts, if it can be written to.
    pub(crate) async fn open_host(settings: &Settings, host: usize) -> Result<Self, PgError> {
        let config = &settings.hosts[host];
        let name = describe(config);
        let opened = async {
            let mut session = if config.get_ssl_mode() == SslMode::Disable {
                connect(config, host, NoTls).await
            } else {
                connect(config, host, tls(settings)?).await
            }
            .map_err(|error| {
                let reason = format!("{name}: {}", reason(&error));
                if is_strange_login(&error) {
                    PgError::Login { reason }
                } else {
                    PgError::Unreachable { reason }
                }
            })?;
            session.prepare_for_work(&name).await?;
            Ok(session)
        };
        let late = || PgError::Unreachable { reason: format!("{name}: no answer") };
        timeout(READY_TIMEOUT, opened).await.map_err(|_| late())?
    }

    async fn prepare_for_work(&mut self, name: &str) -> Result<(), PgError> {
        let failed = |error| PgError::Unreachable { reason: format!("{name}: {}", reason(&error)) };
        let row = self.client.query_one(Dialect::ASK, &[]).await.map_err(failed)?;
        if row.get(0) {
            return Err(PgError::Unreachable { reason: format!("{name}: a standby") });
        }
        self.dialect = Dialect::of(row.get(1), row.get(2))?;
        self.client.query(self.dialect.no_timeouts(), &[]).await.map_err(failed)?;
        self.client.batch_execute("SET synchronous_commit = on").await.map_err(failed)
    }

    /// A statement in the server's dialect.
    pub(crate) fn sql(&self, template: &str) -> String {
        self.dialect.sql(template)
    }

    /// Whether the server has warned since the last call.
    ///
    /// A commit whose wait for the standby is cancelled (`pg_cancel_backend`) is reported as a success, with nothing but a
    /// warning before it. The warning is read before the success is, so asking after a statement is soon enough.
    pub(crate) fn take_warned(&self) -> bool {
        self.warned.swap(false, Ordering::SeqCst)
    }

    /// Turns a warning during `operation` into an unknown outcome.
    pub(crate) fn check_warned(&self, operation: &'static str) -> Result<(), PgError> {
        if self.take_warned() {
            let why = "the server warned that it may not have waited for the standby".to_owned();
            return Err(PgError::Unknown { operation, why });
        }
        Ok(())
    }
}

/// The server's words, which are in the error's source.
fn reason(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(server) => server.message().to_owned(),
        None => match std::error::Error::source(error) {
            Some(source) => source.to_string(),
            None => error.to_string(),
        },
    }
}

/// Whether the server asked for a login that the driver does not know. The driver has no name for this, only words; while a
/// session begins, nothing else makes it say them.
///
/// openGauss's own login, `sha256`, has the number that SASL has elsewhere (10, or 11 where `md5` is wanted and only the
/// other one's secret is stored), and goes on otherwise.
fn is_strange_login(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let words = error.to_string();
    ["authentication error", "error parsing response from server", "unexpected message from server"]
        .contains(&words.as_str())
        || source.contains("unknown authentication tag")
}

async fn connect<T>(config: &Config, host: usize, tls: T) -> Result<Session, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, connection) = config.connect(tls).await?;
    let warned = Arc::new(AtomicBool::new(false));
    tokio::spawn(drive(connection, Arc::clone(&warned)));
    // Who it is, is asked next.
    Ok(Session { client, host, dialect: Dialect::PostgreSql, warned })
}

/// Carries messages until the session ends, and takes note of warnings.
async fn drive<S, T>(mut connection: Connection<S, T>, warned: Arc<AtomicBool>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    loop {
        match poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notice(notice))) => {
                // The severity that no language setting changes; openGauss sends only the other one.
                let severity = notice.parsed_severity();
                if severity.map_or(notice.severity() == "WARNING", |severity| severity == Severity::Warning) {
                    tracing::warn!(message = notice.message(), "PostgreSQL warns");
                    warned.store(true, Ordering::SeqCst);
                }
            }
            Some(Ok(_)) => {}
            // Whoever waits for an answer is told by the client's half.
            Some(Err(_)) | None => return,
        }
    }
}

/// Checks certificates against the named file, else against what this machine trusts.
fn tls(settings: &Settings) -> Result<MakeRustlsConnect, PgError> {
    let mut roots = rustls::RootCertStore::empty();
    let failed = |what: String| PgError::Tls { what };
    match &settings.sslrootcert {
        Some(path) => {
            use rustls::pki_types::CertificateDer;
            use rustls::pki_types::pem::PemObject as _;
            let certificates = CertificateDer::pem_file_iter(path)
                .map_err(|error| failed(format!("`sslrootcert`: {error}")))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| failed(format!("`sslrootcert`: {error}")))?;
                roots.add(certificate).map_err(|error| failed(format!("`sslrootcert`: {error}")))?;
            }
        }
        None => _ = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
    }
    if roots.is_empty() {
        return Err(failed("no certificate to trust was found".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
