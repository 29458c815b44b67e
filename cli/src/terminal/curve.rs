//! Curves drawn with characters.

use textplots::{Chart, Plot, Shape};

/// A named series of points.
pub struct Series<'a> {
    /// What it is.
    pub name: &'a str,
    /// Steps and values.
    pub points: Vec<(f32, f32)>,
}

/// Draws series into one chart, `width` columns wide. Empty where there are fewer than two points.
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
    // A column of a braille canvas is two dots wide, and the library refuses less than 32.
    let dots = u32::try_from((width.clamp(40, 120) - 14) * 2).unwrap_or(100);
    let shapes: Vec<Shape<'_>> = points.iter().map(|one| Shape::Lines(one)).collect();
    let mut chart = Chart::new(dots, 48, low, high);
    let mut drawn = &mut chart;
    for shape in &shapes {
        drawn = drawn.lineplot(shape);
    }
    drawn.axis();
    drawn.figures();
    let names: Vec<&str> = series.iter().filter(|one| !one.points.is_empty()).map(|one| one.name).collect();
    format!("{drawn}  steps {low:.0} to {high:.0}: {}\n", names.join(", "))
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
        let flat = one(vec![(0.0, 4.0), (10.0, 4.0)]);
        assert!(flat.contains("steps 0 to 10: loss"), "{flat}");
    }
}
