//! Rings at somebody who is called.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::call::Status;
use super::super::people::{Callee, Step, follow};
use super::listen::Heard;
use super::{Conversation, Turn};

impl Conversation {
    /// Waits for its turn, then rings.
    pub(super) async fn ring_in_turn(
        &mut self,
        callee: Callee,
        turn: Instant,
        patience: Duration,
    ) -> Result<(), Turn> {
        self.wait_until(turn).await?;
        self.ring(callee, patience).await
    }

    /// Dials, rings and waits for what the other side does: an error is how it ended without an answer.
    pub(super) async fn ring(&mut self, callee: Callee, patience: Duration) -> Result<(), Turn> {
        self.advance(Status::Initiated);
        if callee == Callee::Unknown {
            return Err(Turn::Over(Status::Failed));
        }
        if callee == Callee::Busy {
            return Err(Turn::Over(Status::Busy));
        }
        self.advance(Status::Ringing);
        let end = self.carrier.clock.after(patience);
        match callee {
            Callee::Answers(after, steps) => {
                let answers = self.carrier.clock.after(after);
                self.wait_until(answers.min(end)).await?;
                if answers > end {
                    return Err(Turn::Over(Status::NoAnswer));
                }
                self.begin(steps);
            }
            Callee::Rejects => return Err(Turn::Over(Status::Busy)),
            Callee::Person => loop {
                match self.listen(end).await? {
                    Some(Heard::PickUp) => break,
                    Some(Heard::Decline) => return Err(Turn::Over(Status::Busy)),
                    Some(_) => {}
                    None => return Err(Turn::Over(Status::NoAnswer)),
                }
            },
            _ => {
                self.wait_until(end).await?;
                return Err(Turn::Over(Status::NoAnswer));
            }
        }
        self.advance(Status::InProgress);
        Ok(())
    }

    /// Sets a status and fires its callback.
    fn advance(&self, status: Status) {
        if self.call.set(status, &self.carrier.clock) {
            self.notices.fire(&self.call, &[]);
        }
    }

    async fn wait_until(&mut self, until: Instant) -> Result<(), Turn> {
        while self.listen(until).await?.is_some() {}
        Ok(())
    }

    /// The person on this leg begins to follow a script.
    fn begin(&self, steps: Vec<Step>) {
        let (carrier, call) = (Arc::clone(&self.carrier), Arc::clone(&self.call));
        self.carrier
            .spawn(async move { follow(&carrier, &call, steps).await });
    }
}
