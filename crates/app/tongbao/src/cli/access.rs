//! The command line of access rules, certificates and tunnels.

use std::net::SocketAddr;
use std::path::PathBuf;

use access_core::Identity;
use clap::{Args, Subcommand};
use vsr::Upstream;

/// Who may do what.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  tongbao access\n  tongbao access check\n  tongbao access check examples/access/access.yaml"
)]
pub(crate) struct AccessArgs {
    #[command(subcommand)]
    pub(crate) command: Option<AccessCommand>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum AccessCommand {
    /// Read a file of access rules as the sites do, and say what each party may do, or what is wrong with it.
    Check {
        /// The file. Default: `access.yaml` in the folder of the certificates.
        file: Option<PathBuf>,
        #[command(flatten)]
        folder: CertsFolder,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum CertsCommand {
    /// Make an authority, certificates for the sites, a first client `operator`, and access rules that let it do everything.
    #[command(after_help = "Example:\n  tongbao certs init && tongbao up --ledger-tls-port 3443")]
    Init {
        #[command(flatten)]
        folder: CertsFolder,
        /// Another name or address under which the sites are reached; may be given more than once.
        #[arg(long = "host", value_name = "NAME")]
        hosts: Vec<String>,
        #[command(flatten)]
        validity: Validity,
    },
    /// Issue a certificate for a client.
    #[command(
        after_help = "Examples:\n  tongbao certs issue payments\n  tongbao certs issue spiffe://bank.example/payments"
    )]
    Issue {
        /// Its identity: a URI, `dns:NAME`, or a plain common name.
        identity: Identity,
        #[command(flatten)]
        folder: CertsFolder,
        #[command(flatten)]
        validity: Validity,
    },
    /// Show the certificates, whom they identify and when they end.
    List {
        #[command(flatten)]
        folder: CertsFolder,
    },
}

/// Where the certificates are.
#[derive(Args, Clone, Debug)]
pub(crate) struct CertsFolder {
    /// The folder of the certificates. Default: `certs` in the data folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) certs: Option<PathBuf>,
}

/// For how long.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Validity {
    /// Days that the certificates are valid.
    #[arg(long, default_value_t = 397, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: u32,
}

/// A way for clients that speak no TLS.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  tongbao tunnel --as operator\n  \
    tongbao tunnel --to east-1.bank.example:3443,east-2.bank.example:3443 --cert me.pem --key me.key --ca ca.pem")]
pub(crate) struct TunnelArgs {
    /// Where the sites serve ledger clients over TLS, in their order. Default: those of the bank on the data folder.
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',')]
    pub(crate) to: Vec<Upstream>,
    /// The client to be, by the name under which `tongbao certs issue` made its certificate.
    #[arg(long = "as", value_name = "NAME", required_unless_present = "cert", conflicts_with = "cert")]
    pub(crate) client: Option<Identity>,
    /// The client's certificate.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// The certificate's key.
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// The authority of the sites. Default: `ca.pem` in the folder of the certificates.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) folder: CertsFolder,
    /// Where to listen for the first site; the others follow on the next ports. 0 lets the kernel pick them.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    pub(crate) listen: SocketAddr,
}
