//! Names for leaderboards, made of pseudonyms: nobody chooses them, so nobody has to approve them before they are on air.
//! Plain words that stand beside each other without a meaning of their own.

use aws_lc_rs::digest::{SHA256, digest};

use crate::base::ids::VoterId;

const FIRST: [&str; 64] = [
    "Amber", "Autumn", "Blue", "Bold", "Brave", "Bright", "Brisk", "Bronze", "Busy", "Calm", "Cheerful", "Clever",
    "Copper", "Coral", "Cosmic", "Crystal", "Daring", "Early", "Easy", "Fair", "Fast", "Gentle", "Glad", "Golden",
    "Grand", "Green", "Happy", "Honest", "Indigo", "Ivory", "Jolly", "Keen", "Kind", "Light", "Lively", "Lucky",
    "Lunar", "Mellow", "Merry", "Mighty", "Misty", "Modest", "Noble", "Olive", "Patient", "Polite", "Proud", "Quick",
    "Quiet", "Rapid", "Ready", "Royal", "Rustic", "Scarlet", "Silent", "Silver", "Smart", "Snowy", "Solar", "Steady",
    "Sunny", "Swift", "Velvet", "Winter",
];

const SECOND: [&str; 64] = [
    "Acorn", "Anchor", "Arrow", "Badger", "Banjo", "Beacon", "Birch", "Bison", "Breeze", "Canyon", "Castle", "Cedar",
    "Cello", "Cloud", "Clover", "Comet", "Compass", "Crane", "Dolphin", "Dragon", "Eagle", "Falcon", "Feather", "Fern",
    "Finch", "Forest", "Fountain", "Gecko", "Glacier", "Harbour", "Heron", "Island", "Juniper", "Kestrel", "Lantern",
    "Lark", "Lemon", "Lion", "Lobster", "Maple", "Meadow", "Meteor", "Mountain", "Nebula", "Ocean", "Orchard", "Otter",
    "Owl", "Panda", "Pebble", "Penguin", "Piano", "Planet", "Puffin", "Raven", "River", "Robin", "Rocket", "Sparrow",
    "Spruce", "Thunder", "Tiger", "Violin", "Willow",
];

/// The name of a voter in a show: two words and a number below a thousand. The same voter has the same name always; two voters
/// may share one.
pub fn name(voter: VoterId) -> String {
    let hash = digest(&SHA256, &[b"tallylight name/1".as_slice(), &voter.0.to_be_bytes()].concat());
    let word = |at: usize| usize::from(hash.as_ref()[at] % 64);
    let number = u16::from_be_bytes([hash.as_ref()[2], hash.as_ref()[3]]) % 1000;
    format!("{} {} {number}", FIRST[word(0)], SECOND[word(1)])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_voter_has_one_name_and_a_thousand_voters_have_a_thousand() {
        assert_eq!(name(VoterId(7)), name(VoterId(7)));
        let names: BTreeSet<_> = (0..1000).map(|voter| name(VoterId(voter))).collect();
        assert!(names.len() >= 995, "{}", names.len());
        for words in [FIRST, SECOND] {
            assert!(words.is_sorted() && words.iter().collect::<BTreeSet<_>>().len() == 64, "in order, and none twice");
        }
    }
}
