//! Which upstream each conversation had last. Thoughts are signed by the one that made them, and refused by every other: in the bytes
//! that go on as they are, nothing else tells whose they are.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard};

use legion_dialects::scan;

use crate::lane::asked::Asked;
use crate::lane::attempt::is_anthropic_itself;
use crate::settings::Provider;

/// Conversations that are remembered; the oldest is forgotten first.
const CONVERSATIONS_MAX: usize = 4_096;
/// For how long after their last call: a day.
const REMEMBERED_MS: u64 = 24 * 3_600 * 1_000;

/// The conversations, by what their callers say of themselves.
#[derive(Default)]
pub(crate) struct Upstreams {
    hasher: RandomState,
    known: Mutex<HashMap<u64, Known>>,
}

#[derive(Clone, Copy)]
struct Known {
    maker: u64,
    foreign: usize,
    used_ms: u64,
}

/// The past of one call's conversation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Past {
    /// None: there is nothing to remember of this call.
    conversation: Option<u64>,
    maker: u64,
    /// So many turns are from before the conversation changed its upstream.
    pub foreign: usize,
}

impl Upstreams {
    /// The past of a conversation that is about to go to a provider. `is_fallback`: another was meant to have it.
    pub(crate) fn past(&self, asked: &Asked, provider: &Provider, is_fallback: bool, now_ms: u64) -> Past {
        // With one provider there is no change; across dialects signatures are marked; and without thoughts there are none.
        if asked.settings.providers.len() < 2
            || asked.dialect != provider.dialect
            || !scan::thinks(asked.dialect, &asked.body)
        {
            return Past::default();
        }
        let maker = self.maker(provider);
        let conversation = self.conversation(asked);
        let known = conversation.and_then(|key| self.lock().get(&key).copied());
        let known = known.filter(|known| now_ms.saturating_sub(known.used_ms) < REMEMBERED_MS);
        let turns = || scan::turns(asked.dialect, &asked.body);
        let foreign = match known {
            Some(Known { foreign: 0, maker: last, .. }) if last == maker => 0,
            // A history that was shortened: what is left of it is older than the change.
            Some(Known { foreign, maker: last, .. }) if last == maker => foreign.min(turns()),
            Some(_) => turns(),
            None if is_fallback => turns(),
            None => 0,
        };
        Past { conversation, maker, foreign }
    }

    /// The provider answers: what the conversation holds from now on is its own.
    pub(crate) fn answered(&self, past: Past, now_ms: u64) {
        let Past { conversation: Some(conversation), maker, foreign } = past else { return };
        let mut known = self.lock();
        if known.len() >= CONVERSATIONS_MAX && !known.contains_key(&conversation) {
            let oldest = known.iter().min_by_key(|(_, known)| known.used_ms).map(|(key, _)| *key);
            known.remove(&oldest.unwrap_or(conversation));
        }
        known.insert(conversation, Known { maker, foreign, used_ms: now_ms });
    }

    /// None for a caller that says nothing by which its conversations could be told apart.
    fn conversation(&self, asked: &Asked) -> Option<u64> {
        let (caller, hints) = (&asked.caller, &asked.hints);
        (hints.session.is_some() || caller.run.is_some()).then(|| {
            let of = (&caller.project, &caller.agent, &caller.run);
            // Sub-agents have conversations of their own within a session.
            self.hasher.hash_one((of, &hints.session, &hints.agent, &hints.parent, &hints.kind))
        })
    }

    /// Anthropic takes its signatures whatever the account.
    fn maker(&self, provider: &Provider) -> u64 {
        let named = (!is_anthropic_itself(provider)).then_some((&provider.name, &provider.url));
        self.hasher.hash_one(named)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Known>> {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
