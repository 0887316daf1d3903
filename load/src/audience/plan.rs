//! Who does what and when, from one seed. No clock, no socket: the same seed is the same plan.

use fastrand::Rng;
use tallylight::base::clock::Micros;

/// Shares of the audience with a habit, from 0 to 1.
#[derive(Debug, Clone, Copy)]
pub struct Shares {
    /// Of ballots: sent again.
    pub retry: f64,
    /// Of voters: to another node the moment a ballot is sent.
    pub switch: f64,
    /// Of voters: two ballots at once.
    pub compete: f64,
}

/// One connection's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub voter: usize,
    pub role: Role,
    /// The number of the competing pair it belongs to.
    pub competes: Option<usize>,
    pub switches: bool,
    /// The node it tries first.
    pub node: usize,
    pub seed: u64,
}

/// Whether a connection is its voter's first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Voter,
    /// The second connection of a competing voter.
    Twin,
}

/// The whole plan.
#[derive(Debug)]
pub struct Plan {
    seed: u64,
    voters: usize,
    twins: usize,
    nodes: usize,
    shares: Shares,
    votes_per_second: Option<f64>,
    think_ms: u64,
    /// Each voter's place in a round of ballots.
    slots: Vec<u32>,
}

impl Plan {
    /// A plan for so many connections, of which the second ones of competing voters are part.
    pub fn new(
        seed: u64,
        connections: usize,
        nodes: usize,
        shares: Shares,
        votes_per_second: Option<f64>,
        think_ms: u64,
    ) -> Self {
        let voters = ((connections as f64 / (1.0 + shares.compete)).ceil() as usize).clamp(1, connections.max(1));
        let mut slots: Vec<u32> = (0..u32::try_from(voters).unwrap_or(u32::MAX)).collect();
        Rng::with_seed(seed).shuffle(&mut slots);
        Self { seed, voters, twins: connections - voters, nodes, shares, votes_per_second, think_ms, slots }
    }

    /// Voters in all.
    pub const fn voters(&self) -> usize {
        self.voters
    }

    /// The numbers of the competing pairs.
    pub fn competitors(&self) -> impl Iterator<Item = usize> {
        0..self.twins
    }

    /// The part of a connection. The first voters compete; their second connections come after all voters.
    pub fn part(&self, connection: usize) -> Part {
        let role = if connection < self.voters { Role::Voter } else { Role::Twin };
        let voter = connection - if role == Role::Twin { self.voters } else { 0 };
        let mut rng = self.rng(connection, 0);
        let first = voter % self.nodes;
        Part {
            voter,
            role,
            competes: (voter < self.twins).then_some(voter),
            switches: rng.f64() < self.shares.switch,
            node: if role == Role::Twin { (first + 1) % self.nodes } else { first },
            seed: rng.u64(..),
        }
    }

    /// When a voter's ballot is due in a run that opened at `opened`: `round` 0 is its first. Both ballots of a
    /// competing voter are due at the same time.
    pub fn due(&self, opened: Micros, voter: usize, round: u16) -> Micros {
        let chance = self.rng(voter, 1 + u64::from(round)).f64();
        let us = match self.votes_per_second {
            None => (f64::from(round) + chance) * self.think_ms as f64 * 1e3,
            Some(rate) => {
                let place = self.voters as f64 * f64::from(round) + f64::from(self.slots[voter]);
                (place + chance) / rate * 1e6
            }
        };
        Micros(opened.0 + us as u64)
    }

    /// Whether a ballot is sent again.
    pub fn retries(&self, rng: &mut Rng) -> bool {
        rng.f64() < self.shares.retry
    }

    /// An option's number: the first is the favourite, so that a result has an order.
    pub fn pick(options: u16, rng: &mut Rng) -> u16 {
        let a = rng.u16(1..=options.max(1));
        a.min(rng.u16(1..=options.max(1)))
    }

    fn rng(&self, who: usize, what: u64) -> Rng {
        // Any mixing will do: neighbours must only not get the same stream.
        let mixed = (who as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ what.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        Rng::with_seed(self.seed ^ mixed.rotate_left(23))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(votes_per_second: Option<f64>) -> Plan {
        Plan::new(3, 1100, 2, Shares { retry: 0.1, switch: 0.2, compete: 0.1 }, votes_per_second, 5000)
    }

    #[test]
    fn connections_are_voters_and_the_second_ones_of_competitors() {
        let plan = plan(None);
        assert_eq!((plan.voters(), plan.competitors().count()), (1000, 100));
        let (voter, twin) = (plan.part(7), plan.part(1007));
        assert_eq!((voter.voter, voter.role, voter.competes), (7, Role::Voter, Some(7)));
        assert_eq!((twin.voter, twin.role, twin.competes), (7, Role::Twin, Some(7)));
        assert_ne!(voter.node, twin.node);
        assert_ne!(voter.seed, twin.seed);
        assert_eq!(plan.part(100).competes, None);
        let switching = (0..1000).filter(|&connection| plan.part(connection).switches).count();
        assert!((150..250).contains(&switching), "{switching}");
        assert_eq!(plan.part(7), self::plan(None).part(7));
    }

    #[test]
    fn the_schedule_has_its_rate_and_waits_for_nothing() {
        let plan = plan(Some(500.0));
        let opened = Micros::from_ms(1000);
        let mut due: Vec<_> =
            (0..1000).flat_map(|voter| [0, 1].map(|round| plan.due(opened, voter, round).since_ms(opened))).collect();
        due.sort_unstable();
        // 2000 ballots at 500 a second, one in every 2 ms.
        for (place, at_ms) in due.into_iter().enumerate() {
            assert!((place as u64 * 2..=place as u64 * 2 + 2).contains(&at_ms), "{place}: {at_ms}");
        }
    }

    #[test]
    fn thinking_takes_its_time() {
        let plan = plan(None);
        let opened = Micros::from_ms(1000);
        for voter in 0..1000 {
            assert!(plan.due(opened, voter, 0).since_ms(opened) < 5000);
            assert!((5000..10_000).contains(&plan.due(opened, voter, 1).since_ms(opened)));
        }
    }
}
