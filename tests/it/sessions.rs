//! Sessions over a real socket.

use std::fmt::Write as _;

use futures_util::{SinkExt, StreamExt};
use tallylight::{
    app::App,
    config::{NodeConfig, doors::DoorConfig, nodes::NodesConfig, text_check::CheckConfig, timed::TimedConfig},
    shows::file,
    telemetry::logs::LogFormat,
};
use tokio_tungstenite::{connect_async, tungstenite::Message};

use super::support::SOON;

async fn start(show: &str) -> (App, tempfile::TempDir) {
    let data = tempfile::tempdir().unwrap();
    let config = NodeConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        data: data.path().to_owned(),
        shows: Vec::new(),
        public_url: String::new(),
        doors: DoorConfig::default(),
        nodes: NodesConfig::default(),
        check: CheckConfig::default(),
        timed: TimedConfig::default(),
        log: "error".to_owned(),
        log_format: LogFormat::Plain,
    };
    (App::start(&config, vec![file::read(show).unwrap()]).await.unwrap(), data)
}

/// The first message of a kind that a session gets.
async fn hear(app: &App, show: &str, join: &str, kind: &str) -> String {
    let (mut socket, _) = connect_async(format!("ws://{}/ws/{show}", app.address)).await.unwrap();
    socket.send(Message::text(join)).await.unwrap();
    let heard = async {
        while let Some(message) = socket.next().await {
            let text = message.unwrap().into_text().unwrap().to_string();
            if text.starts_with(&format!("{{\"t\":\"{kind}\"")) {
                return text;
            }
        }
        panic!("the session ended without {kind}");
    };
    tokio::time::timeout(SOON, heard).await.expect("a message in time")
}

#[tokio::test]
async fn staff_of_the_largest_show_can_join() {
    let mut show = "show = \"long\"\ntitle = \"Long\"\n".to_owned();
    for number in 0..500 {
        let question = "?".repeat(300);
        let _ =
            write!(show, "[[cue]]\nnumber = \"{number}\"\nquestion = \"{question}\"\noptions = [\"yes\", \"no\"]\n");
    }
    let (app, _data) = start(&show).await;
    let staff = {
        use tallylight::{identity::link, wire::server::Role};
        let (services, show) = (&app.doors.services, "long".parse().unwrap());
        let now = services.clock.now();
        let code = link::create(&*services.store, &show, Role::Operator, "Op", now).unwrap();
        link::enter(&*services.store, &services.secret, &code, now).unwrap().unwrap().0
    };
    let desk = hear(&app, "long", &format!("{{\"t\":\"join\",\"staff\":\"{staff}\"}}"), "desk").await;
    assert!(desk.len() > 150_000, "{}", desk.len());
    app.stop().await;
}

#[tokio::test]
async fn nobody_else_on_the_machine_reads_what_is_hidden() {
    use std::os::unix::fs::PermissionsExt as _;
    let (app, data) =
        start("show = \"s\"\ntitle = \"S\"\n[[cue]]\nnumber = \"1\"\nquestion = \"?\"\noptions = [\"a\", \"b\"]\n")
            .await;
    for file in std::fs::read_dir(data.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.path());
    }
    app.stop().await;
}
