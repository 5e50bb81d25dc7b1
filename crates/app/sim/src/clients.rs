//! The clients, and the gateway that holds their requests until a leader answers.

use std::collections::BTreeMap;

use shard::{Outcome, Request};

use crate::violation::{Invariant, Violation, check};

/// How many steps the gateway waits for an answer before it sends a request again.
const PATIENCE: usize = 80;
/// How often in a row a living site may leave a request without an answer until [`crate::Mutant::GiveUp`] does so.
const GIVE_UP_AFTER: u32 = 4;

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
    /// Sent to this site at this step.
    Site { site: usize, at: usize },
    /// With its client, who has heard the answer.
    Client,
}

/// A request, however often it is sent.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) request: Request,
    /// The first answer a leader gave, whether or not it reached the client.
    pub(crate) answer: Option<Answer>,
    /// A leader gave an answer that it had not from the window.
    was_executed: bool,
    /// The client was told that it was not done. Only a mutant says so.
    pub(crate) was_given_up: bool,
    place: Place,
    sendings: u32,
    /// Sendings in a row that nobody answered.
    unanswered: u32,
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
            self.asks.push(Ask {
                request,
                answer: None,
                was_executed: false,
                was_given_up: false,
                place: Place::Gateway,
                sendings: 0,
                unanswered: 0,
            });
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

    /// The requests the gateway holds, up to `most`, and which sending this is; they are on their way to `site` now.
    pub(crate) fn forward(&mut self, site: usize, most: usize, step: usize) -> Vec<(usize, u32)> {
        let held = self.asks.iter_mut().enumerate().filter(|(_, ask)| ask.place == Place::Gateway);
        held.take(most)
            .map(|(number, ask)| {
                ask.place = Place::Site { site, at: step };
                ask.sendings += 1;
                (number, ask.sendings)
            })
            .collect()
    }

    /// The site ended: the gateway sends what it left unanswered to the next leader.
    pub(crate) fn site_ended(&mut self, ended: usize) {
        for ask in &mut self.asks {
            if matches!(ask.place, Place::Site { site, .. } if site == ended) {
                (ask.place, ask.unanswered) = (Place::Gateway, 0);
            }
        }
    }

    /// A site that does not lead gave a request back.
    pub(crate) fn refused(&mut self, number: usize, by: usize) {
        let ask = &mut self.asks[number];
        if matches!(ask.place, Place::Site { site, .. } if site == by) {
            (ask.place, ask.unanswered) = (Place::Gateway, 0);
        }
    }

    /// What was sent too long ago is sent again. How many that are.
    pub(crate) fn lose_patience(&mut self, step: usize) -> u64 {
        let mut again = 0;
        for ask in &mut self.asks {
            if matches!(ask.place, Place::Site { at, .. } if at + PATIENCE <= step) {
                (ask.place, ask.unanswered) = (Place::Gateway, ask.unanswered + 1);
                again += 1;
            }
        }
        again
    }

    /// Tells the clients of requests that were sent in vain too often that they were not done.
    pub(crate) fn give_up(&mut self) {
        for ask in self.asks.iter_mut().filter(|ask| ask.unanswered >= GIVE_UP_AFTER) {
            (ask.place, ask.was_given_up) = (Place::Client, true);
        }
    }

    /// A leader answered. What it says must be what was said before.
    pub(crate) fn answered(&mut self, number: usize, outcome: Outcome) -> Result<Answer, Violation> {
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
        }
        if !replayed && answer != Answer::Clash {
            // A leader that stood still may be the later one to speak of what it made durable before.
            check(!ask.was_executed, Invariant::AtMostOnce, || {
                format!("request {number} was executed before, and executed again")
            })?;
            ask.was_executed = true;
        }
        ask.answer = Some(answer.clone());
        Ok(answer)
    }

    /// An answer reached the gateway, which hands it to the client.
    pub(crate) fn hear(&mut self, number: usize, answer: &Answer) -> Result<(), Violation> {
        let ask = &mut self.asks[number];
        (ask.place, ask.unanswered) = (Place::Client, 0);
        check(ask.answer.as_ref() == Some(answer), Invariant::SameAnswer, || {
            format!(
                "the client of request {number} heard {answer:02x?}, a leader had said {:02x?}",
                ask.answer
            )
        })
    }

    /// The request that was sent to a site first of those without an answer.
    pub(crate) fn first_at(&self, wanted: usize) -> Option<usize> {
        let sent = |ask: &Ask| match ask.place {
            Place::Site { site, at } if site == wanted => Some(at),
            _ => None,
        };
        let waiting = self.asks.iter().enumerate();
        waiting.filter_map(|(number, ask)| Some((sent(ask)?, number))).min().map(|(_, number)| number)
    }
}
