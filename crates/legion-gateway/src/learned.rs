//! How far our count of a prompt is from its provider's, learned from calls that a provider counted itself. In memory: a restart begins
//! with our count alone.
//!
//! Must never make a count low: programs decide by it when to shorten a conversation, and one that is shortened too late is lost.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

/// One in one.
const UNIT: u64 = 1_000;
/// A factor is no smaller and no larger than this, in thousandths: beyond it, something other than the tokenizer differs.
const LEAST: u64 = 500;
const MOST: u64 = 3_000;
/// Shorter prompts say more about what a provider adds to each call than about its tokenizer.
const TOKENS_MIN: u64 = 256;
/// A smaller ratio moves the factor by this part of the way; a greater one at once.
const FALL: u64 = 8;
/// Calls of a model that are all counted; then one in a while. Counting reads the whole body.
const EAGER: u32 = 8;
const AGAIN_AFTER_MS: u64 = 60_000;
/// Models that are remembered. The one that was counted the longest ago goes first.
const MODELS_MAX: usize = 512;

/// The factors of all models.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    models: Mutex<HashMap<(String, String), Factor>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Factor {
    /// Thousandths. 0: nothing is known yet.
    thousandths: u64,
    counted: u32,
    counted_ms: u64,
}

impl Learned {
    /// Whether a call to this model is to be counted by us, too. Counts it as done.
    pub(crate) fn wants(&self, provider: &str, model: &str, now_ms: u64) -> bool {
        let mut models = self.lock();
        let key = (provider.to_owned(), model.to_owned());
        if models.len() >= MODELS_MAX && !models.contains_key(&key) {
            let oldest = models.iter().min_by_key(|(_, factor)| factor.counted_ms).map(|(key, _)| key.clone());
            oldest.and_then(|key| models.remove(&key));
        }
        let factor = models.entry(key).or_default();
        let wants = factor.counted < EAGER || now_ms.saturating_sub(factor.counted_ms) >= AGAIN_AFTER_MS;
        if wants {
            factor.counted = factor.counted.saturating_add(1);
            factor.counted_ms = now_ms;
        }
        wants
    }

    /// A provider said how long a prompt was that we had counted.
    pub(crate) fn learn(&self, provider: &str, model: &str, ours: u64, theirs: u64) {
        if ours < TOKENS_MIN || theirs == 0 {
            return;
        }
        let ratio = theirs.saturating_mul(UNIT).div_ceil(ours).clamp(LEAST, MOST);
        // One that was dropped meanwhile is learned anew when it is called again.
        if let Some(factor) = self.lock().get_mut(&(provider.to_owned(), model.to_owned())) {
            let now = factor.thousandths;
            factor.thousandths = if ratio >= now { ratio } else { now - (now - ratio) / FALL };
        }
    }

    /// Our count of a prompt, as the provider would count it.
    pub(crate) fn corrected(&self, provider: &str, model: &str, ours: u64) -> u64 {
        let known = self.lock().get(&(provider.to_owned(), model.to_owned())).map(|factor| factor.thousandths);
        match known {
            None | Some(0) => ours,
            Some(thousandths) => ours.saturating_mul(thousandths).div_ceil(UNIT),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Factor>> {
        self.models.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_one_call(ours: u64, theirs: u64) -> Learned {
        let learned = Learned::default();
        assert!(learned.wants("p", "m", 0));
        learned.learn("p", "m", ours, theirs);
        learned
    }

    #[test]
    fn a_count_that_was_low_is_corrected_at_once_and_one_that_was_high_slowly() {
        let learned = of_one_call(1_000, 1_500);
        assert_eq!(learned.corrected("p", "m", 2_000), 3_000);
        learned.learn("p", "m", 1_000, 700);
        assert_eq!(learned.corrected("p", "m", 1_000), 1_400);
        for _ in 0..100 {
            learned.learn("p", "m", 1_000, 700);
        }
        let settled = learned.corrected("p", "m", 1_000);
        assert!((700..710).contains(&settled), "{settled}");
        assert_eq!(learned.corrected("p", "other", 1_000), 1_000);
    }

    #[test]
    fn a_factor_stays_within_its_bounds_and_short_prompts_teach_nothing() {
        assert_eq!(of_one_call(1_000, 1_000_000).corrected("p", "m", 1_000), 3_000);
        assert_eq!(of_one_call(1_000, 1).corrected("p", "m", 1_000), 500);
        assert_eq!(of_one_call(1_000, 0).corrected("p", "m", 1_000), 1_000);
        assert_eq!(of_one_call(255, 1_000).corrected("p", "m", 1_000), 1_000);
    }

    #[test]
    fn only_some_calls_are_counted_and_only_some_models_remembered() {
        let learned = Learned::default();
        let counted = (0..1_000).filter(|call| learned.wants("p", "m", *call)).count();
        assert_eq!(counted, EAGER as usize);
        assert!(learned.wants("p", "m", 1_000 + AGAIN_AFTER_MS));
        for number in 0..(2 * MODELS_MAX as u64) {
            learned.wants("p", &number.to_string(), 2 * AGAIN_AFTER_MS + number);
        }
        assert_eq!(learned.lock().len(), MODELS_MAX);
        assert!(!learned.lock().contains_key(&("p".to_owned(), "m".to_owned())));
    }
}
