//! The queue of one show: a fold over its events. A decision is a pure function of the queue, the action, who acts and the
//! time; what comes out is the event, which changes the queue once it is stored. Claims are no events: they end by time.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::{
    event::{By, Event, What},
    item::{self, Item, Sent, Text, Verb},
    rules,
};
use crate::{
    base::{
        clock::Micros,
        ids::{BallotId, ItemId, RunId, SessionId, VoterId},
        limits,
    },
    shows::{kind::Writing, transition::Refusal},
    wire::{
        codes::Code,
        moderation::{Act, ItemKind, ItemState, Seen, WhyNot},
    },
};

/// Everything that the audience of a show wrote, and what was decided.
#[derive(Debug, Default)]
pub struct Queue {
    /// As they came.
    items: Vec<Item>,
    places: HashMap<ItemId, usize>,
    clients: HashMap<(VoterId, BallotId), usize>,
    voters: HashMap<VoterId, Vec<usize>>,
    /// The first item that said something, by run and [`rules::sameness`].
    first: HashMap<(RunId, String), usize>,
    /// Those that wait.
    waiting: HashSet<usize>,
    pub(super) banned: BTreeMap<VoterId, Banned>,
    pub(super) paused: Option<String>,
    pub(super) on_air: Option<ItemId>,
    upvotes: HashSet<(ItemId, VoterId)>,
    pub(super) claims: HashMap<ItemId, Claim>,
    /// The newest decisions that were not taken back.
    decisions: VecDeque<Decision>,
    /// Events that were no items.
    decided: usize,
}

/// Since when nothing of a device is taken, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banned {
    pub at: Micros,
    pub by: String,
}

/// Whose an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub by: By,
    pub until: Micros,
}

#[derive(Debug)]
struct Decision {
    event: String,
    session: SessionId,
    items: Vec<ItemId>,
    voter: Option<VoterId>,
}

/// When and by whom something is done.
#[derive(Debug, Clone)]
pub struct Context {
    pub now: Micros,
    pub by: By,
    /// The show is in rehearsal: what was sent live does not go on air, nor the other way round.
    pub rehearsal: bool,
    /// The id that the event gets.
    pub event: String,
}

/// What comes of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub event: Event,
    /// For the person who acted: what of it was not done.
    pub detail: String,
}

fn refuse<T>(code: Code, detail: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { code, detail: detail.into() })
}

/// The name that stands for a device.
pub fn device(voter: VoterId) -> String {
    voter.to_string()[..8].to_owned()
}

impl Queue {
    /// All items, as they came.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// One item.
    pub fn item(&self, id: ItemId) -> Option<&Item> {
        self.items.get(*self.places.get(&id)?)
    }

    /// What a voter sent, as it came.
    pub fn of_voter(&self, voter: VoterId) -> impl DoubleEndedIterator<Item = &Item> {
        self.voters.get(&voter).into_iter().flatten().map(|place| &self.items[*place])
    }

    /// Whether nothing more of a device is taken.
    pub fn is_banned(&self, voter: VoterId) -> bool {
        self.banned.contains_key(&voter)
    }

    /// What a voter upvoted.
    pub fn upvoted_by(&self, voter: VoterId) -> impl Iterator<Item = ItemId> {
        self.upvotes.iter().filter(move |(_, one)| *one == voter).map(|(item, _)| *item)
    }

    pub(super) fn by_client(&self, voter: VoterId, client: BallotId) -> Option<&Item> {
        self.clients.get(&(voter, client)).map(|place| &self.items[*place])
    }

    pub(super) fn first_that_said(&self, run: RunId, sameness: &str) -> Option<&Item> {
        self.first.get(&(run, sameness.to_owned())).map(|place| &self.items[*place])
    }

    /// How many items wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// What is on the screens.
    pub fn on_air(&self) -> Option<&Item> {
        self.item(self.on_air?).filter(|item| item.is_approved())
    }

    /// Says that items are somebody's, and no others are. Those that are somebody else's are left out; their names come back.
    pub fn claim(&mut self, by: &By, items: &[ItemId], now: Micros) -> Vec<String> {
        self.claims.retain(|_, claim| claim.by.session != by.session && claim.until > now);
        let items = &items[..items.len().min(limits::ITEMS_AT_ONCE_MAX)];
        let until = now.plus_ms(limits::CLAIM_LEASE_MS);
        for item in items.iter().filter(|item| self.places.contains_key(item)) {
            self.claims.entry(*item).or_insert_with(|| Claim { by: by.clone(), until });
        }
        self.others_at(by, items)
    }

    /// Who else looks at one of these.
    pub fn others_at(&self, by: &By, items: &[ItemId]) -> Vec<String> {
        let claims = items.iter().filter_map(|item| self.claims.get(item));
        let mut others: Vec<_> =
            claims.filter(|claim| claim.by.session != by.session).map(|claim| claim.by.name.clone()).collect();
        others.sort_unstable();
        others.dedup();
        others
    }

    /// Who looks at what, as all nodes have said it. Whether that is news.
    pub fn set_claims(&mut self, claims: HashMap<ItemId, Claim>) -> bool {
        let is_news = self.claims != claims;
        self.claims = claims;
        is_news
    }

    /// Whether a decision is among those that may be taken back.
    pub fn has_decided(&self, event: &str) -> bool {
        self.decisions.iter().rev().any(|decision| decision.event == event)
    }

    /// Decides an action: the event that it makes.
    ///
    /// # Errors
    /// Nothing of it is possible.
    pub fn decide(&self, act: &Act, context: &Context) -> Result<Decided, Refusal> {
        let takes_off = matches!(act, Act::Pull { .. } | Act::Hide { .. });
        if self.decided >= limits::DECISIONS_MAX && !takes_off {
            return refuse(
                Code::Busy,
                "so much was decided in this show that no more is kept: only hide and pull work",
            );
        }
        match act {
            Act::Claim { .. } => refuse(Code::BadMessage, "a claim is no decision"),
            Act::Approve { items } => self.decide_all(Verb::Approve, items, None, context),
            Act::Reject { items, reason } => {
                let reasons = [
                    WhyNot::OffTopic,
                    WhyNot::Rude,
                    WhyNot::Personal,
                    WhyNot::Advertising,
                    WhyNot::Repeated,
                    WhyNot::Unclear,
                    WhyNot::Other,
                ];
                if !reasons.contains(reason) {
                    return refuse(Code::BadMessage, "this reason is for the rules: give one of those for moderators");
                }
                self.decide_all(Verb::Reject, items, Some(*reason), context)
            }
            Act::Hide { items } => self.decide_all(Verb::Hide, items, Some(WhyNot::Hidden), context),
            Act::Pick { items } => self.decide_all(Verb::Pick, items, None, context),
            Act::Unpick { items } => self.decide_all(Verb::Unpick, items, None, context),
            Act::Use { item } => self.decide_all(Verb::Use, std::slice::from_ref(item), None, context),
            Act::Edit { item, text } => self.edit(*item, text, context),
            Act::Pull { items } => self.pull(items, context),
            Act::Ban { item } => self.ban(*item, context),
            Act::Unban { device: name } => match self.banned.keys().find(|voter| device(**voter) == *name) {
                Some(voter) => Ok(done(What::Unbanned { voter: *voter }, context)),
                None => refuse(Code::NotNow, "this device is not banned"),
            },
            Act::Undo => self.undo(context),
            Act::Pause if self.paused.is_some() => refuse(Code::NotNow, "it is paused already"),
            Act::Pause => Ok(done(What::Paused, context)),
            Act::Resume if self.paused.is_none() => refuse(Code::NotNow, "it is not paused"),
            Act::Resume => Ok(done(What::Resumed, context)),
        }
    }

    /// Whether one item can be decided about by somebody who saw a version of it; else why not.
    fn check(&self, verb: Verb, seen: Seen, context: &Context) -> Result<(), String> {
        let Some(item) = self.item(seen.id) else { return Err("there is no such item".to_owned()) };
        if item.version != seen.v {
            let last = item.log.back();
            return Err(
                last.map_or_else(|| "it has changed".to_owned(), |line| format!("{} has {} it", line.by, line.what))
            );
        }
        let claim = self.claims.get(&seen.id);
        if let Some(claim) = claim.filter(|claim| claim.until > context.now && claim.by.session != context.by.session) {
            return Err(format!("{} is deciding about it", claim.by.name));
        }
        if matches!(verb, Verb::Pick | Verb::Use) && item.sent.rehearsal != context.rehearsal {
            return Err("it is of a rehearsal, or the show is in one".to_owned());
        }
        match item::after(item.state, verb) {
            Some(_) => Ok(()),
            None => Err(format!("this is not possible now: it is {}", state_word(item.state))),
        }
    }

    fn decide_all(
        &self,
        verb: Verb,
        seen: &[Seen],
        reason: Option<WhyNot>,
        context: &Context,
    ) -> Result<Decided, Refusal> {
        if seen.len() > limits::ITEMS_AT_ONCE_MAX {
            return refuse(Code::BadMessage, format!("at most {} items at once", limits::ITEMS_AT_ONCE_MAX));
        }
        let (mut items, mut versions, mut problem) = (Vec::new(), Vec::new(), None);
        for one in seen.iter().filter(|one| seen.iter().filter(|other| other.id == one.id).count() == 1) {
            match self.check(verb, *one, context) {
                Ok(()) => {
                    items.push(one.id);
                    versions.push(one.v);
                }
                Err(why) => problem = problem.or(Some(why)),
            }
        }
        let problem = problem.unwrap_or_else(|| "name the items".to_owned());
        if items.is_empty() {
            return refuse(Code::Stale, problem);
        }
        let left = seen.len() - items.len();
        let what = What::Decided { verb, items, seen: versions, reason, text: None, voter: None };
        let detail =
            if left == 0 { String::new() } else { format!("{left} of {} were left out: {problem}", seen.len()) };
        Ok(Decided { detail, ..done(what, context) })
    }

    fn edit(&self, seen: Seen, text: &str, context: &Context) -> Result<Decided, Refusal> {
        let judged = rules::judge_edit(text, &Writing { chars_max: limits::ITEM_CHARS_MAX, ..Writing::default() });
        if let Err(why) = judged.outcome {
            return refuse(Code::BadMessage, why.words());
        }
        self.check(Verb::Edit, seen, context).or_else(|why| refuse(Code::Stale, why))?;
        let text = Some(Text::new(judged.text));
        let (items, seen) = (vec![seen.id], vec![seen.v]);
        let what = What::Decided { verb: Verb::Edit, items, seen, reason: None, text, voter: None };
        Ok(done(what, context))
    }

    /// Whatever version of it somebody saw, and whoever decides about it: it comes off.
    fn pull(&self, items: &[ItemId], context: &Context) -> Result<Decided, Refusal> {
        let mut shown: Vec<_> =
            items.iter().copied().filter(|id| self.item(*id).is_some_and(Item::is_approved)).collect();
        shown.sort_unstable();
        shown.dedup();
        if shown.is_empty() {
            return refuse(Code::NotNow, "nothing of this is approved, so nothing of it is on a screen");
        }
        let reason = Some(WhyNot::Hidden);
        let seen = Vec::new();
        Ok(done(What::Decided { verb: Verb::Pull, items: shown, seen, reason, text: None, voter: None }, context))
    }

    fn ban(&self, id: ItemId, context: &Context) -> Result<Decided, Refusal> {
        let Some(item) = self.item(id) else { return refuse(Code::NotFound, "there is no such item") };
        let voter = item.sent.voter;
        if self.banned.contains_key(&voter) {
            return refuse(Code::NotNow, "this device is banned already");
        }
        if self.banned.len() >= limits::BANNED_MAX {
            return refuse(Code::Busy, "so many devices are banned that no more are remembered: pause instead");
        }
        let waits = |item: &&Item| item.state == ItemState::Waiting;
        let items = self.of_voter(voter).filter(waits).map(|item| item.sent.item).collect();
        let reason = Some(WhyNot::Banned);
        let (seen, voter) = (Vec::new(), Some(voter));
        Ok(done(What::Decided { verb: Verb::Ban, items, seen, reason, text: None, voter }, context))
    }

    fn undo(&self, context: &Context) -> Result<Decided, Refusal> {
        let own = self.decisions.iter().rev().find(|decision| decision.session == context.by.session);
        let Some(Decision { event, items, voter, .. }) = own else {
            return refuse(Code::NotNow, "you have decided nothing that could be taken back");
        };
        let later = items.iter().filter_map(|id| self.item(*id)).find(|item| !item.is_last(event));
        if let Some(line) = later.and_then(|item| item.log.back()) {
            return refuse(Code::Stale, format!("{} has {} it since", line.by, line.what));
        }
        Ok(done(What::Undone { event: event.clone(), items: items.clone(), voter: *voter }, context))
    }

    /// Makes an event that is stored a part of the queue. Gives back the items that it changed.
    pub fn apply(&mut self, event: &Event) -> Vec<ItemId> {
        let Event { id, at, by, what } = event;
        let name = by.as_ref().map_or("", |by| &*by.name);
        if !matches!(what, What::Sent(_) | What::Upvoted { .. }) {
            self.decided += 1;
        }
        match what {
            What::Sent(sent) => return self.add(Item::new(sent.clone(), *at)).into_iter().collect(),
            What::Decided { verb, items, seen, reason, text, voter } => {
                // Of two histories that are one again the first decision about a version stands; but what took something
                // off stands in both.
                let takes_off = matches!(verb, Verb::Pull | Verb::Hide | Verb::Ban);
                let mut versions = seen.iter();
                self.each(items, |item| {
                    if versions.next().is_none_or(|seen| *seen == item.version) || takes_off {
                        item.change(id, name, *at, *verb, *reason, text.as_ref());
                    }
                });
                let is_used = |item: &ItemId| self.item(*item).is_some_and(|item| item.state == ItemState::Used);
                match verb {
                    Verb::Use => self.on_air = items.first().copied().filter(is_used).or(self.on_air),
                    _ if self.on_air.is_some_and(|on_air| items.contains(&on_air)) => self.on_air = None,
                    _ => {}
                }
                if let Some(voter) = voter {
                    self.banned.insert(*voter, Banned { at: *at, by: name.to_owned() });
                }
                let session = by.as_ref().map_or(SessionId(0), |by| by.session);
                self.decisions.push_back(Decision { event: id.clone(), session, items: items.clone(), voter: *voter });
                if self.decisions.len() > limits::DECISIONS_REMEMBERED {
                    self.decisions.pop_front();
                }
                return items.clone();
            }
            What::Unbanned { voter } => {
                self.banned.remove(voter);
            }
            What::Undone { event, items, voter } => {
                self.each(items, |item| {
                    if item.is_last(event) {
                        item.undo(name, *at);
                    }
                });
                if self.on_air.is_some_and(|on_air| items.contains(&on_air)) {
                    self.on_air = None;
                }
                if let Some(voter) = voter {
                    self.banned.remove(voter);
                }
                self.decisions.retain(|decision| decision.event != *event);
                return items.clone();
            }
            What::Paused => self.paused = Some(name.to_owned()),
            What::Resumed => self.paused = None,
            What::Upvoted { pairs } => {
                pairs.iter().for_each(|(item, voter)| self.add_upvote(*item, *voter));
                return pairs.iter().map(|(item, _)| *item).collect();
            }
        }
        Vec::new()
    }

    fn add(&mut self, item: Item) -> Option<ItemId> {
        let (place, Sent { item: id, voter, client, run, text, .. }) = (self.items.len(), &item.sent);
        if self.places.contains_key(id) {
            return None;
        }
        let id = *id;
        self.places.insert(id, place);
        self.clients.insert((*voter, *client), place);
        self.voters.entry(*voter).or_default().push(place);
        self.first.entry((*run, rules::sameness(&text.text))).or_insert(place);
        if item.state == ItemState::Waiting {
            self.waiting.insert(place);
        }
        self.items.push(item);
        Some(id)
    }

    fn each(&mut self, items: &[ItemId], mut change: impl FnMut(&mut Item)) {
        for id in items {
            let Some(place) = self.places.get(id) else { continue };
            change(&mut self.items[*place]);
            match self.items[*place].state {
                ItemState::Waiting => self.waiting.insert(*place),
                _ => self.waiting.remove(place),
            };
            self.claims.remove(id);
        }
    }

    /// Whether an upvote counts: `false`, if it was counted before.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn upvote(&self, voter: VoterId, id: ItemId) -> Result<bool, &'static str> {
        let item = self.item(id).filter(|item| item.sent.kind == ItemKind::Question && item.is_approved());
        if item.is_none() {
            return Err("this question cannot be upvoted (any more)");
        }
        if self.banned.contains_key(&voter) {
            return Err(WhyNot::Banned.words());
        }
        if self.upvotes.contains(&(id, voter)) {
            return Ok(false);
        }
        if self.upvotes.len() >= limits::UPVOTES_MAX {
            return Err("this show has so many upvotes that no more are counted");
        }
        Ok(true)
    }

    /// Counts an upvote that is stored; a second one of the same device changes nothing.
    pub fn add_upvote(&mut self, id: ItemId, voter: VoterId) {
        if let Some(place) = self.places.get(&id)
            && self.upvotes.insert((id, voter))
        {
            self.items[*place].upvotes += 1;
        }
    }
}

fn done(what: What, context: &Context) -> Decided {
    let event = Event { id: context.event.clone(), at: context.now, by: Some(context.by.clone()), what };
    Decided { event, detail: String::new() }
}

const fn state_word(state: ItemState) -> &'static str {
    match state {
        ItemState::Waiting => "waiting",
        ItemState::Approved => "approved",
        ItemState::Rejected => "rejected",
        ItemState::Hidden => "hidden",
        ItemState::Picked => "picked",
        ItemState::Used => "used",
    }
}

#[cfg(test)]
pub(super) mod tests;
