//! The thinnest layer over sockets: epoll and frames of RFC 6455, for the tools that must cost less than what they
//! measure. Only what loopback needs: no fragments, no compression, no TLS.

pub mod clock;
pub mod epoll;
pub mod frame;
pub mod upgrade;
