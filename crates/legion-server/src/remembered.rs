//! Answers to changes that no project's log remembers under their keys: backups, and what is set up for all projects. They are kept in
//! memory: a repetition after a restart is done again, and each of these changes may be.

use std::collections::VecDeque;

use legion_api::ProblemCode;
use legion_model::Key;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::fault::{Fault, Result};

/// Answers that are kept; the oldest are forgotten first. A client repeats a call within a minute.
const ANSWERS_MAX: usize = 256;

/// Answers by their keys. Held while one is made, so that a repetition waits for the first.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<VecDeque<(Key, Value)>>);

impl Remembered {
    /// Does something at most once under its key, and gives the answer of that one time. What was refused may be tried again.
    pub(crate) async fn once<T, F>(&self, key: Option<Key>, act: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T>>,
    {
        let Some(key) = key else { return act.await };
        let mut answers = self.0.lock().await;
        if let Some((known, answer)) = answers.iter().find(|(known, _)| known.key == key.key) {
            if *known == key {
                return serde_json::from_value(answer.clone()).map_err(Fault::internal);
            }
            let what = format!("the idempotency key `{}` was used for another request", key.key);
            return Err(Fault::new(ProblemCode::KeyReused, what).hint("use a new key for a new request"));
        }
        let answer = act.await?;
        answers.push_back((key, serde_json::to_value(&answer).map_err(Fault::internal)?));
        while answers.len() > ANSWERS_MAX {
            answers.pop_front();
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize, fingerprint: &str) -> Option<Key> {
        Some(Key { key: number.to_string(), fingerprint: fingerprint.to_owned() })
    }

    #[tokio::test]
    async fn the_oldest_answer_is_forgotten_first_and_a_refusal_is_never_kept() {
        let remembered = Remembered::default();
        let refused: Result<usize> = remembered.once(key(0, "a"), async { Err(Fault::invalid("not now")) }).await;
        assert!(refused.is_err());
        for number in 0..=ANSWERS_MAX {
            assert_eq!(remembered.once(key(number, "a"), async { Ok(number) }).await.expect("done"), number);
        }
        let again = |number| remembered.once(key(number, "a"), async { Ok(usize::MAX) });
        assert_eq!(again(1).await.expect("known"), 1);
        assert_eq!(again(0).await.expect("done again"), usize::MAX);
        let other = remembered.once(key(2, "b"), async { Ok(0) }).await.expect_err("another request");
        assert_eq!(other.0.code, ProblemCode::KeyReused);
    }
}
