//! Routes of which each names what its caller does by it. A route without a [`Verb`] cannot be written.

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use legion_model::authority::{Kind, Object, Verb, authorise, permits_anything};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::context::Shared;
use crate::fault::Result;
use crate::guard::{Caller, unauthorized};

/// Routes with their verbs.
pub(crate) struct Routes {
    router: OpenApiRouter<Shared>,
    verbs: Verbs,
}

/// The verb of each path and method (in small letters); `None` where it is open to everybody.
pub(crate) type Verbs = BTreeMap<(String, &'static str), Option<Verb>>;

impl Routes {
    pub(crate) fn new() -> Self {
        Self::from(OpenApiRouter::new())
    }

    /// Adds the methods of one path, by which a caller does `verb`.
    ///
    /// A caller that may do this to nothing is refused here. What it may do it to is asked by whoever knows the object: the decision
    /// for an order, the handler for a look.
    pub(crate) fn add(self, verb: Verb, (schemas, paths, methods): UtoipaMethodRouter<Shared>) -> Self {
        self.named(Some(verb), (schemas, paths, governed(verb, methods)))
    }

    /// Adds a path that is open to everybody.
    pub(crate) fn open(self, routes: UtoipaMethodRouter<Shared>) -> Self {
        self.named(None, routes)
    }

    fn named(mut self, verb: Option<Verb>, routes: UtoipaMethodRouter<Shared>) -> Self {
        for (path, item) in &routes.1.paths {
            self.verbs.extend(methods(item).into_iter().map(|method| ((path.clone(), method), verb)));
        }
        self.router = self.router.routes(routes);
        self
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.verbs.extend(other.verbs);
        self
    }

    pub(crate) fn into_router(self) -> OpenApiRouter<Shared> {
        self.router
    }

    /// The description of the routes, and their verbs.
    pub(crate) fn into_description(self) -> (OpenApi, Verbs) {
        (self.router.into_openapi(), self.verbs)
    }
}

impl From<OpenApiRouter<Shared>> for Routes {
    fn from(router: OpenApiRouter<Shared>) -> Self {
        Self { router, verbs: BTreeMap::new() }
    }
}

fn methods(item: &PathItem) -> Vec<&'static str> {
    let all = [
        ("get", &item.get),
        ("put", &item.put),
        ("post", &item.post),
        ("delete", &item.delete),
        ("patch", &item.patch),
        ("head", &item.head),
        ("options", &item.options),
        ("trace", &item.trace),
    ];
    all.into_iter().filter(|(_, operation)| operation.is_some()).map(|(method, _)| method).collect()
}

/// Lets only those through that may do `verb` to something.
pub(crate) fn governed(verb: Verb, methods: MethodRouter<Shared>) -> MethodRouter<Shared> {
    // Not only around routes: MCP answers every method by itself.
    methods.layer(from_fn(move |request: Request, next: Next| admit(verb, request, next)))
}

async fn admit(verb: Verb, request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let admitted = match (extensions.get::<Caller>().copied(), extensions.get::<Shared>().cloned()) {
        (Some(caller), Some(context)) => admitted(&context, caller, verb).await,
        // Only the guard says who calls: without it nobody is let in.
        _ => Err(unauthorized()),
    };
    match admitted {
        Ok(()) => next.run(request).await,
        Err(fault) => fault.into_response(),
    }
}

async fn admitted(context: &Shared, caller: Caller, verb: Verb) -> Result<()> {
    let Some((project, agent)) = caller.agent() else { return Ok(()) };
    if permits_anything(Kind::Agent, verb) {
        return Ok(());
    }
    let asked = context.engine.read(project, move |state| authorise(state, agent.into(), verb, Object::Project));
    Ok(asked.await??)
}
