//! The OpenAPI document: gathered from the routes, so that it cannot say anything else.

use legion_api::Problem;
use legion_model::authority::{Kind, Verb, permits_anything};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{HttpMethod, Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, Required,
    ResponseBuilder,
    schema::{SchemaType, Type},
};
use utoipa::{PartialSchema, ToSchema};

use crate::governed::Verbs;

const TOKEN: &str = "token";
/// Who may call an operation at all: `members`, or the `person`.
const CALLERS: &str = "x-callers";

/// The document as pretty JSON, in an order that does not change.
pub fn openapi() -> String {
    let (mut document, verbs) = crate::router::all().into_description();
    finish(&mut document, &verbs);
    let mut text = serde_json::to_string_pretty(&document).expect("the document is plain data");
    text.push('\n');
    text
}

/// What does not come from the routes.
pub(crate) fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Legion")
        .version("v1")
        .description(Some(
            "Many coding agents as one organisation. Every answer with a status of 400 and more is a problem (RFC 9457). \
             An `{id}` of an agent is its UUID, at least 4 characters of its beginning, or its name.",
        ))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build()))
        .build();
    OpenApiBuilder::new().info(info).build()
}

/// Adds to each operation what all of them have: the token, the idempotency key, and problems.
fn finish(document: &mut OpenApi, verbs: &Verbs) {
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme(TOKEN, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    let mut more = Vec::new();
    Problem::schemas(&mut more);
    components.schemas.extend(more);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            if let Some(verb) = verb(verbs, path, &method) {
                operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(TOKEN, [])]);
                let callers = if permits_anything(Kind::Agent, verb) { "members" } else { "person" };
                operation.extensions = Some(Extensions::builder().add(CALLERS, callers).build());
            }
            if method != HttpMethod::Get {
                operation.parameters.get_or_insert_default().push(idempotency_key().into());
            }
            let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
            let response =
                ResponseBuilder::new().description("A problem").content("application/problem+json", problem).build();
            operation.responses.responses.insert("default".to_owned(), response.into());
        }
    }
}

/// What a caller does by an operation; `None` where it is open to everybody.
fn verb(verbs: &Verbs, path: &str, method: &HttpMethod) -> Option<Verb> {
    let word = match method {
        HttpMethod::Get => "get",
        HttpMethod::Put => "put",
        HttpMethod::Post => "post",
        HttpMethod::Delete => "delete",
        HttpMethod::Patch => "patch",
        HttpMethod::Head => "head",
        HttpMethod::Options => "options",
        HttpMethod::Trace => "trace",
    };
    verbs.iter().find(|((known, of), _)| known == path && *of == word).and_then(|(_, verb)| *verb)
}

fn operations(item: &mut PathItem) -> Vec<(HttpMethod, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [
        (HttpMethod::Get, get),
        (HttpMethod::Put, put),
        (HttpMethod::Post, post),
        (HttpMethod::Delete, delete),
        (HttpMethod::Patch, patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?))).collect()
}

fn idempotency_key() -> utoipa::openapi::path::Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("1 to 128 visible ASCII characters. A repeated call with the same key is done once and gets the same answer."))
        .schema(Some(ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).max_length(Some(128)).build()))
        .build()
}
