//! The gateway between a client and the scripted model server.

use std::sync::Arc;
use std::time::Duration;

use legion_gateway::{Call, Dialect, Gateway, Options, Origin};
use legion_runtime::{Environment, Share, SystemClock, TaskScope};
use legion_testkit::model_server::{self, ModelRequest};
use legion_testkit::{ModelServer, TestDir, until};

use crate::directory::{OneProvider, PROVIDER, TOKEN};

/// The real key; only the provider may see it.
const KEY: &str = "sk-the-real-key-of-the-provider";
/// Enough for what takes a moment, on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(20);

/// A gateway with one provider behind it.
pub struct Through {
    pub server: ModelServer,
    pub directory: TestDir,
    upstream: Dialect,
    facts: Arc<OneProvider>,
    base: String,
    _tasks: TaskScope,
}

impl Through {
    /// Starts both; the provider speaks `upstream`.
    pub async fn start(upstream: Dialect) -> Self {
        let server = ModelServer::start().await;
        let directory = TestDir::outside_tmp();
        // None of them is the model that a client asks for.
        let (url, model) = match upstream {
            Dialect::Anthropic => (server.url(), "claude-opus-4-5"),
            Dialect::Chat => (server.openai_url(), "gpt-oss-120b"),
            Dialect::Responses => (server.openai_url(), "gpt-5.2"),
        };
        let facts = Arc::new(OneProvider::new(upstream, &url, model));
        let tasks = TaskScope::new();
        let options = Options {
            clock: Arc::new(SystemClock::new()),
            tasks: tasks.clone(),
            data_dir: directory.path().join("gateway"),
            environment: Arc::new(Environment::from_pairs([])),
            share: Share::default(),
        };
        let gateway = Gateway::new(facts.clone(), options).expect("starts");
        gateway.secrets().set(PROVIDER, &Origin::of(&url).expect("an address"), KEY).expect("is kept");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("the loopback has a free port");
        let base = format!("http://{}/gateway/{TOKEN}", listener.local_addr().expect("is bound"));
        // Ends with the runtime of the test.
        tokio::spawn(axum::serve(listener, gateway.router()).into_future());
        Self { server, directory, upstream, facts, base, _tasks: tasks }
    }

    /// The base URL for clients of Anthropic.
    pub fn anthropic_url(&self) -> String {
        format!("{}/anthropic", self.base)
    }

    /// The base URL for clients of OpenAI.
    pub fn openai_url(&self) -> String {
        format!("{}/openai/v1", self.base)
    }

    /// The calls with tools that the provider got, each in its own dialect and with its own key only.
    pub fn received(&self) -> Vec<Arc<ModelRequest>> {
        let requests = self.server.requests();
        for request in &requests {
            let dialect = match request.dialect {
                model_server::Dialect::Anthropic => Dialect::Anthropic,
                model_server::Dialect::Chat => Dialect::Chat,
                model_server::Dialect::Responses => Dialect::Responses,
            };
            assert_eq!(dialect, self.upstream, "{}", self.server.dump());
            let (key, bearer) = (request.header("x-api-key"), request.header("authorization"));
            match dialect {
                Dialect::Anthropic => assert_eq!((key, bearer), (Some(KEY), None)),
                _ => assert_eq!((key, bearer), (None, Some(format!("Bearer {KEY}").as_str()))),
            }
            let all = format!("{:?}", request.headers);
            assert!(!all.contains(TOKEN) && !all.contains("dummy-key"), "{all}");
        }
        requests.into_iter().filter(|request| !request.tools.is_empty()).collect()
    }

    /// Waits until the program has sent this result of a tool and is given the answer to it, and nothing else is under way.
    pub async fn until_streaming(&self, deadline: Duration, result: &str) {
        let sent = |requests: &[Arc<ModelRequest>]| {
            let has = |request: &Arc<ModelRequest>| request.tool_results().iter().any(|text| text.contains(result));
            requests.iter().any(has).then_some(())
        };
        self.server.until(deadline, "the call after the tool", sent).await;
        until(DEADLINE, "all other calls to be settled", async || {
            let (settled, sent) = (self.facts.settled(), self.server.requests().len());
            if settled.len() + 1 == sent { Ok(()) } else { Err(format!("{} of {sent}", settled.len())) }
        })
        .await
    }

    /// Waits until every call that the provider got is settled, and returns them.
    pub async fn settled(&self) -> Vec<Call> {
        until(DEADLINE, "the calls to be settled", async || {
            let (settled, sent) = (self.facts.settled(), self.server.requests().len());
            if settled.len() == sent { Ok(settled) } else { Err(format!("{} of {sent}", settled.len())) }
        })
        .await
    }
}
