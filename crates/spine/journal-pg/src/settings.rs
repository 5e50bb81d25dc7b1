//! The journal's URL.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::error::PgError;

/// How long a host may take to let a session in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// After how long without any sign a connection to a host that has vanished ends. Not a timeout of a statement: a server that
/// is alive may take as long as it likes.
const KEEPALIVE: Duration = Duration::from_secs(1);
const KEEPALIVE_PROBES: u32 = 2;
const VANISHED_AFTER: Duration = Duration::from_secs(3);

/// What shall happen while no synchronous standby is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Nobody leads and nothing is acknowledged until one is back. The default.
    #[default]
    RequireStandby,
    /// The primary alone decides, and everybody is told so: what it acknowledges meanwhile may be lost with it.
    AllowDegraded,
}

/// Where the journal is and how to reach it, from a URL:
/// `postgres://user:password@host1:5432,host2/database?durability=require-standby`.
///
/// Understood besides PostgreSQL's usual options: `durability` ([`Policy`]), `sslrootcert` (a file of certificates),
/// `passfile` (a file that holds the password alone). `sslmode` is `require`, which always checks the certificate and the
/// host's name, or `disable`; hosts that are all on this machine are reached without TLS unless the URL says otherwise.
#[derive(Clone)]
pub struct Settings {
    /// One for each host, so that all can be asked at once.
    pub(crate) hosts: Vec<Config>,
    pub(crate) sslrootcert: Option<PathBuf>,
    pub(crate) policy: Policy,
}

impl Settings {
    /// What to do while no synchronous standby is there.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// The same with another policy.
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The hosts, for people: no user, no password.
    pub fn hosts(&self) -> Vec<String> {
        self.hosts.iter().map(describe).collect()
    }
}

/// A host and its port, for people.
pub(crate) fn describe(config: &Config) -> String {
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => format!("{host}:{port}"),
        Some(Host::Unix(path)) => format!("{}:{port}", path.display()),
        None => config.get_hostaddrs().first().map(|address| format!("{address}:{port}")).unwrap_or_default(),
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("hosts", &self.hosts())
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl FromStr for Settings {
    type Err = PgError;

    fn from_str(url: &str) -> Result<Self, PgError> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(refuse("it does not start with postgres://"));
        }
        let (address, options) = url.split_once('?').unwrap_or((url, ""));
        let mut own = Own::default();
        let theirs: Vec<&str> = options.split('&').filter(|option| !option.is_empty()).try_fold(
            Vec::new(),
            |mut kept, option| {
                if !own.take(option)? {
                    kept.push(option);
                }
                Ok::<_, PgError>(kept)
            },
        )?;
        // The parser's own words are not repeated: they may quote a part of the password.
        let whole: Config = format!("{address}?{}", theirs.join("&"))
            .parse()
            .map_err(|_| refuse("its host, port, database or an option is not one PostgreSQL knows"))?;
        own.finish(&whole)
    }
}

fn refuse(what: &str) -> PgError {
    PgError::Url { what: what.to_owned() }
}

/// The options that are ours to read.
#[derive(Default)]
struct Own {
    policy: Policy,
    sslrootcert: Option<PathBuf>,
    passfile: Option<PathBuf>,
    sslmode: Option<SslMode>,
}

impl Own {
    /// Takes an option if it is one of ours.
    fn take(&mut self, option: &str) -> Result<bool, PgError> {
        let (name, value) = option.split_once('=').ok_or_else(|| refuse("an option lacks its value"))?;
        match (name, value) {
            ("durability", "require-standby") => self.policy = Policy::RequireStandby,
            ("durability", "allow-degraded") => self.policy = Policy::AllowDegraded,
            ("durability", _) => {
                return Err(refuse("`durability` is neither require-standby nor allow-degraded"));
            }
            ("sslrootcert", path) => self.sslrootcert = Some(path.into()),
            ("passfile", path) => self.passfile = Some(path.into()),
            ("sslmode", "disable") => self.sslmode = Some(SslMode::Disable),
            ("sslmode", "require" | "verify-ca" | "verify-full") => self.sslmode = Some(SslMode::Require),
            ("sslmode", _) => return Err(refuse("`sslmode` is neither require nor disable")),
            // A follower must see what the leader wrote, so every session is one with the primary.
            ("target_session_attrs", "read-write" | "primary" | "any") => {}
            ("target_session_attrs", _) => {
                return Err(refuse("`target_session_attrs` can only be read-write"));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn finish(self, whole: &Config) -> Result<Settings, PgError> {
        let count = whole.get_hosts().len().max(whole.get_hostaddrs().len());
        let ports = whole.get_ports();
        if count == 0 {
            return Err(refuse("it names no host"));
        }
        if ports.len() > 1 && ports.len() != count {
            return Err(refuse("it has more ports than hosts"));
        }
        if whole.get_user().is_none() {
            return Err(refuse("it names no user"));
        }
        let password = match &self.passfile {
            Some(path) => Some(read_password(path)?),
            None => whole.get_password().map(<[u8]>::to_vec),
        };
        let is_local = (0..count).all(|index| is_loopback(whole, index));
        let fallback = if is_local { SslMode::Disable } else { SslMode::Require };
        let sslmode = self.sslmode.unwrap_or(fallback);
        let hosts = (0..count).map(|index| one_host(whole, index, password.as_deref(), sslmode)).collect();
        Ok(Settings { hosts, sslrootcert: self.sslrootcert, policy: self.policy })
    }
}

fn is_loopback(whole: &Config, index: usize) -> bool {
    if let Some(address) = whole.get_hostaddrs().get(index) {
        return address.is_loopback();
    }
    match whole.get_hosts().get(index) {
        Some(Host::Unix(_)) => true,
        Some(Host::Tcp(host)) => {
            host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        }
        None => false,
    }
}

fn one_host(whole: &Config, index: usize, password: Option<&[u8]>, sslmode: SslMode) -> Config {
    let mut one = Config::new();
    match whole.get_hosts().get(index) {
        Some(Host::Tcp(host)) => _ = one.host(host),
        Some(Host::Unix(path)) => _ = one.host_path(path),
        None => {}
    }
    if let Some(address) = whole.get_hostaddrs().get(index) {
        one.hostaddr(*address);
    }
    let port = whole.get_ports().get(index).or_else(|| whole.get_ports().first());
    one.port(port.copied().unwrap_or(5432));
    one.user(whole.get_user().unwrap_or_default());
    one.dbname(whole.get_dbname().or(whole.get_user()).unwrap_or_default());
    if let Some(password) = password {
        one.password(password);
    }
    if let Some(options) = whole.get_options() {
        one.options(options);
    }
    one.application_name(whole.get_application_name().unwrap_or("tongbao"));
    one.ssl_mode(sslmode)
        .channel_binding(whole.get_channel_binding())
        .connect_timeout(whole.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT))
        .keepalives_idle(KEEPALIVE)
        .keepalives_interval(KEEPALIVE)
        .keepalives_retries(KEEPALIVE_PROBES)
        .tcp_user_timeout(VANISHED_AFTER);
    one
}

#[expect(clippy::disallowed_methods, reason = "configuration is read once, where the URL is understood")]
fn read_password(path: &std::path::Path) -> Result<Vec<u8>, PgError> {
    let bytes = std::fs::read(path).map_err(|error| PgError::Url { what: format!("`passfile`: {error}") })?;
    Ok(bytes.trim_ascii_end().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Settings {
        url.parse().unwrap()
    }

    #[test]
    fn every_host_of_a_url_can_be_reached_by_itself() {
        let settings =
            parse("postgres://bank:s3cret@one:1,two:2,three:3/books?target_session_attrs=read-write");
        assert_eq!(settings.hosts(), ["one:1", "two:2", "three:3"]);
        let database: Vec<_> = settings.hosts.iter().map(|host| host.get_dbname()).collect();
        assert_eq!(database, [Some("books"); 3]);
        assert_eq!(parse("postgres://bank@one,two:7/books").hosts(), ["one:5432", "two:7"]);
    }

    #[test]
    fn the_policy_is_strict_unless_the_url_says_otherwise() {
        assert_eq!(parse("postgres://u@h/d").policy(), Policy::RequireStandby);
        assert_eq!(parse("postgres://u@h/d?durability=allow-degraded").policy(), Policy::AllowDegraded);
    }

    #[test]
    fn tls_is_required_of_every_host_that_is_not_this_machine() {
        let mode = |url| parse(url).hosts[0].get_ssl_mode();
        assert_eq!(mode("postgres://u@db.example/d"), SslMode::Require);
        assert_eq!(mode("postgres://u@127.0.0.1,db.example/d"), SslMode::Require);
        assert_eq!(mode("postgres://u@127.11.0.1,localhost/d"), SslMode::Disable);
        assert_eq!(mode("postgres://u@127.0.0.1/d?sslmode=verify-full"), SslMode::Require);
        assert_eq!(mode("postgres://u@db.example/d?sslmode=disable"), SslMode::Disable);
    }

    #[test]
    fn a_secret_is_never_printed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        #[expect(clippy::disallowed_methods, reason = "the test writes a password file")]
        std::fs::write(&file, "hunter2\n").unwrap();
        let settings = parse(&format!("postgres://bank@h/d?passfile={}", file.display()));
        assert_eq!(settings.hosts[0].get_password(), Some(&b"hunter2"[..]));
        assert!(!format!("{settings:?}").contains("hunter2"));
        for url in [
            "postgres://u:hunter2@h/d?durability=maybe",
            "postgres://u:hunter2@h:port/d",
            "postgres://u:hunter2@h/d?nonsense=hunter2",
            "postgres://u:hun@ter2@h:99999999/d",
            "mysql://u:hunter2@h/d",
            "postgres://u:hunter2@h/d?sslmode=prefer",
            "postgres://u:hunter2@",
            "postgres:///d",
        ] {
            let error = url.parse::<Settings>().unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(!text.contains("hunter2") && !text.contains("ter2"), "{text}");
            assert_eq!(stdx::Coded::code(&error), "JPG-0001");
        }
    }
}
