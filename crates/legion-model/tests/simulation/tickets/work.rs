//! What work for tickets does in the repository and in the clones, and what agents do there.

use std::collections::BTreeSet;

use legion_model::tickets::{Evidence, GateSpec, GateVerdict, Item, PlaceKey, ProtectedChange, Ticket, Work};
use legion_model::{AgentId, AttemptId, Body, GateRunId, Outcome, TicketOrder};

use super::history::History;
use super::repository::{Checkout, Edit, Executed, FILES, Repository};

/// Where clones lie.
pub const CLONES: &str = "/work/";

impl History {
    /// Does a piece of work as the state says now. No answer when it is not wanted any more.
    pub fn effect(&mut self, work: &Work, takes_ms: u64) -> Option<TicketOrder> {
        let state = &self.service.as_ref()?.state;
        let open = |ticket, attempt: &AttemptId| state.board.by_attempt(ticket, *attempt).cloned();
        match work {
            Work::Prepare { ticket, attempt } => {
                let open = open(*ticket, attempt)?;
                self.prepare(&open)
            }
            Work::PrepareReview { ticket, attempt, step } => {
                let open = open(*ticket, attempt)?;
                self.prepare_review(&open, *step)
            }
            Work::Collect { ticket, attempt } => {
                let open = open(*ticket, attempt)?;
                self.collect(&open)
            }
            Work::Build { .. } => self.build(work),
            Work::Gate { session, landing, run } => {
                let open = state.board.sessions.get(session)?.landing.as_ref().filter(|open| open.id == *landing)?;
                let (built, gate) = (open.built.clone()?, open.run.as_ref().filter(|r| r.id == *run)?.gate.clone());
                let verdict = self.run_gate(*run, &gate, &built.tree);
                Some(TicketOrder::GateEnded {
                    session: session.clone(),
                    landing: *landing,
                    run: *run,
                    verdict,
                    exit_code: (verdict == GateVerdict::Failed).then_some(1),
                    ms: takes_ms,
                    log: Body::from("3 tests failed"),
                })
            }
            Work::Move { .. } => self.move_target(work),
            Work::Rescue { place } => {
                let place = place.clone();
                Some(self.rescue(place))
            }
            Work::Remove { place } => {
                let place = place.clone();
                self.remove(place)
            }
        }
    }

    fn prepare(&mut self, ticket: &Ticket) -> Option<TicketOrder> {
        let attempt = ticket.attempt()?;
        if attempt.stage != legion_model::tickets::Stage::Preparing {
            return None;
        }
        let key = attempt.place.clone()?;
        let tip = self.repository.targets.get(&ticket.session)?.clone();
        let name = key.as_str().to_owned();
        if attempt.fresh {
            if let Some(lost) = self.unsecured(&name) {
                self.violate(format!("the clone {key} is made anew and loses {lost:?}"));
                return None;
            }
            let tree = self.repository.tree(&tip).clone();
            self.checkouts.insert(name.clone(), Checkout { base: tip.clone(), tree, conflict: None });
        }
        let fork = |head: &String, repository: &Repository| {
            (repository.commits[head].parents[0].clone(), repository.tree(head).clone())
        };
        if let Some(head) = ticket.last_head.as_ref().filter(|_| attempt.resolver) {
            let (base, tree) = fork(head, &self.repository);
            self.checkouts.insert(name.clone(), Checkout { base, tree, conflict: None });
        }
        let checkout = self.checkouts.get_mut(&name)?;
        let (base, target) = (self.repository.tree(&checkout.base), self.repository.tree(&tip));
        match Repository::merge(base, &checkout.tree, target) {
            Ok(tree) => {
                checkout.tree = tree;
                checkout.base.clone_from(&tip);
                checkout.conflict = None;
            }
            Err(_) => checkout.conflict = Some(tip.clone()),
        }
        Some(TicketOrder::Prepared {
            ticket: ticket.id,
            attempt: attempt.id,
            base: tip,
            dir: format!("{CLONES}{key}"),
            assignment: Body::from("do it"),
            bytes: 5,
        })
    }

    fn prepare_review(&mut self, ticket: &Ticket, step: u32) -> Option<TicketOrder> {
        let attempt = ticket.attempt()?;
        let review = attempt.open_review().filter(|review| review.step == step && !review.prepared)?;
        let head = attempt.evidence.as_ref()?.head.clone();
        let tree = self.repository.tree(&head).clone();
        let key = review.place.clone();
        self.checkouts.insert(key.as_str().to_owned(), Checkout { base: head, tree, conflict: None });
        Some(TicketOrder::ReviewPrepared {
            ticket: ticket.id,
            attempt: attempt.id,
            step,
            dir: format!("{CLONES}{key}"),
            assignment: Body::from("look at it"),
            bytes: 10,
        })
    }

    fn collect(&mut self, ticket: &Ticket) -> Option<TicketOrder> {
        let attempt = ticket.attempt()?;
        let checkout = self.checkouts.get(attempt.place.as_ref()?.as_str())?;
        let (base, tree) = (checkout.base.clone(), checkout.tree.clone());
        let changed = tree != *self.repository.tree(&base);
        self.repository.secured.extend(Repository::edits(&tree));
        let name = Repository::tree_name(&tree);
        let head = if changed { self.repository.commit(vec![base], tree) } else { base };
        self.repository.collected.insert((attempt.id, head.clone()));
        let mut protected = BTreeSet::new();
        if changed && self.random.chance(self.habits.protected) {
            protected.insert(ProtectedChange { path: "ci.yml".to_owned(), object: Some(head.clone()) });
        }
        Some(TicketOrder::Collected {
            ticket: ticket.id,
            attempt: attempt.id,
            evidence: Box::new(Evidence {
                head,
                tree: name,
                commits: u32::from(changed),
                changed,
                auto_committed: self.random.chance(30),
                files: 1,
                insertions: 1,
                deletions: 0,
                protected,
                notes: Vec::new(),
            }),
        })
    }

    fn build(&mut self, work: &Work) -> Option<TicketOrder> {
        let Work::Build { session, landing } = work else { return None };
        let board = &self.service.as_ref()?.state.board;
        let open = board.sessions.get(session)?.landing.as_ref().filter(|open| open.id == *landing)?;
        let onto = open.onto.clone();
        let head = match &open.item {
            Item::Attempt { ticket, attempt } => {
                let evidence = board.by_attempt(*ticket, *attempt)?.attempt()?.evidence.as_ref();
                evidence.filter(|evidence| evidence.changed).map(|evidence| evidence.head.clone())
            }
            Item::Import { commit, .. } => Some(commit.clone()),
        };
        let head = match self.bug {
            // The newest work in the repository, whoever did it.
            Some(bug) if bug.merges_anything() && head.is_some() => self.repository.newest_head().or(head),
            _ => head,
        };
        let ours = self.repository.tree(&onto).clone();
        let (commit, tree) = match head {
            None => (onto, ours),
            Some(head) => {
                let base = self.repository.commits[&head].parents[0].clone();
                match Repository::merge(self.repository.tree(&base), &ours, self.repository.tree(&head)) {
                    Ok(tree) => (self.repository.commit(vec![onto, head], tree.clone()), tree),
                    Err(files) => {
                        return Some(TicketOrder::Conflicted {
                            session: session.clone(),
                            landing: *landing,
                            files: files.iter().map(|file| format!("f{file}.rs")).collect(),
                            detail: Body::from("<<<<<<<"),
                        });
                    }
                }
            }
        };
        let target_gates = if self.random.chance(self.habits.slow) { vec![gate("target")] } else { Vec::new() };
        Some(TicketOrder::Built {
            session: session.clone(),
            landing: *landing,
            commit,
            tree: Repository::tree_name(&tree),
            target_gates,
        })
    }

    fn run_gate(&mut self, run: GateRunId, gate: &GateSpec, tree: &str) -> GateVerdict {
        let hash = tree.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let lost = self.habits.gates_lost;
        let verdict = match gate.command.as_str() {
            _ if self.fault(lost) => GateVerdict::Lost,
            "picky" if hash % 4 == 0 => GateVerdict::Failed,
            "flaky" if self.random.chance(35) => GateVerdict::Failed,
            "slow" if hash % 5 == 0 => GateVerdict::TimedOut,
            // Somebody installs it, in the end.
            "missing" if !self.is_calm() && self.mono_ms < self.people.installed_ms => GateVerdict::NotFound,
            _ => GateVerdict::Passed,
        };
        let executed = Executed { gate: gate.id(), verdict };
        self.repository.executed.insert(run, (tree.to_owned(), executed));
        verdict
    }

    fn move_target(&mut self, work: &Work) -> Option<TicketOrder> {
        let Work::Move { session, landing } = work else { return None };
        let known = self.service.as_ref()?.state.board.sessions.get(session)?;
        let open = known.landing.as_ref().filter(|open| open.id == *landing)?;
        let (onto, commit) = (open.onto.clone(), open.built.as_ref()?.commit.clone());
        let at = self.repository.targets.get(session)?.clone();
        if at == onto || at == commit {
            if at != commit {
                if let Some(red) = self.audit.red(session, *landing, &commit) {
                    self.violate(format!("the target of {session} is moved to {commit}: {red}"));
                }
                self.repository.targets.insert(session.clone(), commit.clone());
                self.repository.moves.push((session.clone(), commit));
            }
            return Some(TicketOrder::Moved { session: session.clone(), landing: *landing });
        }
        Some(TicketOrder::Foreign { session: session.clone(), landing: *landing, at })
    }

    fn rescue(&mut self, place: PlaceKey) -> TicketOrder {
        let skips = self.bug.is_some_and(|bug| bug.skips_rescue());
        let held = self.checkouts.get(place.as_str()).map(|checkout| Repository::edits(&checkout.tree));
        let reference = held.as_ref().map(|_| format!("refs/rescue/{place}"));
        if !skips {
            self.repository.secured.extend(held.into_iter().flatten());
        }
        TicketOrder::Rescued { place, commit: reference.as_ref().map(|_| "rescue".to_owned()), reference }
    }

    fn remove(&mut self, place: PlaceKey) -> Option<TicketOrder> {
        let name = place.as_str();
        if let Some(lost) = self.unsecured(name) {
            self.violate(format!("the clone {place} is removed with {lost:?}"));
            return None;
        }
        let dir = format!("{CLONES}{name}");
        if let Some((process, _)) = self.programs.iter().find(|(_, program)| program.alive && program.cwd == dir) {
            let process = *process;
            self.violate(format!("the clone {place} is removed and {process} works in it"));
            return None;
        }
        self.checkouts.remove(name);
        Some(TicketOrder::Removed { place })
    }

    /// An edit of a clone that is held nowhere else.
    fn unsecured(&self, place: &str) -> Option<Edit> {
        let checkout = self.checkouts.get(place)?;
        Repository::edits(&checkout.tree).into_iter().find(|edit| !self.repository.secured.contains(edit))
    }

    // --- What agents do ---------------------------------------------------------------------------------------------------

    /// An agent works: it edits, hires, reports. `ends` when it comes to the end of its turn.
    pub fn agent_works(&mut self, agent: AgentId, cwd: &str, ends: bool) -> (Outcome, Option<String>) {
        let post = self.audit.posts.get(&agent).copied();
        if let Some(place) = cwd.strip_prefix(CLONES) {
            self.edit(place, post.is_some_and(|(_, review)| review.is_some()));
        }
        if !ends {
            return (Outcome::Interrupted, None);
        }
        let (fails, subs) = (self.habits.fails, self.habits.subs);
        match post {
            Some((_, None)) => {
                if self.fault(subs) {
                    self.hire_below(agent);
                }
                if self.random.chance(self.habits.not_done) {
                    self.agent_reports(agent, false);
                } else if self.random.chance(50) {
                    self.agent_reports(agent, true);
                }
            }
            Some((_, Some(_))) if !self.random.chance(self.habits.silent) => {
                let rejects = self.random.chance(self.habits.rejects);
                self.agent_reports(agent, !rejects);
            }
            Some((_, Some(_))) | None => {}
        }
        if self.fault(fails) {
            let error = *self
                .random
                .pick(&[
                    "API Error: 529 overloaded",
                    "usage limit reached",
                    "invalid api key",
                    "something",
                    "connection reset",
                ])
                .expect("not empty");
            return (Outcome::Failed, Some(error.to_owned()));
        }
        (Outcome::Completed, None)
    }

    fn edit(&mut self, place: &str, reviews: bool) {
        let number: Option<u32> =
            place.split('/').nth(1).and_then(|part| part.strip_prefix('t')).and_then(|number| number.parse().ok());
        let Some(number) = number else { return };
        let files = self.audit.files_of(number);
        let idle = self.random.chance(self.habits.idle_agents) || (reviews && self.random.chance(70));
        let count = if idle { 0 } else { self.random.between(1, 3) };
        let unresolved = self.random.chance(self.habits.unresolved);
        if !self.checkouts.contains_key(place) {
            if count > 0 {
                self.violate(format!("somebody works in {place}, which is not there"));
            }
            return;
        }
        let mut edits = Vec::new();
        for _ in 0..count {
            self.edits += 1;
            let file = match self.random.pick(&files).copied() {
                Some(file) if self.random.chance(85) => file,
                _ => self.random.below(u64::from(FILES)) as u8,
            };
            // What a reviewer changes belongs to nobody's ticket.
            let ticket = if reviews { number + 10_000 } else { number };
            edits.push((file, Edit { ticket, number: self.edits }));
        }
        let checkout = self.checkouts.get_mut(place).expect("it is there");
        if let Some(tip) = checkout.conflict.clone().filter(|_| !unresolved && count > 0) {
            let (base, target) = (self.repository.tree(&checkout.base), self.repository.tree(&tip));
            checkout.tree = Repository::resolve(base, &checkout.tree, target);
            checkout.base = tip;
            checkout.conflict = None;
        }
        for (file, edit) in edits {
            checkout.tree.entry(file).or_default().push(edit);
        }
    }
}

/// A gate that passes, or fails, in the way of its command.
pub fn gate(command: &str) -> GateSpec {
    GateSpec { name: command.to_owned(), command: command.to_owned(), timeout_s: 60 }
}
