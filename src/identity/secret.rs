//! The node secret, and every key that is made of it. It comes from a file, which only this service's account can read
//! where the service made it; nothing made of it can be turned back.

use std::{io, path::Path};

use aws_lc_rs::{
    hmac,
    signature::{Ed25519KeyPair, KeyPair},
};

use crate::{
    base::{
        hex,
        ids::{VoterId, random_bytes},
    },
    providers::secret_file,
};

/// The secret of a data directory and the keys made of it.
#[derive(Debug)]
pub struct Secret {
    root: hmac::Key,
    tokens: hmac::Key,
    signing: Ed25519KeyPair,
}

impl Secret {
    /// Reads the secret of a data directory.
    ///
    /// # Errors
    /// The file is not there, cannot be read, or does not hold a secret; the message says what to do.
    pub fn read(path: &Path) -> io::Result<Self> {
        Self::with(
            path,
            "restore it from its copy, for without it no voter is recognised and everybody could vote again",
        )
    }

    /// Reads the secret that all nodes share.
    ///
    /// # Errors
    /// As [`Secret::read`].
    pub fn shared(path: &Path) -> io::Result<Self> {
        Self::with(
            path,
            "it must be equal on all nodes: copy it from another one, or make it once with `openssl rand -hex 32`",
        )
    }

    fn with(path: &Path, advice: &str) -> io::Result<Self> {
        let text = secret_file::read(path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}: {advice}", path.display())))?;
        let root = hex::decode::<32>(text.trim()).ok_or_else(|| {
            let wrong = format!("{} is not 64 hexadecimal digits: {advice}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, wrong)
        })?;
        Ok(Self::of(&root))
    }

    /// Makes the secret of a data directory at its first start; one that is there is read.
    ///
    /// # Errors
    /// As [`Secret::read`], or the file cannot be made.
    pub fn make(path: &Path) -> io::Result<Self> {
        if !path.exists() {
            secret_file::make(path, &hex::encode(&random_bytes::<32>()))?;
        }
        Self::read(path)
    }

    /// The keys of a secret.
    pub fn of(root: &[u8; 32]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, root);
        let tokens = hmac::Key::new(hmac::HMAC_SHA256, derive(&root, &["tokens"]).as_ref());
        let seed = derive(&root, &["signing"]);
        let signing = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).expect("a seed has 32 bytes");
        Self { root, tokens, signing }
    }

    /// The voter key of a show: made of the secret and the show's salt, so that destroying the salt makes pseudonyms
    /// final.
    pub fn voter_key(&self, show: &str, salt: &str) -> VoterKey {
        let key = derive(&self.root, &["voters", show, salt]);
        VoterKey(hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()))
    }

    /// The key that signs tokens.
    pub(super) fn tokens(&self) -> &hmac::Key {
        &self.tokens
    }

    /// Signs a manifest (Ed25519).
    pub fn sign(&self, bytes: &[u8]) -> String {
        hex::encode(self.signing.sign(bytes).as_ref())
    }

    /// The public key that belongs to the signatures, in hexadecimal.
    pub fn public_key(&self) -> String {
        hex::encode(self.signing.public_key().as_ref())
    }
}

/// HMAC-SHA256 over the parts, each behind its length, so that no two lists of parts are the same bytes.
fn derive(key: &hmac::Key, parts: &[&str]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.sign()
}

/// Makes the pseudonyms of one show.
#[derive(Debug, Clone)]
pub struct VoterKey(hmac::Key);

impl VoterKey {
    /// The pseudonym of a device in this show.
    pub fn voter(&self, device: &[u8; 16]) -> VoterId {
        let tag = hmac::sign(&self.0, device);
        VoterId(u128::from_be_bytes(*tag.as_ref().first_chunk().expect("a tag has 32 bytes")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_belongs_to_one_show_and_one_salt() {
        let secret = Secret::of(&[7; 32]);
        let voter = |show, salt| secret.voter_key(show, salt).voter(&[1; 16]);
        assert_eq!(voter("a", "s"), voter("a", "s"));
        assert_ne!(voter("a", "s"), voter("b", "s"));
        assert_ne!(voter("a", "s"), voter("a", "t"));
        assert_ne!(voter("ab", "c"), voter("a", "bc"));
        assert_ne!(voter("a", "s"), Secret::of(&[8; 32]).voter_key("a", "s").voter(&[1; 16]));
    }

    #[test]
    fn the_secret_is_made_once_and_only_ours_to_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("node.secret");
        assert!(Secret::read(&path).unwrap_err().to_string().contains("restore it"));
        let first = Secret::make(&path).unwrap();
        assert_eq!(Secret::make(&path).unwrap().public_key(), first.public_key());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "short").unwrap();
        assert!(Secret::make(&path).unwrap_err().to_string().contains("64 hexadecimal digits"));
    }
}
