//! Credentials left in source files: keys of published formats, passwords in URLs, private keys, and values
//! drawn at random that are assigned to suspicious names.
//!
//! One automaton looks for the fixed part of every format at once; only where it stops is anything else looked
//! at. Where a format allows it the key itself is checked: the checksum of GitHub's tokens, the header and claims of
//! a JSON web token, the macaroon of a PyPI token, the alphabet of an AWS key id, the marker in an OpenAI key.
//!
//! No message repeats a secret: a long one is shown by its first four characters and its length, one under
//! sixteen characters by its length alone. Each finding proposes to replace the secret by `<redacted:KIND>`.
//!
//! Values assigned to names such as `password` or `api_key` are reported where no word of the name says that
//! they are harmless (`password_file`, `tokenUri`, `commit_token`), and where they are long enough, hold no white
//! space, mix digits with letters, have the configured entropy, and are no placeholder, template, path, address,
//! name or digest. Bare words count after `export`, and in files for settings and shells alone (`.env`, `.ini`,
//! `.yaml`, `.sh`, …).
//!
//! What a file costs grows with its length and no faster, whatever it holds: see `span.rs`.
//!
//! `max_entropy` covers the secrets found and the assigned values that only the entropy or length kept from
//! being found, so thresholds can be reconsidered without a new analysis.
#![deny(missing_docs)]

mod anchor;
mod assignment;
mod bare_word;
mod candidate;
mod checksum;
mod config;
mod entropy;
mod format;
#[cfg(test)]
mod hostile;
mod name;
mod placeholder;
mod search;
mod span;
mod url;
mod value;
mod work;

pub use config::Config;

use std::collections::BTreeMap;
use std::ops::Range;

use codetune_plugin_sdk::{Analyzer, AttributeId, Error, Report, RuleId, Setup, Severity, Source, Subject};

use crate::anchor::Anchor;
use crate::assignment::assignment;
use crate::bare_word::BareWord;
use crate::candidate::Verdict;
use crate::entropy::entropy;
use crate::format::FORMATS;

/// Finds credentials in any text.
pub struct Secrets {
    config: Config,
    /// The rules of [`FORMATS`].
    formats: Vec<RuleId>,
    url_password: RuleId,
    aws_secret: RuleId,
    assigned: RuleId,
    secrets: AttributeId,
    max_entropy: AttributeId,
}

struct Hit {
    rule: RuleId,
    /// The rule's id.
    id: &'static str,
    title: &'static str,
    severity: Severity,
    span: Range<usize>,
}

impl Analyzer for Secrets {
    type Config = Config;

    fn new(config: Config, setup: &Setup) -> Result<Self, Error> {
        Ok(Secrets {
            config,
            formats: FORMATS.iter().map(|format| setup.rule(format.rule)).collect::<Result<_, _>>()?,
            url_password: setup.rule("url-password")?,
            aws_secret: setup.rule("aws-secret-access-key")?,
            assigned: setup.rule("assigned-secret")?,
            secrets: setup.attribute("secrets")?,
            max_entropy: setup.attribute("max_entropy")?,
        })
    }

    fn analyze(&mut self, source: &Source<'_>, report: &mut Report) -> Result<(), Error> {
        let text = source.text();
        let mut max_entropy = 0f64;
        let kept = disjoint(self.hits(text, is_settings(source.path()), &mut max_entropy));
        for hit in kept.values() {
            let secret = text.get(hit.span.clone()).unwrap_or_default();
            max_entropy = max_entropy.max(entropy(secret));
            let message = format!("{} {}", hit.title, shown(secret));
            let replacement = format!("<redacted:{}>", hit.id);
            report
                .finding(hit.rule, hit.severity, hit.span.clone())
                .message(message)
                .edit(hit.span.clone(), replacement);
        }
        report.integer(self.secrets, Subject::FILE, kept.len() as i64);
        report.float(self.max_entropy, Subject::FILE, max_entropy);
        Ok(())
    }
}

codetune_plugin_sdk::export!(analyzer: Secrets);

impl Secrets {
    fn hits(&self, text: &str, settings: bool, max_entropy: &mut f64) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut word = BareWord::default();
        let mut last_name = 0;
        for (anchor, at) in search::anchors(text) {
            match anchor {
                Anchor::Format(rule) => hits.extend(self.format(rule, text, at)),
                Anchor::Url => hits.extend(url::password(text, at).map(|span| Hit {
                    rule: self.url_password,
                    id: "url-password",
                    title: "password in a URL",
                    severity: Severity::Warning,
                    span,
                })),
                Anchor::Name if !self.config.assignments => {}
                // Another word of a name whose value is judged.
                Anchor::Name if at.start < last_name => {}
                Anchor::Name => {
                    let Some(found) = assignment(text, at, settings, &mut word) else { continue };
                    last_name = found.name.end;
                    match candidate::judge(text, &found, &self.config) {
                        Verdict::Secret => hits.push(Hit {
                            rule: self.assigned,
                            id: "assigned-secret",
                            title: "value that looks secret",
                            severity: Severity::Warning,
                            span: found.value,
                        }),
                        Verdict::AwsSecret => hits.push(Hit {
                            rule: self.aws_secret,
                            id: "aws-secret-access-key",
                            title: "AWS secret access key",
                            severity: Severity::Error,
                            span: found.value,
                        }),
                        Verdict::Below(bits) => *max_entropy = max_entropy.max(bits),
                        Verdict::Harmless => {}
                    }
                }
            }
        }
        hits
    }

    fn format(&self, rule: &str, text: &str, at: Range<usize>) -> Option<Hit> {
        let index = FORMATS.iter().position(|format| format.rule == rule)?;
        let format = FORMATS.get(index)?;
        let span = (format.find)(text, at)?;
        let rule = *self.formats.get(index)?;
        Some(Hit { rule, id: format.rule, title: format.title, severity: Severity::Error, span })
    }
}

/// The hits that are reported, by where they start: of those that overlap, formats come before names, and what
/// starts first before the others.
fn disjoint(mut hits: Vec<Hit>) -> BTreeMap<usize, Hit> {
    hits.sort_by_key(|hit| (hit.id == "assigned-secret", hit.span.start));
    let mut kept: BTreeMap<usize, Hit> = BTreeMap::new();
    for hit in hits {
        // As those kept do not overlap, the last that starts before the end of this one ends last too.
        let before = kept.range(..hit.span.end).next_back();
        if before.is_none_or(|(_, other)| other.span.end <= hit.span.start) {
            kept.insert(hit.span.start, hit);
        }
    }
    kept
}

/// A secret as a message may show it.
fn shown(secret: &str) -> String {
    let length = secret.chars().count();
    let head: String = secret.chars().take(if length < 16 { 0 } else { 4 }).collect();
    format!("`{head}…` ({length} characters)")
}

/// Whether a file holds settings or is for a shell, where values stand without quotes.
fn is_settings(path: &str) -> bool {
    const ENDINGS: [&str; 16] = [
        ".env",
        ".ini",
        ".cfg",
        ".conf",
        ".properties",
        ".yaml",
        ".yml",
        ".toml",
        ".tfvars",
        ".npmrc",
        ".pypirc",
        ".sh",
        ".bash",
        ".zsh",
        ".bashrc",
        ".zshrc",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with(".env")
        || name.starts_with("Dockerfile")
        || name == "credentials"
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
}
