//! The report as one page: no script, nothing from elsewhere, right on light, on dark and on paper. Under every chart is a
//! table of the same numbers.

use std::fmt::Write as _;

use super::{
    Report,
    chart::{Chart, Line, escape, grouped, plain},
};
use crate::{
    book::{
        RunBook,
        series::{Kind, Second, Track},
        verdict::{Account, Source},
    },
    latency::Latency,
    scenario::metrics::Sample,
};

/// Points of a line; longer scenarios are drawn in steps of several seconds.
const POINTS_MAX: usize = 200;
/// A tool that is later than this has a part in every other time.
const TOOL_LATE_MS: f64 = 20.0;

/// The page.
pub fn page(report: &Report) -> String {
    let title = escape(&report.scenario.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} – rehearsal</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n",
        include_str!("style.css")
    );
    let _ = writeln!(
        page,
        "<header><h1>{title}</h1><p>Rehearsal of the show {} on {}, {} viewers in {} s, {} of this tool{}; {}.</p></header>",
        escape(&report.show),
        moment(report.started_at),
        grouped(report.scenario.viewers as u64),
        plain(report.scenario.seconds),
        count(report.parts as u64, "process", "processes"),
        if report.missing_parts.is_empty() {
            String::new()
        } else {
            format!(" ({} missing)", report.missing_parts.len())
        },
        report.nodes.iter().map(|node| escape(node)).collect::<Vec<_>>().join(", ")
    );
    verdict(&mut page, report);
    tiles(&mut page, report);
    books(&mut page, report);
    charts(&mut page, report);
    percentiles(&mut page, report);
    errors(&mut page, report);
    server(&mut page, report);
    steps(&mut page, report);
    let _ = write!(
        page,
        "<section class=\"long\"><h2>The scenario</h2><details><summary>The file, seed {}</summary><pre>{}</pre></details></section>\n\
         <p class=\"quiet\">tallylight-load {}. Times are whole delays: they count from the moment something was due, \
         whatever came before it.</p>\n</main>\n</body>\n</html>\n",
        report.scenario.seed,
        escape(&report.scenario_text),
        report.version
    );
    page
}

fn verdict(page: &mut String, report: &Report) {
    let (class, sign) = match report.exit_code {
        0 => ("good", "✓"),
        1 => ("bad", "✗"),
        _ => ("warn", "!"),
    };
    let _ = write!(page, "<section class=\"verdict {class}\"><strong>{sign} {}</strong>", report.words);
    let all = &report.verdict;
    let mut says: Vec<_> = all.wrong.iter().chain(&all.unchecked).chain(&all.missed).cloned().collect();
    if let Some(late) = report.latencies.get(&Kind::Tool).filter(|late| late.p99_ms > TOOL_LATE_MS) {
        says.push(format!(
            "This tool was late itself: by {} ms in 1 of 100 cases. The times below have that in them; use more machines.",
            plain(late.p99_ms)
        ));
    }
    if says.is_empty() {
        page.push_str(
            "<p>Every ballot that was sent is accounted for, and the server's tally is the sum of the receipts.</p>",
        );
    } else {
        let items: String = says.iter().map(|says| format!("<li>{}</li>", escape(says))).collect();
        let _ = write!(page, "<ul>{items}</ul>");
    }
    page.push_str("</section>\n");
}

fn tiles(page: &mut String, report: &Report) {
    let sum = |of: fn(&RunBook) -> u64| report.book.runs.values().map(of).sum::<u64>();
    let p99 = |kind| report.latencies.get(&kind).map_or_else(|| "–".to_owned(), |p| format!("{} ms", plain(p.p99_ms)));
    let joined = report.latencies.get(&Kind::Join).map_or(0, |p| p.n);
    let viewers = format!("of {} viewers", grouped(report.scenario.viewers as u64));
    let due = format!("of {} that were due", grouped(sum(|run| run.due)));
    let tiles = [
        ("Came in", grouped(joined), viewers),
        ("Ballots counted", grouped(sum(|run| run.counted)), due),
        ("First receipt", p99(Kind::Vote), "99 of 100 within this".to_owned()),
        ("Results on arrival", p99(Kind::Results), "99 of 100 not older".to_owned()),
        ("Errors", grouped(report.errors.values().sum()), "by code below".to_owned()),
    ];
    page.push_str("<dl class=\"tiles\">");
    for (name, value, more) in tiles {
        let _ = write!(page, "<div><dt>{name}</dt><dd>{value}<small>{more}</small></dd></div>");
    }
    page.push_str("</dl>\n");
}

fn books(page: &mut String, report: &Report) {
    page.push_str("<section class=\"long\"><h2>The books</h2>");
    let runs: Vec<_> = report.book.runs.iter().filter(|(_, run)| run.votes_per_voter > 0).collect();
    if runs.is_empty() {
        page.push_str("<p>No ballots were due.</p>");
    } else {
        page.push_str(
            "<div class=\"scroll\"><table><caption>Ballots by cue: what became of them by their receipts, and what the server \
             says</caption><thead><tr><th>Cue</th><th>Due</th><th>Never sent</th><th>Sent</th><th>Counted</th><th>Late</th>\
             <th class=\"text\">Refused otherwise</th><th class=\"text\">No final answer</th><th>Server: counted</th>\
             <th>Server: late</th><th class=\"text\">By</th></tr></thead><tbody>",
        );
        for (id, run) in &runs {
            let none = Account::default();
            let account = report.server.accounts.get(id).unwrap_or(&none);
            let late = run.refused.get("late").copied().unwrap_or(0);
            let other: Vec<_> = run.refused.iter().filter(|(word, _)| *word != "late").collect();
            let words = |words: Vec<(&String, &u64)>| {
                let all: Vec<_> =
                    words.into_iter().map(|(word, n)| format!("{} {}", grouped(*n), escape(word))).collect();
                if all.is_empty() { "0".to_owned() } else { all.join(", ") }
            };
            let theirs = |number: Option<u64>, ours: u64| match number {
                Some(n) if n == ours => format!("<td>{}</td>", grouped(n)),
                Some(n) => format!("<td class=\"off\">{} ≠</td>", grouped(n)),
                None => "<td>–</td>".to_owned(),
            };
            let by = match account.source {
                Source::Manifest => "signed manifest".to_owned(),
                Source::Results => "results for viewers".to_owned(),
                Source::Nothing if account.note.is_empty() => "not known".to_owned(),
                Source::Nothing => escape(&account.note),
            };
            let _ = write!(
                page,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"text\">{}</td>\
                 <td class=\"text\">{}</td>{}{}<td class=\"text\">{by}</td></tr>",
                escape(&run.cue),
                grouped(run.due),
                grouped(run.never_sent()),
                grouped(run.sent),
                grouped(run.counted),
                grouped(late),
                words(other),
                words(run.open.iter().collect()),
                theirs(account.counted, run.counted),
                theirs(account.late, late),
            );
        }
        page.push_str("</tbody></table></div>");
    }
    options(page, report);
    page.push_str("</section>\n");
}

/// Votes by option, ours and the server's; of reactions taps.
fn options(page: &mut String, report: &Report) {
    let mut rows = String::new();
    for (id, run) in &report.book.runs {
        let votes = report.server.accounts.get(id).map_or(&[][..], |account| &account.votes);
        if run.votes_per_voter == 0 {
            if run.taps > 0 {
                let theirs: u64 = votes.iter().sum();
                let _ = write!(
                    rows,
                    "<tr><th scope=\"row\">{}</th><td>taps</td><td>{}</td><td>{}</td><td class=\"text\">taps may be lost</td></tr>",
                    escape(&run.cue),
                    grouped(run.taps),
                    grouped(theirs)
                );
            }
            continue;
        }
        for n in 0..run.votes.len().max(votes.len()) {
            let of = |votes: &[u64]| votes.get(n).copied().unwrap_or(0);
            let (ours, theirs) = (of(&run.votes), of(votes));
            let (class, note) = match (votes.is_empty(), ours == theirs) {
                (true, _) => ("", "not known"),
                (false, true) => ("", "the same"),
                (false, false) => (" class=\"off\"", "not the same"),
            };
            let _ = write!(
                rows,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td{class}>{}</td><td class=\"text\">{note}</td></tr>",
                escape(&run.cue),
                n + 1,
                grouped(ours),
                if votes.is_empty() { "–".to_owned() } else { grouped(theirs) },
            );
        }
    }
    if !rows.is_empty() {
        let _ = write!(
            page,
            "<h3>Votes by option</h3><div class=\"scroll\"><table><thead><tr><th>Cue</th><th>Option</th><th>By the receipts</th>\
             <th>By the server</th><th class=\"text\"></th></tr></thead><tbody>{rows}</tbody></table></div>"
        );
    }
}

/// Seconds put together, so that a line has not too many points.
struct Steps {
    size: usize,
    marks: Vec<(f64, String)>,
}

impl Steps {
    fn of(report: &Report) -> Self {
        let seconds = report.series.tracks.values().map(|track| track.seconds.len()).max().unwrap_or(0);
        let marks = report.server.done.iter().filter(|done| done.refused.is_none());
        let marks = marks.map(|done| (done.at_s, done.what.clone())).collect();
        Self { size: seconds.div_ceil(POINTS_MAX).max(1), marks }
    }

    fn line<'a>(&self, name: &'a str, track: Option<&Track>, of: impl Fn(&[Second]) -> Option<f64>) -> Line<'a> {
        let seconds = track.map_or(&[][..], |track| &track.seconds);
        let points = seconds.chunks(self.size).enumerate().map(|(n, step)| ((n * self.size) as f64, of(step)));
        Line { name, points: points.collect() }
    }

    fn per_second(&self, of: impl Fn(&Second) -> u64) -> impl Fn(&[Second]) -> Option<f64> {
        let size = self.size as f64;
        move |step| Some(step.iter().map(&of).sum::<u64>() as f64 / size)
    }
}

fn quantile(share: f64) -> impl Fn(&[Second]) -> Option<f64> {
    move |step| {
        let mut all: Option<Latency> = None;
        for latency in step.iter().filter_map(|second| second.latency.as_ref()) {
            all.get_or_insert_with(Latency::small).merge(latency);
        }
        all.filter(|all| all.n() > 0).map(|all| all.quantile_ms(share))
    }
}

fn charts(page: &mut String, report: &Report) {
    let steps = Steps::of(report);
    let track = |kind| report.series.tracks.get(&kind);
    page.push_str("<section class=\"long\"><h2>Over time</h2><div class=\"charts\">");
    let latency = |kind| {
        vec![
            steps.line("median", track(kind), quantile(0.5)),
            steps.line("99 of 100", track(kind), quantile(0.99)),
            steps.line("longest", track(kind), quantile(1.0)),
        ]
    };
    let flow = |kind| {
        vec![
            steps.line("due", track(kind), steps.per_second(|second| second.due)),
            steps.line("done", track(kind), steps.per_second(|second| second.done)),
        ]
    };
    for (kind, title, says, log) in [
        (Kind::Vote, "Ballot to first receipt", "By the second in which the ballot was due.", true),
        (Kind::Vote, "Ballots: due and answered", "Arrivals follow the plan, whatever the server does.", false),
        (Kind::Join, "Coming in: due and done", "Every viewer once; coming back is not in it.", false),
        (Kind::Join, "Coming in: how long it took", "From the moment a viewer was due to the welcome.", true),
        (Kind::Rejoin, "Coming back: due and done", "After a connection was lost.", false),
        (Kind::Results, "Age of results on arrival", "From the count to the viewer.", true),
        (Kind::Poll, "Poll to answer", "Viewers without a WebSocket.", true),
        (Kind::Said, "Text to answer", "Questions and texts.", true),
    ] {
        if track(kind).is_none_or(|track| track.total.n() == 0) {
            continue;
        }
        let (lines, y) = if log { (latency(kind), "milliseconds") } else { (flow(kind), "per second") };
        let marks = steps.marks.clone();
        figure(page, says, &Chart { title, x: "seconds from the start", y, log, lines, marks, x_ticks: None });
    }
    page.push_str("</div></section>\n");
}

/// A chart with its legend and the table of its numbers.
fn figure(page: &mut String, says: &str, chart: &Chart<'_>) {
    let _ = write!(
        page,
        "<figure><figcaption>{}<span>{says}</span></figcaption>{}{}<details><summary>The numbers</summary><div class=\"scroll\">\
         <table><thead><tr><th>{}</th>",
        escape(chart.title),
        chart.svg(),
        chart.legend(),
        escape(chart.x)
    );
    for line in &chart.lines {
        let _ = write!(page, "<th>{}, {}</th>", escape(line.name), escape(chart.y));
    }
    page.push_str("</tr></thead><tbody>");
    let rows = chart.lines.iter().map(|line| line.points.len()).max().unwrap_or(0);
    for row in 0..rows {
        let at = chart.lines.iter().find_map(|line| line.points.get(row)).map_or(0.0, |(x, _)| *x);
        let label = chart.x_ticks.as_ref().and_then(|ticks| ticks.iter().find(|(x, _)| (x - at).abs() < 1e-9));
        let values: Vec<_> = chart.lines.iter().map(|line| line.points.get(row).and_then(|(_, y)| *y)).collect();
        if values.iter().all(|value| value.is_none_or(|value| value == 0.0)) {
            continue;
        }
        let _ = write!(page, "<tr><td>{}</td>", label.map_or_else(|| plain(at), |(_, label)| label.clone()));
        for value in values {
            let _ = write!(page, "<td>{}</td>", value.map_or_else(|| "–".to_owned(), plain));
        }
        page.push_str("</tr>");
    }
    page.push_str("</tbody></table></div></details></figure>\n");
}

fn percentiles(page: &mut String, report: &Report) {
    page.push_str(
        "<section class=\"long\"><h2>How long it took</h2><div class=\"scroll\"><table><caption>Milliseconds</caption><thead><tr><th>What</th>\
         <th>How often</th><th>Median</th><th>90 of 100</th><th>99 of 100</th><th>999 of 1,000</th><th>Longest</th></tr></thead><tbody>",
    );
    for (kind, p) in &report.latencies {
        let track = &report.series.tracks[kind];
        let _ = write!(
            page,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            kind.words(),
            grouped(p.n),
            plain(p.p50_ms),
            plain(p.p90_ms),
            plain(p.p99_ms),
            plain(track.total.quantile_ms(0.999)),
            plain(p.max_ms)
        );
    }
    page.push_str("</tbody></table></div><div class=\"charts\">");
    // Each step to the right is ten times rarer.
    let places = [0.0, 0.5, 0.75, 0.9, 0.97, 0.99, 0.997, 0.999, 0.9997, 0.9999];
    let at = |share: f64| -(1.0 - share).log10();
    let kinds = [Kind::Join, Kind::Vote, Kind::Results, Kind::Rejoin];
    let lines: Vec<_> = kinds
        .into_iter()
        .filter_map(|kind| Some((kind, report.series.tracks.get(&kind).filter(|track| track.total.n() > 0)?)))
        .map(|(kind, track)| {
            // No more is said than so many can say.
            let known = |share: &f64| (1.0 - share) * track.total.n() as f64 >= 1.0;
            let points = places.iter().filter(|share| known(share));
            let points = points.map(|share| (at(*share), Some(track.total.quantile_ms(*share))));
            Line { name: kind.words(), points: points.collect() }
        })
        .collect();
    if !lines.is_empty() {
        let x_ticks = places.map(|share| (at(share), percent(share))).to_vec();
        let chart = Chart {
            title: "By percentile",
            x: "share that was not slower",
            y: "milliseconds",
            log: true,
            lines,
            marks: Vec::new(),
            x_ticks: Some(x_ticks),
        };
        figure(page, "Each step to the right is ten times rarer.", &chart);
    }
    page.push_str("</div></section>\n");
}

fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

fn errors(page: &mut String, report: &Report) {
    page.push_str("<section><h2>Errors and events</h2>");
    if report.errors.is_empty() {
        page.push_str("<p>No errors.</p>");
    }
    for (caption, words) in [("Errors by code", &report.errors), ("What else happened", &report.events)] {
        if words.is_empty() {
            continue;
        }
        let mut words: Vec<_> = words.iter().collect();
        words.sort_by(|a, b| b.1.cmp(a.1));
        let row = |(word, n): (&String, &u64)| format!("<tr><td>{}</td><td>{}</td></tr>", escape(word), grouped(*n));
        let rows: String = words.into_iter().map(row).collect();
        let _ = write!(page, "<h3>{caption}</h3><table><tbody>{rows}</tbody></table>");
    }
    page.push_str("</section>\n");
}

fn server(page: &mut String, report: &Report) {
    let samples = &report.server.samples;
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return };
    page.push_str(
        "<section class=\"long\"><h2>The server's own figures</h2><p class=\"quiet\">From /metrics of every node, once a second, added up.</p>\
         <div class=\"charts\">",
    );
    let gauge = |name: &'static str, of: &dyn Fn(&Sample) -> f64| Line {
        name,
        points: samples.iter().map(|sample| (sample.at_s.max(0.0), Some(of(sample)))).collect(),
    };
    let rate = |name: &'static str, of: &dyn Fn(&Sample) -> f64| Line {
        name,
        points: samples
            .windows(2)
            .map(|pair| {
                (pair[1].at_s.max(0.0), Some((of(&pair[1]) - of(&pair[0])) / (pair[1].at_s - pair[0].at_s).max(0.1)))
            })
            .collect(),
    };
    let marks = Steps::of(report).marks;
    let x = "seconds from the start";
    let receipts = |sample: &Sample| sample.sum("receipts_total");
    let lines = vec![rate("receipts", &receipts)];
    figure(
        page,
        "All answers, repeated ones too.",
        &Chart { title: "Receipts sent", x, y: "per second", log: false, lines, marks: marks.clone(), x_ticks: None },
    );
    let connections = |sample: &Sample| sample.value("connections");
    let viewers = |sample: &Sample| sample.value("sessions{role=\"viewer\"}");
    let lines = vec![gauge("connections", &connections), gauge("sessions of viewers", &viewers)];
    figure(
        page,
        "Open connections of all kinds, and viewers who joined by a WebSocket.",
        &Chart { title: "Connections", x, y: "open", log: false, lines, marks: marks.clone(), x_ticks: None },
    );
    let fsync = |sample: &Sample| sample.value("journal_fsync_seconds") * 1000.0;
    let lines = vec![gauge("fsync of the last group", &fsync)];
    figure(
        page,
        "How long the disk took.",
        &Chart { title: "Disk", x, y: "milliseconds", log: false, lines, marks, x_ticks: None },
    );
    page.push_str("</div><h3>From the start to the end</h3><div class=\"scroll\"><table><thead><tr><th>Figure</th><th>Before</th><th>After</th><th>Difference</th></tr></thead><tbody>");
    for (name, after) in &last.values {
        let before = first.value(name);
        if (after - before).abs() < 1e-12 {
            continue;
        }
        let signed = if after < &before { "−" } else { "+" };
        let _ = write!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{signed}{}</td></tr>",
            escape(name),
            plain(before),
            plain(*after),
            plain((after - before).abs())
        );
    }
    page.push_str("</tbody></table></div></section>\n");
}

fn steps(page: &mut String, report: &Report) {
    if report.server.done.is_empty() {
        return;
    }
    page.push_str(
        "<section><h2>What was done</h2><div class=\"scroll\"><table><thead><tr><th>Step</th><th>Due, s</th><th>Done, s</th>\
         <th class=\"text\"></th></tr></thead><tbody>",
    );
    for done in &report.server.done {
        let _ = write!(
            page,
            "<tr><td>{}</td><td>{:.1}</td><td>{:.1}</td><td class=\"text\">{}</td></tr>",
            escape(&done.what),
            done.due_s,
            done.at_s,
            done.refused.as_deref().map_or_else(String::new, |why| format!("refused: {}", escape(why)))
        );
    }
    page.push_str("</tbody></table></div></section>\n");
}

fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// A moment as people write it, UTC.
fn moment(ms: u64) -> String {
    // Days since 1970 to a date: the years of 400 begin in March, so that the leap day is their last.
    let days = ms / 86_400_000 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + era * 400 + u64::from(month <= 2);
    let minutes = ms / 60_000 % 1440;
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}
