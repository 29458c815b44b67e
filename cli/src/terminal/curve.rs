//! Line charts in the terminal.

use textplots::{Chart, LabelBuilder, LabelFormat, Plot, Shape};

use super::wrap::hang;

/// A named series of points.
pub struct Series<'a> {
    /// Its name.
    pub name: &'a str,
    /// Steps and values.
    pub points: Vec<(f32, f32)>,
}

/// Draws a chart of the series, `width` columns wide; empty with fewer than two points.
pub fn draw(series: &[Series<'_>], width: usize) -> String {
    let finite = |one: &Series<'_>| -> Vec<(f32, f32)> {
        one.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect()
    };
    let points: Vec<Vec<(f32, f32)>> = series.iter().map(finite).collect();
    let all = || points.iter().flatten();
    let (low, high) = all().fold((f32::MAX, f32::MIN), |(low, high), (x, _)| (low.min(*x), high.max(*x)));
    if all().count() < 2 || high <= low {
        return String::new();
    }
    // A braille character is two dots wide, and the library requires at least 32.
    let dots = u32::try_from((width.clamp(40, 120) - 14) * 2).unwrap_or(100);
    let shapes: Vec<Shape<'_>> = points.iter().map(|one| Shape::Lines(one)).collect();
    let values = all().fold((f32::MAX, f32::MIN), |(low, high), (_, y)| (low.min(*y), high.max(*y)));
    let (bottom, top) = axis(values);
    let mut chart = Chart::new_with_y_range(dots, HEIGHT, low, high, bottom, top);
    let mut drawn = &mut chart;
    for shape in &shapes {
        drawn = drawn.lineplot(shape);
    }
    let places = places(bottom, top);
    drawn = drawn.y_label_format(LabelFormat::Custom(Box::new(move |value| format!("{value:.places$}"))));
    drawn = drawn.x_label_format(LabelFormat::Custom(Box::new(|step| format!("{step:.0}"))));
    drawn.axis();
    drawn.figures();
    let names: Vec<&str> = series.iter().filter(|one| !one.points.is_empty()).map(|one| one.name).collect();
    let legend = format!("steps {low:.0} to {high:.0}: {}", names.join(", "));
    format!("{drawn}{}\n", hang("  ", &legend, 4, width))
}

/// Height of a chart in dots, four per row.
const HEIGHT: u32 = 48;

/// The bounds of the vertical axis, with a margin if the values are equal within floating point precision.
fn axis((low, high): (f32, f32)) -> (f32, f32) {
    let size = low.abs().max(high.abs());
    if high - low > size * f32::EPSILON * 2.0 {
        return (low, high);
    }
    let room = if size > 0.0 { size * 0.01 } else { 1.0 };
    (low - room, high + room)
}

/// The number of decimals with which the labels of an axis differ in at least two digits.
fn places(bottom: f32, top: f32) -> usize {
    let digits = -(top - bottom).log10().floor();
    (digits + 1.0).clamp(1.0, 12.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_drawn_from_two_points_on() {
        let one = |points: Vec<(f32, f32)>| draw(&[Series { name: "loss", points }], 80);
        assert_eq!(one(vec![(0.0, 1.0)]), "");
        assert_eq!(one(vec![(0.0, 1.0), (0.0, 2.0)]), "");
        let text = one(vec![(0.0, 4.0), (10.0, 2.0), (20.0, f32::NAN)]);
        assert!(text.contains("steps 0 to 10: loss"), "{text}");
    }

    #[test]
    fn a_curve_fits_a_narrow_and_a_wide_terminal() {
        let falling = |step: u32| (step as f32, 2.0 + 4.0 / (1.0 + step as f32 / 40.0));
        let series = [
            Series { name: "training loss", points: (1..=300).map(falling).collect() },
            Series { name: "held-out loss", points: (1..=6).map(|n| falling(n * 50)).collect() },
        ];
        let narrow = draw(&series, 40);
        assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
        snapbox::assert_data_eq!(narrow, snapbox::file!["../../tests/snapshots/curves/40.txt"].raw());
        let wide = draw(&series, 120);
        assert!(wide.lines().all(|line| line.chars().count() <= 120), "{wide}");
        snapbox::assert_data_eq!(wide, snapbox::file!["../../tests/snapshots/curves/120.txt"].raw());
    }

    const BRAILLE: fn(char) -> bool = |c| ('\u{2800}'..='\u{28ff}').contains(&c);

    /// The labels of the vertical axis, from the top, and the number of rows with dots.
    fn drawn(values: &[f32]) -> (f32, f32, usize) {
        let points = values.iter().enumerate().map(|(step, value)| (step as f32 + 1.0, *value)).collect();
        let text = draw(&[Series { name: "loss", points }], 80);
        let rows: Vec<&str> = text.lines().filter(|row| row.contains(BRAILLE)).collect();
        let label = |row: &&str| row.split_whitespace().last().and_then(|label| label.parse().ok());
        let labels: Vec<f32> = rows.iter().filter_map(label).collect();
        let marked = |row: &&&str| row.chars().any(|c| c != '\u{2800}' && BRAILLE(c));
        assert_eq!(labels.len(), 2, "{text}");
        (labels[0], labels[1], rows.iter().filter(marked).count())
    }

    #[test]
    fn a_nearly_flat_curve_fills_an_axis_whose_ends_differ() {
        for (high, low) in [(4.0, 2.0), (4.02, 4.0), (2.2527, 2.2526), (0.0002, 0.0001), (1200.5, 1200.0)] {
            let values: Vec<f32> = (0..40).map(|step| high + (low - high) * step as f32 / 39.0).collect();
            let (top, bottom, rows) = drawn(&values);
            assert!(top > bottom, "{high} to {low}: both ends read {top}");
            let span = high - low;
            assert!((top - high).abs() <= span * 0.2 && (bottom - low).abs() <= span * 0.2, "{top} {bottom}");
            assert!(rows >= 12, "{high} to {low}: {rows} rows are used");
        }
    }

    #[test]
    fn a_curve_of_equal_values_is_a_line_within_its_axis() {
        for value in [4.0, 0.0, 1e-9, 1e9] {
            let (top, bottom, rows) = drawn(&[value; 10]);
            assert!(top >= value && bottom <= value && rows >= 1, "{value}: {top} to {bottom}, {rows} rows");
        }
    }
}
