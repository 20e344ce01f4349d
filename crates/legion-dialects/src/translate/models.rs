//! What a model's name tells about its interface, where the settings say nothing.

/// The name without the vendor in front of it, as in `openai/gpt-5.2`.
fn base(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

/// OpenAI's reasoning models: `gpt-5…`, `o1`, `o3-mini`, …
fn is_openai_reasoner(model: &str) -> bool {
    let name = base(model);
    let is_o = name.strip_prefix('o').is_some_and(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && matches!(rest.as_bytes().get(digits), None | Some(b'-'))
    });
    is_o || name.starts_with("gpt-5") || name.starts_with("codex-")
}

/// Whether the bound of output tokens is called `max_completion_tokens`.
pub fn takes_max_completion_tokens(model: &str) -> bool {
    is_openai_reasoner(model)
}

/// Whether `reasoning_effort` is understood; a plain server answers 400 to it.
pub fn takes_effort(model: &str) -> bool {
    // A router between us and the model drops what the model does not know.
    model.contains('/') || is_openai_reasoner(model) || base(model).starts_with("gpt-oss")
}

/// Whether the Chat interface of this model refuses an effort as soon as there are tools.
pub fn refuses_effort_with_tools(model: &str) -> bool {
    model.starts_with("gpt-5.")
}

/// Whether an effort above `high` is understood.
pub fn takes_xhigh(model: &str) -> bool {
    base(model).starts_with("gpt-5.") && !base(model).starts_with("gpt-5.1")
        || base(model).starts_with("gpt-5.1-codex-max")
}

/// Whether a Claude model thinks adaptively with an effort: those from 4.6 on.
pub fn thinks_adaptively(model: &str) -> bool {
    let name = base(model);
    if !name.contains("claude") {
        return false;
    }
    let mut numbers = name.split(['-', '.']).filter_map(|part| part.parse::<u32>().ok()).filter(|number| *number < 100);
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) => (major, minor) >= (4, 6),
        (Some(major), None) => major >= 5,
        (None, _) => false,
    }
}
