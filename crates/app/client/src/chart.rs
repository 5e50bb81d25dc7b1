//! How the books are set up, call by call: units, the tree of accounts, purposes, business days, interest.

use calendar::Date;
use ids::AccountId;
use ledger_api::{
    AccountInterest, AccountPage, AccountTree, BelowQuery, DayCut, DayPage, DayTrialBalance, DaysQuery,
    DeclaredUnit, InterestAccountPage, InterestAccountsQuery, InterestProduct, InterestProductPage,
    InterestProductsQuery, InterestRunOutcome, NewDayCut, NewInterestAssignment, NewInterestRate,
    NewInterestRun, NewUnit, PlacementBatch, PlacementBatchOutcome, Purposes, TreeQuery, UnitList,
};

use crate::bank::created;
use crate::ledger::asked;
use crate::{Client, ClientError, Created};

/// Every method may end in any [`ClientError`] but `Address`. What is declared twice is declared once.
impl Client {
    /// Declares a unit.
    pub async fn declare_unit(&self, unit: &NewUnit) -> Result<Created<DeclaredUnit>, ClientError> {
        self.post("/v1/units", None, unit).await.map(created)
    }

    /// The declared units.
    pub async fn units(&self) -> Result<UnitList, ClientError> {
        self.get("/v1/units").await
    }

    /// Puts accounts below control accounts; those that are refused are listed, the others stand there.
    pub async fn place_accounts(&self, batch: &PlacementBatch) -> Result<PlacementBatchOutcome, ClientError> {
        Ok(self.post("/v1/accounts/placements", None, batch).await?.0)
    }

    /// A page of the control accounts in the order of the tree.
    pub async fn account_tree(&self, query: &TreeQuery) -> Result<AccountTree, ClientError> {
        self.get(&asked("/v1/accounts/tree", query)).await
    }

    /// A page of the accounts directly below a control account.
    pub async fn accounts_below(
        &self,
        id: AccountId,
        query: &BelowQuery,
    ) -> Result<AccountPage, ClientError> {
        self.get(&asked(&format!("/v1/accounts/{id}/below"), query)).await
    }

    /// For what an account's money may be spent, and for what it may be paid.
    pub async fn purposes(&self, id: AccountId) -> Result<Purposes, ClientError> {
        self.get(&format!("/v1/accounts/{id}/purposes")).await
    }

    /// Says for what an account's money may be spent, and for what it may be paid.
    pub async fn set_purposes(&self, id: AccountId, purposes: &Purposes) -> Result<Purposes, ClientError> {
        self.put(&format!("/v1/accounts/{id}/purposes"), purposes).await
    }

    /// Ends a business day and begins the next.
    pub async fn cut_day(&self, cut: &NewDayCut) -> Result<Created<DayCut>, ClientError> {
        self.post("/v1/days/cut", None, cut).await.map(created)
    }

    /// A page of the business days that have ended.
    pub async fn days(&self, query: &DaysQuery) -> Result<DayPage, ClientError> {
        self.get(&asked("/v1/days", query)).await
    }

    /// The trial balance at the end of a business day.
    pub async fn day_trial_balance(&self, date: Date) -> Result<DayTrialBalance, ClientError> {
        self.get(&format!("/v1/days/{date}/trial-balance")).await
    }

    /// Declares an interest product, or one more rate of it.
    pub async fn declare_interest_rate(
        &self,
        rate: &NewInterestRate,
    ) -> Result<Created<InterestProduct>, ClientError> {
        self.post("/v1/interest/rates", None, rate).await.map(created)
    }

    /// A page of interest products.
    pub async fn interest_products(
        &self,
        query: &InterestProductsQuery,
    ) -> Result<InterestProductPage, ClientError> {
        self.get(&asked("/v1/interest/products", query)).await
    }

    /// Lets an account bear interest, or no longer.
    pub async fn assign_interest(
        &self,
        id: AccountId,
        assignment: &NewInterestAssignment,
    ) -> Result<AccountInterest, ClientError> {
        self.put(&format!("/v1/accounts/{id}/interest"), assignment).await
    }

    /// The interest of an account.
    pub async fn interest(&self, id: AccountId) -> Result<AccountInterest, ClientError> {
        self.get(&format!("/v1/accounts/{id}/interest")).await
    }

    /// A page of the accounts that bear interest.
    pub async fn interest_accounts(
        &self,
        query: &InterestAccountsQuery,
    ) -> Result<InterestAccountPage, ClientError> {
        self.get(&asked("/v1/interest/accounts", query)).await
    }

    /// Posts the interest of so many accounts, and says where to go on.
    pub async fn accrue_interest(&self, run: &NewInterestRun) -> Result<InterestRunOutcome, ClientError> {
        Ok(self.post("/v1/interest/accrue", None, run).await?.0)
    }

    /// Pays the interest of so many accounts, and says where to go on.
    pub async fn capitalise_interest(&self, run: &NewInterestRun) -> Result<InterestRunOutcome, ClientError> {
        Ok(self.post("/v1/interest/capitalise", None, run).await?.0)
    }
}
