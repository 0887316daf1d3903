//! The real server as a test sees it: started on a free port with data of its own, killed, asked to stop, started again.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

use tempfile::TempDir;

use super::{
    SOON,
    http::{self, Reply},
    process::Process,
};

/// How a server should be started.
pub struct TestAppBuilder {
    program: PathBuf,
    show: PathBuf,
    listen: SocketAddr,
    one_port: bool,
    disk: Option<PathBuf>,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

/// A server and its data directory. When this is dropped both are gone.
pub struct TestApp {
    how: TestAppBuilder,
    data: TempDir,
    /// `None` between an end and the next start.
    running: Option<(Process, SocketAddr)>,
}

impl TestAppBuilder {
    /// One more argument of `serve`.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// A variable of the server's environment. It inherits no setting of ours from the test's.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Another program with the same interface.
    pub fn program(mut self, program: &Path) -> Self {
        self.program = program.into();
        self
    }

    /// Keeps the port of the first start, so that clients find the server again. It listens where nothing else in
    /// these tests connects from, so nobody takes the port while it is down.
    pub fn on_one_port(mut self) -> Self {
        self.listen = SocketAddr::from(([127, 0, 0, 2], 0));
        self.one_port = true;
        self
    }

    /// Puts the data directory below `disk`.
    pub fn on_disk(mut self, disk: &Path) -> Self {
        self.disk = Some(disk.into());
        self
    }

    /// Starts the server and waits until it listens.
    pub fn start(self) -> TestApp {
        let data = match &self.disk {
            Some(disk) => TempDir::with_prefix_in("tallylight-", disk),
            None => TempDir::with_prefix("tallylight-"),
        };
        let data = data.expect("a data directory can be made");
        let mut app = TestApp { how: self, data, running: None };
        app.start();
        app
    }
}

impl TestApp {
    /// A server for the show file at `show`, a path from the project's folder.
    pub fn with_show(show: &str) -> TestAppBuilder {
        let program = program();
        let show = Path::new(env!("CARGO_MANIFEST_DIR")).join(show);
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        TestAppBuilder { program, show, listen, one_port: false, disk: None, args: Vec::new(), env: Vec::new() }
    }

    /// Starts it again on the same data; on another free port, if it has none of its own.
    ///
    /// # Panics
    /// When it runs, or does not listen soon.
    pub fn start(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        let process = Process::start(&mut self.serve());
        let address = process.wait_for(SOON, listening);
        if self.how.one_port {
            self.how.listen = address;
        }
        self.running = Some((process, address));
    }

    /// Another program is in its place from the next start on.
    pub fn becomes(&mut self, program: &Path) {
        assert!(self.running.is_none(), "it runs");
        self.how.program = program.into();
    }

    /// The command that starts it on its data.
    pub fn serve(&self) -> Command {
        let mut command = self.program();
        command.args(["serve", "--listen", &self.how.listen.to_string(), "--data"]).arg(self.data.path());
        command.arg("--show").arg(&self.how.show).args(&self.how.args);
        command.envs(self.how.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The program without a word, for its other subcommands. It inherits no setting of ours.
    pub fn program(&self) -> Command {
        let mut command = Command::new(&self.how.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TALLYLIGHT_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Where it listens now; another port after each start, if it has none of its own.
    pub fn address(&self) -> SocketAddr {
        self.running().1
    }

    /// The address of a path, for clients that take one as text.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Its data directory, which outlives every start.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The document of its only show, as it stands on its disk.
    pub fn document(&self) -> serde_json::Value {
        let stored = rusqlite::Connection::open(self.data().join("documents.db")).unwrap();
        let text = stored.query_row("SELECT json FROM shows", [], |row| row.get::<_, String>(0)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// The running process: what it printed, and what it should print.
    pub fn process(&self) -> &Process {
        &self.running().0
    }

    /// Whether it was started and not ended by the test.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// GETs a path.
    pub fn get(&self, path: &str) -> Reply {
        http::get(self.address(), path)
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.running.take().expect("it runs").0.kill();
    }

    /// Asks it to end and waits for that.
    pub fn stop(&mut self) -> ExitStatus {
        self.running.take().expect("it runs").0.stop(SOON)
    }

    /// Waits until it ends by itself.
    pub fn ends(&mut self) -> ExitStatus {
        self.running.take().expect("it runs").0.wait(SOON).0
    }

    fn running(&self) -> &(Process, SocketAddr) {
        self.running.as_ref().expect("it runs")
    }
}

/// The server that is tested.
pub fn program() -> PathBuf {
    programs().map_or_else(|| env!("CARGO_BIN_EXE_tallylight").into(), |folder| folder.join("tallylight"))
}

/// Where other builds of the server and the load program are, if the environment says so: the optimised ones, where a test
/// is about as much as two cores can carry.
pub fn programs() -> Option<PathBuf> {
    let folder = std::env::var_os("TALLYLIGHT_TEST_PROGRAMS")?;
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
}

/// The address in the line that says that the server is ready.
fn listening(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on http://")?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || ".:[]".contains(c))).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn the_address_is_found_in_text_and_in_json() {
        let address = Some(SocketAddr::from(([127, 0, 0, 1], 4567)));
        assert_eq!(listening("tallylight is listening on http://127.0.0.1:4567"), address);
        assert_eq!(listening(r#"{"message":"listening on http://127.0.0.1:4567/","show":"a"}"#), address);
        assert_eq!(listening("listening on http://nowhere"), None);
    }

    /// A stand-in with the server's manners: it counts its starts in its data directory and answers every request.
    const STAND_IN: &str = r#"#!/usr/bin/env python3
import http.server, os, sys
assert sys.argv[1:4] == ["serve", "--listen", "127.0.0.1:0"] and sys.argv[4] == "--data" and sys.argv[6] == "--show"
assert "TALLYLIGHT_INHERITED" not in os.environ
starts = os.path.join(sys.argv[5], "starts")
open(starts, "a").write("x")
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        said = [self.path, str(os.path.getsize(starts)), os.environ["TALLYLIGHT_X"], *sys.argv[8:]]
        self.wfile.write(" ".join(said).encode())
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"#;

    #[test]
    fn it_starts_again_on_the_same_data() {
        let folder = TempDir::new().unwrap();
        let program = folder.path().join("stand-in");
        fs::write(&program, STAND_IN).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();

        let mut app = TestApp::with_show("x.toml").program(&program).arg("--y").env("TALLYLIGHT_X", "z").start();
        assert_eq!(app.get("/a").text(), "/a 1 z --y");
        app.kill();
        app.start();
        assert_eq!(app.get("/b").text(), "/b 2 z --y");
        assert_eq!(app.url("/c"), format!("http://{}/c", app.address()));
        assert!(!app.stop().success());
        app.start();
        assert_eq!(app.process().lines()[0], format!("listening on {}", app.url("")));
        let data = app.data().to_owned();
        assert_eq!(fs::read(data.join("starts")).unwrap(), b"xxx");
        drop(app);
        assert!(!data.exists());
    }

    #[test]
    fn it_keeps_its_port_and_its_disk_if_told_to() {
        let folder = TempDir::new().unwrap();
        let program = folder.path().join("stand-in");
        fs::write(&program, "#!/bin/sh\necho listening on http://${3%:0}:4567\nexec sleep 60\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let builder = TestApp::with_show("x.toml").program(&program).on_one_port().on_disk(folder.path());
        let mut app = builder.start();
        assert_eq!(app.data().parent(), Some(folder.path()));
        app.kill();
        let asked: Vec<_> = app.serve().get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        assert_eq!(asked[..3], ["serve", "--listen", "127.0.0.2:4567"]);
    }
}
