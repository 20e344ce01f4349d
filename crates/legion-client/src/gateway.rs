//! The gateway for model calls.

use std::time::Duration;

use http::Method;
use legion_api::paths;
use legion_api::{
    BudgetFor, BudgetList, BudgetRequest, CassetteList, CassetteMode, Cost, GatewayUrls, ModelList, PriceList,
    PricesUpdateRequest, PricesUpdated, Provider, ProviderList, ProviderRequest, ProviderTest, ReconcileRequest,
    Reconciled, Route, RouteFor, RouteList,
};

use crate::call::Call;
use crate::{ClientError, ProjectClient};

/// The service gives up fetching before.
const UPDATE_TIMEOUT: Duration = Duration::from_secs(90);

impl ProjectClient {
    /// Returns all providers, by name.
    pub async fn providers(&self) -> Result<ProviderList, ClientError> {
        self.client.call(&Call::get(self.path(paths::PROVIDERS))).await?.read()
    }

    /// Makes or replaces a provider.
    pub async fn set_provider(&self, name: &str, request: &ProviderRequest) -> Result<Provider, ClientError> {
        let call = Call::change(Method::PUT, self.path_of(paths::PROVIDER, name), None)?;
        self.client.call(&call.json(request)?).await?.read()
    }

    /// Removes a provider and its key.
    pub async fn remove_provider(&self, name: &str) -> Result<(), ClientError> {
        let call = Call::change(Method::DELETE, self.path_of(paths::PROVIDER, name), None)?;
        self.client.call(&call).await?.read_some::<serde_json::Value>().map(|_| ())
    }

    /// Asks a provider for its models.
    pub async fn test_provider(&self, name: &str) -> Result<ProviderTest, ClientError> {
        let call = Call::change(Method::POST, self.path_of(paths::PROVIDER_TEST, name), None)?;
        self.client.call(&call).await?.read()
    }

    /// Returns the models that can be asked for.
    pub async fn models(&self) -> Result<ModelList, ClientError> {
        self.client.call(&Call::get(self.path(paths::MODELS))).await?.read()
    }

    /// Returns what is known of prices: of a provider, of models whose name holds a text, or of all.
    pub async fn prices(&self, provider: Option<&str>, model: Option<&str>) -> Result<PriceList, ClientError> {
        let path = self.path(paths::PRICES).with_some("provider", provider).with_some("model", model);
        self.client.call(&Call::get(path)).await?.read()
    }

    /// Takes a new table of prices.
    pub async fn update_prices(&self, request: &PricesUpdateRequest) -> Result<PricesUpdated, ClientError> {
        let call = Call::change(Method::POST, self.path(paths::PRICES_UPDATE), None)?;
        self.client.call(&call.json(request)?.within(UPDATE_TIMEOUT)).await?.read()
    }

    /// Returns the matrix of routes.
    pub async fn routes(&self) -> Result<RouteList, ClientError> {
        self.client.call(&Call::get(self.path(paths::ROUTES))).await?.read()
    }

    /// Makes or replaces a route.
    pub async fn set_route(&self, route: &Route) -> Result<Route, ClientError> {
        let call = Call::change(Method::PUT, self.path(paths::ROUTES), None)?;
        self.client.call(&call.json(route)?).await?.read()
    }

    /// Removes a route.
    pub async fn remove_route(&self, who: &RouteFor) -> Result<(), ClientError> {
        let call = Call::change(Method::POST, self.path(paths::ROUTES_REMOVE), None)?;
        self.client.call(&call.json(who)?).await?.read_some::<serde_json::Value>().map(|_| ())
    }

    /// Returns the budgets, and what services that died left open.
    pub async fn budgets(&self) -> Result<BudgetList, ClientError> {
        self.client.call(&Call::get(self.path(paths::BUDGETS))).await?.read()
    }

    /// Sets a budget.
    pub async fn set_budget(&self, request: &BudgetRequest) -> Result<(), ClientError> {
        let call = Call::change(Method::PUT, self.path(paths::BUDGETS), None)?;
        self.client.call(&call.json(request)?).await?.read_some::<serde_json::Value>().map(|_| ())
    }

    /// Removes a budget.
    pub async fn remove_budget(&self, of: &BudgetFor) -> Result<(), ClientError> {
        let call = Call::change(Method::POST, self.path(paths::BUDGETS_REMOVE), None)?;
        self.client.call(&call.json(of)?).await?.read_some::<serde_json::Value>().map(|_| ())
    }

    /// Says what was spent of allowances that a service left open.
    pub async fn reconcile(&self, request: &ReconcileRequest) -> Result<Reconciled, ClientError> {
        let call = Call::change(Method::POST, self.path(paths::BUDGETS_RECONCILE), None)?;
        self.client.call(&call.json(request)?).await?.read()
    }

    /// Returns what was spent: by `agent`, `ticket`, `model` or `day`.
    pub async fn cost(&self, by: &str) -> Result<Cost, ClientError> {
        self.client.call(&Call::get(self.path(paths::COST).with("by", by))).await?.read()
    }

    /// Returns the gateway's base URLs for an agent, or for the caller.
    pub async fn gateway_urls(&self, agent: Option<&str>) -> Result<GatewayUrls, ClientError> {
        let path = self.path(paths::GATEWAY_URL);
        let path = match agent {
            Some(agent) => path.with("agent", agent),
            None => path,
        };
        self.client.call(&Call::get(path)).await?.read()
    }

    /// Returns the cassettes, and whether calls are recorded or replayed now.
    pub async fn cassettes(&self) -> Result<CassetteList, ClientError> {
        self.client.call(&Call::get(self.path(paths::CASSETTES))).await?.read()
    }

    /// Begins or ends to record or replay.
    pub async fn set_cassette(&self, mode: &CassetteMode) -> Result<CassetteMode, ClientError> {
        let call = Call::change(Method::PUT, self.path(paths::CASSETTES), None)?;
        self.client.call(&call.json(mode)?).await?.read()
    }
}
