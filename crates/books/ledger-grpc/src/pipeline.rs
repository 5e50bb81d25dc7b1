//! Batches without waiting for one another.

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::stream::{self, FuturesOrdered};
use futures_util::{Stream, StreamExt as _};
use ledger::Api;
use tonic::{Status, Streaming};

use crate::error::{DoorError, FieldError};
use crate::metrics::Metrics;
use crate::pb::pipeline_request::Batch;
use crate::pb::pipeline_response::Outcome;
use crate::pb::{PipelineRequest, PipelineResponse};
use crate::{read, show};

/// Batches of one stream that are under way at once; the others wait to be read. The gateway sends no more than that.
pub(crate) const BATCHES_MAX: usize = 32;

type Answer = Pin<Box<dyn Future<Output = Result<PipelineResponse, Status>> + Send>>;

struct Pipeline {
    api: Api,
    metrics: Arc<Metrics>,
    requests: Streaming<PipelineRequest>,
    under_way: FuturesOrdered<Answer>,
    /// Whether no more requests are read: the client has said all, or an error ends the stream.
    ended: bool,
}

/// The answers to `requests`, in their order. The first error is the last answer.
pub(crate) fn answers(
    api: Api,
    metrics: Arc<Metrics>,
    requests: Streaming<PipelineRequest>,
) -> impl Stream<Item = Result<PipelineResponse, Status>> {
    let pipeline = Pipeline { api, metrics, requests, under_way: FuturesOrdered::new(), ended: false };
    stream::unfold(Some(pipeline), |pipeline| async {
        let mut pipeline = pipeline?;
        let answer = pipeline.next().await?;
        let rest = answer.is_ok().then_some(pipeline);
        Some((answer, rest))
    })
}

impl Pipeline {
    async fn next(&mut self) -> Option<Result<PipelineResponse, Status>> {
        loop {
            let has_room = !self.ended && self.under_way.len() < BATCHES_MAX;
            tokio::select! {
                biased;
                Some(answer) = self.under_way.next() => return Some(answer),
                request = self.requests.message(), if has_room => match request {
                    Ok(Some(request)) => self.begin(request).await,
                    Ok(None) => self.ended = true,
                    Err(status) => self.end_with(status),
                },
                else => return None,
            }
        }
    }

    /// Nothing that comes after is done.
    fn end_with(&mut self, status: Status) {
        self.ended = true;
        self.under_way.push_back(Box::pin(ready(Err(status))));
    }

    async fn begin(&mut self, request: PipelineRequest) {
        // A batch may ask the shard for a unit, so the next one is not read before this one is ready.
        let mut answer: Answer = match self.batch(request).await {
            Ok(answer) => answer,
            Err(error) => return self.end_with(error.into()),
        };
        // The first poll hands the batch to the shard: only so is the order of the batches that of the stream, whatever
        // order the set of futures polls them in.
        let answered = std::future::poll_fn(|context| match answer.as_mut().poll(context) {
            Poll::Ready(answered) => Poll::Ready(Some(answered)),
            Poll::Pending => Poll::Ready(None),
        });
        match answered.await {
            Some(answered) => self.under_way.push_back(Box::pin(ready(answered))),
            None => self.under_way.push_back(answer),
        }
    }

    async fn batch(&mut self, request: PipelineRequest) -> Result<Answer, DoorError> {
        let api = self.api.clone();
        match request.batch.ok_or_else(|| DoorError::field("batch", FieldError::Missing))? {
            Batch::CreateAccounts(request) => {
                let accounts = read::accounts(&request)?;
                self.metrics.took_accounts(accounts.len());
                let prepared = api.prepare_accounts(accounts).await?;
                Ok(Box::pin(async move {
                    let written = api.create_accounts(prepared).await.map_err(DoorError::from)?;
                    Ok(show::piped(&written, |done| Outcome::CreateAccounts(show::accounts_outcome(done))))
                }))
            }
            Batch::CreateTransfers(request) => {
                let id = read::request_id(&request.id)?;
                let transfers = read::transfers(&request)?;
                self.metrics.took_transfers(transfers.len());
                let prepared = api.prepare_payments(id, transfers).await?;
                Ok(Box::pin(async move {
                    let written = api.create_payments(prepared).await.map_err(DoorError::from)?;
                    Ok(show::piped(&written, |done| Outcome::CreateTransfers(show::transfers_outcome(done))))
                }))
            }
        }
    }
}
