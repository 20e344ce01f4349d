//! Between the protocol's kit and the tools, resources and prompts.

use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use legion_api::ProblemCode;
use legion_client::{ClientError, Patience};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, Implementation, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, Prompt, PromptArgument, PromptMessage, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, Resource, ResourceContents, ResourceTemplate, Role, ServerCapabilities,
    ServerConfig, Tool as WireTool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::Value;
use uuid::Uuid;

use crate::answer::ToolError;
use crate::key::{Call, Key};
use crate::resources::{self, ReadError};
use crate::tools::{Definition, Effect, Tool};
use crate::{Caller, prompts};

/// What Claude Code calls one use of a tool.
const TOOL_USE_ID: &str = "claudecode/toolUseId";
/// Clients list resources as they start: a service that is away must not hold them up.
const LIST_TIMEOUT: Duration = Duration::from_secs(2);

/// Makes the caller of one HTTP request.
pub(crate) type MakeCaller = Arc<dyn Fn(&Parts) -> Caller + Send + Sync>;

/// Whose calls a handler makes.
#[derive(Clone)]
pub(crate) enum Source {
    /// One caller for the whole session.
    Session(Caller),
    /// Each request brings its own.
    Request(MakeCaller),
}

/// Answers the requests of one MCP session.
#[derive(Clone)]
pub(crate) struct Handler {
    source: Source,
    session: Uuid,
}

impl Handler {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, session: Uuid::new_v4() }
    }

    fn caller(&self, context: &RequestContext<RoleServer>) -> Result<Caller, ErrorData> {
        match &self.source {
            Source::Session(caller) => Ok(caller.clone()),
            Source::Request(make) => match context.extensions.get::<Parts>() {
                Some(parts) => Ok(make(parts)),
                None => Err(ErrorData::internal_error("the request came without its head", None)),
            },
        }
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().enable_prompts().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("legion", env!("CARGO_PKG_VERSION")).with_title("Legion"))
            .with_instructions(prompts::INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(Tool::ALL.into_iter().map(|tool| wire_tool(tool.definition())).collect()))
    }

    fn get_tool(&self, name: &str) -> Option<WireTool> {
        Tool::find(name).map(|tool| wire_tool(tool.definition()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = Tool::find(&request.name) else {
            return Err(ErrorData::invalid_params(format!("there is no tool `{}`", request.name), None));
        };
        let caller = self.caller(&context)?;
        let arguments = request.arguments.unwrap_or_default();
        let key = Key::of(Call {
            caller: &caller.id,
            tool: tool.name(),
            arguments: &arguments,
            tool_use: context.meta.0.0.get(TOOL_USE_ID).and_then(Value::as_str),
            session: self.session,
            request: &context.id.to_string(),
        });
        let result = tokio::select! {
            biased; // what was taken back is not asked for again
            () = context.ct.cancelled() => Err(ToolError::Cancelled),
            result = tool.run(&caller, key, arguments) => result,
        };
        Ok(match result {
            Ok(answer) => CallToolResult::structured(answer),
            Err(error) => CallToolResult::structured_error(error.to_json()),
        }
        .into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let mut caller = self.caller(&context)?;
        caller.client = caller.client.with_patience(Patience::NONE).with_call_timeout(LIST_TIMEOUT);
        let mut listed = vec![
            Resource::new(resources::AGENTS, "agents")
                .with_title("Your organisation")
                .with_description("Everything below you, as a tree.")
                .with_mime_type(resources::JSON),
            Resource::new(resources::TICKETS, "tickets")
                .with_title("Tickets")
                .with_description("All tickets of the project.")
                .with_mime_type(resources::JSON),
        ];
        // Without the service the list is what is always there.
        for report in resources::reports(&caller).await.unwrap_or_default() {
            listed.push(
                Resource::new(resources::agent_uri(&report.id), report.name)
                    .with_description(report.role.unwrap_or_else(|| "One of your agents.".to_owned()))
                    .with_mime_type(resources::JSON),
            );
        }
        Ok(ListResourcesResult::with_all_items(listed))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = |uri: &str, name: &str, description: &str, kind: &str| {
            ResourceTemplate::new(uri, name).with_description(description).with_mime_type(kind)
        };
        Ok(ListResourceTemplatesResult::with_all_items(vec![
            template(resources::AGENT, "agent", "One agent: state, run, limits, cost.", resources::JSON),
            template(resources::LOGS, "agent-logs", "The last lines that an agent wrote.", resources::TEXT),
            template(
                resources::TICKET,
                "ticket",
                "One ticket: text, attempts, verdicts, who moves it.",
                resources::JSON,
            ),
            template(
                resources::TICKET_DIFF,
                "ticket-diff",
                "What one ticket changes, as a unified diff.",
                resources::TEXT,
            ),
            template(resources::TICKET_LOG, "ticket-log", "What the agent of one ticket wrote last.", resources::TEXT),
            template(resources::MESSAGE, "message", "One message in full, with its delivery state.", resources::JSON),
        ]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let caller = self.caller(&context)?;
        let content =
            resources::read(&caller, &request.uri).await.map_err(|error| resource_error(&request.uri, error))?;
        let contents = ResourceContents::text(content.text, request.uri).with_mime_type(content.kind);
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let wire = |prompt: &prompts::Prompt| {
            let argument = PromptArgument::new(prompt.argument)
                .with_description(prompt.argument_description)
                .with_required(prompt.argument_required);
            Prompt::new(prompt.name, Some(prompt.description), Some(vec![argument])).with_title(prompt.title)
        };
        Ok(ListPromptsResult::with_all_items(prompts::ALL.iter().map(wire).collect()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let text = prompts::text(&request.name, &request.arguments.unwrap_or_default())
            .map_err(|what| ErrorData::invalid_params(what, None))?;
        Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]).into())
    }
}

fn wire_tool(definition: Definition) -> WireTool {
    let Definition { name, title, description, schema, effect } = definition;
    let Value::Object(schema) = schema else { unreachable!("every schema is made by `object`") };
    let annotations = ToolAnnotations::from_raw(
        Some(title.to_owned()),
        Some(effect == Effect::Reads),
        Some(effect == Effect::Ends),
        Some(matches!(effect, Effect::Reads | Effect::Marks)),
        Some(false),
    );
    WireTool::new(name, description, schema).with_title(title).with_annotations(annotations)
}

fn resource_error(uri: &str, error: ReadError) -> ErrorData {
    let not_there = || ErrorData::resource_not_found(format!("there is no resource `{uri}`"), None);
    match error {
        ReadError::NoSuch => not_there(),
        ReadError::Client(ClientError::Problem(problem)) if problem.code == ProblemCode::NotFound => not_there(),
        ReadError::Client(error) => {
            let data = ToolError::Client(error).to_json();
            let detail = data["error"]["detail"].as_str().unwrap_or_default().to_owned();
            ErrorData::internal_error(detail, Some(data))
        }
    }
}
