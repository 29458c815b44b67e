//! What plugins cost: crossings of the sandbox, loading, analysis and training by component and natively.
//!
//! `cargo bench` runs all of it and ends with a table of what was measured beside the goals. Times are medians
//! and, beside them, the least, which other work on the machine disturbs least. Nothing is asserted.

mod analysis;
mod crossing;
mod loading;
mod table;
mod training;

use std::time::Duration;

use criterion::Criterion;

use table::Table;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let criterion = Criterion::default()
        .sample_size(table::SAMPLES)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    let mut criterion = criterion.configure_from_args();
    let folder = tempfile::tempdir().expect("a folder for what is compiled");
    let mut table = Table::default();

    crossing::measure(&mut criterion, &mut table, folder.path());
    loading::measure(&mut criterion, &mut table, folder.path());
    // These take rounds of seconds, so they are left out where criterion is asked for a list or a dry run.
    let dry = arguments.iter().any(|argument| argument == "--list" || argument == "--test");
    let wanted = |name: &str| {
        let mut filters = arguments.iter().filter(|argument| !argument.starts_with('-')).peekable();
        !dry && (filters.peek().is_none() || filters.any(|filter| name.contains(filter.as_str())))
    };
    if wanted("analyzer throughput") {
        analysis::measure(&mut table, folder.path());
    }
    if wanted("training") {
        training::measure(&mut table, folder.path());
    }
    criterion.final_summary();
    print!("{table}");
}
