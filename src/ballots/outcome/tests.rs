//! The outcome, by worked examples of real shows.

use super::*;
use crate::{
    base::ids::RunId,
    shows::{
        correction::left,
        document::Document,
        document::Staff,
        file,
        transition::{self, Context},
    },
    wire::{command::Command, entry::Entry, server::Role},
};

/// The definition of a question with these options and rules, in a show with these entries.
fn definition(options: &str, rules: &str, entries: &str) -> Definition {
    asked(&format!("options = {options}\n[cue.rules]\n{rules}\n{entries}"))
}

/// The definition of a question with the rest of its show.
fn asked(rest: &str) -> Definition {
    let text = format!("show = \"s\"\ntitle = \"S\"\n[[cue]]\nnumber = \"1\"\nquestion = \"?\"\n{rest}");
    let show = file::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(file::read(&file::write(&show)).as_ref(), Ok(&show), "{}", file::write(&show));
    let mut document = Document::new(show.id, show.title, show.rundown, "00".into());
    document.entries = document.entries.declaring(&show.entries).expect("there are numbers");
    let by = Staff { session: crate::base::ids::SessionId(1), name: "Op".into(), role: Role::Operator };
    let context = Context { now: crate::base::clock::Micros(0), by, owner_present: true, fresh_run: RunId(5), ranks };
    let document = transition::apply(&document, &Command::Standby { cue: "1".into() }, &context).unwrap();
    document.runs[0].definition.clone()
}

/// The outcome of votes per entry; the first line is of those who came by none.
fn of(definition: &Definition, lines: &[&[u64]]) -> Outcome {
    let by_entry = (0..).zip(lines).map(|(entry, votes)| ByEntry {
        entry,
        counted: votes.iter().sum(),
        votes: votes.to_vec(),
        late_votes: Vec::new(),
    });
    let by_entry: Vec<_> = by_entry.collect();
    let options = definition.interaction.options.len();
    let all: Vec<u64> = (0..options).map(|index| by_entry.iter().map(|line| line.votes[index]).sum()).collect();
    outcome(definition, &all, &by_entry).expect("the rules say something")
}

/// Options with rank and points, in their order.
fn places(outcome: &Outcome) -> Vec<(u16, u16, f64)> {
    outcome.places.iter().map(|place| (place.n, place.rank, place.points)).collect()
}

#[test]
fn two_pools_count_half_each_though_one_has_a_hundred_times_the_votes() {
    // Big Brother Brasil 2025: 42.38 % of the single votes and 61.41 % of the fans' made 51.90 %.
    let rules = "[[cue.rules.pool]]\npercent = 50\n[[cue.rules.pool]]\nname = \"fans\"\npercent = 50";
    let definition = definition("[\"A\", \"B\"]", rules, "[[entry]]\npool = \"fans\"");
    let found = of(&definition, &[&[4238, 5762], &[614_100, 385_900]]);
    assert_eq!(places(&found), [(1, 1, 51.895), (2, 2, 48.105)]);
    assert_eq!(found.places[0].exact, "10379/200");
    assert_eq!(found.pools[1].points, [30.705, 19.295]);
}

#[test]
fn points_of_many_parts_are_what_they_are_added_one_by_one() {
    let fraction = |numerator: u64, denominator: u64| whole(&numerator) / whole(&denominator);
    let part = |all: u64| vec![fraction(all / 3, all), fraction(0, 1), fraction(all - 1, 2 * all), fraction(5, 1)];
    for parts in [0, 1, 2, 40] {
        let parts: Vec<Points> = (0..parts).map(|number| part(12 + 35 * number)).collect();
        let one_by_one =
            |index: usize| parts.iter().fold(BigRational::zero(), |sum: BigRational, part: &Points| sum + &part[index]);
        assert_eq!(sum(&parts, 4), [0, 1, 2, 3].map(one_by_one));
    }
}

#[test]
fn a_pool_that_nobody_voted_in_leaves_all_to_the_others() {
    // Eurovision 2015: where the audience's votes could not be used, the jury counted in full.
    let rules = "[[cue.rules.pool]]\npercent = 60\n[[cue.rules.pool]]\nname = \"jury\"\npercent = 40";
    let definition = definition("[\"A\", \"B\"]", rules, "[[entry]]\npool = \"jury\"");
    let found = of(&definition, &[&[0, 0], &[1, 3]]);
    assert_eq!(places(&found), [(2, 1, 75.0), (1, 2, 25.0)]);
    assert!(found.pools[0].silent && !found.pools[1].silent);
    let nobody = of(&definition, &[&[0, 0], &[0, 0]]);
    assert_eq!(places(&nobody), [(1, 1, 0.0), (2, 1, 0.0)]);
}

#[test]
fn each_region_gives_the_same_points_and_nobody_votes_for_their_own() {
    let rules = "not_from = { se = [1], no = [2] }\n[[cue.rules.pool]]\nranks = [12, 10, 8]\neach_segment = true\n\
                 [[cue.rules.pool]]\nname = \"jury\"\nranks = [12, 10, 8]\neach_segment = true";
    let entries = "[[entry]]\nsegment = \"se\"\n[[entry]]\nsegment = \"no\"\n[[entry]]\nsegment = \"world\"\n\
                   [[entry]]\nsegment = \"se\"\npool = \"jury\"";
    let definition = definition("[\"Sweden\", \"Norway\", \"Finland\"]", rules, entries);
    for (entry, picks, may) in [(1, [1], false), (1, [2], true), (2, [2], false), (3, [1], true), (0, [1], true)] {
        assert_eq!(definition.allows(entry, &picks), may, "{entry} {picks:?}");
    }
    // Sweden's few voters weigh as much as the many of the world.
    let found = of(&definition, &[&[0, 0, 0], &[0, 3, 5], &[4, 0, 3], &[90_000, 80_000, 70_000], &[0, 1, 0]]);
    assert_eq!(places(&found), [(2, 1, 32.0), (3, 2, 30.0), (1, 3, 24.0)]);
}

#[test]
fn regions_rank_and_the_audience_gives_as_many_points_by_its_shares() {
    // The German preselection: nine radio regions give 12, 10 and 8 points each; here two of them, and the audience
    // gives as many in whole points.
    let rules = "[[cue.rules.pool]]\nname = \"radio\"\nranks = [12, 10, 8]\neach_segment = true\n\
                 [[cue.rules.pool]]\nproportional = 60";
    let entries = "[[entry]]\nsegment = \"north\"\npool = \"radio\"\n[[entry]]\nsegment = \"south\"\npool = \"radio\"";
    let definition = definition("[\"A\", \"B\", \"C\"]", rules, entries);
    let found = of(&definition, &[&[333, 333, 334], &[5, 3, 1], &[1, 3, 5]]);
    assert_eq!(found.pools[0].points, [20.0, 20.0, 20.0]);
    assert_eq!(found.pools[1].points, [20.0, 20.0, 20.0], "19.98 and 20.04 in whole points");
    assert_eq!(places(&found), [(1, 1, 40.0), (2, 1, 40.0), (3, 1, 40.0)]);
}

#[test]
fn the_wall_goes_up_at_seventy_percent() {
    // Rising Star: each of three judges is worth 7 %, the audience the rest.
    let rules = "threshold = 70\n[[cue.rules.pool]]\npercent = 79\n[[cue.rules.pool]]\nname = \"judges\"\npercent = 21";
    let definition = definition("[\"Yes\", \"No\"]", rules, "[[entry]]\npool = \"judges\"");
    let reached = |audience: &[u64], judges: &[u64]| {
        let found = of(&definition, &[audience, judges]);
        (found.places[0].points, found.places[0].reached)
    };
    assert_eq!(reached(&[65, 35], &[2, 1]), (65.35, Some(false)));
    assert_eq!(reached(&[65, 35], &[3, 0]), (72.35, Some(true)));
    assert_eq!(reached(&[49, 30], &[3, 0]), (70.0, Some(true)), "exactly seventy");
    assert_eq!(reached(&[0, 0], &[0, 0]), (0.0, Some(false)));
}

#[test]
fn equal_points_share_a_place_unless_a_pool_decides() {
    let pools = "[[cue.rules.pool]]\nranks = [3, 2, 1]\n[[cue.rules.pool]]\nname = \"jury\"\nranks = [3, 2, 1]";
    let entry = "[[entry]]\npool = \"jury\"";
    let shared = definition("[\"A\", \"B\", \"C\"]", pools, entry);
    let votes: [&[u64]; 2] = [&[9, 5, 1], &[1, 5, 9]];
    assert_eq!(places(&of(&shared, &votes)), [(1, 1, 4.0), (2, 1, 4.0), (3, 1, 4.0)]);
    let decided = definition("[\"A\", \"B\", \"C\"]", &format!("tie_pool = \"jury\"\n{pools}"), entry);
    assert_eq!(places(&of(&decided, &votes)), [(3, 1, 4.0), (2, 2, 4.0), (1, 3, 4.0)]);
    // Two that share the second place of a ranking get the mean of two and one.
    assert_eq!(of(&shared, &[&[9, 5, 5], &[0, 0, 0]]).pools[0].points, [3.0, 1.5, 1.5]);
}

#[test]
fn who_is_voted_for_goes() {
    let rules = definition("[\"A\", \"B\"]", "polarity = \"evict\"", "");
    let found = outcome(&rules, &[3, 5], &[]).unwrap();
    assert_eq!(
        (found.polarity, places(&found)),
        (crate::wire::outcome::Polarity::Evict, vec![(2, 1, 5.0), (1, 2, 3.0)])
    );
}

#[test]
fn late_votes_of_a_small_pool_may_change_the_order() {
    let rules = "[[cue.rules.pool]]\npercent = 50\n[[cue.rules.pool]]\nname = \"jury\"\npercent = 50";
    let definition = definition("[\"A\", \"B\"]", rules, "[[entry]]\npool = \"jury\"");
    let line = |entry, votes: &[u64], late: &[u64]| ByEntry {
        entry,
        counted: 1,
        votes: votes.to_vec(),
        late_votes: late.to_vec(),
    };
    let totals = |late: u64| Totals { votes: vec![61, 42], late: 1, late_votes: vec![0, late], ..Totals::default() };
    let of = |late: u64, by_entry: &[ByEntry]| {
        margin(&definition, &totals(late), (0, 0), Some(by_entry)).late_would_change_order
    };
    assert!(!of(1, &[line(0, &[60, 40], &[0, 1]), line(1, &[1, 2], &[])]), "a vote of the audience");
    assert!(of(1, &[line(0, &[60, 40], &[]), line(1, &[1, 1], &[0, 1])]), "a vote of the jury");
    assert!(!margin(&definition, &totals(0), (1, 0), None).decisive);
    assert!(!margin(&definition, &totals(0), (0, 1), None).decisive, "a vote that was missed before");
}

#[test]
fn a_rating_has_an_exact_mean_and_the_middle_of_what_was_given() {
    let scale = asked("[cue.rating]\nfrom = 1\nto = 5");
    for (votes, mean, exact, median) in [
        ([1, 0, 1, 1, 0], 2.667, "8/3", 3.0),
        ([1, 0, 0, 0, 1], 3.0, "3", 3.0),
        ([0, 1, 1, 0, 0], 2.5, "5/2", 2.5),
        ([0, 0, 0, 7, 0], 4.0, "4", 4.0),
        ([4, 0, 0, 3, 0], 2.286, "16/7", 1.0),
        ([2, 1, 0, 0, 3], 3.167, "19/6", 3.5),
        ([u64::MAX / 8; 5], 3.0, "3", 3.0),
    ] {
        assert_eq!(rated(&scale, &votes, &[]), Some(Rated { mean, exact: exact.into(), median }), "{votes:?}");
    }
    assert_eq!(rated(&scale, &[0; 5], &[]), None, "nobody has given anything");
    assert_eq!(rated(&definition("[\"1\", \"2\"]", "", ""), &[1, 2], &[]), None, "a poll is no rating");

    let below = asked("[cue.rating]\nfrom = -10\nto = 10\nstep = 5");
    assert_eq!(below.interaction.options, ["-10", "-5", "0", "5", "10"]);
    let found = rated(&below, &[1, 0, 1, 0, 0], &[]).unwrap();
    assert_eq!((found.mean, found.median), (-5.0, -5.0));
}

#[test]
fn a_jury_of_two_rates_as_much_as_all_others() {
    let rules = "[cue.rating]\nfrom = 0\nto = 10\nstep = 10\n[[cue.rules.pool]]\npercent = 50\n[[cue.rules.pool]]\nname = \"jury\"\n\
                 percent = 50\n[[entry]]\npool = \"jury\"";
    let by_entry = [[900_u64, 100], [0, 2]].into_iter().zip(0..).map(|(votes, entry)| ByEntry {
        entry,
        counted: votes.iter().sum(),
        votes: votes.to_vec(),
        late_votes: Vec::new(),
    });
    let found = rated(&asked(rules), &[900, 102], &by_entry.collect::<Vec<_>>()).unwrap();
    assert_eq!((found.mean, &*found.exact, found.median), (5.5, "11/2", 10.0));
}

/// The points of a seal whose lines count but for what is left out.
fn without(definition: &Definition, lines: &[&[u64]], excluded: &[Entry]) -> Vec<(u16, u16, f64)> {
    let by_entry = (0..).zip(lines).map(|(entry, votes)| ByEntry {
        entry,
        counted: votes.iter().sum(),
        votes: votes.to_vec(),
        late_votes: Vec::new(),
    });
    let left = left(excluded, definition, &by_entry.collect::<Vec<_>>());
    let all: Vec<u64> = (0..lines[0].len()).map(|index| left.iter().map(|line| line.votes[index]).sum()).collect();
    places(&outcome(definition, &all, &left).expect("the rules say something"))
}

#[test]
fn what_is_left_out_counts_nothing_and_what_is_left_counts_as_much_more() {
    let named = |segment: Option<&str>, pool: Option<&str>| Entry {
        segment: segment.map(str::to_owned),
        pool: pool.map(str::to_owned),
        platform: None,
    };
    // Eurovision 2015: where a country's televote cannot be used its jury counts for all.
    let rules = "[[cue.rules.pool]]\npercent = 50\n[[cue.rules.pool]]\nname = \"jury\"\npercent = 50";
    let entries = "[[entry]]\npool = \"jury\"\n[[entry]]\nsegment = \"north\"";
    let half = definition("[\"A\", \"B\"]", rules, entries);
    let lines: [&[u64]; 3] = [&[60, 40], &[1, 4], &[40, 60]];
    for (excluded, expected) in [
        (vec![], [(2, 1, 65.0), (1, 2, 35.0)]),
        (vec![named(None, Some(""))], [(2, 1, 80.0), (1, 2, 20.0)]),
        (vec![named(None, Some("jury"))], [(1, 1, 50.0), (2, 1, 50.0)]),
        (vec![named(Some("north"), None)], [(2, 1, 60.0), (1, 2, 40.0)]),
        (vec![named(Some("north"), None), named(None, Some("jury"))], [(1, 1, 60.0), (2, 2, 40.0)]),
        // Both names have to fit: no entry is of the jury in the north.
        (vec![named(Some("north"), Some("jury"))], [(2, 1, 65.0), (1, 2, 35.0)]),
    ] {
        assert_eq!(without(&half, &lines, &excluded), expected, "{excluded:?}");
    }
    // The juries of the states give 5, 3 and 1 each; one of them was void.
    let rules = "[[cue.rules.pool]]\nranks = [5, 3, 1]\neach_segment = true\nname = \"jury\"";
    let entries = "[[entry]]\nsegment = \"n\"\npool = \"jury\"\n[[entry]]\nsegment = \"s\"\npool = \"jury\"";
    let juries = definition("[\"A\", \"B\", \"C\"]", rules, entries);
    let lines: [&[u64]; 3] = [&[0, 0, 0], &[9, 5, 2], &[1, 7, 3]];
    assert_eq!(without(&juries, &lines, &[]), [(2, 1, 8.0), (1, 2, 6.0), (3, 3, 4.0)]);
    let voided = [named(Some("n"), Some("jury"))];
    assert_eq!(without(&juries, &lines, &voided), [(2, 1, 5.0), (3, 2, 3.0), (1, 3, 1.0)]);
}

#[test]
fn what_is_declared_is_ranked_by_the_rules_of_the_run() {
    let rules = "polarity = \"evict\"\nthreshold = 50\n[[cue.rules.pool]]\npercent = 60\n[[cue.rules.pool]]\nname = \"jury\"\npercent = 40";
    let points = definition("[\"A\", \"B\", \"C\"]", rules, "[[entry]]\npool = \"jury\"");
    let (found, _) = declared(&points, &[20_500, 59_000, 20_500]);
    let found = found.expect("the rules say something");
    assert_eq!(places(&found), [(2, 1, 59.0), (1, 2, 20.5), (3, 2, 20.5)]);
    assert_eq!((found.places[0].exact.as_str(), found.places[0].reached), ("59", Some(true)));
    assert!(found.pools.is_empty(), "no pool gave them");
    // A plain poll has no outcome, and a rating its mean.
    assert_eq!(declared(&asked("options = [\"A\", \"B\"]"), &[3000, 1000]), (None, None));
    let (_, rated) = declared(&asked("[cue.rating]\nfrom = 1\nto = 3"), &[1000, 0, 3000]);
    assert_eq!(rated.map(|rated| (rated.exact, rated.median)), Some(("5/2".to_owned(), 3.0)));
}

#[test]
fn whose_place_it_is_follows_what_stands() {
    let mut run = transition::tests::Desk::open_for(60).document.runs[0].clone();
    let tv = Entry { platform: Some("tv".to_owned()), ..Entry::default() };
    run.definition.entries = crate::shows::entries::Entries::default().declaring(std::slice::from_ref(&tv)).unwrap();
    let line = |entry, votes: [u64; 2]| ByEntry { entry, counted: 1, votes: votes.into(), late_votes: Vec::new() };
    let correction = |excluded: &[Entry], declared: &[u64]| crate::shows::correction::Correction {
        counted: 1,
        corrects: String::new(),
        at: crate::base::clock::Micros(0),
        reason: "a test".to_owned(),
        by: ["Ada".to_owned(), "Bea".to_owned()],
        excluded: excluded.to_vec(),
        declared: declared.to_vec(),
        right: Vec::new(),
    };
    let sealed = |totals: [u64; 2], correction| SealSummary {
        at: crate::base::clock::Micros(0),
        totals: totals.into(),
        late: 0,
        late_totals: vec![0, 0],
        by_entry: vec![line(0, [2, 1]), line(1, [0, 4])],
        outstanding: 0,
        manifest_hash: String::new(),
        correction,
    };
    assert_eq!(ranks(&run, &sealed([2, 5], None)), [2, 1]);
    assert_eq!(ranks(&run, &sealed([2, 1], Some(correction(&[tv], &[])))), [1, 2]);
    assert_eq!(ranks(&run, &sealed([2, 5], Some(correction(&[], &[3000, 3000])))), [1, 1]);
}
