//! The page's plots, as SVG text.

use std::io;

use hdrhistogram::Histogram;
use plotters::coord::Shift;
use plotters::prelude::*;

/// Width and height of a plot.
const SIZE: (u32, u32) = (860, 420);
/// Steps from each half of the rest to the next.
const TICKS_PER_HALF_DISTANCE: u32 = 5;
const COLOURS: [RGBColor; 8] = [
    RGBColor(31, 119, 180),
    RGBColor(255, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(214, 39, 40),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
    RGBColor(227, 119, 194),
    RGBColor(127, 127, 127),
];

/// A line of a plot: its name and its points.
pub(super) type Line = (String, Vec<(f64, f64)>);

/// Times by percentile: to the right ever more nines, up to the last percentile, in millionths, that is sound with so many
/// times.
pub(super) fn by_percentile(
    title: &str,
    histograms: &[(String, Histogram<u64>)],
    is_sound: impl Fn(u64, u64) -> bool,
) -> io::Result<String> {
    let line = |(name, times): &(String, Histogram<u64>)| (name.clone(), sound_points(times, &is_sound));
    let lines: Vec<Line> = histograms.iter().map(line).collect();
    draw((title, "percentile", "nanoseconds"), &lines, |nines| percentile(*nines))
}

/// Figures by rate.
pub(super) fn by_rate(title: &str, lines: &[Line]) -> io::Result<String> {
    draw((title, "commands a second", "nanoseconds"), lines, |rate| si(*rate))
}

/// How many gaps were at least so long.
pub(super) fn gaps(title: &str, lines: &[Line]) -> io::Result<String> {
    draw((title, "gap of at least, in nanoseconds", "gaps"), lines, |ns| si(*ns))
}

fn sound_points(times: &Histogram<u64>, is_sound: impl Fn(u64, u64) -> bool) -> Vec<(f64, f64)> {
    let steps = times.iter_quantiles(TICKS_PER_HALF_DISTANCE).map(|step| (step.quantile_iterated_to(), step));
    let steps = steps.filter(|(quantile, _)| *quantile < 1.0);
    let steps = steps.take_while(|(quantile, _)| is_sound(millionths(*quantile), times.len()));
    steps.map(|(quantile, step)| (1.0 / (1.0 - quantile), step.value_iterated_to().max(1) as f64)).collect()
}

/// Rounded up, so that nothing is taken for sound that is not.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a quantile is from 0 to 1")]
fn millionths(quantile: f64) -> u64 {
    (quantile * 1e6).ceil() as u64
}

/// 10 is p90, 100 is p99.
fn percentile(of_rest: f64) -> String {
    let percent = 100.0 * (1.0 - 1.0 / of_rest);
    let text = format!("{percent:.5}");
    format!("p{}", text.trim_end_matches('0').trim_end_matches('.'))
}

fn si(value: f64) -> String {
    let (scaled, unit) = match value {
        _ if value >= 1e9 => (value / 1e9, " G"),
        _ if value >= 1e6 => (value / 1e6, " M"),
        _ if value >= 1e3 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    format!("{scaled:.0}{unit}")
}

/// Lines on two logarithmic axes.
fn draw(
    (title, x_name, y_name): (&str, &str, &str),
    lines: &[Line],
    x_label: impl Fn(&f64) -> String,
) -> io::Result<String> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        plot(&root, (title, x_name, y_name), lines, x_label).map_err(|error| io::Error::other(error.to_string()))?;
    }
    Ok(svg)
}

fn plot(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    (title, x_name, y_name): (&str, &str, &str),
    lines: &[Line],
    x_label: impl Fn(&f64) -> String,
) -> Result<(), Box<dyn std::error::Error>> {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let (x, y) = (decades(points().map(|point| point.0)), decades(points().map(|point| point.1)));
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(root)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(x.log_scale(), y.log_scale())?;
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(x_name).y_desc(y_name).x_label_formatter(&x_label).y_label_formatter(&|value| si(*value));
    mesh.light_line_style(RGBColor(240, 240, 240)).draw()?;
    for ((name, points), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let series = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
        let legend = chart.draw_series(series)?.label(name.as_str());
        legend.legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    let mut labels = chart.configure_series_labels();
    labels.background_style(WHITE.mix(0.8)).border_style(RGBColor(200, 200, 200));
    labels.position(SeriesLabelPosition::UpperLeft).draw()?;
    root.present()?;
    Ok(())
}

/// Whole decades around all values.
fn decades(values: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
    let (low, high) = values.fold((f64::MAX, 1.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    let (low, high) = (low.min(high).max(1.0).log10().floor(), high.log10().ceil());
    10_f64.powf(low)..10_f64.powf(if high > low { high } else { low + 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        assert_eq!([1.0, 10.0, 1_000.0, 100_000.0].map(percentile), ["p0", "p90", "p99.9", "p99.999"]);
        assert_eq!([1.0, 2e3, 3e6, 1e10].map(si), ["1", "2 k", "3 M", "10 G"]);
    }

    #[test]
    fn axes_are_whole_decades() {
        let of = |values: &[f64]| decades(values.iter().copied());
        assert_eq!(of(&[120.0, 4_000.0]), 100.0..10_000.0);
        assert_eq!(of(&[]), 1.0..10.0);
        assert_eq!(of(&[0.0, 1.0]), 1.0..10.0);
    }

    #[test]
    fn lines_end_where_they_mean_nothing() {
        let mut times = crate::open_loop::histogram().expect("bounds in range");
        (1..=1_000).for_each(|ns| times.saturating_record(ns * 100));
        let last = |last_ppm: u64| sound_points(&times, |ppm, _| ppm <= last_ppm).last().map(|(of_rest, _)| *of_rest);
        assert!(last(500_000).is_some_and(|of_rest| (1.0..=2.0).contains(&of_rest)));
        assert!(last(990_000).is_some_and(|of_rest| (10.0..=100.0).contains(&of_rest)));
        assert_eq!(sound_points(&times, |_, _| false), []);
        assert_eq!([0.0, 0.5, 0.999_000_1].map(millionths), [0, 500_000, 999_001]);
    }

    #[test]
    fn names_of_lines_are_in_the_plot() {
        let svg = by_rate("a <title>", &[("p50".to_owned(), vec![(1e5, 100.0), (1e6, 200.0)])]).expect("a plot");
        assert!(svg.starts_with("<svg") && svg.contains("p50") && svg.contains("a &lt;title&gt;"), "{svg}");
    }
}
