//! The hub of one show: the newest snapshot for each audience, encoded once. A session that is slow finds only the newest
//! one; nothing is queued for anybody.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{broadcast, watch};

use super::{
    results::{AUDIENCES, Audience},
    view::Behind,
};
use crate::{
    ballots::score::Scores,
    base::{ids::RunId, limits},
    wire::{
        entry::Entry,
        gauge::Gauge,
        moderation::Asked,
        results::Results,
        server::{AsRunEntry, DeskView, ServerMessage, ShowView},
    },
};

/// One audience's newest snapshot, ready to be sent. The numbers count its changes, so that a session sends only what it
/// has not sent.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    pub show_number: u64,
    pub show: Utf8Bytes,
    pub results_number: u64,
    /// Empty: nothing is on.
    pub results: Utf8Bytes,
    /// For viewers: what those see in place of it who have voted, while that is more.
    pub voted: Option<Box<Voted>>,
    /// For viewers: what those see who are behind or have windows of their own, while that is something of their own.
    platforms: Arc<[OnPlatform]>,
    pub asked_number: u64,
    /// For viewers: the approved questions of the run on program; empty: there is no list.
    pub asked: Utf8Bytes,
    /// 0: there was no leaderboard yet.
    pub scores_number: u64,
    pub leaderboard: Utf8Bytes,
    pub scores: Arc<Scores>,
}

/// The results as those see them of whom a ballot is counted in the run. Its number is from the same count as that of the
/// others' results, so that it tells which of the two was sent.
#[derive(Debug, Clone)]
pub struct Voted {
    pub run: RunId,
    number: u64,
    results: Utf8Bytes,
}

/// What the viewers of a platform see that is behind, or of a segment with a window of its own. Its numbers are from the same counts as those of the others.
#[derive(Debug, Clone)]
pub struct OnPlatform {
    platform: String,
    segment: String,
    entries: Vec<Entry>,
    show_number: u64,
    show: Utf8Bytes,
    results: Option<(u64, Utf8Bytes)>,
    untold: bool,
}

/// Where a viewer is, as far as that makes a difference.
#[derive(Debug, Clone, Copy)]
pub enum Vantage<'a> {
    /// By no entry, or not a viewer.
    Studio,
    /// By the entry of a signed link.
    Entry(&'a Entry),
    /// As somebody says who only looks; empty: by none.
    Said { platform: &'a str, segment: &'a str },
}

impl Snapshot {
    fn on(&self, place: Vantage<'_>) -> Option<&OnPlatform> {
        let on = |platform: &str, segment: &str| {
            self.platforms.iter().find(|one| (&*one.platform, &*one.segment) == (platform, segment))
        };
        match place {
            Vantage::Studio => None,
            Vantage::Entry(entry) => self.platforms.iter().find(|one| one.entries.contains(entry)),
            Vantage::Said { platform, segment } => {
                on(platform, segment).or_else(|| on(platform, "")).or_else(|| on("", segment))
            }
        }
    }

    /// What is on, for somebody in that place, and its number.
    pub fn show_for(&self, place: Vantage<'_>) -> (u64, &Utf8Bytes) {
        self.on(place).map_or((self.show_number, &self.show), |own| (own.show_number, &own.show))
    }

    /// The leaderboard and its number; `None`: what it is made of is not told there yet.
    pub fn leaderboard_for(&self, place: Vantage<'_>) -> Option<(u64, &Utf8Bytes)> {
        self.scores_for(place).map(|_| (self.scores_number, &self.leaderboard))
    }

    /// What the leaderboard is made of, as far as it is told there.
    pub fn scores_for(&self, place: Vantage<'_>) -> Option<&Scores> {
        let is_told = self.on(place).is_none_or(|own| !own.untold);
        is_told.then_some(&*self.scores)
    }

    /// The results and their number: those for voters, if `voted` says of the run that this one is.
    pub fn results_for(&self, place: Vantage<'_>, voted: impl FnOnce(RunId) -> bool) -> (u64, &Utf8Bytes) {
        if let Some((number, results)) = self.on(place).and_then(|own| own.results.as_ref()) {
            return (*number, results);
        }
        match &self.voted {
            Some(own) if voted(own.run) => (own.number, &own.results),
            _ => (self.results_number, &self.results),
        }
    }
}

/// The hub of one show.
#[derive(Debug)]
pub struct Hub {
    audiences: [Line; 4],
    desk: watch::Sender<Sides>,
    gauge: watch::Sender<Sides>,
    log: broadcast::Sender<Utf8Bytes>,
}

/// A message to staff, as those see it who see all, and as operators and observers may.
#[derive(Debug, Clone, Default)]
pub struct Sides {
    producers: Utf8Bytes,
    operators: Utf8Bytes,
}

impl Sides {
    fn new(producers: &ServerMessage, operators: &ServerMessage) -> Self {
        let all = encode(producers);
        let operators = if operators == producers { all.clone() } else { encode(operators) };
        Self { producers: all, operators }
    }

    /// The message for an audience; empty: there is none yet.
    pub fn of(&self, audience: Audience) -> Utf8Bytes {
        if audience == Audience::Producers { self.producers.clone() } else { self.operators.clone() }
    }
}

#[derive(Debug)]
struct Line {
    newest: watch::Sender<Arc<Snapshot>>,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    show: Option<ShowView>,
    results: Option<Results>,
    voted: Option<Results>,
    asked: Option<Arc<Asked>>,
    behind: Vec<Behind>,
    /// Counts the changes of what is on and of the results, of whatever kind.
    number: u64,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            audiences: AUDIENCES.map(|_| Line { newest: watch::Sender::default(), last: Mutex::default() }),
            desk: watch::Sender::default(),
            gauge: watch::Sender::default(),
            log: broadcast::Sender::new(limits::STAFF_LOG_WAITING_MAX),
        }
    }
}

impl Hub {
    fn line(&self, audience: Audience) -> &Line {
        match audience {
            Audience::Viewers | Audience::Voters => &self.audiences[0],
            Audience::Screens => &self.audiences[1],
            Audience::Operators => &self.audiences[2],
            Audience::Producers => &self.audiences[3],
        }
    }

    /// Follows an audience's snapshots.
    pub fn follow(&self, audience: Audience) -> watch::Receiver<Arc<Snapshot>> {
        self.line(audience).newest.subscribe()
    }

    /// Follows the desk, the gauges and the log.
    pub fn follow_desk(&self) -> (watch::Receiver<Sides>, watch::Receiver<Sides>, broadcast::Receiver<Utf8Bytes>) {
        (self.desk.subscribe(), self.gauge.subscribe(), self.log.subscribe())
    }

    /// What an audience sees from now on. Only what differs from the last snapshot is encoded and sent; a new time or
    /// revision alone is no difference. `voted`: for those who have voted, if they see more.
    /// `behind`: for the viewers of platforms.
    pub fn publish(
        &self,
        audience: Audience,
        show: ShowView,
        results: Option<Results>,
        voted: Option<Results>,
        behind: Vec<Behind>,
    ) {
        let line = self.line(audience);
        let mut last = line.last.lock().unwrap_or_else(PoisonError::into_inner);
        let last = &mut *last;
        let same_show = last.show.as_ref().is_some_and(|last| is_same(last, &show));
        let same_behind = last.behind.len() == behind.len() && last.behind.iter().zip(&behind).all(is_seen_so);
        let (same_results, same_voted) = (same(last.results.as_ref(), &results), same(last.voted.as_ref(), &voted));
        if same_show && same_results && same_voted && same_behind {
            return;
        }
        let mut next = Snapshot::clone(&line.newest.borrow());
        if !same_show || !same_behind {
            // Who was behind and sees the same as others from now on would ignore it under an older revision than theirs.
            next.show = encode(&ServerMessage::Show(Box::new(show.clone())));
        }
        if !same_show {
            last.number += 1;
            next.show_number = last.number;
            last.show = Some(show);
        }
        if !same_results {
            last.number += 1;
            next.results_number = last.number;
            next.results = results.as_ref().map(|r| encode(&ServerMessage::Results(r.clone()))).unwrap_or_default();
            last.results = results;
        }
        if !same_voted {
            last.number += 1;
            let number = last.number;
            let own = |r: &Results| {
                Box::new(Voted { run: r.run, number, results: encode(&ServerMessage::Results(r.clone())) })
            };
            next.voted = voted.as_ref().map(own);
            last.voted = voted;
        }
        if !same_behind {
            let before: Vec<_> = last.behind.iter().zip(&*next.platforms).collect();
            let platform = |one: &Behind| {
                let before =
                    before.iter().find(|(seen, _)| (&seen.platform, &seen.segment) == (&one.platform, &one.segment));
                on_platform(one, before.copied(), &mut last.number)
            };
            next.platforms = behind.iter().map(platform).collect();
            last.behind = behind;
        }
        line.newest.send_replace(Arc::new(next));
    }

    /// The approved questions that viewers see from now on.
    pub fn publish_asked(&self, asked: Option<Arc<Asked>>) {
        let line = self.line(Audience::Viewers);
        let mut last = line.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.asked == asked {
            return;
        }
        let mut next = Snapshot::clone(&line.newest.borrow());
        next.asked_number += 1;
        next.asked = asked.as_ref().map(|asked| encode(&ServerMessage::Asked(Asked::clone(asked)))).unwrap_or_default();
        last.asked = asked;
        line.newest.send_replace(Arc::new(next));
    }

    /// The scores of the round that is played. Nobody hears of them before there are some.
    pub fn publish_scores(&self, audience: Audience, scores: Arc<Scores>) {
        let line = self.line(audience);
        let newest = line.newest.borrow().clone();
        if Arc::ptr_eq(&newest.scores, &scores) || newest.scores == scores {
            return;
        }
        let leaderboard = ServerMessage::Leaderboard(scores.leaderboard(limits::LEADERS_SENT_MAX));
        let (scores_number, leaderboard) = (newest.scores_number + 1, encode(&leaderboard));
        let next = Snapshot { scores_number, leaderboard, scores, ..Snapshot::clone(&newest) };
        line.newest.send_replace(Arc::new(next));
    }

    /// The last results of an audience, as they were published.
    pub fn last_results(&self, audience: Audience) -> Option<Results> {
        let last = self.line(audience).last.lock().unwrap_or_else(PoisonError::into_inner);
        if audience == Audience::Voters { last.voted.clone() } else { last.results.clone() }
    }

    /// The newest snapshot of an audience as values.
    pub fn newest(&self, audience: Audience) -> (Option<ShowView>, Option<Results>) {
        let last = self.line(audience).last.lock().unwrap_or_else(PoisonError::into_inner);
        (last.show.clone(), last.results.clone())
    }

    /// The whole desk, for producers and for operators.
    pub fn publish_desk(&self, desk: DeskView, operators: DeskView) {
        let message = |desk| ServerMessage::Desk(Box::new(desk));
        self.desk.send_replace(Sides::new(&message(desk), &message(operators)));
    }

    /// The moving figures, for producers and for operators.
    pub fn publish_gauge(&self, gauge: Gauge, operators: Gauge) {
        if self.gauge.receiver_count() > 0 {
            let message = |gauge| ServerMessage::Gauge(Box::new(gauge));
            self.gauge.send_replace(Sides::new(&message(gauge), &message(operators)));
        }
    }

    /// New entries of the as-run log, for staff.
    pub fn publish_log(&self, entries: Vec<AsRunEntry>) {
        // Nobody listening is not a fault.
        let _ = self.log.send(encode(&ServerMessage::Log { entries }));
    }
}

/// What is sent on a platform. What is there as before keeps its number: nobody gets it again because it is another one
/// that has changed.
fn on_platform(seen: &Behind, before: Option<(&Behind, &OnPlatform)>, number: &mut u64) -> OnPlatform {
    let mut next = || {
        *number += 1;
        *number
    };
    let (show_number, show) = match before {
        Some((last, sent)) if is_same(&last.show, &seen.show) => (sent.show_number, sent.show.clone()),
        _ => (next(), encode(&ServerMessage::Show(Box::new(seen.show.clone())))),
    };
    let results = match before {
        Some((last, sent)) if same(last.results.as_ref(), &seen.results) => sent.results.clone(),
        _ => seen.results.as_ref().map(|results| (next(), encode(&ServerMessage::Results(results.clone())))),
    };
    OnPlatform {
        platform: seen.platform.clone(),
        segment: seen.segment.clone(),
        entries: seen.entries.clone(),
        show_number,
        show,
        results,
        untold: seen.untold,
    }
}

/// Whether a show is the last one, but for time and revision.
fn is_same(last: &ShowView, show: &ShowView) -> bool {
    *last == ShowView { now: last.now, rev: last.rev, ..show.clone() }
}

fn is_seen_so((last, next): (&Behind, &Behind)) -> bool {
    let place = |one: &Behind| (one.platform.clone(), one.segment.clone(), one.entries.clone(), one.untold);
    place(last) == place(next) && is_same(&last.show, &next.show) && same(last.results.as_ref(), &next.results)
}

/// Whether results are the last ones, but for the time.
fn same(last: Option<&Results>, results: &Option<Results>) -> bool {
    match (last, results) {
        (Some(last), Some(results)) => *last == Results { as_of: last.as_of, ..results.clone() },
        (None, None) => true,
        _ => false,
    }
}

/// Room for the message that is sent most often: it need not grow.
const RECEIPT_BYTES: usize = 144;

/// A message as it is sent.
pub fn encode(message: &ServerMessage) -> Utf8Bytes {
    let mut text = Vec::with_capacity(RECEIPT_BYTES);
    serde_json::to_writer(&mut text, message).expect("messages are plain data");
    String::from_utf8(text).expect("JSON is text").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::clock::Micros, live::view, shows::transition::tests::Desk};

    #[test]
    fn who_was_behind_gets_the_revision_of_now_and_nobody_else_gets_anything() {
        let (hub, mut document) = (Hub::default(), Desk::open_for(60).document);
        let mut publish = |revision, behind: bool| {
            document.revision = revision;
            let show = view::show(&document, None, Audience::Viewers, Micros(revision));
            let own = Behind {
                platform: "tv".into(),
                segment: String::new(),
                entries: Vec::new(),
                show: ShowView { run: None, ..show.clone() },
                results: None,
                untold: false,
            };
            hub.publish(Audience::Viewers, show, None, None, if behind { vec![own] } else { Vec::new() });
            let newest = hub.follow(Audience::Viewers).borrow().clone();
            ["radio", "tv"].map(|name| {
                let (number, show) = newest.show_for(Vantage::Said { platform: name, segment: "" });
                let ServerMessage::Show(show) = serde_json::from_str(show).unwrap() else { panic!("a show") };
                (number, show.rev)
            })
        };
        let [studio, _] = publish(5, false);
        let [same, tv] = publish(6, true);
        assert_eq!((same, tv.1), ((studio.0, 6), 6));
        let [same, again] = publish(7, false);
        assert_eq!((same, again), ((studio.0, 7), same));
        assert_ne!(again.0, tv.0);
    }

    #[test]
    fn what_changes_on_one_platform_is_sent_on_no_other() {
        let (hub, document) = (Hub::default(), Desk::open_for(60).document);
        let show = view::show(&document, None, Audience::Viewers, Micros(0));
        // The title stands for whatever a platform has of its own, `None` for one that sees what all see.
        let publish = |titles: [Option<&str>; 2]| {
            let own = |(name, title): (&str, Option<&str>)| {
                Some(Behind {
                    platform: name.into(),
                    segment: String::new(),
                    entries: vec![Entry { platform: Some(name.into()), ..Entry::default() }],
                    show: ShowView { title: title?.into(), ..show.clone() },
                    results: None,
                    untold: false,
                })
            };
            let behind = ["tv", "web"].into_iter().zip(titles).filter_map(own).collect();
            hub.publish(Audience::Viewers, show.clone(), None, None, behind);
            let newest = hub.follow(Audience::Viewers).borrow().clone();
            ["tv", "web"].map(|name| {
                let entry = Entry { platform: Some(name.into()), segment: None, pool: None };
                let place = Vantage::Entry(&entry);
                let ServerMessage::Show(show) = serde_json::from_str(newest.show_for(place).1).unwrap() else {
                    panic!("a show")
                };
                (newest.show_for(place).0, show.title)
            })
        };
        let [tv, web] = publish([Some("a"), Some("b")]);
        assert_eq!((&*tv.1, &*web.1), ("a", "b"));
        let [same, other] = publish([Some("a"), Some("c")]);
        assert_eq!((&same, &*other.1), (&tv, "c"));
        assert_ne!(other.0, web.0);
        // Nor when one of them sees what all see, and the places move up.
        let [all, same] = publish([None, Some("c")]);
        assert_eq!((same, &*all.1), (other, &*show.title));
    }
}
