//! Random histories of streams, settlements and crashes: no money is lost or counted twice, and no budget is exceeded by more than
//! the calls that were under way.

use std::collections::BTreeMap;

use legion_model::RefusalKind;
use legion_model::gateway::{AllowanceId, GatewayAnswer, GatewayOrder, NanoUsd, Payer, Scope, SettledCalls};
use proptest::prelude::*;
use uuid::Uuid;

use crate::books::{Books, allowance, line, payer};

/// Agents: 1 leads 2 and 3, and 2 leads 4.
const AGENTS: [(u128, &[u128]); 4] = [(1, &[]), (2, &[1]), (3, &[1]), (4, &[2, 1])];
/// What one call costs at most.
const CALL_MAX: u64 = 400;
/// What the subtree of agent 1, and the day, may spend.
const SUBTREE: u64 = 5_000;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Happening {
    /// A call of an agent begins: what it is expected to cost, and what it costs.
    Begins { agent: usize, expected: u64, costs: u64 },
    /// The oldest call of an agent ends.
    Ends { agent: usize },
    /// A second is over.
    Settles { twice: bool },
    /// An agent's allowance lies unused.
    Rests { agent: usize },
    /// The service dies and starts again.
    Crashes,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let agent = 0..AGENTS.len();
    let one = prop_oneof![
        8 => (agent.clone(), 1..CALL_MAX, 0..CALL_MAX)
            .prop_map(|(agent, expected, costs)| Happening::Begins { agent, expected, costs }),
        8 => agent.clone().prop_map(|agent| Happening::Ends { agent }),
        4 => any::<bool>().prop_map(|twice| Happening::Settles { twice }),
        2 => agent.prop_map(|agent| Happening::Rests { agent }),
        1 => Just(Happening::Crashes),
    ];
    prop::collection::vec(one, 1..200)
}

/// What the gateway has in memory for one agent.
#[derive(Default)]
struct Purse {
    allowance: Option<(AllowanceId, u64)>,
    /// Charged and set aside, of the allowance.
    used: u64,
    /// Calls under way: allowance, set aside, cost.
    calls: Vec<(AllowanceId, u64, u64)>,
}

/// The gateway, what providers really bill, and the books.
struct World {
    books: Books,
    purses: Vec<Purse>,
    /// Ended, not settled.
    ended: Vec<SettledCalls>,
    /// What providers billed, by allowance.
    billed: BTreeMap<AllowanceId, (Payer, u64)>,
    opened: u128,
    batches: u128,
}

impl World {
    fn new() -> Self {
        let mut books = Books::new();
        books.budget(&Scope::Subtree(crate::books::agent(1)).to_string(), NanoUsd(SUBTREE));
        Self {
            books,
            purses: AGENTS.iter().map(|_| Purse::default()).collect(),
            ended: Vec::new(),
            billed: BTreeMap::new(),
            opened: 0,
            batches: 0,
        }
    }

    fn happens(&mut self, happening: &Happening) {
        match *happening {
            Happening::Begins { agent, expected, costs } => self.begins(agent, expected, costs),
            Happening::Ends { agent } => self.ends(agent),
            Happening::Settles { twice } => self.settles(twice),
            Happening::Rests { agent } => self.rests(agent),
            Happening::Crashes => self.crashes(),
        }
    }

    /// One stream for each agent: the next call begins when the last one has ended.
    fn begins(&mut self, agent: usize, expected: u64, costs: u64) {
        if !self.purses[agent].calls.is_empty() {
            return;
        }
        let left = |purse: &Purse| purse.allowance.map_or(0, |(_, granted)| granted.saturating_sub(purse.used));
        if left(&self.purses[agent]) == 0 {
            self.rests(agent);
            let Some(granted) = self.asks(agent, expected) else { return };
            self.purses[agent].allowance = Some(granted);
            self.purses[agent].used = 0;
        }
        let purse = &mut self.purses[agent];
        let aside = expected.min(left(purse));
        let (id, _) = purse.allowance.expect("it was granted");
        purse.used += aside;
        purse.calls.push((id, aside, costs));
        // The provider bills it whatever becomes of us.
        self.billed.get_mut(&id).expect("it was opened").1 += costs;
    }

    fn asks(&mut self, agent: usize, wanted: u64) -> Option<(AllowanceId, u64)> {
        // The books know of every call that has ended before more is granted.
        self.settles(false);
        self.opened += 1;
        let (id, above) = AGENTS[agent];
        let (id, payer) = (allowance(self.opened), payer(id, above));
        let order = GatewayOrder::OpenAllowance {
            allowance: id,
            payer: payer.clone(),
            wanted: NanoUsd(wanted),
            caps: Vec::new(),
            names: BTreeMap::new(),
        };
        match self.books.give(order) {
            Ok(GatewayAnswer::Granted(granted)) => {
                assert!(granted > NanoUsd(0));
                self.billed.insert(id, (payer, 0));
                Some((id, granted.0))
            }
            Ok(other) => panic!("answered with {other:?}"),
            Err(refused) => {
                assert!(matches!(refused.kind, RefusalKind::Limit | RefusalKind::Busy), "{refused}");
                None
            }
        }
    }

    fn ends(&mut self, agent: usize) {
        let purse = &mut self.purses[agent];
        if purse.calls.is_empty() {
            return;
        }
        let (id, aside, costs) = purse.calls.remove(0);
        if purse.allowance.is_some_and(|(current, _)| current == id) {
            purse.used = purse.used - aside + costs;
        }
        self.ended.push(line(id, costs));
    }

    fn settles(&mut self, twice: bool) {
        self.batches += 1;
        let calls = std::mem::take(&mut self.ended);
        let order = GatewayOrder::Settle { batch: Uuid::from_u128(self.batches), calls };
        self.books.must(order.clone());
        if twice {
            self.books.must(order);
        }
    }

    fn rests(&mut self, agent: usize) {
        if self.purses[agent].calls.is_empty()
            && let Some((id, _)) = self.purses[agent].allowance.take()
        {
            // What it was spent for is in the log before what is left of it is free again.
            self.settles(false);
            self.books.must(GatewayOrder::CloseAllowances(vec![id]));
        }
    }

    fn crashes(&mut self) {
        self.ended.clear();
        self.purses = AGENTS.iter().map(|_| Purse::default()).collect();
        self.books.must(GatewayOrder::StartService);
    }

    fn quiet(&mut self) {
        for agent in 0..AGENTS.len() {
            self.ends(agent);
        }
        self.settles(false);
        for agent in 0..AGENTS.len() {
            self.rests(agent);
        }
    }

    fn billed_for(&self, scope: &Scope) -> u64 {
        self.billed.values().filter(|(payer, _)| payer.scopes().contains(scope)).map(|(_, nanos)| nanos).sum()
    }
}

fn scopes() -> Vec<Scope> {
    AGENTS.iter().flat_map(|(id, above)| payer(*id, above).scopes()).collect()
}

/// What the gateway never told about an allowance: it died with it.
fn untold(world: &World, id: AllowanceId) -> u64 {
    let told: u64 = world
        .books
        .log
        .iter()
        .filter_map(|(_, event)| match event {
            legion_model::Event::CallsSettled { calls, .. } => Some(calls),
            _ => None,
        })
        .flatten()
        .filter(|line| line.allowance == id)
        .map(|line| line.charged.0)
        .sum();
    world.billed[&id].1 - told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_money_is_lost_or_counted_twice(history in happenings()) {
        let mut world = World::new();
        for happening in &history {
            world.happens(happening);
        }
        world.quiet();
        let orphans: Vec<AllowanceId> =
            world.books.state.allowances.values().filter(|known| known.orphaned).map(|known| known.id).collect();
        prop_assert_eq!(orphans.len(), world.books.state.allowances.len(), "nothing else is open");

        // Before the bill is looked at, at least as much is counted as was billed, but for calls that cost more than was set aside.
        for scope in scopes() {
            let over: u64 = orphans
                .iter()
                .filter(|id| world.billed[id].0.scopes().contains(&scope))
                .map(|id| untold(&world, *id).saturating_sub(world.books.state.allowances[id].rest().0))
                .sum();
            prop_assert!(world.books.state.spent(&scope).0 + over >= world.billed_for(&scope), "{} lost money", scope);
        }
        // The bill says what was spent. Then every figure is right to the billionth.
        for id in orphans {
            let spent = NanoUsd(untold(&world, id));
            world.books.must(GatewayOrder::Reconcile { allowance: Some(id), spent });
        }
        for scope in scopes() {
            prop_assert_eq!(world.books.state.spent(&scope).0, world.billed_for(&scope), "{}", scope);
            prop_assert_eq!(world.books.state.held(&scope, "2026-03-04".parse().expect("a date")), NanoUsd(0));
        }
        let all: u64 = world.billed.values().map(|(_, nanos)| nanos).sum();
        prop_assert_eq!(world.books.state.total.charged.0, all);
        prop_assert_eq!(world.books.state.spent(&Scope::Day("2026-03-04".parse().expect("a date"))).0, all);
        prop_assert_eq!(world.books.folded(), world.books.state);
    }

    #[test]
    fn a_subtree_spends_at_most_its_cap_and_one_call_per_open_stream(history in happenings()) {
        let mut world = World::new();
        let subtree = Scope::Subtree(crate::books::agent(1));
        let mut lives = 1;
        for happening in &history {
            world.happens(happening);
            // A stream that is cut by a crash was open, too.
            lives += u64::from(matches!(happening, Happening::Crashes));
            let billed = world.billed_for(&subtree);
            let streams = AGENTS.len() as u64 * lives;
            prop_assert!(billed <= SUBTREE + streams * CALL_MAX, "{billed} of {SUBTREE} with {streams} streams");
        }
    }
}

#[test]
fn two_hundred_streams_at_the_cap_overspend_one_call_each_at_most() {
    let cap = 10 * NanoUsd::DOLLAR.0;
    let mut books = Books::new();
    books.budget("day", NanoUsd(cap));
    let open = |number: u128| GatewayOrder::OpenAllowance {
        allowance: allowance(number),
        payer: payer(number + 1, &[]),
        wanted: NanoUsd::DOLLAR,
        caps: Vec::new(),
        names: BTreeMap::new(),
    };
    // Each stream begins as soon as anything is left for it.
    let mut granted = Vec::new();
    for stream in 0..200 {
        match books.give(open(stream)) {
            Ok(GatewayAnswer::Granted(nanos)) => granted.push((stream, nanos.0)),
            Ok(other) => panic!("answered with {other:?}"),
            Err(refused) => assert_eq!(refused.kind, RefusalKind::Busy, "what is under way may cost less"),
        }
    }
    assert!((20..200).contains(&granted.len()), "{} streams share the cap", granted.len());
    assert_eq!(granted.iter().map(|(_, nanos)| nanos).sum::<u64>(), cap, "all of the budget can be used");
    // Each spends what it was granted, and then begins one more call: that one overspends.
    let calls = granted.iter().map(|(stream, nanos)| line(allowance(*stream), nanos + CALL_MAX)).collect();
    books.must(GatewayOrder::Settle { batch: Uuid::from_u128(1), calls });
    assert_eq!(books.state.total.charged.0, cap + granted.len() as u64 * CALL_MAX);
    for stream in 0..200 {
        assert_eq!(books.give(open(1_000 + stream)).expect_err("used up").kind, RefusalKind::Limit);
    }
}
