//! Charts as inline SVG: lines over seconds, with axes that say their units. Colours come from the page's style, so a chart
//! is right on light, on dark and on paper; lines differ by their dashes, too.

use std::fmt::Write as _;

/// Room of a chart, in its own units.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 46.0;

/// A line of a chart.
#[derive(Debug)]
pub struct Line<'a> {
    pub name: &'a str,
    /// By second or by place; `None` leaves a gap.
    pub points: Vec<(f64, Option<f64>)>,
}

/// A chart.
#[derive(Debug)]
pub struct Chart<'a> {
    pub title: &'a str,
    /// What the axes say.
    pub x: &'a str,
    pub y: &'a str,
    /// The y axis goes by powers of ten.
    pub log: bool,
    pub lines: Vec<Line<'a>>,
    /// Moments with a name.
    pub marks: Vec<(f64, String)>,
    /// Where the x axis has marks that are no round numbers.
    pub x_ticks: Option<Vec<(f64, String)>>,
}

impl Chart<'_> {
    /// The SVG.
    pub fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| line.points.iter());
        let x_max = points().map(|(x, _)| *x).fold(1.0, f64::max);
        let values = || points().filter_map(|(_, y)| *y);
        let top = values().fold(if self.log { 1.0 } else { 0.0 }, f64::max).max(1e-9);
        let least = values().filter(|y| *y > 0.0).fold(top, f64::min);
        let (low, high) = if self.log {
            (10_f64.powf(least.log10().floor().min(0.0)), 10_f64.powf(top.log10().ceil().max(1.0)))
        } else {
            (0.0, nice(top * 1.02))
        };
        let px = |x: f64| LEFT + x / x_max * (WIDTH - LEFT - RIGHT);
        let py = |y: f64| {
            let share =
                if self.log { (y.max(low).log10() - low.log10()) / (high.log10() - low.log10()) } else { y / high };
            HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
        };
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n",
            escape(&format!("{}: {} over {}. The table below has the numbers.", self.title, self.y, self.x))
        );
        for (y, label) in self.y_ticks(low, high) {
            let at = py(y);
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
                 <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0
            );
        }
        let ticks = self.x_ticks.clone().unwrap_or_else(|| {
            let step = nice(x_max / 8.0).max(1.0);
            (0..).map(|n| f64::from(n) * step).take_while(|x| *x <= x_max).map(|x| (x, plain(x))).collect()
        });
        for (x, label) in ticks.into_iter().filter(|(x, _)| *x <= x_max) {
            let _ = writeln!(
                svg,
                "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                px(x),
                HEIGHT - BOTTOM + 17.0
            );
        }
        self.draw_marks(&mut svg, x_max, px);
        let _ = writeln!(
            svg,
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>\
             <text class=\"axis-name\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <text class=\"axis-name\" x=\"4\" y=\"14\">{}</text>",
            WIDTH - RIGHT,
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM,
            WIDTH - RIGHT,
            HEIGHT - 5.0,
            escape(self.x),
            escape(self.y)
        );
        for (n, line) in self.lines.iter().enumerate() {
            let mut path = String::new();
            let mut pen = 'M';
            for (x, y) in &line.points {
                match y {
                    Some(y) => {
                        let _ = write!(path, "{pen}{:.1} {:.1}", px(*x), py(*y));
                        // A moment alone between two gaps is a point.
                        if pen == 'M' {
                            path.push_str("h0.01");
                        }
                        pen = 'L';
                    }
                    None => pen = 'M',
                }
            }
            let _ = writeln!(svg, "<path class=\"line line-{n}\" d=\"{path}\"/>");
        }
        svg.push_str("</svg>");
        svg
    }

    /// What the lines are, as a list beside the chart.
    pub fn legend(&self) -> String {
        let item = |(n, line): (usize, &Line<'_>)| {
            format!(
                "<li><svg viewBox=\"0 0 28 8\" aria-hidden=\"true\"><path class=\"line line-{n}\" d=\"M1 4H27\"/></svg>{}</li>",
                escape(line.name)
            )
        };
        format!("<ul class=\"legend\">{}</ul>", self.lines.iter().enumerate().map(item).collect::<String>())
    }

    /// Marks whose names would lie on each other stand without the later name.
    fn draw_marks(&self, svg: &mut String, x_max: f64, px: impl Fn(f64) -> f64) {
        let mut free = 0.0;
        for (x, name) in self.marks.iter().filter(|(x, _)| *x <= x_max) {
            let at = px(*x);
            let _ = write!(
                svg,
                "<line class=\"mark\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{:.1}\"/>",
                HEIGHT - BOTTOM
            );
            let width = name.chars().count() as f64 * 6.0;
            if at >= free && at + width < WIDTH {
                let _ = write!(
                    svg,
                    "<text class=\"mark-name\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                    at + 3.0,
                    TOP + 10.0,
                    escape(name)
                );
                free = at + width + 8.0;
            }
        }
    }

    fn y_ticks(&self, low: f64, high: f64) -> Vec<(f64, String)> {
        if !self.log {
            return (0..=4).map(|n| high * f64::from(n) / 4.0).map(|y| (y, plain(y))).collect();
        }
        let decades = (high / low).log10().round() as i32;
        (0..=decades).map(|n| low * 10_f64.powi(n)).map(|y| (y, plain(y))).collect()
    }
}

/// The next round number that is not smaller.
fn nice(value: f64) -> f64 {
    let ten = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 4.0, 5.0, 8.0, 10.0].into_iter().map(|step| step * ten).find(|nice| *nice >= value).unwrap_or(value)
}

/// A number as people write it.
pub fn plain(value: f64) -> String {
    let rounded = value.round();
    if (value - rounded).abs() < 1e-9 || value.abs() >= 100.0 {
        grouped(rounded.abs() as u64)
    } else if value.abs() >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// A whole number with a comma after each three digits.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Text as it may stand in a page.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_says_its_units_and_draws_what_is_there() {
        let points = vec![(0.0, Some(1.0)), (1.0, None), (2.0, Some(250.0)), (3.0, Some(9.0))];
        let lines = vec![Line { name: "p50 <&>", points }];
        let marks = vec![(1.0, "take 1".to_owned()), (1.1, "open".to_owned())];
        let chart = Chart { title: "Latency", x: "seconds", y: "ms", log: true, lines, marks, x_ticks: None };
        let svg = chart.svg();
        for part in ["aria-label=\"Latency: ms over seconds", ">1,000<", "take 1", "class=\"line line-0\""] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
        assert!(!svg.contains(">open<"), "two names would lie on each other");
        assert_eq!(svg.matches("NaN").count(), 0);
        assert!(chart.legend().contains("p50 &lt;&amp;&gt;"));
        let path = svg.split("line-0\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
    }

    #[test]
    fn numbers_are_written_for_people() {
        let written = [0.0, 0.25, 1.5, 12.0, 999.6, 1234.0, 1_234_567.0].map(plain);
        assert_eq!(written, ["0", "0.25", "1.5", "12", "1,000", "1,234", "1,234,567"]);
        assert_eq!([0.7, 3.0, 11.0, 450.0].map(nice), [0.8, 4.0, 20.0, 500.0]);
    }
}
