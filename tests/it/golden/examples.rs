//! The examples of the page that explains the wire.

use std::fs;

use tallylight::wire::{client::ClientMessage, server::ServerMessage};

use crate::support::golden;

/// Every message in the ```json blocks of docs/WIRE.md is one, and says nothing that the types do not know.
#[test]
fn the_examples_of_the_docs_are_messages() {
    let text = fs::read_to_string(golden::root().join("docs/WIRE.md")).unwrap();
    let mut examples = 0;
    for block in text.split("\n```json\n").skip(1) {
        let block = block.split("\n```").next().unwrap_or_default();
        for value in serde_json::Deserializer::from_str(block).into_iter::<serde_json::Value>() {
            let value = value.unwrap_or_else(|error| panic!("{error}: {block}"));
            let again = match serde_json::from_value::<ServerMessage>(value.clone()) {
                Ok(message) => serde_json::to_value(message),
                Err(error) => serde_json::to_value(
                    serde_json::from_value::<ClientMessage>(value.clone())
                        .unwrap_or_else(|other| panic!("no message ({error}; {other}): {value}")),
                ),
            };
            assert_eq!(again.unwrap(), value);
            examples += 1;
        }
    }
    assert!(examples >= 3, "only {examples} examples were found in docs/WIRE.md");
}
