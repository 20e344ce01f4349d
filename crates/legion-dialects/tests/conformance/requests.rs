//! Requests, table-driven: `cases/*.json` hold the request, the upstream and what must stand at which place.

use legion_dialects::Dialect;
use legion_dialects::translate::{self, Support, Target};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Rules whose cases are requests.
const RULES: &[&str] = &["01", "02", "03", "04", "05", "06", "08", "09", "15", "16", "18", "19", "20", "21"];

fn cases() -> Vec<Value> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/cases");
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            let cases: Vec<Value> =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            cases
        })
        .collect()
}

fn dialect(name: &Value) -> Dialect {
    match name.as_str().unwrap() {
        "anthropic" => Dialect::Anthropic,
        "chat" => Dialect::Chat,
        "responses" => Dialect::Responses,
        other => panic!("no dialect {other}"),
    }
}

fn target(case: &Value) -> Target {
    let wish = &case["target"];
    let yes = |name: &str| wish[name].as_bool().unwrap_or(false);
    let support = |name: &str| match wish[name].as_bool() {
        None => Support::Auto,
        Some(true) => Support::Yes,
        Some(false) => Support::No,
    };
    let words = |name: &str| {
        wish[name].as_array().into_iter().flatten().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    Target {
        provider: wish["provider"].as_str().unwrap_or("there").to_owned(),
        model: wish["model"].as_str().unwrap_or("some-model").to_owned(),
        anthropic_itself: yes("anthropic_itself"),
        output_tokens_max: wish["output_tokens_max"].as_u64(),
        effort: support("effort"),
        adaptive_thinking: support("adaptive_thinking"),
        reasoning_content: yes("reasoning_content"),
        cache_control: yes("cache_control"),
        cache_markers: yes("cache_markers"),
        cache_key: wish["cache_key"].as_str().map(ToOwned::to_owned),
        system_turns: yes("system_turns"),
        foreign_turns: wish["foreign_turns"].as_u64().unwrap_or(0) as usize,
        betas: words("betas"),
        keywords_refused: words("keywords_refused"),
        ..Target::default()
    }
}

/// Runs every case of a rule.
fn check(rule: &str) {
    let mut run = 0;
    for case in cases().iter().filter(|case| case["rule"] == rule) {
        run += 1;
        check_case(case);
    }
    assert!(run > 0, "rule {rule} has no case");
}

fn check_case(case: &Value) {
    let name = format!("rule {} {}", case["rule"], case["name"]);
    let body = serde_json::to_vec(&case["request"]).unwrap();
    let result = translate::request(dialect(&case["from"]), dialect(&case["to"]), &body, &target(case));
    if let Some(refused) = case.get("refused") {
        let error = result.expect_err(&name);
        assert_eq!(error.path, refused["path"].as_str().unwrap(), "{name}: {error}");
        assert!(error.why.contains(refused["why"].as_str().unwrap()), "{name}: {error}");
        return;
    }
    let translated = result.unwrap_or_else(|error| panic!("{name}: {error}"));
    let sent: Value = serde_json::from_slice(&translated.body).unwrap_or_else(|error| panic!("{name}: {error}"));
    for (pointer, expected) in case["expect"].as_object().unwrap_or_else(|| panic!("{name} expects nothing")) {
        let found = sent.pointer(pointer);
        if expected == "ABSENT" {
            assert_eq!(found, None, "{name}: {pointer} in {sent:#}");
        } else {
            assert_eq!(found, Some(expected), "{name}: {pointer} in {sent:#}");
        }
    }
    let warned: BTreeSet<&str> = translated.warnings.iter().map(|warning| warning.loss.name()).collect();
    let expected: BTreeSet<&str> =
        case["warnings"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(warned, expected, "{name}: {:?}", translated.warnings);
}

#[test]
fn rule_01_results_follow_their_calls_and_orphans_are_repaired() {
    check("01");
}

#[test]
fn rule_02_ids_of_calls_pass_unchanged_where_they_may() {
    check("02");
}

#[test]
fn rule_03_parallel_calls_are_allowed_or_not_in_both_words() {
    check("03");
}

#[test]
fn rule_04_system_keeps_its_place_and_its_borders() {
    check("04");
}

#[test]
fn rule_05_the_billing_block_never_leaves_for_another_provider() {
    check("05");
}

#[test]
fn rule_06_thoughts_go_back_to_their_own_provider_only() {
    check("06");
}

#[test]
fn rule_08_effort_is_said_in_each_dialects_way() {
    check("08");
}

#[test]
fn rule_09_images_and_documents_are_never_text() {
    check("09");
}

#[test]
fn rule_15_cache_markers_and_the_order_of_keys_survive() {
    check("15");
}

#[test]
fn rule_16_fields_of_a_beta_go_with_their_flag() {
    check("16");
}

#[test]
fn rule_18_the_bound_of_output_has_the_right_name_and_size() {
    check("18");
}

#[test]
fn rule_19_names_of_tools_fit_and_stay_the_same() {
    check("19");
}

#[test]
fn rule_20_schemas_are_walked_as_schemas() {
    check("20");
}

#[test]
fn rule_21_tools_of_the_provider_are_dropped_by_name() {
    check("21");
}

#[test]
fn every_case_belongs_to_a_rule_that_is_run() {
    for case in cases() {
        let rule = case["rule"].as_str().unwrap();
        assert!(RULES.contains(&rule), "case {} has the rule {rule}, which nothing runs", case["name"]);
    }
}

#[test]
fn nesting_without_end_is_no_danger() {
    let depth = 20_000;
    let nested = [r#"{"type":"tool_result","tool_use_id":"t","content":["#.repeat(depth), "]}".repeat(depth)].concat();
    let body = format!(r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":[{nested}]}}]}}"#);
    translate::request(Dialect::Anthropic, Dialect::Chat, body.as_bytes(), &Target::default()).unwrap();
    let items = [r##"{"items":"##.repeat(depth), "{}".into(), "}".repeat(depth)].concat();
    let circle = r##"{"anyOf":[{"$ref":"#/$defs/A"},{"$ref":"#/$defs/A"}],"$defs":{"A":{"anyOf":[{"$ref":"#/$defs/A"},{"$ref":"#/$defs/A"}]}}}"##;
    for schema in [items.as_str(), circle] {
        let body = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],"tools":[{{"type":"function","function":{{"name":"a","parameters":{schema}}}}}]}}"#
        );
        let target = Target { keywords_refused: vec!["title".into(), "items2".into()], ..Target::default() };
        translate::request(Dialect::Chat, Dialect::Anthropic, body.as_bytes(), &target).unwrap();
    }
}

#[test]
fn wrong_requests_are_refused_with_the_place_and_a_sentence() {
    let wrong = [
        (Dialect::Anthropic, r#"{"messages":[]}"#, "model: is needed"),
        (
            Dialect::Anthropic,
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":7}]}]}"#,
            "messages[0].content[0].text: must be a string",
        ),
        (
            Dialect::Anthropic,
            r#"{"model":"m","messages":[{"role":"user","content":[{"text":"a"}]}]}"#,
            "messages[0].content[0].type: is needed",
        ),
        (
            Dialect::Anthropic,
            r#"{"model":"m","messages":[{"role":"robot","content":"a"}]}"#,
            "messages[0].role: must be user, assistant or system",
        ),
        (
            Dialect::Anthropic,
            r#"{"model":"m","max_tokens":-1,"messages":[]}"#,
            "max_tokens: must be a whole number that is not negative",
        ),
        (Dialect::Anthropic, r#"{"model":"m","messages":{}}"#, "messages: must be an array"),
        (Dialect::Anthropic, r#"{"model":"m","messages":[1]}"#, "messages[0]: must be an object"),
        (
            Dialect::Chat,
            r#"{"model":"m","messages":[{"role":"tool","content":"a"}]}"#,
            "messages[0].tool_call_id: is needed",
        ),
        (Dialect::Chat, r#"{"model":"m","messages":[],"tools":[{"type":"function"}]}"#, "tools[0].function: is needed"),
        (
            Dialect::Chat,
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#,
            "messages[0].content[0].image_url: is needed",
        ),
        (
            Dialect::Chat,
            r#"{"model":"m","n":2,"messages":[]}"#,
            "n: must be 1: the model's provider gives one choice only",
        ),
    ];
    for (from, body, message) in wrong {
        let to = if from == Dialect::Anthropic { Dialect::Chat } else { Dialect::Anthropic };
        let error = translate::request(from, to, body.as_bytes(), &Target::default()).unwrap_err();
        assert_eq!(error.to_string(), message, "{body}");
    }
    for body in [&b"{\"model\":"[..], b"[]", b"", b"\xff{}"] {
        let error = translate::request(Dialect::Anthropic, Dialect::Chat, body, &Target::default()).unwrap_err();
        assert!(error.to_string().starts_with("the body is no"), "{error}");
    }
}
