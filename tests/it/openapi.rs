//! The description of the API: the running server's is the one in docs/, and it says all that a client has to know.
//! `TALLYLIGHT_BLESS=1 cargo test openapi` writes docs/openapi.json anew. Whether it is true is Schemathesis's work.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

use super::support::{app::TestApp, golden};

#[test]
fn the_description_is_the_one_in_the_docs_and_complete() {
    let app = TestApp::with_show("examples/evening.toml").start();
    let served = app.get("/api/v1/openapi.json");
    assert_eq!(served.header("content-type"), Some("application/json"));
    let api = served.json();
    golden::check(Path::new("docs/openapi.json"), &(serde_json::to_string_pretty(&api).unwrap() + "\n"));

    assert!(api["openapi"].as_str().unwrap().starts_with("3.1."), "{}", api["openapi"]);
    assert_eq!(api["info"]["version"], env!("CARGO_PKG_VERSION"));
    let schemes = &api["components"]["securitySchemes"];
    let mut ids = BTreeSet::new();
    for (path, operations) in api["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = format!("{method} {path}");
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{name} has no operationId"));
            assert!(ids.insert(id), "{name}: {id} is there twice");
            assert!(operation["summary"].is_string() || operation["description"].is_string(), "{name} says nothing");
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(response["description"].is_string(), "{name} does not say what {status} is");
            }
            for scheme in operation["security"].as_array().into_iter().flatten() {
                // An empty one: a token is not needed.
                let Some(scheme) = scheme.as_object().unwrap().keys().next() else { continue };
                assert!(schemes[scheme].is_object(), "{name} asks for {scheme}, which is not described");
                assert!(!problem_of(operation, "4XX").is_null(), "{name} does not say what a bad token gets");
            }
            let asks = operation["parameters"].is_array() || operation["requestBody"].is_object();
            assert!(!asks || !problem_of(operation, "4XX").is_null(), "{name} does not say what a mistake gets");
        }
    }
    for name in refs(&api) {
        assert!(api.pointer(name.trim_start_matches('#')).is_some(), "{name} leads nowhere");
    }
    assert!(ids.len() > 10, "only {} operations are described", ids.len());
}

fn problem_of<'a>(operation: &'a Value, status: &str) -> &'a Value {
    &operation["responses"][status]["content"]["application/problem+json"]["schema"]
}

/// Every `$ref`.
fn refs(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str);
            members.values().flat_map(refs).chain(own).collect()
        }
        Value::Array(items) => items.iter().flat_map(refs).collect(),
        _ => BTreeSet::new(),
    }
}
