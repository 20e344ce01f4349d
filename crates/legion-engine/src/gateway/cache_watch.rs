//! Prompt caches that stop working: the same work costs up to ten times as much then, and nothing else shows it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};
use legion_gateway::Call;
use legion_model::ProjectId;

/// Calls that are looked at together: so many, and as many before them. A conversation that begins anew, or is summed up, misses once.
const CALLS: usize = 5;
/// Tokens of a prompt from which on it matters whether it was cached.
const PROMPT_MIN: u64 = 20_000;
/// Per cent of the tokens of prompts: a cache that works, and one that does not.
const WORKS_ABOVE: u64 = 50;
const FAILS_BELOW: u64 = 10;
/// The person is told of one agent at most so often.
const TOLD_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// Agents, with their models, that are watched at the same time. Beyond that, all are watched from their next call on.
const WATCHED_MAX: usize = 10_000;

/// Of one agent at one model.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    agent: String,
    target: String,
}

/// Tokens of one prompt.
#[derive(Clone, Copy)]
struct Prompt {
    all: u64,
    cached: u64,
}

/// What the person of a project is to be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CacheNotice {
    pub(super) project: ProjectId,
    pub(super) text: String,
}

/// Watches the calls of all agents.
#[derive(Default)]
pub(super) struct CacheWatch(Mutex<Watched>);

#[derive(Default)]
struct Watched {
    prompts: HashMap<Key, VecDeque<Prompt>>,
    /// When the person was told of an agent last.
    told: HashMap<String, Timestamp>,
    notices: Vec<CacheNotice>,
}

impl CacheWatch {
    /// Looks at a call that has ended. Sub-agents have short conversations of their own; what is free costs no more without a cache.
    pub(super) fn add(&self, call: &Call) {
        let all = call.usage.prompt();
        let counts = all >= PROMPT_MIN && !call.estimated && !call.sub_agent && call.cost_nanos != Some(0);
        let (Some(agent), Some(project)) = (&call.caller.agent, &call.caller.project) else { return };
        let Ok(project) = project.parse() else { return };
        if !counts {
            return;
        }
        let mut watched = self.lock();
        let key = Key { agent: agent.clone(), target: format!("{}/{}", call.provider, call.model) };
        if watched.prompts.len() >= WATCHED_MAX && !watched.prompts.contains_key(&key) {
            watched.prompts.clear();
        }
        let prompts = watched.prompts.entry(key.clone()).or_default();
        prompts.push_back(Prompt { all, cached: call.usage.cache_read });
        if prompts.len() > 2 * CALLS {
            prompts.pop_front();
        }
        if prompts.len() < 2 * CALLS {
            return;
        }
        let (before, now) = prompts.make_contiguous().split_at(CALLS);
        let (before, now) = (percent(before), percent(now));
        if before <= WORKS_ABOVE || now >= FAILS_BELOW {
            return;
        }
        // What works again and fails again is told again.
        prompts.clear();
        watched.told.retain(|_, told| call.at.duration_since(*told) < TOLD_EVERY);
        if watched.told.contains_key(agent) {
            return;
        }
        watched.told.insert(agent.clone(), call.at);
        let name = call.caller.agent_name.as_deref().unwrap_or(agent);
        let text = format!(
            "The prompt cache of the agent `{name}` stopped working at {}: {now}% of its last {CALLS} long prompts came from it, and {before}% of \
             the {CALLS} before. What is read anew costs up to ten times as much. Something at the beginning of its prompts changes with each call \
             (instructions, tools), or its calls are further apart than the cache lives. `legion cost --by agent` shows what was cached.",
            key.target
        );
        watched.notices.push(CacheNotice { project, text });
    }

    /// Takes what is to be told.
    pub(super) fn take(&self) -> Vec<CacheNotice> {
        std::mem::take(&mut self.lock().notices)
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// How much of some prompts was cached.
fn percent(prompts: &[Prompt]) -> u64 {
    let sum = |of: fn(&Prompt) -> u64| prompts.iter().map(of).fold(0, u64::saturating_add);
    sum(|prompt| prompt.cached).saturating_mul(100) / sum(|prompt| prompt.all).max(1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use legion_gateway::{Caller, Usage};
    use uuid::Uuid;

    use super::*;

    /// A call at a minute, of whose 100,000 tokens of prompt so many per cent were cached.
    fn call(minute: i64, cached: u64) -> Call {
        let caller = Caller {
            project: Some(Uuid::from_u128(1).to_string()),
            agent: Some("a1".to_owned()),
            agent_name: Some("ann".to_owned()),
            ..Caller::default()
        };
        Call {
            id: Uuid::from_u128(2),
            caller: Arc::new(caller),
            allowance: Uuid::from_u128(3),
            provider: "p".to_owned(),
            model: "m".to_owned(),
            asked_model: "m".to_owned(),
            usage: Usage { input: 100_000 - 1_000 * cached, cache_read: 1_000 * cached, ..Usage::default() },
            cost_nanos: Some(1),
            charged_nanos: 1,
            estimated: false,
            sub_agent: false,
            program_session: None,
            status: 200,
            outcome: "done",
            left: Vec::new(),
            warnings: Vec::new(),
            at: Timestamp::from_second(60 * minute).expect("a time"),
            first_byte_ms: None,
            total_ms: 1,
        }
    }

    /// Notices after calls a minute apart, from a minute on.
    fn notices(watch: &CacheWatch, from: i64, cached: &[u64]) -> usize {
        for (minute, cached) in (from..).zip(cached) {
            watch.add(&call(minute, *cached));
        }
        watch.take().len()
    }

    const WORKED: [u64; 5] = [0, 90, 90, 90, 90];

    #[test]
    fn a_cache_that_worked_and_does_not_any_more_is_told_once_an_hour() {
        let watch = CacheWatch::default();
        assert_eq!(notices(&watch, 0, &WORKED), 0);
        assert_eq!(notices(&watch, 5, &[0; 4]), 0, "a few misses are none");
        watch.add(&call(9, 0));
        let told = watch.take();
        assert_eq!((told.len(), told[0].project), (1, ProjectId(Uuid::from_u128(1))));
        for part in ["`ann`", "p/m", "0% of its last 5", "72% of the 5"] {
            assert!(told[0].text.contains(part), "{part}: {}", told[0].text);
        }
        assert_eq!(notices(&watch, 10, &[0; 20]), 0, "it is known");
        assert_eq!(notices(&watch, 40, &[90, 90, 90, 90, 90, 0, 0, 0, 0, 0]), 0, "within the hour");
        assert_eq!(notices(&watch, 90, &[90, 90, 90, 90, 90, 0, 0, 0, 0, 0]), 1, "again, in another hour");
    }

    #[test]
    fn what_says_nothing_about_a_cache_is_not_counted() {
        let watch = CacheWatch::default();
        assert_eq!(notices(&watch, 0, &[0; 30]), 0, "it never worked");
        assert_eq!(notices(&watch, 30, &[60, 40, 60, 60, 60, 20, 15, 10, 12, 11]), 0, "it works, and less");
        assert_eq!(notices(&watch, 40, &WORKED), 0);
        for other in [
            Call { estimated: true, ..call(50, 0) },
            Call { sub_agent: true, ..call(50, 0) },
            Call { cost_nanos: Some(0), ..call(50, 0) },
            Call { usage: Usage { input: PROMPT_MIN - 1, ..Usage::default() }, ..call(50, 0) },
            Call { model: "other".to_owned(), ..call(50, 0) },
            Call { caller: Arc::default(), ..call(50, 0) },
        ] {
            for _ in 0..CALLS {
                watch.add(&other);
            }
        }
        assert_eq!(watch.take(), []);
        assert_eq!(notices(&watch, 60, &[0; 5]), 1, "and these are counted");
    }
}
