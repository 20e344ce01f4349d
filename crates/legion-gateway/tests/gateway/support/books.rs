//! A directory in memory, with one budget.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use legion_gateway::{Allowance, Call, Caller, ClosedLane, Directory, NoAllowance, NotEntered, NotReleased, Settings};
use uuid::Uuid;

#[derive(Default)]
pub struct Books {
    inner: Mutex<Inner>,
}

#[derive(Default)]
pub struct Inner {
    pub settings: Arc<Settings>,
    /// Nano-dollars for everybody together. None: any number.
    pub limit: Option<u64>,
    /// What the next who ask for money are told.
    pub refusals: Vec<NoAllowance>,
    open: Vec<Allowance>,
    charged: u64,
    pub calls: Vec<Call>,
    pub asked: usize,
    pub released: Vec<Uuid>,
    /// So many times from now on nothing can be given back.
    pub releases_fail: usize,
    pub lanes: Vec<String>,
    /// Who was refused what, and why.
    pub refused: Vec<String>,
    /// Whose calls took the key of which provider.
    pub keys_used: Vec<String>,
    /// Nothing can be entered in the audit.
    pub audit_fails: bool,
    /// The only models that agents may ask for.
    pub models: Option<BTreeSet<String>>,
}

impl Books {
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("whole")
    }

    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        let mut inner = self.lock();
        let mut settings = (*inner.settings).clone();
        change(&mut settings);
        settings.revision += 1;
        inner.settings = Arc::new(settings);
    }

    /// Nano-dollars that were charged.
    pub fn spent(&self) -> u64 {
        self.lock().charged
    }

    pub fn open_allowances(&self) -> usize {
        self.lock().open.len()
    }
}

#[async_trait]
impl Directory for Books {
    async fn caller(&self, token: &str) -> Option<Caller> {
        let agent = token.strip_prefix("lgn_agent_")?;
        let some = |text: &str| Some(text.to_owned());
        Some(Caller {
            agent: some(agent),
            run: some("r1"),
            project: some("p"),
            role: some("coder"),
            models: self.lock().models.clone(),
            ..Caller::default()
        })
    }

    async fn refused(&self, by: Result<&Caller, Option<&str>>, request: &str, why: &str) {
        let by = match by {
            Ok(caller) => caller.agent.as_deref().unwrap_or("person"),
            Err(token) => token.unwrap_or("nobody"),
        };
        self.lock().refused.push(format!("{by} {request}: {why}"));
    }

    fn settings(&self) -> Arc<Settings> {
        self.lock().settings.clone()
    }

    async fn allowance(&self, _: &Caller, nanos: u64) -> Result<Allowance, NoAllowance> {
        let mut inner = self.lock();
        if let Some(refusal) = inner.refusals.pop() {
            return Err(refusal);
        }
        inner.asked += 1;
        let held: u64 = inner.open.iter().map(|open| open.nanos).sum();
        let left = inner.limit.map_or(u64::MAX, |limit| limit.saturating_sub(inner.charged).saturating_sub(held));
        if left == 0 && nanos > 0 {
            let message = "ticket t-1 has spent its budget of 1 dollar".to_owned();
            return Err(NoAllowance::OverBudget { scope: "ticket t-1".to_owned(), message });
        }
        let allowance = Allowance { id: Uuid::from_u128(inner.asked as u128), nanos: nanos.min(left) };
        inner.open.push(allowance);
        Ok(allowance)
    }

    async fn key_used(&self, caller: &Caller, provider: &str) -> Result<(), NotEntered> {
        let mut inner = self.lock();
        if inner.audit_fails {
            return Err(NotEntered);
        }
        inner.keys_used.push(format!("{} {provider}", caller.agent.as_deref().unwrap_or("person")));
        Ok(())
    }

    fn settle(&self, call: Call) {
        let mut inner = self.lock();
        inner.charged += call.charged_nanos;
        let allowance = inner.open.iter_mut().find(|open| open.id == call.allowance);
        let allowance = allowance.expect("a call is charged to an open allowance");
        allowance.nanos = allowance.nanos.saturating_sub(call.charged_nanos);
        inner.calls.push(call);
    }

    async fn release(&self, allowance: Uuid) -> Result<(), NotReleased> {
        let mut inner = self.lock();
        if inner.releases_fail > 0 {
            inner.releases_fail -= 1;
            return Err(NotReleased);
        }
        let before = inner.open.len();
        inner.open.retain(|open| open.id != allowance);
        assert_eq!(inner.open.len() + 1, before, "an allowance is released once");
        inner.released.push(allowance);
        Ok(())
    }

    fn lane_closed(&self, closed: ClosedLane) {
        let ClosedLane { provider, model, until, class, why } = closed;
        let model = model.unwrap_or_else(|| "*".to_owned());
        self.lock().lanes.push(format!("closed {provider}/{model} {} {until} {why}", class.name()));
    }

    fn lane_opened(&self, provider: &str, model: Option<&str>) {
        self.lock().lanes.push(format!("opened {provider}/{}", model.unwrap_or("*")));
    }
}
