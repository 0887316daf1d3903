//! `tallylight health`, by which a container is asked how it is.

use super::stage::Stage;

#[test]
fn a_node_is_asked_how_it_is_by_its_own_settings() {
    for settings in [&[][..], &["--proxy-protocol", "--trusted-proxies=127.0.0.0/8"]] {
        let mut stage = Stage::with(settings);
        let mut health = stage.app.program();
        health.args(["health", "--listen", &stage.app.address().to_string()]).args(settings);
        let asked = health.output().unwrap();
        let said = String::from_utf8_lossy(&asked.stdout);
        assert!(asked.status.success() && said.contains("\"status\":\"pass\""), "{settings:?}: {asked:?}");
        stage.app.kill();
        let asked = health.output().unwrap();
        let said = String::from_utf8_lossy(&asked.stderr);
        assert!(asked.status.code() == Some(1) && said.contains("does not answer"), "{settings:?}: {asked:?}");
    }
}
