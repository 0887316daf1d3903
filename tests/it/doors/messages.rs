//! What comes over a WebSocket and should not: too large, no text, in pieces, too often. The connection ends with a code
//! that says why, or goes on.

use serde_json::{Value, json};
use tallylight::base::limits;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{raw::Raw, stage::Stage};

/// First bytes of frames: a whole text, a text that goes on, its middle and its end.
const TEXT: u8 = 0x81;
const TEXT_BEGINS: u8 = 0x01;
const GOES_ON: u8 = 0x00;
const ENDS: u8 = 0x80;

fn ask() -> Value {
    json!({"t": "ask", "run": "00c0ffee00c0ffee", "ids": ["0123456789abcdef0123456789abcdef"]})
}

/// A message of exactly so many bytes that can be read.
fn padded(bytes: usize) -> String {
    let text = ask().to_string();
    text.clone() + &" ".repeat(bytes - text.len())
}

#[test]
fn too_large_ends_with_1009() {
    let stage = Stage::start(&[]);
    let most = limits::AUDIENCE_MESSAGE_BYTES_MAX;
    let mut viewer = Raw::viewer(stage.app.address());
    viewer.send(Message::text(padded(most)));
    assert_eq!(viewer.wait_for("receipt")["is"], "unknown");
    viewer.send(Message::text(padded(most + 1)));
    assert_eq!(viewer.end(), (vec!["too_large".to_owned()], Some(1009)));
    // Larger than anybody's, with all of it on the way, in one frame and in many.
    for bytes in [limits::STAFF_MESSAGE_BYTES_MAX + 1, 500_000] {
        let mut viewer = Raw::viewer(stage.app.address());
        viewer.send(Message::text(padded(bytes)));
        assert_eq!(viewer.end().1, Some(1009), "{bytes}");
    }
    let mut viewer = Raw::viewer(stage.app.address());
    viewer.frame(TEXT_BEGINS, b"[");
    for _ in 0..100 {
        viewer.frame(GOES_ON, &[b' '; 1000]);
    }
    assert_eq!(viewer.end().1, Some(1009));
    // Before the join everybody is audience; staff may send more after it.
    let mut stranger = Raw::connect(stage.app.address(), &[]).unwrap();
    stranger.send(Message::text(padded(most + 1)));
    assert_eq!(stranger.end().1, Some(1009));
    let (mut staff, _) = Raw::join(stage.app.address(), json!({"staff": stage.staff}));
    let command = json!({"t": "command", "id": "1", "do": "void", "reason": "x".repeat(most)});
    staff.say(&command);
    assert_eq!(staff.wait_for("done")["id"], "1");
}

#[test]
fn a_goodbye_is_answered() {
    let stage = Stage::start(&[]);
    let address = stage.app.address();
    let stranger = Raw::connect(address, &[]).unwrap();
    let screen = Raw::join(address, json!({"key": stage.key})).0;
    for (who, mut leaves) in [("viewer", Raw::viewer(address)), ("stranger", stranger), ("screen", screen)] {
        leaves.send(Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })));
        assert_eq!(leaves.end(), (Vec::new(), Some(1000)), "{who}");
    }
}

#[test]
fn a_message_in_pieces_is_a_message() {
    let stage = Stage::start(&[]);
    let mut viewer = Raw::viewer(stage.app.address());
    let text = ask().to_string();
    let bytes = text.as_bytes();
    viewer.frame(TEXT_BEGINS, &bytes[..1]);
    for byte in &bytes[1..bytes.len() - 1] {
        viewer.frame(GOES_ON, &[*byte]);
        viewer.frame(GOES_ON, &[]);
    }
    viewer.frame(ENDS, &bytes[bytes.len() - 1..]);
    assert_eq!(viewer.wait_for("receipt")["is"], "unknown");
}

#[test]
fn what_is_no_text_is_told_so() {
    let stage = Stage::start(&[]);
    let mut viewer = Raw::viewer(stage.app.address());
    viewer.send(Message::binary(vec![1, 2, 3]));
    assert_eq!(viewer.wait_for("problem")["code"], "bad_message");
    viewer.say(&ask());
    viewer.wait_for("receipt");
    viewer.frame(TEXT, b"\"\xff\xfe\"");
    assert_eq!(viewer.end().1, Some(1007));
    // A frame of a kind that does not exist.
    let mut viewer = Raw::viewer(stage.app.address());
    viewer.frame(0x83, b"x");
    assert_eq!(viewer.end().1, Some(1002));
}

#[test]
fn before_the_join_only_a_join_and_few_mistakes() {
    let stage = Stage::start(&[]);
    let connect = || Raw::connect(stage.app.address(), &[]).unwrap();
    let mut early = connect();
    early.say(&ask());
    assert_eq!(early.end(), (vec!["join_first".to_owned()], Some(1008)));
    let mut clumsy = connect();
    for _ in 0..2 {
        clumsy.send(Message::text("{"));
        assert_eq!(clumsy.hear().unwrap()["code"], "bad_message");
    }
    clumsy.say(&json!({"t": "join"}));
    assert_eq!(clumsy.hear().unwrap()["t"], "welcome");
    let mut hopeless = connect();
    (0..9).for_each(|_| hopeless.send(Message::text("{")));
    assert_eq!(hopeless.end(), (["bad_message", "bad_message", "join_first"].map(str::to_owned).into(), Some(1008)));
}

#[test]
fn a_flood_of_pings_or_words_ends() {
    let stage = Stage::start(&[]);
    for message in [Message::Ping(vec![0; 100].into()), Message::text("x")] {
        let mut viewer = Raw::viewer(stage.app.address());
        (0..limits::MESSAGES_BURST * 4).for_each(|_| viewer.send(message.clone()));
        let (problems, ended) = viewer.end();
        assert_eq!((problems.last().map(String::as_str), ended), (Some("too_many"), Some(1008)));
    }
}
