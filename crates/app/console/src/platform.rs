//! The platform API: the sites, what they do right now, drills, and who may do what.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use console_api::{Access, Drill, DrillPage, DrillRequest, Live, Platform};
use drill::Desk;
use futures_util::{Stream, stream};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::header;
use ids::Id;
use problem::Problem;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use utoipa::OpenApi;

use crate::error::{ConsoleError, cut};

/// The largest body of a request to the platform.
const BODY_BYTES_MAX: usize = 64 << 10;
/// The longest such a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Streams of live figures that may be open at once; each is a connection that never ends by itself.
const STREAMS_MAX: usize = 256;
/// A drill's page holds its style and nothing that runs.
const REPORT_CSP: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    platform: watch::Receiver<Platform>,
    live: watch::Receiver<Live>,
    access: watch::Receiver<Access>,
    desk: Desk,
    streams: Arc<Semaphore>,
}

impl Shared {
    pub(crate) fn new(
        platform: watch::Receiver<Platform>,
        live: watch::Receiver<Live>,
        access: watch::Receiver<Access>,
        desk: Desk,
    ) -> Self {
        Self { platform, live, access, desk, streams: Arc::new(Semaphore::new(STREAMS_MAX)) }
    }
}

/// Shows the platform and its sites.
#[utoipa::path(
    get, path = "/v1/platform", operation_id = "getPlatform", tag = "platform",
    responses(
        (status = 200, description = "The platform at this moment", body = Platform),
        (status = "default", description = "Anything else", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn platform(State(shared): State<Shared>) -> Json<Platform> {
    Json(shared.platform.borrow().clone())
}

/// Streams what the platform does: an event `live` at once and then every 500 ms, until the platform stops.
#[utoipa::path(
    get, path = "/v1/platform/live", operation_id = "watchPlatform", tag = "platform",
    responses(
        (status = 200, description = "Server-sent events; the data of each is this object", body = Live,
         content_type = "text/event-stream"),
        (status = "default", description = "Anything else", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn live(State(shared): State<Shared>) -> Result<Response, ConsoleError> {
    let permit = Arc::clone(&shared.streams).try_acquire_owned().map_err(|_| ConsoleError::TooManyStreams)?;
    Ok(Sse::new(events(shared.live, permit)).into_response())
}

/// An event for the present value and one for each that follows. A slow reader misses values, never order.
fn events(
    live: watch::Receiver<Live>,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((live, permit, true), |(mut live, permit, is_first)| async move {
        if !is_first {
            // The sender goes away when the platform stops, and the stream ends with it.
            live.changed().await.ok()?;
        }
        let event = Event::default().event("live").json_data(&*live.borrow_and_update()).ok()?;
        Some((Ok(event), (live, permit, false)))
    })
}

/// Shows who may do what: the doors over TLS, the rules in force, the certificates and their ends. It is looked anew every
/// second.
#[utoipa::path(
    get, path = "/v1/access", operation_id = "getAccess", tag = "access",
    responses(
        (status = 200, description = "The doors, the rules and the certificates", body = Access),
        (status = "default", description = "Anything else", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn access(State(shared): State<Shared>) -> Json<Access> {
    Json(shared.access.borrow().clone())
}

/// Starts a drill. It goes on by itself; only one runs at a time.
#[utoipa::path(
    post, path = "/v1/drills", operation_id = "startDrill", tag = "drills", request_body = DrillRequest,
    responses(
        (status = 202, description = "The drill has begun", body = Drill),
        (status = 409, description = "Another drill runs, or the site is not up", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "Anything else", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn start_drill(
    State(shared): State<Shared>,
    request: Request,
) -> Result<Response, ConsoleError> {
    let drill = shared.desk.start(read_json(request).await?)?;
    let location = format!("/v1/drills/{}", drill.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(drill)).into_response())
}

/// Lists the newest 200 drills, newest first.
#[utoipa::path(
    get, path = "/v1/drills", operation_id = "listDrills", tag = "drills",
    responses(
        (status = 200, description = "The drills", body = DrillPage),
        (status = "default", description = "Anything else", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_drills(State(shared): State<Shared>) -> Json<DrillPage> {
    Json(DrillPage { drills: shared.desk.list() })
}

/// Shows one drill.
#[utoipa::path(
    get, path = "/v1/drills/{id}", operation_id = "getDrill", tag = "drills",
    params(("id" = ledger_api::IdText, Path, description = "The drill's id")),
    responses(
        (status = 200, description = "The drill", body = Drill),
        (status = "default", description = "Anything else", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn drill(
    State(shared): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<Drill>, ConsoleError> {
    Ok(Json(shared.desk.get(read_id(&id)?)?))
}

/// Shows the evidence of one drill as a page for people: one file without scripts, to be printed or kept.
#[utoipa::path(
    get, path = "/v1/drills/{id}/report.html", operation_id = "getDrillReport", tag = "drills",
    params(("id" = ledger_api::IdText, Path, description = "The drill's id")),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = "default", description = "Anything else", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn drill_report(
    State(shared): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, ConsoleError> {
    let html = shared.desk.report_html(read_id(&id)?)?;
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, REPORT_CSP)];
    Ok((headers, html).into_response())
}

fn read_id(text: &str) -> Result<Id, ConsoleError> {
    text.parse().map_err(|_| ConsoleError::Id { id: cut(text) })
}

/// The body as JSON. That it is declared as such is the guard's business.
async fn read_json<T: DeserializeOwned>(request: Request) -> Result<T, ConsoleError> {
    let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect();
    let bytes = match tokio::time::timeout(BODY_TIMEOUT, body).await {
        Ok(Ok(whole)) => whole.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return Err(ConsoleError::BodyTooLarge { max: BODY_BYTES_MAX });
        }
        Ok(Err(_)) | Err(_) => return Err(ConsoleError::BodyIncomplete),
    };
    serde_json::from_slice(&bytes).map_err(|error| ConsoleError::Body { why: error.to_string() })
}

/// The platform API as an OpenAPI 3.1 document.
#[derive(OpenApi)]
#[openapi(
    paths(platform, live, access, start_drill, list_drills, drill, drill_report),
    components(schemas(Problem)),
    tags(
        (name = "platform", description = "Served by the console: the sites and what they do."),
        (name = "access", description = "Served by the console: who may do what over TLS, and the certificates."),
        (name = "drills", description = "Served by the console: losing a site on purpose, and the evidence.")
    )
)]
pub(crate) struct PlatformApi;
