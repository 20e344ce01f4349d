//! The allowances of one caller's run, and what of them is spoken for. Pure.

use uuid::Uuid;

use crate::directory::Allowance;

/// One allowance.
#[derive(Debug)]
struct Grant {
    allowance: Allowance,
    /// The budgets that it was granted under.
    budgets: u64,
    /// Of calls that are under way.
    reserved: u64,
    /// Of calls that have ended.
    charged: u64,
    calls: usize,
}

impl Grant {
    fn free(&self) -> u64 {
        self.allowance.nanos.saturating_sub(self.charged).saturating_sub(self.reserved)
    }
}

/// The allowances of one caller's run: the last is taken from, those before it wait for their calls to end.
#[derive(Debug, Default)]
pub(super) struct Purse {
    grants: Vec<Grant>,
    used_ms: u64,
}

impl Purse {
    /// Takes from the current allowance, if these budgets allowed it. `part`: less will do, as long as there is something.
    pub(super) fn take(&mut self, nanos: u64, part: bool, budgets: u64, now_ms: u64) -> Option<(Uuid, u64)> {
        let grant = self.grants.last_mut().filter(|grant| grant.budgets == budgets)?;
        let free = grant.free();
        // A call that costs nothing needs an open allowance to be charged to, and no money.
        if free < nanos && !(part && free > 0) {
            return None;
        }
        let taken = nanos.min(free);
        grant.reserved += taken;
        grant.calls += 1;
        self.used_ms = now_ms;
        Some((grant.allowance.id, taken))
    }

    /// A new allowance becomes the current one. Returns those that are free to go.
    pub(super) fn add(&mut self, allowance: Allowance, budgets: u64) -> Vec<Uuid> {
        self.grants.push(Grant { allowance, budgets, reserved: 0, charged: 0, calls: 0 });
        self.ended()
    }

    /// A call has ended. Returns allowances that are free to go.
    pub(super) fn settle(&mut self, allowance: Uuid, reserved: u64, charged: u64, now_ms: u64) -> Vec<Uuid> {
        if let Some(grant) = self.grants.iter_mut().find(|grant| grant.allowance.id == allowance) {
            grant.reserved = grant.reserved.saturating_sub(reserved);
            grant.charged = grant.charged.saturating_add(charged);
            grant.calls = grant.calls.saturating_sub(1);
        }
        self.used_ms = now_ms;
        self.ended()
    }

    /// Allowances that nobody used for a time: all of them, or none.
    pub(super) fn rest(&mut self, now_ms: u64, rest_ms: u64) -> Vec<Uuid> {
        let idle = self.grants.iter().all(|grant| grant.calls == 0) && now_ms.saturating_sub(self.used_ms) >= rest_ms;
        if idle { self.grants.drain(..).map(|grant| grant.allowance.id).collect() } else { Vec::new() }
    }

    /// Allowances of other budgets than these, without a call under way.
    pub(super) fn recall(&mut self, budgets: u64) -> Vec<Uuid> {
        let recalled = self.grants.extract_if(.., |grant| grant.budgets != budgets && grant.calls == 0);
        recalled.map(|grant| grant.allowance.id).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    /// Older allowances without a call under way.
    fn ended(&mut self) -> Vec<Uuid> {
        let last = self.grants.len().saturating_sub(1);
        let mut index = 0;
        let mut ended = Vec::new();
        self.grants.retain(|grant| {
            let keep = index == last || grant.calls > 0;
            index += 1;
            if !keep {
                ended.push(grant.allowance.id);
            }
            keep
        });
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(id: u128, nanos: u64) -> Allowance {
        Allowance { id: Uuid::from_u128(id), nanos }
    }

    #[test]
    fn what_is_reserved_is_not_given_twice() {
        let mut purse = Purse::default();
        assert_eq!(purse.take(1, true, 0, 0), None);
        purse.add(grant(1, 100), 0);
        assert_eq!(purse.take(60, false, 0, 0), Some((Uuid::from_u128(1), 60)));
        assert_eq!(purse.take(60, false, 0, 0), None);
        assert_eq!(purse.take(60, true, 0, 0), Some((Uuid::from_u128(1), 40)));
        assert_eq!(purse.take(60, true, 0, 0), None);
        purse.settle(Uuid::from_u128(1), 60, 10, 0);
        assert_eq!(purse.take(60, true, 0, 0), Some((Uuid::from_u128(1), 50)));
    }

    #[test]
    fn an_older_allowance_goes_when_its_last_call_ends_and_all_go_after_a_rest() {
        let mut purse = Purse::default();
        purse.add(grant(1, 10), 0);
        purse.take(10, false, 0, 0);
        assert!(purse.add(grant(2, 10), 0).is_empty());
        assert_eq!(purse.settle(Uuid::from_u128(1), 10, 3, 5), [Uuid::from_u128(1)]);
        assert!(purse.rest(9, 5).is_empty());
        assert_eq!(purse.rest(10, 5), [Uuid::from_u128(2)]);
        assert!(purse.is_empty());
    }

    #[test]
    fn what_other_budgets_granted_is_not_taken_and_goes_when_its_calls_have_ended() {
        let mut purse = Purse::default();
        purse.add(grant(1, 10), 3);
        purse.take(4, false, 3, 0);
        assert_eq!((purse.take(1, true, 4, 0), purse.take(0, false, 4, 0)), (None, None));
        assert!(purse.recall(4).is_empty(), "a call is charged to it");
        assert!(purse.settle(Uuid::from_u128(1), 4, 4, 0).is_empty());
        assert!(purse.recall(3).is_empty());
        assert_eq!(purse.recall(4), [Uuid::from_u128(1)]);
        assert!(purse.is_empty());
    }
}
