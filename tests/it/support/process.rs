//! A program that a test starts: what it prints is kept, and it never outlives its test.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// A running program. It is killed by its own id when this is dropped.
pub struct Process {
    name: String,
    child: Child,
    output: Arc<Output>,
}

#[derive(Default)]
struct Output {
    printed: Mutex<Printed>,
    more: Condvar,
}

#[derive(Default)]
struct Printed {
    lines: Vec<String>,
    /// Of standard output and standard error, how many have ended.
    ended: usize,
}

impl Process {
    /// Starts a command; its output is read from now on, so it never blocks on a full pipe.
    pub fn start(command: &mut Command) -> Self {
        let name = format!("{command:?}");
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let output = Arc::new(Output::default());
        keep(child.stdout.take().expect("stdout is piped"), Arc::clone(&output));
        keep(child.stderr.take().expect("stderr is piped"), Arc::clone(&output));
        Self { name, child, output }
    }

    /// Waits until a line satisfies `found` and gives back what it made of it.
    ///
    /// # Panics
    /// When that takes longer than `within`, or the program ends before; the message has all that was printed.
    pub fn wait_for<T>(&self, within: Duration, mut found: impl FnMut(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + within;
        let mut seen = 0;
        let mut printed = self.output.printed.lock().unwrap();
        loop {
            if let Some(value) = printed.lines[seen..].iter().find_map(|line| found(line)) {
                return value;
            }
            seen = printed.lines.len();
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{}: not within {within:?}\n{}", self.name, printed.lines.join("\n"));
            assert!(printed.ended < 2, "{}: ended\n{}", self.name, printed.lines.join("\n"));
            printed = self.output.more.wait_timeout(printed, left).unwrap().0;
        }
    }

    /// All lines printed until now, of both outputs.
    pub fn lines(&self) -> Vec<String> {
        self.output.printed.lock().unwrap().lines.clone()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would: SIGKILL, no chance to tidy up.
    pub fn kill(mut self) {
        self.end();
    }

    /// Asks it to end (SIGTERM) and waits.
    ///
    /// # Panics
    /// When it has not ended after `within`.
    pub fn stop(mut self, within: Duration) -> ExitStatus {
        self.signal(libc::SIGTERM);
        self.ended(within)
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(libc::SIGINT);
    }

    /// Waits until it has ended by itself: how it ended, and all lines of both its outputs.
    ///
    /// # Panics
    /// When it has not ended after `within`.
    pub fn wait(mut self, within: Duration) -> (ExitStatus, Vec<String>) {
        let status = self.ended(within);
        let printed = self.output.printed.lock().unwrap();
        // What it printed last may still be in the pipes; a grandchild that holds them open is not waited for long.
        let all = self.output.more.wait_timeout_while(printed, within, |printed| printed.ended < 2).unwrap().0;
        (status, all.lines.clone())
    }

    /// Sends a signal.
    pub fn signal(&self, signal: libc::c_int) {
        let id = libc::pid_t::try_from(self.child.id()).expect("a process id fits");
        #[expect(unsafe_code, reason = "std has no way to send a signal that can be caught")]
        // SAFETY: no memory is touched, and the id is ours: the child has not been waited for.
        let sent = unsafe { libc::kill(id, signal) };
        assert_eq!(sent, 0, "{} cannot be signalled", self.name);
    }

    fn ended(&mut self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                return status;
            }
            if Instant::now() >= deadline {
                let printed = self.output.printed.lock().unwrap().lines.join("\n");
                panic!("{}: still runs after {within:?}\n{printed}", self.name);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn keep(pipe: impl Read + Send + 'static, output: Arc<Output>) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            output.printed.lock().unwrap().lines.push(line);
            output.more.notify_all();
        }
        output.printed.lock().unwrap().ended += 1;
        output.more.notify_all();
    });
}

#[cfg(test)]
mod tests {
    use super::{super::SOON, *};

    fn sh(script: &str) -> Process {
        Process::start(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn lines_are_waited_for_and_kept() {
        let process = sh("echo one; echo two >&2; exec sleep 60");
        process.wait_for(SOON, |line| (line == "two").then_some(()));
        process.wait_for(SOON, |line| (line == "one").then_some(()));
        let mut lines = process.lines();
        lines.sort();
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    #[should_panic(expected = "sorry")]
    fn a_program_that_ends_says_what_it_printed() {
        sh("echo sorry").wait_for(SOON, |_| None::<()>);
    }

    #[test]
    fn stop_lets_it_tidy_up() {
        let process = sh("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done");
        process.wait_for(SOON, |line| (line == "ready").then_some(()));
        assert_eq!(process.stop(SOON).code(), Some(7));
    }

    #[test]
    fn wait_gives_all_that_was_printed() {
        let process = sh("trap 'echo late; exit 3' INT; echo ready; while :; do sleep 0.01; done");
        process.wait_for(SOON, |line| (line == "ready").then_some(()));
        process.interrupt();
        let (status, lines) = process.wait(SOON);
        assert_eq!((status.code(), lines), (Some(3), vec!["ready".to_owned(), "late".to_owned()]));
    }

    #[test]
    fn nothing_is_left_behind() {
        let process = sh("exec sleep 60");
        let proc = format!("/proc/{}", process.id());
        assert!(std::path::Path::new(&proc).exists());
        drop(process);
        assert!(!std::path::Path::new(&proc).exists());
    }
}
