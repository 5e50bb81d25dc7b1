//! The ledger behind the bank, call by call: searches, holds, the trial balance, the journal.

use ids::AccountId;
use ledger_api::{
    AccountPage, AccountTransfersQuery, AccountsQuery, BalancePage, JournalPage, JournalQuery,
    JournalVerification, PendingPage, PendingQuery, TransferPage, TransfersQuery, TrialBalance,
    TrialBalanceQuery,
};
use serde::Serialize;

use crate::{Client, ClientError};

/// `path` with the fields of `query`. The queries are structs of texts and numbers: they always serialise.
pub(crate) fn asked(path: &str, query: &impl Serialize) -> String {
    match serde_urlencoded::to_string(query).unwrap_or_default() {
        fields if fields.is_empty() => path.to_owned(),
        fields => format!("{path}?{fields}"),
    }
}

/// Every method may end in any [`ClientError`] but `Address`.
impl Client {
    /// A page of the accounts that `query` asks for.
    pub async fn search_accounts(&self, query: &AccountsQuery) -> Result<AccountPage, ClientError> {
        self.get(&asked("/v1/accounts", query)).await
    }

    /// A page of the transfers that `query` asks for.
    pub async fn search_transfers(&self, query: &TransfersQuery) -> Result<TransferPage, ClientError> {
        self.get(&asked("/v1/transfers", query)).await
    }

    /// A page of an account's transfers.
    pub async fn account_transfers(
        &self,
        id: AccountId,
        query: &AccountTransfersQuery,
    ) -> Result<TransferPage, ClientError> {
        self.get(&asked(&format!("/v1/accounts/{id}/transfers"), query)).await
    }

    /// A page of an account's sums after its transfers.
    pub async fn account_balances(
        &self,
        id: AccountId,
        query: &AccountTransfersQuery,
    ) -> Result<BalancePage, ClientError> {
        self.get(&asked(&format!("/v1/accounts/{id}/balances"), query)).await
    }

    /// A page of open holds.
    pub async fn pending(&self, query: &PendingQuery) -> Result<PendingPage, ClientError> {
        self.get(&asked("/v1/pending", query)).await
    }

    /// What all accounts add up to.
    pub async fn trial_balance(&self, query: &TrialBalanceQuery) -> Result<TrialBalance, ClientError> {
        self.get(&asked("/v1/trial-balance", query)).await
    }

    /// A page of the journal.
    pub async fn journal(&self, query: &JournalQuery) -> Result<JournalPage, ClientError> {
        self.get(&asked("/v1/journal", query)).await
    }

    /// Begins to check the whole journal, or joins the check that goes on.
    pub async fn verify_journal(&self) -> Result<JournalVerification, ClientError> {
        Ok(self.post("/v1/journal/verify", None, &serde_json::Map::new()).await?.0)
    }

    /// How the last check of the journal stands.
    pub async fn journal_verification(&self) -> Result<JournalVerification, ClientError> {
        self.get("/v1/journal/verify").await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_stands_in_the_query() {
        assert_eq!(asked("/v1/transfers", &TransfersQuery::default()), "/v1/transfers");
        let query = TransfersQuery {
            code: Some(7),
            currency: Some("CZK".parse().unwrap()),
            from: Some("2026-11-22T00:00:00Z".parse().unwrap()),
            order: Some(ledger_api::Order::Oldest),
            ..TransfersQuery::default()
        };
        assert_eq!(
            asked("/v1/transfers", &query),
            "/v1/transfers?code=7&currency=CZK&from=2026-11-22T00%3A00%3A00.000000000Z&order=oldest"
        );
    }
}
