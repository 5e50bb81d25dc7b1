//! The standard health service: a site serves while it leads.

use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, stream};
use ledger::Api;
use shard::Role;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::pb::ledger_server;

/// How often a watched site is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// The health of one site.
pub(crate) struct SiteHealth {
    api: Api,
}

impl SiteHealth {
    pub(crate) fn new(api: Api) -> Self {
        Self { api }
    }
}

fn serving(api: &Api) -> ServingStatus {
    match api.status().role {
        Role::Leader => ServingStatus::Serving,
        Role::Starting | Role::Follower | Role::Diverged | Role::Failed => ServingStatus::NotServing,
    }
}

/// The whole server has no name.
fn is_known(service: &str) -> bool {
    service.is_empty() || service == ledger_server::SERVICE_NAME
}

fn told(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl Health for SiteHealth {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = &request.get_ref().service;
        if !is_known(service) {
            return Err(Status::not_found(format!("there is no service `{service}`")));
        }
        Ok(Response::new(told(serving(&self.api))))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let known = is_known(&request.get_ref().service);
        let look = (self.api.clone(), None);
        // The standard wants an unknown service to be told as such, once, and the stream to stay.
        let changes = stream::unfold(look, move |(api, before)| async move {
            loop {
                let now = if known { serving(&api) } else { ServingStatus::ServiceUnknown };
                if before != Some(now) {
                    return Some((Ok(told(now)), (api, Some(now))));
                }
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        });
        Ok(Response::new(Box::pin(changes)))
    }
}
