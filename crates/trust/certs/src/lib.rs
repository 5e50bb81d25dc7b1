//! Certificates, and TLS in which both sides prove who they are.
//!
//! [`Credentials`] are a certificate with its key. With an authority's certificate they make [`server_config`], which lets
//! nobody in without a certificate of that authority, and [`client_config`]. [`Names::of`] reads who a certificate is for, [`Description`] all that people want to know of it.
//! [`Authority`] issues certificates, for a laptop and for tests: a bank has an authority of its own.
//!
//! TLS 1.3 only, and no resumed sessions: each connection proves itself, so that who was struck off stays outside.

mod authority;
mod credentials;
mod description;
mod error;
mod files;
mod names;
mod tls;

pub use authority::{Authority, ClientName, Issued};
pub use credentials::Credentials;
pub use description::{CHAIN_MAX, Description};
pub use error::{CertsError, Refused};
pub use files::{read, write_public, write_secret};
pub use names::Names;
pub use tls::{Admit, client_config, server_config};
