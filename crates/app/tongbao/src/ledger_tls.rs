//! The door for ledger clients over TLS: where its files are, and where it opens.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use console_api::SiteName;
use vsr::{Gate, GateFiles};

use crate::error::AppError;
use crate::institution::SitePlan;
use crate::layout::Layout;
use crate::up::{LedgerPort, ledger_addresses};

/// What `up` is told of it.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct UpTlsArgs {
    /// The port for TigerBeetle's clients over TLS with client certificates, on every site's own address; 0 lets the kernel
    /// pick one for each, `off` serves none.
    #[arg(long, default_value = "off", value_name = "PORT")]
    ledger_tls_port: LedgerPort,
    /// The certificates of sites and authority, as `tongbao certs init` makes them. Default: `certs` in the data folder.
    #[arg(long, value_name = "DIR")]
    ledger_certs: Option<PathBuf>,
    /// Who may do what in which ledgers, over TLS. Default: `access.yaml` beside the certificates.
    #[arg(long, value_name = "FILE")]
    ledger_access: Option<PathBuf>,
}

/// What a site is told of it.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct SiteTlsArgs {
    /// The port for ledger clients over TLS; none if they are not served.
    #[arg(long, requires = "ledger_certs", requires = "ledger_access")]
    pub(crate) ledger_tls_port: Option<u16>,
    /// The folder of certificates.
    #[arg(long)]
    ledger_certs: Option<PathBuf>,
    /// Who may do what in which ledgers.
    #[arg(long)]
    ledger_access: Option<PathBuf>,
}

/// The doors of all sites.
#[derive(Clone, Debug)]
pub(crate) struct LedgerTls {
    /// Where they open, in the order of the plan.
    pub(crate) addresses: Vec<SocketAddr>,
    certs: PathBuf,
    access: PathBuf,
}

impl UpTlsArgs {
    /// The folder of certificates, whether it is used or not.
    pub(crate) fn certs(&self, layout: &Layout) -> PathBuf {
        self.ledger_certs.clone().unwrap_or_else(|| layout.certs())
    }

    /// The access rules, whether they are used or not.
    pub(crate) fn rules(&self, layout: &Layout) -> PathBuf {
        self.ledger_access.clone().unwrap_or_else(|| self.certs(layout).join("access.yaml"))
    }
}

impl LedgerTls {
    /// Settles where the doors open, and makes sure that there is what they need; nothing if none is wanted.
    pub(crate) fn settle(
        args: &UpTlsArgs,
        layout: &Layout,
        plan: &[SitePlan],
    ) -> anyhow::Result<Option<Self>> {
        let LedgerPort::Port(_) = args.ledger_tls_port else { return Ok(None) };
        let certs = args.certs(layout);
        if !certs.join("ca.pem").exists() {
            return Err(AppError::NoCerts { folder: certs }.into());
        }
        let access = args.rules(layout);
        for site in plan {
            // A site goes on without rules until there are good ones; a person at the keyboard wants to know at once.
            Gate::new(files(&certs, &access, &site.name)).reload()?;
        }
        let addresses = ledger_addresses(plan, args.ledger_tls_port)?;
        Ok(Some(Self { addresses, certs, access }))
    }

    /// What to tell the site at this place in the plan.
    pub(crate) fn arguments(&self, site: &SitePlan) -> Vec<String> {
        let port = self.addresses.iter().find(|door| door.ip() == site.address).map(SocketAddr::port);
        let port = port.map(|port| format!("--ledger-tls-port={port}"));
        let certs = format!("--ledger-certs={}", self.certs.display());
        let access = format!("--ledger-access={}", self.access.display());
        port.into_iter().chain([certs, access]).collect()
    }
}

impl SiteTlsArgs {
    /// The port and the files, if the site serves ledger clients over TLS.
    pub(crate) fn door(&self, site: &SiteName) -> Option<(u16, GateFiles)> {
        let (certs, access) = (self.ledger_certs.as_deref()?, self.ledger_access.as_deref()?);
        Some((self.ledger_tls_port?, files(certs, access, site)))
    }
}

/// The files of one site's gate.
fn files(certs: &Path, access: &Path, site: &SiteName) -> GateFiles {
    let own = |ending: &str| certs.join("sites").join(format!("{site}.{ending}"));
    GateFiles {
        certificate: own("pem"),
        key: own("key"),
        client_authority: certs.join("ca.pem"),
        policy: access.to_owned(),
    }
}
