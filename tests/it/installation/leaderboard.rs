//! A quiz of thousands over two nodes, of which one is killed, while Redis loses its newest writes: the leaderboard of both
//! is what the export comes to when it is folded by other lines than the product's.

use std::{cmp::Reverse, net::SocketAddr};

use serde_json::{Value, json};
use tallylight::shows::run::Definition;

use super::{
    ledger::Ledger,
    remains::Remains,
    stage::{A, B, Stage, crowd},
};
use crate::{
    books::{
        audience::Crowd,
        audit::Export,
        show::{CROWD, SHOW},
    },
    support::{SOON, app, http, until},
};

/// What a right answer is worth at first, and in the end.
const POINTS: [u64; 2] = [1000, 100];
/// From when on a right answer is worth less, and from when on no less; the window is open for about fifteen seconds.
const MS: [u64; 2] = [50, 15_000];
const RIGHT: u64 = 2;

fn file() -> String {
    format!(
        "show = \"{SHOW}\"\ntitle = \"Faults\"\n[[cue]]\nnumber = \"1\"\nquestion = \"Who?\"\n\
         options = [\"Ada\", \"Grace\", \"Mary\"]\ngrace_ms = 500\n\
         [cue.quiz]\nright = [{RIGHT}]\npoints_max = {}\npoints_min = {}\nfull_ms = {}\nleast_ms = {}\n",
        POINTS[0], POINTS[1], MS[0], MS[1]
    )
}

fn leaderboard(node: SocketAddr) -> Value {
    until("the leaderboard is made", SOON, || {
        let found = http::get(node, &format!("/api/v1/shows/{SHOW}/leaderboard")).json();
        (found["players"] != 0).then_some(found)
    })
}

/// Milliseconds for which the window was open before `received`, which is microseconds since 1970.
fn open_ms(manifest: &Value, received: u64) -> u64 {
    let spans = manifest["windows"]["spans"].as_array().expect("a manifest has windows");
    let open = spans.iter().map(|span| {
        let [opens, closes] = ["opens", "closes"].map(|end| span[end].as_u64().expect("the window was closed"));
        closes.min(received).saturating_sub(opens)
    });
    open.sum::<u64>() / 1000
}

/// Rank, points, right answers and milliseconds of the first hundred.
fn fold(export: &Export) -> Vec<[u64; 4]> {
    let lines = export.counted.values().map(|line| {
        let ms = open_ms(&export.manifest, line.received);
        let lost = (POINTS[0] - POINTS[1]) * (ms.clamp(MS[0], MS[1]) - MS[0]) / (MS[1] - MS[0]);
        if u64::from(line.picks[0]) == RIGHT { [POINTS[0] - lost, 1, ms] } else { [0, 0, 0] }
    });
    let mut lines: Vec<_> = lines.collect();
    lines.sort_unstable_by_key(|[points, _, ms]| (Reverse(*points), *ms));
    let better = |[points, _, ms]: [u64; 3], than: [u64; 3]| points > than[0] || (points == than[0] && ms < than[2]);
    let ranked = lines.iter().take(100).map(|line| {
        let rank = 1 + lines.iter().filter(|other| better(**other, *line)).count() as u64;
        [rank, line[0], line[1], line[2]]
    });
    ranked.collect()
}

#[test]
fn the_leaderboard_is_exact_after_a_node_was_killed_and_redis_lost_answers() {
    let mut ledger = Ledger::start();
    // As many as else, each of whom has one answer.
    let crowd = Crowd { votes: 1, per_second: crowd().per_second / 4, ..crowd() };
    let mut stage = Stage::set_show(&ledger.urls(), &[app::program(), app::program()], crowd, &file());
    let audience = stage.open();
    let all = crowd.voters as usize;
    let counted = |ledger: &Ledger, run: &Definition, ballots: usize| {
        // Nobody is shown a number before the reveal: Redis itself is asked.
        until("so many answers are counted", CROWD, || {
            (Remains::of(&ledger.redis, run).ballots() >= ballots).then_some(())
        });
    };
    let (run, told, remains) = stage.fidgets_until(0, |mut scene| {
        let run = scene.definition();
        counted(&ledger, &run, all / 6);
        scene.nodes[A].kill();
        // The other one goes on.
        counted(&ledger, &run, all / 4);
        scene.nodes[A].start();
        scene.is_ready(A);
        scene.heals();
        let length = ledger.redis.file_bytes();
        let before = Remains::of(&ledger.redis, &run).ballots();
        counted(&ledger, &run, before + all / 12);
        let told = scene.tells(0);
        let remains = ledger.dies(|| (), Some(length), |redis| Remains::of(redis, &run));
        scene.heals();
        (run, told, remains)
    });
    counted(&ledger, &run, all);
    stage.locks();
    let book = stage.seal(audience);
    stage.ends("a quiz, a node is killed, Redis loses answers", &book);
    remains.are_less(&book, told);

    let board = leaderboard(stage.nodes[A].address());
    assert_eq!(leaderboard(stage.nodes[B].address()), board);
    assert_eq!(board["players"], json!(crowd.voters));
    let shown = board["top"].as_array().expect("there are leaders").iter();
    let shown = shown.map(|line| ["rank", "points", "right", "ms"].map(|field| line[field].as_u64().unwrap()));
    let folded = fold(&stage.exported());
    assert_eq!(shown.collect::<Vec<_>>(), folded);
    assert!(folded[0][1] > folded[99][1], "time took nothing away: this test proved nothing");
}
