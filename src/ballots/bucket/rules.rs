//! What a bucket decides by, of all that a run's definition says.

use crate::{
    ballots::ballot::Picks,
    shows::{interaction::Interaction, run::Definition},
};

/// What of a run's definition the bucket decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Options of the question.
    pub options: usize,
    /// Votes of one voter.
    pub votes: u16,
    /// Of these at most so many for one option.
    pub per_option: u16,
    /// Each ballot is all that its voter says, and a later one replaces it.
    pub changeable: bool,
}

impl Rules {
    /// Those of a run.
    pub fn of(definition: &Definition) -> Self {
        let Interaction { ref options, votes, per_option, changeable, .. } = definition.interaction;
        Self { options: options.len(), votes, per_option: per_option.unwrap_or(votes).min(votes), changeable }
    }

    /// Whether a ballot fits the question.
    pub fn fit(&self, picks: &Picks) -> bool {
        let options = 1..=self.options;
        let numbers = picks.as_slice();
        let is_numbered = match picks.change() {
            Some(change) => self.changeable && change > 0,
            None => !self.changeable,
        };
        is_numbered
            && !numbers.is_empty()
            && numbers.iter().all(|n| options.contains(&usize::from(*n)))
            && self.allow_together([picks])
    }

    /// Whether one voter may have cast all of these.
    pub fn allow<'a>(&self, cast: impl IntoIterator<Item = &'a Picks, IntoIter: Clone>) -> bool {
        self.changeable || self.allow_together(cast)
    }

    /// Whether one voter may have cast so many votes, whatever they are for: what is not more in all is not more of one
    /// option, and most runs have no other limit.
    pub fn surely_allow(&self, votes: usize) -> bool {
        self.changeable || votes <= usize::from(self.per_option)
    }

    fn allow_together<'a>(&self, cast: impl IntoIterator<Item = &'a Picks, IntoIter: Clone>) -> bool {
        let cast = cast.into_iter();
        let all: usize = cast.clone().map(|picks| picks.as_slice().len()).sum();
        let most = usize::from(self.per_option);
        let numbers = || cast.clone().flat_map(Picks::as_slice);
        let is_even = || numbers().all(|n| numbers().filter(|other| *other == n).count() <= most);
        all <= most || (all <= usize::from(self.votes) && is_even())
    }
}
