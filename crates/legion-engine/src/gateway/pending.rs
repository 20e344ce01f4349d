//! Calls that have ended and are not in the log yet. Bounded by the allowances that are open: calls are summed up here.

use std::collections::HashMap;
use std::sync::Mutex;

use legion_gateway::Call;
use legion_model::gateway::{AllowanceId, NanoUsd, SettledCalls, Tokens};
use tokio::sync::Notify;

type Key = (AllowanceId, String, String);

/// Calls that wait to be settled.
#[derive(Default)]
pub(super) struct Pending {
    lines: Mutex<HashMap<Key, SettledCalls>>,
    /// Something waits.
    pub(super) came: Notify,
}

impl Pending {
    pub(super) fn add(&self, call: &Call) {
        let usage = &call.usage;
        self.merge(SettledCalls {
            allowance: AllowanceId(call.allowance),
            provider: call.provider.clone(),
            model: call.model.clone(),
            calls: 1,
            tokens: Tokens {
                input: usage.input,
                cache_read: usage.cache_read,
                cache_write_5m: usage.cache_write_5m,
                cache_write_1h: usage.cache_write_1h,
                output: usage.output,
                reasoning: usage.reasoning,
                web_searches: usage.web_searches,
            },
            cost: NanoUsd(call.cost_nanos.unwrap_or_default()),
            unknown: u32::from(call.cost_nanos.is_none()),
            estimated: u32::from(call.estimated),
            charged: NanoUsd(call.charged_nanos),
        });
        self.came.notify_one();
    }

    /// Takes all of it.
    pub(super) fn take(&self) -> Vec<SettledCalls> {
        let taken = std::mem::take(&mut *self.lines.lock().expect("no holder panics"));
        taken.into_values().collect()
    }

    /// They could not be written: they wait again.
    pub(super) fn put_back(&self, lines: Vec<SettledCalls>) {
        for line in lines {
            self.merge(line);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.lock().expect("no holder panics").is_empty()
    }

    fn merge(&self, line: SettledCalls) {
        let mut lines = self.lines.lock().expect("no holder panics");
        match lines.entry((line.allowance, line.provider.clone(), line.model.clone())) {
            std::collections::hash_map::Entry::Vacant(entry) => _ = entry.insert(line),
            std::collections::hash_map::Entry::Occupied(entry) => {
                let sum = entry.into_mut();
                sum.calls = sum.calls.saturating_add(line.calls);
                sum.tokens += line.tokens;
                sum.cost += line.cost;
                sum.unknown = sum.unknown.saturating_add(line.unknown);
                sum.estimated = sum.estimated.saturating_add(line.estimated);
                sum.charged += line.charged;
            }
        }
    }
}
