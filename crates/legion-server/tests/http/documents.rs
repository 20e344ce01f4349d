//! What is written down and checked in is what the service does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use legion_api::{ProblemCode, paths};

use crate::support::bench;

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

#[test]
fn the_openapi_document_is_the_one_that_is_checked_in() {
    let checked_in = std::fs::read_to_string(docs("openapi.json")).expect("docs/openapi.json");
    assert!(checked_in == legion_server::openapi(), "docs/openapi.json is old: run `cargo xtask openapi`");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openapi_document_has_every_path_and_the_service_gives_it_out() {
    let bench = bench().await;
    let served = bench.get(paths::OPENAPI).expect(200).await;
    let written: serde_json::Value = serde_json::from_str(&legion_server::openapi()).expect("JSON");
    assert_eq!(served, written);
    let known: BTreeSet<&str> = served["paths"].as_object().expect("paths").keys().map(String::as_str).collect();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../legion-api/src/paths.rs");
    let source = std::fs::read_to_string(source).expect("paths.rs");
    let wanted: BTreeSet<&str> = source
        .lines()
        .filter_map(|line| line.split_once(": &str = \"/"))
        .map(|(_, rest)| rest.trim_end_matches("\";"))
        .collect();
    let known: BTreeSet<&str> = known.iter().map(|path| path.trim_start_matches('/')).collect();
    let missing: Vec<_> = wanted.difference(&known).collect();
    assert_eq!(missing, [&"mcp"], "only MCP, which has its own protocol, is not in the document");
    bench.end().await;
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    let document: serde_json::Value = serde_json::from_str(&legion_server::openapi()).expect("JSON");
    let text = document.to_string();
    let mut references = 0;
    for part in text.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().expect("a name");
        assert!(document["components"]["schemas"].get(name).is_some(), "no schema `{name}`");
        references += 1;
    }
    assert!(references > 40, "{references}");
}

#[test]
fn every_code_is_explained_with_its_status_and_exit_code() {
    let text = std::fs::read_to_string(docs("errors.md")).expect("docs/errors.md");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| `LEG"))
        .map(|line| line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    for code in ProblemCode::ALL {
        let mut of_code = rows.iter().filter(|row| row[0] == format!("`{}`", code.as_str()));
        let row = of_code.next().unwrap_or_else(|| panic!("{} is not explained", code.as_str()));
        assert!(of_code.next().is_none(), "{} is explained twice", code.as_str());
        let expected = [code.status().to_string(), code.exit_code().to_string(), code.title().to_owned()];
        assert_eq!(row[1..4], expected, "{}", code.as_str());
        assert!(row.len() == 5 && row[4].len() > 20, "{} says what to do", code.as_str());
    }
    assert_eq!(rows.len(), ProblemCode::ALL.len());
}
