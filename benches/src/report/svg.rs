//! A small chart as SVG: points and lines over a logarithmic axis, series named at their last point.

use std::fmt::Write as _;

const SIZE: (f64, f64) = (760.0, 440.0);
/// Left, top, right (for the names of series), bottom.
const MARGIN: (f64, f64, f64, f64) = (76.0, 46.0, 150.0, 54.0);
/// Told apart also by those who do not see red and green.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#7a5195", "#e69f00", "#56b4e9"];

/// One series.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    pub(super) name: String,
    /// On a categorical axis, x is the number of the category.
    pub(super) points: Vec<(f64, f64)>,
    /// A reference, not something measured: thin, grey, without points.
    pub(super) reference: bool,
}

/// A chart.
#[derive(Clone, Debug, Default)]
pub(super) struct Chart {
    pub(super) title: &'static str,
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    /// Names of the places on the x axis; empty = a logarithmic axis.
    pub(super) categories: Vec<String>,
    pub(super) series: Vec<Series>,
}

impl Chart {
    /// The chart as a document. Values of 0 or less have no place on a logarithmic axis and are left out.
    pub(super) fn svg(&self) -> String {
        let (width, height) = SIZE;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
        );
        let (left, top, right, bottom) = (MARGIN.0, MARGIN.1, width - MARGIN.2, height - MARGIN.3);
        text(&mut svg, (left, 24.0), "start", "font-size=\"15\" font-weight=\"bold\"", self.title);
        text(&mut svg, (f64::midpoint(left, right), height - 12.0), "middle", "", self.x);
        text(&mut svg, (left, top - 8.0), "end", "fill=\"#555\"", self.y);
        let points = || self.series.iter().flat_map(|series| &series.points);
        let y = Axis::log(points().map(|point| point.1), bottom, top);
        let x = if self.categories.is_empty() {
            Axis::log(points().map(|point| point.0), left, right)
        } else {
            Axis::places(self.categories.len(), left, right)
        };
        for (value, label) in y.ticks() {
            let at = y.place(value);
            let _ = writeln!(svg, "<path d=\"M{left} {at:.1}H{right}\" stroke=\"#ddd\"/>");
            text(&mut svg, (left - 8.0, at + 4.0), "end", "", &label);
        }
        let named = self.categories.iter().enumerate().map(|(place, name)| (crate::stats::count(place), name.clone()));
        let ticks: Vec<(f64, String)> = if self.categories.is_empty() { x.ticks() } else { named.collect() };
        for (value, label) in ticks {
            let at = x.place(value);
            let _ = writeln!(svg, "<path d=\"M{at:.1} {bottom}v5\" stroke=\"#333\"/>");
            text(&mut svg, (at, bottom + 20.0), "middle", "", &label);
        }
        let _ = writeln!(svg, "<path d=\"M{left} {top}V{bottom}H{right}\" fill=\"none\" stroke=\"#333\"/>");
        let mut names = Vec::new();
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let shown = series.points.iter().filter(|point| point.1 > 0.0);
            let places: Vec<(f64, f64)> = shown.map(|point| (x.place(point.0), y.place(point.1))).collect();
            let Some(last) = places.last() else { continue };
            let colour = if series.reference { "#999" } else { colour };
            let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
            let dashes = if series.reference { " stroke-dasharray=\"5 4\"" } else { "" };
            let path = path.join("L");
            let _ = writeln!(svg, "<path d=\"M{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>");
            for (x, y) in places.iter().filter(|_| !series.reference) {
                let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>");
            }
            names.push((*last, colour, series.name.as_str()));
        }
        for (at, colour, name) in apart(names) {
            text(&mut svg, at, "start", &format!("fill=\"{colour}\""), name);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// Moves names down where they would overlap.
fn apart<'a>(mut names: Vec<((f64, f64), &'a str, &'a str)>) -> Vec<((f64, f64), &'a str, &'a str)> {
    names.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
    let mut free = f64::MIN;
    for ((x, y), ..) in &mut names {
        *y = (*y + 4.0).max(free);
        *x += 9.0;
        free = *y + 14.0;
    }
    names
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, style: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" {style}>{text}</text>", at.0, at.1);
}

/// From values to places.
struct Axis {
    /// Values at both ends; logarithms on a logarithmic axis.
    from: f64,
    to: f64,
    log: bool,
    start: f64,
    end: f64,
}

impl Axis {
    /// Whole powers of ten around the values.
    fn log(values: impl Iterator<Item = f64>, start: f64, end: f64) -> Self {
        let logs: Vec<f64> = values.filter(|value| *value > 0.0).map(f64::log10).collect();
        let (least, greatest) = crate::stats::range(&logs).unwrap_or((0.0, 1.0));
        let from = (least + 1e-9).floor();
        Self { from, to: (greatest - 1e-9).ceil().max(from + 1.0), log: true, start, end }
    }

    fn places(count: usize, start: f64, end: f64) -> Self {
        Self { from: -0.3, to: crate::stats::count(count) - 0.7, log: false, start, end }
    }

    fn place(&self, value: f64) -> f64 {
        let value = if self.log { value.max(f64::MIN_POSITIVE).log10() } else { value };
        self.start + (value - self.from) / (self.to - self.from) * (self.end - self.start)
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        let mut ticks = Vec::new();
        let mut power = self.from;
        while power <= self.to + 1e-9 {
            let value = 10_f64.powf(power);
            ticks.push((value, short(value)));
            power += 1.0;
        }
        ticks
    }
}

/// `10k`, `1M`
fn short(value: f64) -> String {
    let scaled = [(1e9, "G"), (1e6, "M"), (1e3, "k")].into_iter().find(|(unit, _)| value >= *unit * 0.999);
    let (unit, letter) = scaled.unwrap_or((1.0, ""));
    let number = value / unit;
    if number < 0.999 {
        format!("{number:.3}").trim_end_matches('0').to_owned()
    } else {
        format!("{number:.0}{letter}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_span_their_values() {
        let axis = Axis::log([3.0, 900.0].into_iter(), 0.0, 300.0);
        assert!((axis.place(1.0) - 0.0).abs() < 1e-6 && (axis.place(1000.0) - 300.0).abs() < 1e-6);
        let labels: Vec<String> = axis.ticks().into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["1", "10", "100", "1k"]);
        assert_eq!((short(0.01), short(1e6)), ("0.01".to_owned(), "1M".to_owned()));
    }

    #[test]
    fn names_do_not_overlap_and_text_is_escaped() {
        let series = |name: &str, y: f64| Series { name: name.into(), points: vec![(1e3, y)], reference: false };
        let chart =
            Chart { title: "a < b & c", series: vec![series("one", 10.0), series("two", 10.1)], ..Chart::default() };
        let svg = chart.svg();
        assert!(svg.contains("a &lt; b &amp; c"));
        let names = apart(vec![((0.0, 5.0), "", "one"), ((0.0, 6.0), "", "two")]);
        assert!(names.windows(2).all(|pair| pair[1].0.1 - pair[0].0.1 >= 14.0));
        assert_eq!(svg.matches("<circle").count(), 2);
    }
}
