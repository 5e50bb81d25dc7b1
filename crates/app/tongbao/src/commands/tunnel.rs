//! `tongbao tunnel`.

use std::net::SocketAddr;

use certs::Credentials;
use serde::Serialize;
use stdx::{Coded as _, Retry};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use vsr::{Tunnel, TunnelError, Upstream};

use super::Bank;
use super::certs::{client_files, locate};
use crate::cli::TunnelArgs;
use crate::door::CLUSTER;
use crate::error::AppError;
use crate::output::Output;

/// Where a site is reached through the tunnel.
#[derive(Serialize)]
struct Way {
    site: String,
    listen: SocketAddr,
    /// Why it leads nowhere now, if it does.
    problem: Option<String>,
}

pub(super) async fn run(bank: &Bank, args: TunnelArgs, output: Output) -> anyhow::Result<()> {
    let folder = locate(bank, args.folder);
    let (certificate, key) = match (args.cert, args.key, &args.client) {
        (Some(certificate), Some(key), _) => (certificate, key),
        (_, _, Some(client)) => client_files(&folder, client),
        // The command line asks for one or the other.
        _ => return Err(AppError::NoCerts { folder }.into()),
    };
    let authority = certs::read(&args.ca.unwrap_or_else(|| folder.join("ca.pem")))?;
    let config = certs::client_config(Credentials::read(&certificate, &key)?, &authority)?;
    let sites = if args.to.is_empty() { running_sites(bank)? } else { args.to };

    let mut tunnels = Vec::new();
    let mut listeners = Vec::new();
    for (site, address) in sites.iter().zip(ports(args.listen)) {
        listeners.push(Tunnel::listen(address).await?);
        tunnels.push(Tunnel::new(site.clone(), config.clone()));
    }
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let ways = tokio::select! {
        ways = probe_all(&tunnels, &sites, &listeners) => ways?,
        _ = interrupted.recv() => return Ok(()),
        _ = terminated.recv() => return Ok(()),
    };
    let (stop, stopped) = watch::channel(false);
    let mut serving = JoinSet::new();
    for (tunnel, listener) in tunnels.into_iter().zip(listeners) {
        serving.spawn(tunnel.serve(listener, stopped.clone()));
    }
    say_ready(&ways, output)?;
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    stop.send_replace(true);
    serving.join_all().await;
    Ok(())
}

/// The sites of the bank that runs on the data folder.
fn running_sites(bank: &Bank) -> anyhow::Result<Vec<Upstream>> {
    let running = bank.layout.find_running()?;
    let addresses = running.ledger_tls.ok_or(AppError::NoLedgerTls)?;
    let sites: Result<Vec<Upstream>, TunnelError> = addresses.split(',').map(str::parse).collect();
    Ok(sites?)
}

/// The address for each site: the next port for each, or whichever is free.
fn ports(first: SocketAddr) -> impl Iterator<Item = SocketAddr> {
    (0..).map_while(move |place| {
        let port = if first.port() == 0 { 0 } else { first.port().checked_add(place)? };
        Some(SocketAddr::new(first.ip(), port))
    })
}

/// Tries every way.
///
/// Errors: the first site's, if no way leads anywhere and waiting does not help.
async fn probe_all(
    tunnels: &[Tunnel],
    sites: &[Upstream],
    listeners: &[TcpListener],
) -> anyhow::Result<Vec<Way>> {
    let mut probes = JoinSet::new();
    for (place, tunnel) in tunnels.iter().cloned().enumerate() {
        probes.spawn(async move { (place, tunnel.probe(CLUSTER).await) });
    }
    let mut probed = probes.join_all().await;
    probed.sort_by_key(|(place, _)| *place);
    let is_final = |error: &TunnelError| error.retry() == Retry::Never;
    let is_lost = probed.iter().all(|(_, result)| result.as_ref().is_err_and(is_final));
    let mut ways = Vec::new();
    for ((_, result), (site, listener)) in probed.into_iter().zip(sites.iter().zip(listeners)) {
        let problem = match result {
            Err(error) if is_lost => return Err(error.into()),
            Err(error) => Some(format!("{error} ({})", error.code())),
            Ok(()) => None,
        };
        ways.push(Way { site: site.to_string(), listen: listener.local_addr()?, problem });
    }
    Ok(ways)
}

fn say_ready(ways: &[Way], output: Output) -> anyhow::Result<()> {
    let addresses: Vec<String> = ways.iter().map(|way| way.listen.to_string()).collect();
    let addresses = addresses.join(",");
    let ready = serde_json::json!({ "ledger": addresses, "sites": ways });
    output.result(&ready, || {
        let mut text = format!("TigerBeetle clients: {addresses}   (cluster {CLUSTER})\n");
        for Way { site, listen, problem } in ways {
            let state = problem.as_deref().unwrap_or("well");
            text.push_str(&format!("  {listen} leads to {site}: {state}\n"));
        }
        text + "\nWho can reach these ports acts under this certificate. Ctrl-C ends the tunnel."
    })
}
