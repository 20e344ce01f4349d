//! A directory that knows one caller and one provider, and remembers what was settled.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use legion_gateway::{
    Agents, Allowance, Authorization, Betas, Call, Caller, ClosedLane, Dialect, Directory, KeySource, NoAllowance,
    NotEntered, NotReleased, Provider, Route, Settings, Target, Who,
};
use uuid::Uuid;

/// The token of the one caller.
pub const TOKEN: &str = "lgn_test-token-of-the-agent";
/// The model of sub-agents that are called `Explore`.
pub const SMALL_MODEL: &str = "claude-haiku-4-5";
/// The name of the one provider.
pub const PROVIDER: &str = "scripted";

/// What the gateway knows of the rest in these tests.
pub struct OneProvider {
    settings: Arc<Settings>,
    settled: Mutex<Vec<Call>>,
}

impl OneProvider {
    /// All calls go to the model `model` at `url`, in this dialect.
    pub fn new(dialect: Dialect, url: &str, model: &str) -> Self {
        let provider = Provider {
            name: PROVIDER.to_owned(),
            dialect,
            url: url.to_owned(),
            authorization: Authorization::Key(KeySource::Sealed),
            headers: BTreeMap::new(),
            betas: Betas::Forward,
            authorities: None,
            models: Vec::new(),
            prices: BTreeMap::new(),
            free: false,
        };
        let target = Target { provider: PROVIDER.to_owned(), model: Some(model.to_owned()) };
        let to = |agents, target| Route { who: Who::Default, agents, asked: None, target, fallbacks: Vec::new() };
        let small = Target { provider: PROVIDER.to_owned(), model: Some(SMALL_MODEL.to_owned()) };
        let routes = vec![to(Agents::All, target), to(Agents::SubAgent("Explore".to_owned()), small)];
        let settings = Settings {
            revision: 1,
            providers: BTreeMap::from([(PROVIDER.to_owned(), provider)]),
            routes,
            ..Settings::default()
        };
        Self { settings: Arc::new(settings), settled: Mutex::default() }
    }

    /// The calls that have come to their end.
    pub fn settled(&self) -> Vec<Call> {
        self.settled.lock().expect("nobody panics with it").clone()
    }
}

#[async_trait]
impl Directory for OneProvider {
    async fn caller(&self, token: &str) -> Option<Caller> {
        (token == TOKEN).then(|| Caller {
            agent: Some("a-1".to_owned()),
            run: Some("r-1".to_owned()),
            ..Caller::default()
        })
    }

    fn settings(&self) -> Arc<Settings> {
        self.settings.clone()
    }

    async fn allowance(&self, _caller: &Caller, nanos: u64) -> Result<Allowance, NoAllowance> {
        Ok(Allowance { id: Uuid::new_v4(), nanos })
    }

    async fn key_used(&self, _: &Caller, _: &str) -> Result<(), NotEntered> {
        Ok(())
    }

    fn settle(&self, call: Call) {
        self.settled.lock().expect("nobody panics with it").push(call);
    }

    async fn refused(&self, _by: Result<&Caller, Option<&str>>, _request: &str, _why: &str) {}

    async fn release(&self, _allowance: Uuid) -> Result<(), NotReleased> {
        Ok(())
    }

    fn lane_closed(&self, _closed: ClosedLane) {}

    fn lane_opened(&self, _provider: &str, _model: Option<&str>) {}
}
