//! How voters are found in a bucket's memory.

use std::hash::Hasher;

/// Voters are keyed hashes already, which nobody can choose: their first bytes serve as they are. What a client chose
/// may stand behind a voter: it makes no two voters meet.
#[derive(Debug, Default)]
pub struct VoterHasher(u64);

impl Hasher for VoterHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u128(&mut self, value: u128) {
        self.0 = self.0.rotate_left(32) ^ (value >> 64) as u64;
    }
    fn finish(&self) -> u64 {
        self.0
    }
}
