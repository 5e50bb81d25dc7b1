//! The platform API, call by call. Only the console's address serves it.

use console_api::{Access, Drill, DrillPage, DrillRequest, Platform, SiteRules};
use ids::Id;

use crate::{Client, ClientError};

/// The platform API. Every method may end in any [`ClientError`] but `Address`.
impl Client {
    /// The platform and its sites.
    pub async fn platform(&self) -> Result<Platform, ClientError> {
        self.get("/v1/platform").await
    }

    /// Who may do what over TLS.
    pub async fn access(&self) -> Result<Access, ClientError> {
        self.get("/v1/access").await
    }

    /// What a site says of its access rules. Only the site's own address serves it.
    pub async fn site_rules(&self) -> Result<SiteRules, ClientError> {
        self.get("/ledger-access").await
    }

    /// Starts a drill. Only one runs at a time.
    pub async fn start_drill(&self, request: &DrillRequest) -> Result<Drill, ClientError> {
        Ok(self.post("/v1/drills", None, request).await?.0)
    }

    /// One drill, running or done.
    pub async fn drill(&self, id: Id) -> Result<Drill, ClientError> {
        self.get(&format!("/v1/drills/{id}")).await
    }

    /// Every drill, newest first.
    pub async fn drills(&self) -> Result<DrillPage, ClientError> {
        self.get("/v1/drills").await
    }
}
