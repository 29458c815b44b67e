use std::fmt;
use std::time::{Duration, Instant};

use criterion::Criterion;

/// How many samples criterion takes of each figure.
pub const SAMPLES: usize = 30;

/// What a sample for the table lasts at least: long enough for the clock to be exact.
const SHORTEST: Duration = Duration::from_micros(100);

/// A quantity that is measured, and what it should reach.
#[derive(Clone, Copy)]
pub enum Quantity {
    /// Seconds; less is better.
    Time(f64),
    /// A share of 1; more is better.
    Share(f64),
    /// So many a second; more is better.
    Rate(f64, &'static str),
}

struct Row {
    figure: String,
    measured: Quantity,
    least: Option<Quantity>,
    goal: Option<Quantity>,
}

/// What was measured, beside the goals.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds a figure.
    pub fn add(&mut self, figure: impl Into<String>, measured: Quantity, goal: Option<Quantity>) {
        self.rows.push(Row { figure: figure.into(), measured, least: None, goal });
    }

    /// Measures a body that holds `parts` equal parts, and adds what one of them takes.
    pub fn time(
        &mut self,
        criterion: &mut Criterion,
        figure: &str,
        goal: Option<Duration>,
        parts: u32,
        mut body: impl FnMut(),
    ) {
        self.sample(criterion, figure, goal, parts, |times| {
            let start = Instant::now();
            (0..times).for_each(|_| body());
            start.elapsed()
        });
    }

    /// Measures a body without what it costs to drop what it makes.
    pub fn time_made<T>(
        &mut self,
        criterion: &mut Criterion,
        figure: &str,
        goal: Option<Duration>,
        mut body: impl FnMut() -> T,
    ) {
        self.sample(criterion, figure, goal, 1, |times| {
            let once = |_| {
                let start = Instant::now();
                let made = body();
                let took = start.elapsed();
                drop(made);
                took
            };
            (0..times).map(once).sum()
        });
    }

    fn sample(
        &mut self,
        criterion: &mut Criterion,
        figure: &str,
        goal: Option<Duration>,
        parts: u32,
        mut run: impl FnMut(u64) -> Duration,
    ) {
        // Criterion's own samples last longer than a turn on a busy machine, so each is made of shorter ones:
        // what interrupts some of them does not reach the median.
        let (mut samples, mut size) = (Vec::new(), 1);
        criterion.bench_function(figure, |bencher| {
            bencher.iter_custom(|times| {
                let (mut left, mut total) = (times, Duration::ZERO);
                while left > 0 {
                    let now = left.min(size);
                    let took = run(now);
                    if now == size && took < SHORTEST {
                        size *= 2;
                        samples.clear();
                    }
                    samples.push(took.as_secs_f64() / now as f64 / f64::from(parts));
                    (left, total) = (left - now, total + took);
                }
                total
            });
        });
        samples.sort_by(f64::total_cmp);
        // None are there where a filter left the figure out.
        let (Some(&median), Some(&least)) = (samples.get(samples.len() / 2), samples.first()) else { return };
        let goal = goal.map(|goal| Quantity::Time(goal.as_secs_f64()));
        let (measured, least) = (Quantity::Time(median), Some(Quantity::Time(least)));
        self.rows.push(Row { figure: figure.to_owned(), measured, least, goal });
    }
}

impl Quantity {
    fn reaches(self, goal: Quantity) -> bool {
        match (self, goal) {
            (Quantity::Time(measured), Quantity::Time(goal)) => measured <= goal,
            (Quantity::Share(measured), Quantity::Share(goal)) => measured >= goal,
            (Quantity::Rate(measured, _), Quantity::Rate(goal, _)) => measured >= goal,
            _ => false,
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match *self {
            Quantity::Time(seconds) if seconds < 1e-3 => format!("{:.3} µs", seconds * 1e6),
            Quantity::Time(seconds) => format!("{:.3} ms", seconds * 1e3),
            Quantity::Share(share) => format!("{:.1} %", share * 100.0),
            Quantity::Rate(rate, unit) => format!("{rate:.1} {unit}/s"),
        };
        f.pad(&text)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.figure.chars().count()).max().unwrap_or(0);
        writeln!(f, "\n{:width$}  {:>16}  {:>16}  {:>10}  holds", "figure", "measured", "least", "goal")?;
        let text = |quantity: Option<Quantity>| quantity.map_or_else(String::new, |q| q.to_string());
        for Row { figure, measured, least, goal } in &self.rows {
            let holds = goal.map_or("", |goal| if measured.reaches(goal) { "yes" } else { "no" });
            let (least, goal) = (text(*least), text(*goal));
            let line = format!("{figure:width$}  {measured:>16}  {least:>16}  {goal:>10}  {holds}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
