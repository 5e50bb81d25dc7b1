//! The clients, and the gateway that holds their requests until a leader answers.

use std::collections::BTreeMap;

use shard::{Outcome, Request};

use crate::violation::{Invariant, Violation, check};

/// What a client was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Reply(Vec<u8>),
    Clash,
}

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Held by the gateway, for the next leader.
    Gateway,
    /// With this site.
    Site(usize),
    /// With its client, who has heard the answer.
    Client,
}

/// A request, however often it is sent.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) request: Request,
    /// The first answer a leader gave, whether or not it reached the client.
    pub(crate) answer: Option<Answer>,
    place: Place,
}

/// Every request of a run, in the order they were first sent.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    asks: Vec<Ask>,
    /// Requests by key and digest: equal ones are one request, sent twice.
    names: BTreeMap<(u128, u128), usize>,
}

impl Clients {
    /// Sends a request to the gateway.
    pub(crate) fn ask(&mut self, request: Request) -> usize {
        let name = (request.key.0, request.digest);
        let number = *self.names.entry(name).or_insert(self.asks.len());
        if number == self.asks.len() {
            self.asks.push(Ask { request, answer: None, place: Place::Gateway });
        } else {
            self.repeat(number);
        }
        number
    }

    /// Sends a request again that its client has the answer of.
    pub(crate) fn repeat(&mut self, number: usize) {
        let ask = &mut self.asks[number];
        if ask.place == Place::Client {
            ask.place = Place::Gateway;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.asks.len()
    }

    pub(crate) fn asks(&self) -> &[Ask] {
        &self.asks
    }

    /// How many requests have no answer that their client heard.
    pub(crate) fn outstanding(&self) -> usize {
        self.asks.iter().filter(|ask| ask.place != Place::Client).count()
    }

    /// The requests the gateway holds, up to `most`; they are on their way to `site` now.
    pub(crate) fn forward(&mut self, site: usize, most: usize) -> Vec<(usize, Request)> {
        let held = self.asks.iter_mut().enumerate().filter(|(_, ask)| ask.place == Place::Gateway);
        held.take(most)
            .map(|(number, ask)| {
                ask.place = Place::Site(site);
                (number, ask.request.clone())
            })
            .collect()
    }

    /// The site ended: the gateway sends what it left unanswered to the next leader.
    pub(crate) fn site_ended(&mut self, site: usize) {
        for ask in self.asks.iter_mut().filter(|ask| ask.place == Place::Site(site)) {
            ask.place = Place::Gateway;
        }
    }

    /// A leader answered. If the answer is lost on its way, the client will ask again.
    pub(crate) fn answered(
        &mut self,
        number: usize,
        outcome: Outcome,
        is_lost: bool,
    ) -> Result<(), Violation> {
        let ask = &mut self.asks[number];
        let (answer, replayed) = match outcome {
            Outcome::Reply(reply) => (Answer::Reply(reply.bytes), reply.replayed),
            Outcome::Clash => (Answer::Clash, false),
            Outcome::Durable => {
                let what = format!("request {number} was told to be durable without an answer");
                return Err(Violation::new(Invariant::SameAnswer, what));
            }
        };
        if let Some(before) = &ask.answer {
            check(*before == answer, Invariant::SameAnswer, || {
                format!("request {number} was answered {before:02x?} first and {answer:02x?} later")
            })?;
            check(replayed || answer == Answer::Clash, Invariant::AtMostOnce, || {
                format!("request {number} was answered before, and executed again")
            })?;
        }
        ask.answer = Some(answer);
        ask.place = if is_lost { Place::Gateway } else { Place::Client };
        Ok(())
    }
}
