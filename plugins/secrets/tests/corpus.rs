//! Precision and recall over the labelled lines of `tests/corpus`, beside what its README says.

mod support;

use std::collections::BTreeSet;
use std::ops::Range;

use support::analyze;

const FILES: [&str; 6] = [
    include_str!("corpus/names.txt"),
    include_str!("corpus/values.txt"),
    include_str!("corpus/characters.txt"),
    include_str!("corpus/families.txt"),
    include_str!("corpus/forms.txt"),
    include_str!("corpus/harmless.txt"),
];

/// A file of the corpus: what it holds, and where the secrets lie.
struct Labelled<'a> {
    path: &'a str,
    text: String,
    secrets: Vec<Range<usize>>,
}

/// Reads files that begin with `@ PATH`. `⟦` and `⟧` are around secrets, and `¦` splits what hosts would look for.
fn labelled(corpus: &str) -> Vec<Labelled<'_>> {
    let mut files = Vec::new();
    for line in corpus.lines() {
        if let Some(path) = line.strip_prefix("@ ") {
            files.push(Labelled { path, text: String::new(), secrets: Vec::new() });
            continue;
        }
        // What stands before the first file is about the corpus.
        let Some(Labelled { text, secrets, .. }) = files.last_mut() else { continue };
        let mut start = 0;
        for c in line.chars() {
            match c {
                '⟦' => start = text.len(),
                '⟧' => secrets.push(start..text.len()),
                '¦' => {}
                c => text.push(c),
            }
        }
        text.push('\n');
    }
    files
}

#[derive(Default)]
struct Tally {
    lines: usize,
    /// Lines with a secret, with a finding, and with both.
    by_line: [usize; 3],
    secrets: usize,
    found: usize,
    exact: usize,
    false_findings: usize,
    wrong: Vec<String>,
}

fn tally() -> Tally {
    let mut tally = Tally::default();
    for file in FILES.into_iter().flat_map(labelled) {
        let report = analyze(file.path, &file.text);
        let spans: Vec<_> = report.findings.iter().map(|f| f.start as usize..f.end as usize).collect();
        let overlap = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
        let line = |span: &Range<usize>| {
            let start = file.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
            file.text[start..].lines().next().unwrap_or_default().to_owned()
        };
        let lines_of = |spans: &[Range<usize>]| -> BTreeSet<usize> {
            spans.iter().map(|span| file.text[..span.start].matches('\n').count()).collect()
        };
        let (secret, reported) = (lines_of(&file.secrets), lines_of(&spans));
        tally.by_line[0] += secret.len();
        tally.by_line[1] += reported.len();
        tally.by_line[2] += secret.intersection(&reported).count();
        tally.lines += file.text.lines().filter(|line| !line.is_empty()).count();
        tally.secrets += file.secrets.len();
        for secret in &file.secrets {
            if spans.contains(secret) {
                tally.exact += 1;
            } else {
                tally.wrong.push(format!("missed or cut elsewhere: {}: {}", file.path, line(secret)));
            }
            tally.found += usize::from(spans.iter().any(|span| overlap(span, secret)));
        }
        for span in spans.iter().filter(|span| !file.secrets.iter().any(|secret| overlap(span, secret))) {
            tally.false_findings += 1;
            tally.wrong.push(format!("found falsely: {}: {}", file.path, line(span)));
        }
    }
    tally
}

#[test]
fn precision_and_recall_are_what_the_readme_says() {
    let Tally { lines, by_line, secrets, found, exact, false_findings, wrong } = tally();
    println!("lines with a secret, with a finding, with both: {by_line:?}");
    println!(
        "{lines} lines, {secrets} secrets, {found} found, {exact} exactly, {false_findings} false findings"
    );
    for line in &wrong {
        println!("{line}");
    }
    assert!(lines >= 500, "{lines} lines");
    let recall = found as f64 / secrets as f64;
    let precision = found as f64 / (found + false_findings) as f64;
    assert!(recall >= 0.98, "recall {recall}: {wrong:#?}");
    assert!(precision >= 0.99, "precision {precision}: {wrong:#?}");
    // What an edit replaces is the secret and nothing else.
    assert!(exact as f64 >= 0.98 * secrets as f64, "{exact} of {secrets} exactly: {wrong:#?}");
}
