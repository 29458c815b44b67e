//! Credentials left in source files: keys of published formats, passwords in URLs, headers and command lines, private
//! keys, and values drawn at random that are assigned to suspicious names.
//!
//! One search looks for the fixed part of every format and for every word of such names at once; only where it
//! stops is anything else looked at. `family.rs` is the table of formats. Where a format has a checksum (GitHub, npm,
//! Grafana, age) or a structure (JSON web tokens, PyPI's macaroons, Azure's 64 bytes) the key must have it; where it
//! has none, a least entropy.
//!
//! Values assigned to names such as `password` or `session_key` are reported where no word of the name says that
//! they are harmless (`password_file`, `tokenUri`, `commit_token`), and where they are long enough, have the configured
//! entropy, were drawn at random by the look of their pairs of characters (`surprise.rs`), and are no placeholder,
//! template, path, address or digest. No single character acquits a value. Literals are judged by the text that they
//! stand for, so escapes do not count as characters. Without quotes values count to the end of the line in files for
//! settings, as words in those for shells, and anywhere where they adjoin their name (`name=value`) and are random
//! enough.
//!
//! Of findings that overlap the most severe stays, and its message names the others. No message repeats a secret: a
//! long one is shown by its first four characters and its length, one under sixteen characters by its length alone.
//! Each finding proposes to replace the secret alone, by letters and hyphens that every syntax takes: `redacted-RULE`.
//!
//! What a file costs grows with its length and no faster, whatever it holds: see `span.rs`.
//!
//! `max_entropy` covers the secrets found and the assigned values that only the entropy or length kept from
//! being found, so thresholds can be reconsidered without a new analysis.
#![deny(missing_docs)]

mod anchor;
mod assignment;
mod bare;
mod candidate;
mod checksum;
mod class;
mod command;
mod config;
mod encoding;
mod entropy;
mod family;
mod file_kind;
mod format;
mod guess;
mod header;
#[cfg(test)]
mod hostile;
mod keyword;
mod literal;
mod name;
mod operator;
mod placeholder;
mod random;
mod search;
mod slot;
mod span;
mod special;
mod surprise;
mod url;
mod value;
mod work;

pub use config::Config;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use codetune_plugin_sdk::{Analyzer, AttributeId, Error, Report, RuleId, Setup, Severity, Source, Subject};

use crate::anchor::{Anchor, Mark};
use crate::assignment::assignment;
use crate::candidate::{Candidate, Verdict};
use crate::entropy::entropy;
use crate::family::FAMILIES;
use crate::file_kind::FileKind;
use crate::span::backward_within;

/// The longest chain of names before a key, in bytes.
const LONGEST_OWNER: usize = 48;

/// Finds credentials in any text.
pub struct Secrets {
    config: Config,
    /// The rules of [`FAMILIES`].
    families: Vec<RuleId>,
    url: Kind,
    header: Kind,
    command: Kind,
    aws_secret: Kind,
    assigned: Kind,
    secrets: AttributeId,
    max_entropy: AttributeId,
}

/// What is found.
#[derive(Debug, Clone, Copy)]
struct Kind {
    rule: RuleId,
    /// The rule's id.
    id: &'static str,
    title: &'static str,
    severity: Severity,
}

struct Hit {
    kind: Kind,
    span: Range<usize>,
}

/// A hit that is reported.
struct Kept {
    hit: Hit,
    /// What else was found in the same place, as a message calls it.
    related: Vec<&'static str>,
}

impl Analyzer for Secrets {
    type Config = Config;

    fn new(config: Config, setup: &Setup) -> Result<Self, Error> {
        let kind = |id, title, severity| Ok::<_, Error>(Kind { rule: setup.rule(id)?, id, title, severity });
        Ok(Secrets {
            config,
            families: FAMILIES.iter().map(|family| setup.rule(family.rule)).collect::<Result<_, _>>()?,
            url: kind("url-password", "password in a URL", Severity::Warning)?,
            header: kind("authorization-header", "credentials of a header", Severity::Warning)?,
            command: kind("command-line-password", "password in a command line", Severity::Warning)?,
            aws_secret: kind("aws-secret-access-key", "AWS secret access key", Severity::Error)?,
            assigned: kind("assigned-secret", "value that looks secret", Severity::Warning)?,
            secrets: setup.attribute("secrets")?,
            max_entropy: setup.attribute("max_entropy")?,
        })
    }

    fn analyze(&mut self, source: &Source<'_>, report: &mut Report) -> Result<(), Error> {
        let text = source.text();
        let mut max_entropy = 0f64;
        let kept = strongest(self.hits(text, FileKind::of(source.path()), &mut max_entropy));
        for Kept { hit: Hit { kind, span }, related } in kept.values() {
            let secret = text.get(span.clone()).unwrap_or_default();
            max_entropy = max_entropy.max(entropy(secret));
            let mut message = format!("{} {}", kind.title, shown(secret));
            for other in related {
                message = message + ", also " + other;
            }
            report
                .finding(kind.rule, kind.severity, span.clone())
                .message(message)
                .edit(span.clone(), format!("redacted-{}", kind.id));
        }
        report.integer(self.secrets, Subject::FILE, kept.len() as i64);
        report.float(self.max_entropy, Subject::FILE, max_entropy);
        Ok(())
    }
}

codetune_plugin_sdk::export!(analyzer: Secrets);

impl Secrets {
    fn hits(&self, text: &str, kind: FileKind, max_entropy: &mut f64) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut last_name = 0;
        for (anchor, at) in search::anchors(text) {
            hits.extend(self.family(anchor, text, at.start));
            hits.extend(anchor.mark.and_then(|mark| self.marked(mark, text, at.clone())));
            // Not another word of a name whose value is judged.
            if let Some((_, length)) = anchor.keyword
                && self.config.assignments
                && at.start >= last_name
                && let Some(found) = assignment(text, at.start..at.start + length, kind)
            {
                last_name = found.name.end;
                self.assigned(text, found, &mut hits, max_entropy);
            }
        }
        hits
    }

    /// The password that a mark at `at` tells.
    fn marked(&self, mark: Mark, text: &str, at: Range<usize>) -> Option<Hit> {
        let (kind, span) = match mark {
            Mark::Url => (self.url, url::password(text, at)?),
            Mark::DataSource => (self.url, url::data_source(text, at)?),
            Mark::Oracle => (self.url, url::oracle(text, at)?),
            Mark::Scheme => (self.header, header::credentials(text, at)?),
            Mark::Flag => (self.command, command::password(text, at)?),
            Mark::Connection => (self.assigned, value::argument(text, at.end, 2)?),
        };
        let password = text.get(span.clone())?;
        (mark != Mark::Connection || guess::may_be_password(password)).then_some(Hit { kind, span })
    }

    /// The key whose anchor lies at `at`.
    fn family(&self, anchor: &Anchor, text: &str, at: usize) -> Option<Hit> {
        anchor.families.iter().find_map(|&(index, length)| {
            let family = FAMILIES.get(index)?;
            let span = format::find(family, text, at..at + length)?;
            let rule = *self.families.get(index)?;
            Some(Hit {
                kind: Kind { rule, id: family.rule, title: family.title, severity: Severity::Error },
                span,
            })
        })
    }

    fn assigned(
        &self,
        text: &str,
        found: assignment::Assignment,
        hits: &mut Vec<Hit>,
        max_entropy: &mut f64,
    ) {
        let Some(name) = text.get(found.name.clone()) else { return };
        // A key says more with what it is of: `api.key`.
        let of = || {
            text.get(
                backward_within(text, found.name.start, LONGEST_OWNER, |b| b == b'.' || span::word(b))
                    ..found.name.end,
            )
        };
        let says = name::suspicion(name).or_else(|| name::suspicion(of()?).filter(|_| name::is_key(name)));
        let Some(says) = says else { return };
        for span in found.values {
            let Some(value) = text.get(span.clone()) else { continue };
            // The scheme of a header is none of the secret.
            let span = span.end - candidate::after_scheme(value).len()..span.end;
            match candidate::judge(&Candidate { name, value, says, context: found.context }, &self.config) {
                Verdict::Secret => hits.push(Hit { kind: self.assigned, span }),
                Verdict::AwsSecret => hits.push(Hit { kind: self.aws_secret, span }),
                Verdict::Below(bits) => *max_entropy = max_entropy.max(bits),
                Verdict::Harmless => {}
            }
        }
    }
}

/// The hits that are reported, by where they start. Of those that overlap the most severe stays, then a key of a known
/// form before a value of a name, then what starts first; the others are related to it.
fn strongest(mut hits: Vec<Hit>) -> BTreeMap<usize, Kept> {
    hits.sort_by_key(|hit| {
        (Reverse(hit.kind.severity), hit.kind.id == "assigned-secret", hit.span.start, Reverse(hit.span.end))
    });
    let mut kept: BTreeMap<usize, Kept> = BTreeMap::new();
    for hit in hits {
        // As those kept do not overlap, the last that starts before the end of this one ends last too.
        let before = kept.range_mut(..hit.span.end).next_back();
        match before.filter(|(_, other)| other.hit.span.end > hit.span.start) {
            None => {
                kept.insert(hit.span.start, Kept { hit, related: Vec::new() });
            }
            Some((_, other)) => {
                if other.hit.kind.id != hit.kind.id && !other.related.contains(&hit.kind.title) {
                    other.related.push(hit.kind.title);
                }
            }
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
