//! Limits of GitHub code scanning, from "SARIF support for code scanning" in its documentation.

use serde_json::Value;

/// Maximum gzipped size of a report, in bytes.
pub const GITHUB_MAX_GZIPPED: u64 = 10_000_000;

/// Hard limits, and how many entries GitHub displays.
struct Limit {
    what: &'static str,
    most: usize,
    used: Option<usize>,
}

const RUNS: Limit = Limit { what: "runs", most: 20, used: None };
const RESULTS: Limit = Limit { what: "results", most: 25_000, used: Some(5_000) };
const RULES: Limit = Limit { what: "rules", most: 25_000, used: None };
const EXTENSIONS: Limit = Limit { what: "analyzers", most: 100, used: None };
const LOCATIONS: Limit = Limit { what: "locations of one result", most: 1_000, used: Some(100) };
const TAGS: Limit = Limit { what: "tags of one rule", most: 20, used: Some(10) };

/// Warnings if GitHub would reject a report or display only a part; `gzipped` is its size after gzip.
///
/// Reports are never truncated, since other readers have no such limits.
pub fn github_limits(report: &Value, gzipped: u64) -> Vec<String> {
    let mut told = Vec::new();
    if gzipped > GITHUB_MAX_GZIPPED {
        told.push(format!(
            "GitHub refuses this report: {gzipped} bytes after gzip, at most {GITHUB_MAX_GZIPPED}; {REMEDY}"
        ));
    }
    let runs = items(report, "/runs");
    let per_run = |pointer: &str| runs.iter().map(|run| items(run, pointer).len()).max();
    let longest = |lists: &str, list: &str| {
        let of_run = |run| items(run, lists).iter().map(|item| items(item, list).len()).max();
        runs.iter().filter_map(of_run).max()
    };
    for (limit, number) in [
        (RUNS, Some(runs.len())),
        (RESULTS, per_run("/results")),
        (RULES, per_run("/tool/driver/rules")),
        (EXTENSIONS, per_run("/tool/extensions")),
        (LOCATIONS, longest("/results", "/locations")),
        (TAGS, longest("/tool/driver/rules", "/properties/tags")),
    ] {
        told.extend(limit.told(number.unwrap_or(0)));
    }
    told
}

const REMEDY: &str = "narrow it down with --include, --exclude, --analyzer or options of the analyzers";

impl Limit {
    fn told(&self, number: usize) -> Option<String> {
        let Limit { what, most, used } = self;
        match used {
            _ if number > *most => {
                Some(format!("GitHub refuses this report: {number} {what}, at most {most}; {REMEDY}"))
            }
            Some(used) if number > *used => {
                Some(format!("GitHub will show {used} of the {number} {what}; {REMEDY}"))
            }
            _ => None,
        }
    }
}

fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_limit_is_told_just_beyond_it() {
        let report = |results: usize, tags: usize| {
            let rule = json!({ "properties": { "tags": vec!["t"; tags] } });
            json!({ "runs": [{ "results": vec![json!({}); results], "tool": { "driver": { "rules": [rule] } } }] })
        };
        for (results, tags, gzipped, expected) in [
            (5_000, 10, GITHUB_MAX_GZIPPED, None),
            (5_001, 10, 0, Some("will show 5000 of the 5001 results")),
            (25_001, 10, 0, Some("refuses this report: 25001 results, at most 25000")),
            (0, 11, 0, Some("will show 10 of the 11 tags")),
            (0, 21, 0, Some("refuses this report: 21 tags of one rule, at most 20")),
            (0, 0, GITHUB_MAX_GZIPPED + 1, Some("refuses this report: 10000001 bytes after gzip")),
        ] {
            let told = github_limits(&report(results, tags), gzipped);
            assert_eq!(told.len(), usize::from(expected.is_some()), "{told:?}");
            assert!(expected.is_none_or(|expected| told[0].contains(expected)), "{told:?}");
        }
    }
}
