//! Fetches the next document, and the fallback's when that fails.

use std::sync::Arc;

use super::super::address::Address;
use super::super::call::{Input, Status, Target};
use super::super::courier::{Answer, DOCUMENT, Failure, Order};
use super::super::form;
use super::super::sids::idempotency_token;
use super::super::twiml::{self, Element};
use super::{Conversation, Goto, Page, Route, Turn};

/// What a document that was put into a request is relative to: nothing, so that a relative address shows.
const NOWHERE: &str = "http://127.0.0.1:9/";

/// A request that brought no document: Twilio's number of it, and where.
struct Broken {
    code: u32,
    why: String,
}

impl Conversation {
    /// The next document. Fails with what the leg does instead: the caller hung up, or nothing could be had.
    pub(super) async fn fetch(&mut self, goto: Goto) -> Result<Page, Turn> {
        self.pages += 1;
        let Goto {
            target,
            route,
            told,
        } = goto;
        let (address, method) = match target {
            Target::Twiml(text) => {
                let base = Address::parse(NOWHERE).map_err(|_never| Turn::Over(Status::Failed))?;
                return self.read(text.as_bytes(), &base).map_err(|broken| {
                    self.complain(broken.code, &broken.why);
                    self.application_error()
                });
            }
            Target::Url(address, method) => (address, method),
        };
        let order = self.order(address.clone(), method, &told);
        let answer = self.ask(route, order, told.clone()).await?;
        if route == Route::Voice {
            self.carrier.admissions.answered_after(self.start.elapsed());
        }
        let page = answer
            .map_err(|failure| Broken {
                code: failure.code,
                why: failure.why,
            })
            .and_then(|answer| self.document(&answer, &address));
        if route == Route::Voice {
            self.judge(page.as_ref().ok());
        }
        match page {
            Ok(page) => Ok(page),
            Err(broken) => self.fall_back(&address, &broken, told).await,
        }
    }

    /// The fallback is asked once, with what went wrong; without one, or when it fails too, that is heard.
    async fn fall_back(
        &mut self,
        failed: &Address,
        broken: &Broken,
        told: Vec<(String, String)>,
    ) -> Result<Page, Turn> {
        self.complain(broken.code, &broken.why);
        let Some(fallback) = self.fallback.clone() else {
            return Err(self.application_error());
        };
        let mut told = told;
        told.push(("ErrorCode".to_owned(), broken.code.to_string()));
        told.push(("ErrorUrl".to_owned(), failed.url.to_string()));
        let order = self.order(fallback.clone(), reqwest::Method::POST, &told);
        let answer = self.ask(Route::Fallback, order, told).await?;
        answer
            .map_err(|failure| Broken {
                code: failure.code,
                why: failure.why,
            })
            .and_then(|answer| self.document(&answer, &fallback))
            .map_err(|broken| {
                self.complain(broken.code, &broken.why);
                self.application_error()
            })
    }

    fn order(&self, address: Address, method: reqwest::Method, told: &[(String, String)]) -> Order {
        Order {
            address,
            method,
            form: form::with(form::of(&self.call), told),
            token: self.call.parties.account.token.clone(),
            idempotency: idempotency_token(),
            largest: DOCUMENT,
        }
    }

    /// Asks while the caller may hang up; the request then goes on without anybody who waits for it.
    pub(super) async fn ask(
        &mut self,
        route: Route,
        order: Order,
        told: Vec<(String, String)>,
    ) -> Result<Result<Answer, Failure>, Turn> {
        let (carrier, call) = (Arc::clone(&self.carrier), Arc::clone(&self.call));
        if route == Route::Voice && self.is_faulty(crate::faults::Kind::CallbackEarly) {
            self.call.tell(Input::HangUp);
        }
        let (done, answered) = tokio::sync::oneshot::channel();
        self.carrier.spawn(async move {
            let answer = carrier.ask(&call, route, &order, &told).await;
            // The caller may have hung up meanwhile.
            drop(done.send(answer));
        });
        let answer = self.while_listening(answered).await.inspect_err(|_gone| {
            if route == Route::Voice {
                self.carrier.admissions.abandon();
            }
        })?;
        // The network ends: so does the call.
        answer.map_err(|_closed| Turn::Over(Status::Failed))
    }

    /// Tells of the end of a verb after the end of its call; what is answered does not matter any more.
    pub(super) async fn say_last(&mut self, goto: Goto) {
        let Target::Url(address, method) = goto.target else {
            return;
        };
        let order = self.order(address, method, &goto.told);
        // What came of it stands in the ledger.
        drop(
            self.carrier
                .ask(&self.call, goto.route, &order, &goto.told)
                .await,
        );
    }

    fn document(&self, answer: &Answer, address: &Address) -> Result<Page, Broken> {
        if !(200..300).contains(&answer.status) {
            return Err(Broken {
                code: 11200,
                why: format!("the answer is {}", answer.status),
            });
        }
        if !matches!(answer.content_type.as_str(), "text/xml" | "application/xml") {
            return Err(Broken {
                code: 12300,
                why: format!("the answer is {}", answer.content_type),
            });
        }
        let base = Address {
            url: answer.url.clone(),
            ..address.clone()
        };
        self.read(&answer.body, &base)
    }

    fn read(&self, document: &[u8], base: &Address) -> Result<Page, Broken> {
        let broken = |why: String| Broken { code: 12100, why };
        let text = std::str::from_utf8(document)
            .map_err(|_not_utf8| broken("the document is not UTF-8".to_owned()))?;
        let (verbs, complaints) = twiml::read(text).map_err(|complaint| Broken {
            code: complaint.code,
            why: complaint.why,
        })?;
        for complaint in complaints {
            self.complain(complaint.code, &complaint.why);
        }
        Ok(Page {
            verbs,
            base: base.url.clone(),
        })
    }

    /// Whether the business takes the call, by the first answer alone.
    fn judge(&mut self, page: Option<&Page>) {
        if page.is_some_and(|page| takes(&page.verbs)) {
            self.admission = Some(self.carrier.admissions.admit());
            self.call.mark_admitted();
        } else {
            self.carrier.admissions.refuse();
        }
    }
}

fn takes(verbs: &[Element]) -> bool {
    verbs
        .first()
        .is_some_and(|verb| !matches!(verb.name.as_str(), "Reject" | "Hangup"))
}
