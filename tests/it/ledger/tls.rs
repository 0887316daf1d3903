//! Redis over TLS: a server with a certificate of its own authority, as installations have them.

use std::{path::Path, process::Command};

use tallylight::providers::redis::{Config, Redis, RedisError};
use tempfile::TempDir;

use super::stage::{Client, call, definition, done};
use crate::support::redis::{RedisServer, free_port};

/// An authority, and a server's certificate for `localhost` that it signed, as OpenSSL makes them.
fn certificates(folder: &Path) {
    let openssl = |line: &str| {
        let output = Command::new("openssl").current_dir(folder).args(line.split(' ')).output();
        let output = output.expect("openssl is installed: scripts/needs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"));
    openssl(&format!(
        "req -x509 {key} -keyout server.key -out server.pem -days 2 -subj /CN=localhost -addext \
         subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -CA ca.pem -CAkey ca.key"
    ));
}

#[test]
fn redis_over_tls_is_trusted_only_if_the_right_authority_signed_for_it() {
    let folder = TempDir::new().unwrap();
    certificates(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let port = free_port();
    let (cert, key, ca) = (path("server.pem"), path("server.key"), path("ca.pem"));
    let _server = RedisServer::start(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca,
        "--tls-auth-clients",
        "no",
    ]);
    let open = |host: &str, ca: Option<&str>| {
        let urls = vec![format!("rediss://{host}:{port}")];
        Redis::open(&Config { urls, cluster: false, ca_file: ca.map(Into::into) })
    };
    let client = Client::over(open("localhost", Some(&ca)).unwrap());
    let call = call(&definition(1));
    assert_eq!(done(client.call(&call).unwrap()).totals.counted, 0);

    for (host, ca) in [("localhost", None), ("127.0.0.1", Some(&*ca))] {
        let refused = Client::over(open(host, ca).unwrap()).call(&call);
        let Err(RedisError::Unreachable(why)) = &refused else { panic!("{host}, {ca:?}: {refused:?}") };
        assert!(why.to_lowercase().contains("certificate"), "{why}");
    }
    for wrong in ["nothing.pem", "server.key"] {
        let Err(RedisError::Refused(why)) = open("localhost", Some(&path(wrong))) else { panic!("{wrong} is taken") };
        assert!(why.contains("ca_file"), "{why}");
    }
}
