//! epoll. Unsafe code of this crate is here, in `clock` and where a worker asks for more files.
#![expect(unsafe_code, reason = "epoll is measured bare: the standard library does not have it")]

use std::{
    io,
    os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd},
    time::Duration,
};

/// Events taken per wait.
const EVENTS: usize = 1024;

/// An epoll instance, level-triggered, for reading only.
#[derive(Debug)]
pub struct Epoll {
    fd: OwnedFd,
    events: Vec<libc::epoll_event>,
}

impl Epoll {
    /// A new instance.
    pub fn new() -> io::Result<Self> {
        // SAFETY: takes no pointer.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: the descriptor was just made and nobody else has it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { fd, events: vec![libc::epoll_event { events: 0, u64: 0 }; EVENTS] })
    }

    /// Reports `token` whenever `socket` has something to read or is gone. It leaves when it is closed.
    pub fn add(&self, socket: &impl AsFd, token: u64) -> io::Result<()> {
        let events = u32::try_from(libc::EPOLLIN | libc::EPOLLRDHUP).unwrap_or_default();
        let mut event = libc::epoll_event { events, u64: token };
        let socket = socket.as_fd().as_raw_fd();
        // SAFETY: both descriptors are open and `event` lives through the call.
        check(unsafe { libc::epoll_ctl(self.fd.as_raw_fd(), libc::EPOLL_CTL_ADD, socket, &raw mut event) })?;
        Ok(())
    }

    /// Reports nothing of `socket` any more.
    pub fn remove(&self, socket: &impl AsFd) -> io::Result<()> {
        let socket = socket.as_fd().as_raw_fd();
        // SAFETY: both descriptors are open; the kernel needs no event to take one out.
        check(unsafe { libc::epoll_ctl(self.fd.as_raw_fd(), libc::EPOLL_CTL_DEL, socket, std::ptr::null_mut()) })?;
        Ok(())
    }

    /// Puts the tokens that have something into `tokens`. Waits at most `limit`, in whole milliseconds.
    pub fn wait(&mut self, limit: Duration, tokens: &mut Vec<u64>) -> io::Result<()> {
        tokens.clear();
        let limit = i32::try_from(limit.as_micros().div_ceil(1000)).unwrap_or(i32::MAX);
        let room = i32::try_from(self.events.len()).unwrap_or(i32::MAX);
        // SAFETY: the kernel writes at most `room` events into the vector that has as many.
        let n = match check(unsafe { libc::epoll_wait(self.fd.as_raw_fd(), self.events.as_mut_ptr(), room, limit) }) {
            Ok(n) => usize::try_from(n).unwrap_or(0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(error),
        };
        tokens.extend(self.events[..n].iter().map(|event| event.u64));
        Ok(())
    }
}

fn check(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
