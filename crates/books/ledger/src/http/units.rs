//! Units: what the amounts of ledgers are counted in.

use std::sync::{Arc, PoisonError, RwLock};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use ledger_api::{DeclaredUnit, NewUnit, UnitError, UnitList, Units};
use ledger_core::{Operation, UnitDeclaration};
use problem::Problem;

use super::accounts::ledger;
use super::{Api, json, written};
use crate::convert;
use crate::error::ApiError;
use crate::machine::LedgerMachine;

/// The units that this site has seen. Units are only ever added, so what it knows stays true, and what it does not know it
/// asks for: no payment in a known unit asks the shard.
#[derive(Default)]
pub(super) struct UnitDesk {
    known: RwLock<Arc<Units>>,
}

impl UnitDesk {
    fn known(&self) -> Arc<Units> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn learn(&self, units: &Arc<Units>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < units.len() {
            *known = Arc::clone(units);
        }
    }
}

impl Api {
    /// Looks at the leader's state. With what is seen come the units that it is counted in.
    pub(super) async fn look<R: Send + 'static>(
        &self,
        look: impl FnOnce(&mut shard::Replica<LedgerMachine>) -> R + Send + 'static,
    ) -> Result<(R, Arc<Units>), ApiError> {
        let known = self.units.known();
        let with_units = move |replica: &mut shard::Replica<LedgerMachine>| {
            let seen = look(replica);
            let ledger = ledger(replica);
            let is_known = ledger.units().len() == known.len();
            (seen, if is_known { known } else { Arc::new(convert::units_of(ledger)) })
        };
        let (seen, units) = self.handle.read(with_units).await?;
        self.units.learn(&units);
        Ok((seen, units))
    }

    /// What `read` makes of a request with the units that this site knows; and with those that there are, if it names one
    /// that the site does not know.
    pub(super) async fn with_units<T>(
        &self,
        read: impl Fn(&Units) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        match read(&self.units.known()) {
            Err(ApiError::Unit(UnitError::Unknown { .. })) => {
                let ((), units) = self.look(|_| ()).await?;
                read(&units)
            }
            outcome => outcome,
        }
    }
}

/// Declares what the amounts of a ledger are counted in. What was declared once is never changed.
#[utoipa::path(
    post, path = "/v1/units", operation_id = "declareUnit", tag = "bank", request_body = NewUnit,
    responses(
        (status = 201, description = "The unit is declared; repeating the request repeats the answer", body = DeclaredUnit),
        (status = 409, description = "The ledger has another unit, or another ledger has the code", body = Problem),
        (status = 422, description = "The ledger refused it", body = Problem),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn declare(State(api): State<Api>, request: Request) -> Result<Response, ApiError> {
    let NewUnit { code, ledger, minor_digits } = json(request).await?;
    let unit = UnitDeclaration::new(ledger, code.as_str(), minor_digits);
    let replayed = api.declare_all(Operation::DeclareUnits, unit.as_bytes().to_vec()).await?;
    Ok(written(replayed, StatusCode::CREATED, Json(DeclaredUnit { code, ledger, minor_digits })))
}

/// Lists the units that the bank has declared, by ledger. There are 10,000 at most.
#[utoipa::path(
    get, path = "/v1/units", operation_id = "listUnits", tag = "bank",
    responses(
        (status = 200, description = "The units", body = UnitList),
        (status = "default", description = "Anything else", body = Problem),
    )
)]
pub(super) async fn list(State(api): State<Api>) -> Result<Json<UnitList>, ApiError> {
    let ((), units) = api.look(|_| ()).await?;
    Ok(Json(UnitList { units: units.iter().copied().collect() }))
}
