//! Real Redis servers on free ports, with everything that can happen to them: killed, frozen, wiped, their file cut, a
//! replica put in their place, a slot on the move. Their data is in a folder of its own; they end with their test.

use std::{
    fs::{self, File, OpenOptions},
    net::TcpListener,
    process::Command,
    time::Duration,
};

use redis::{Cmd, ConnectionLike, FromRedisValue, RedisResult};
use tempfile::TempDir;

use super::{SOON, process::Process, until};

/// A server. It can be killed and started again on its port and with its data.
pub struct RedisServer {
    folder: TempDir,
    port: u16,
    options: Vec<String>,
    process: Option<Process>,
}

/// A port that nobody has.
pub fn free_port() -> u16 {
    // The system gives no port twice in a short time, so nobody else gets it between this and the server's start.
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl RedisServer {
    /// Starts a server with more options than its place (`--appendonly yes`), and waits until it answers.
    pub fn start(options: &[&str]) -> Self {
        let server = Self::begin(options);
        server.ready();
        server
    }

    fn begin(options: &[&str]) -> Self {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut server = Self { folder: TempDir::new().unwrap(), port: free_port(), options, process: None };
        server.run();
        server
    }

    fn run(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--enable-debug-command", "yes"]);
        command.args(["--port", &self.port.to_string(), "--repl-diskless-sync-delay", "0"]);
        command.arg("--dir").arg(self.folder.path()).args(&self.options);
        self.process = Some(Process::start(&mut command));
    }

    fn ready(&self) {
        until("Redis answers", SOON, || self.ask::<String>(&["PING"]).ok());
    }

    /// Where it is, for a client.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where it is.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends a command over a connection of its own.
    pub fn ask<T: FromRedisValue>(&self, command: &[&str]) -> RedisResult<T> {
        Ok(T::from_redis_value(self.connect()?.req_command(Cmd::new().arg(command))?.extract_error()?)?)
    }

    fn connect(&self) -> RedisResult<redis::Connection> {
        redis::Client::open(self.url())?.get_connection_with_timeout(Duration::from_secs(2))
    }

    /// Sends a command that must succeed.
    pub fn tell(&self, command: &[&str]) {
        self.ask::<redis::Value>(command).unwrap_or_else(|error| panic!("{command:?}: {error}"));
    }

    /// A field of INFO.
    pub fn info(&self, field: &str) -> String {
        let info: String = self.ask(&["INFO", "everything"]).unwrap();
        let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("INFO has no {field}")).to_owned()
    }

    /// How often it has answered with an error that begins with this word.
    fn errors(&self, word: &str) -> u64 {
        let info: String = self.ask(&["INFO", "errorstats"]).unwrap();
        let line = info.lines().find_map(|line| line.strip_prefix(&format!("errorstat_{word}:count=")));
        line.map_or(0, |count| count.parse().expect("a count is a number"))
    }

    /// As a power cut.
    pub fn kill(&mut self) {
        self.process.take().expect("it runs").kill();
    }

    /// Starts it again with what its folder has, and waits until it answers.
    pub fn restart(&mut self) {
        self.restart_slowly();
        self.ready();
    }

    /// Starts it again and does not wait.
    pub fn restart_slowly(&mut self) {
        assert!(self.process.is_none(), "it runs");
        self.run();
    }

    /// Gives it one more option for its next start.
    pub fn set(&mut self, option: &[&str]) {
        self.options.extend(option.iter().map(|part| (*part).to_owned()));
    }

    /// It hears and answers nothing until [`RedisServer::thaw`].
    pub fn freeze(&self) {
        self.process.as_ref().expect("it runs").signal(libc::SIGSTOP);
    }

    /// It goes on where it was.
    pub fn thaw(&self) {
        self.process.as_ref().expect("it runs").signal(libc::SIGCONT);
    }

    /// A replica that has all of its data.
    pub fn replica(&self) -> Self {
        let replica = Self::start(&["--replicaof", "127.0.0.1", &self.port.to_string(), "--repl-timeout", "5"]);
        replica.is_linked();
        replica
    }

    /// Cuts the connections to its replicas, as a network does; they come back by themselves.
    pub fn cut_replicas(&self) {
        self.tell(&["CLIENT", "KILL", "TYPE", "replica"]);
    }

    /// Makes a replica a primary.
    pub fn promote(&self) {
        self.tell(&["REPLICAOF", "NO", "ONE"]);
    }

    /// Another history begins, as after a failover; the data stays.
    pub fn change_history(&self) {
        self.tell(&["DEBUG", "CHANGE-REPL-ID"]);
    }

    /// Cuts the end of its append-only file. It must not be running.
    pub fn cut_file(&self, bytes: u64) {
        self.cut_file_to(self.file_bytes().saturating_sub(bytes));
    }

    /// How long its append-only file is now.
    pub fn file_bytes(&self) -> u64 {
        self.file().metadata().unwrap().len()
    }

    /// Cuts the append-only file to a length that it had before.
    pub fn cut_file_to(&self, bytes: u64) {
        assert!(self.process.is_none(), "it runs");
        self.file().set_len(bytes).unwrap();
    }

    fn file(&self) -> File {
        let files = fs::read_dir(self.folder.path().join("appendonlydir")).unwrap();
        let newest = files.map(|file| file.unwrap().path()).find(|path| path.to_string_lossy().ends_with(".incr.aof"));
        OpenOptions::new().write(true).open(newest.expect("there is a file")).unwrap()
    }
}

/// A cluster: primaries that have all slots between them, and perhaps a replica of each.
pub struct RedisCluster {
    /// The primaries as they began, in the order of their slots; then the replicas, in the order of their primaries.
    pub servers: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts a cluster of primaries and waits until all of them agree.
    pub fn start(count: usize) -> Self {
        Self::start_with(count, 0)
    }

    /// Starts a cluster of primaries with a replica each, and waits until all agree and the replicas have all data.
    pub fn start_with_replicas(count: usize) -> Self {
        Self::start_with(count, count)
    }

    fn start_with(count: usize, replicas: usize) -> Self {
        let options = |bus: &str| {
            let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", bus];
            // A server that is missing is to be felt by its own slots only.
            let kept = ["--cluster-require-full-coverage", "no", "--appendonly", "yes"];
            [&options[..], &kept].concat().join(" ")
        };
        let begin = |bus: u16| {
            let options = options(&bus.to_string());
            (RedisServer::begin(&options.split(' ').collect::<Vec<_>>()), bus)
        };
        let servers: Vec<_> = (0..count + replicas).map(|_| begin(free_port())).collect();
        for (index, (server, _)) in servers.iter().enumerate() {
            server.ready();
            if index < count {
                let (first, last) = (16_384 * index / count, 16_384 * (index + 1) / count - 1);
                server.tell(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()]);
                server.tell(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
            }
        }
        for (server, bus) in &servers[1..] {
            let (port, bus) = (server.port().to_string(), bus.to_string());
            servers[0].0.tell(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
        let cluster = Self { servers: servers.into_iter().map(|(server, _)| server).collect() };
        let all = |one: &RedisServer| one.knows_all(count, count + replicas);
        until("the cluster agrees", SOON, || cluster.servers.iter().all(all).then_some(()));
        let (primaries, others) = cluster.servers.split_at(count);
        for (replica, primary) in others.iter().zip(primaries) {
            replica.tell(&["CLUSTER", "REPLICATE", &primary.cluster_id()]);
        }
        others.iter().for_each(RedisServer::is_linked);
        cluster
    }

    /// Where its servers are, for a client.
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(RedisServer::url).collect()
    }

    /// The server that has a key's slot now, and the slot.
    pub fn owner(&self, key: &str) -> (usize, u16) {
        let running = |server: &&RedisServer| server.process.is_some();
        let slot = self.servers.iter().find(running).expect("one runs").ask(&["CLUSTER", "KEYSLOT", key]).unwrap();
        let owner = |server: &RedisServer| running(&server) && server.has_slot(slot);
        (self.servers.iter().position(owner).unwrap_or_else(|| panic!("nobody has slot {slot}")), slot)
    }

    /// A primary that is not this one.
    pub fn primary_after(&self, server: usize) -> usize {
        let others = (server + 1..self.servers.len()).chain(0..server);
        others.into_iter().find(|other| self.servers[*other].info("role") == "master").expect("there are several")
    }

    /// Kills a primary of which the replica misses whatever `meanwhile` writes, and waits until the cluster has put the
    /// replica in its place. `look` sees the replica before that.
    pub fn fail_over<T>(
        &mut self,
        primary: usize,
        meanwhile: impl FnOnce(&Self),
        look: impl FnOnce(&RedisServer) -> T,
    ) -> T {
        let replica = primary + self.servers.len() / 2;
        self.servers[replica].freeze();
        self.servers[primary].cut_replicas();
        meanwhile(self);
        self.servers[primary].kill();
        let replica = &self.servers[replica];
        replica.thaw();
        let seen = look(replica);
        assert_eq!(replica.info("role"), "slave", "somebody may have written to it before it was looked at");
        until("the replica takes over", SOON, || (replica.info("role") == "master").then_some(()));
        seen
    }

    /// Moves a slot, a few keys at a time, with `pause` between them: what is asked meanwhile meets it half moved.
    pub fn migrate(&self, slot: u16, from: usize, to: usize, pause: Duration) {
        self.migrate_stepwise(slot, from, to, || std::thread::sleep(pause));
    }

    /// How often its servers have sent a client to another one because of a slot that is half moved, or told it to come again.
    pub fn sent_away(&self) -> u64 {
        self.servers.iter().map(|server| server.errors("ASK") + server.errors("TRYAGAIN")).sum()
    }

    /// How many keys of a slot a server has.
    pub fn keys(&self, server: usize, slot: u16) -> usize {
        self.servers[server].ask(&["CLUSTER", "COUNTKEYSINSLOT", &slot.to_string()]).unwrap()
    }

    /// Whether a server has a key of a slot.
    pub fn has(&self, server: usize, slot: u16, key: &str) -> bool {
        let all: Vec<String> =
            self.servers[server].ask(&["CLUSTER", "GETKEYSINSLOT", &slot.to_string(), "100000"]).unwrap();
        all.iter().any(|one| one == key)
    }

    /// Moves a slot; after every few keys something else may happen.
    pub fn migrate_stepwise(&self, slot: u16, from: usize, to: usize, mut after: impl FnMut()) {
        let (from, to) = (&self.servers[from], &self.servers[to]);
        let (from_id, to_id, slot) = (from.cluster_id(), to.cluster_id(), slot.to_string());
        to.tell(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]);
        from.tell(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]);
        loop {
            let keys: Vec<String> = from.ask(&["CLUSTER", "GETKEYSINSLOT", &slot, "8"]).unwrap();
            if keys.is_empty() {
                break;
            }
            let port = to.port().to_string();
            let mut command = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
            command.extend(keys.iter().map(String::as_str));
            from.tell(&command);
            after();
        }
        for server in [to, from] {
            server.tell(&["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]);
        }
    }
}

impl RedisServer {
    fn knows_all(&self, primaries: usize, all: usize) -> bool {
        let info: String = self.ask(&["CLUSTER", "INFO"]).unwrap();
        let (size, known) = (format!("cluster_size:{primaries}"), format!("cluster_known_nodes:{all}"));
        let has = |line: &str| info.lines().any(|one| one == line);
        has("cluster_state:ok") && has("cluster_slots_assigned:16384") && has(&size) && has(&known)
    }

    fn cluster_id(&self) -> String {
        self.ask(&["CLUSTER", "MYID"]).unwrap()
    }

    /// Whether it says of itself that it has a slot: `ID ADDRESS myself,master - 0 0 1 connected 0-5460 7001`.
    fn has_slot(&self, slot: u16) -> bool {
        let nodes: String = self.ask(&["CLUSTER", "NODES"]).unwrap();
        let own = nodes.lines().find(|line| line.contains("myself,master"));
        own.into_iter().flat_map(|line| line.split(' ').skip(8)).any(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            // A slot on the move is in brackets, and stands among the others, too.
            matches!((first.parse::<u16>(), last.parse::<u16>()), (Ok(first), Ok(last)) if (first..=last).contains(&slot))
        })
    }

    /// Asks a replica for what it has of its primary's slots.
    pub fn ask_replica<T: FromRedisValue>(&self, command: &[&str]) -> RedisResult<T> {
        let mut connection = self.connect()?;
        connection.req_command(&redis::cmd("READONLY"))?.extract_error()?;
        Ok(T::from_redis_value(connection.req_command(Cmd::new().arg(command))?.extract_error()?)?)
    }

    /// Waits until a replica has what its primary has.
    pub fn is_linked(&self) {
        until("a replica is linked", SOON, || (self.info("master_link_status") == "up").then_some(()));
    }
}
