//! An example analyzer that finds TODO notes in comments.
//!
//! The manifest, `plugin.toml`, declares its name, options, rules and attributes.

use codetune_plugin_sdk::{
    Analyzer, AttributeId, Error, Report, RuleId, Setup, Severity, Source, Subject, export,
};

/// The analyzer; the host creates one per worker.
pub struct Todo {
    words: Vec<String>,
    require_owner: bool,
    ownerless: RuleId,
    notes: AttributeId,
}

/// The options in `plugin.toml`, validated by the host, with defaults.
#[derive(serde::Deserialize)]
pub struct Config {
    words: String,
    require_owner: bool,
}

impl Analyzer for Todo {
    type Config = Config;

    fn new(config: Config, setup: &Setup) -> Result<Self, Error> {
        let words: Vec<String> = config.words.split_whitespace().map(str::to_owned).collect();
        if words.is_empty() {
            return Err(Error::InvalidConfig("words: name at least one".into()));
        }
        Ok(Todo {
            words,
            require_owner: config.require_owner,
            ownerless: setup.rule("ownerless")?,
            notes: setup.attribute("notes")?,
        })
    }

    fn analyze(&mut self, source: &Source<'_>, report: &mut Report) -> Result<(), Error> {
        let comments = source.query(pattern(source.language()))?;
        let mut notes = 0;
        for comment in &comments.items {
            let text = source.text().get(comment.span()).ok_or_else(|| Error::failed("a comment is torn"))?;
            for word in &self.words {
                for (at, _) in text.match_indices(word.as_str()).filter(|(at, _)| is_word(text, *at, word)) {
                    notes += 1;
                    let start = comment.span().start + at;
                    if self.require_owner && !text[at + word.len()..].starts_with('(') {
                        let found = report.finding(self.ownerless, Severity::Note, start..start + word.len());
                        found.message(format!("a {word} that names nobody"));
                    }
                }
            }
        }
        report.integer(self.notes, Subject::FILE, notes);
        Ok(())
    }
}

/// The query for comments, whose node names depend on the grammar; unknown node names are errors.
fn pattern(language: &str) -> &'static str {
    match language {
        "rust" | "java" => "[(line_comment) (block_comment)] @comment",
        _ => "(comment) @comment",
    }
}

/// Whether the text at `at` is a whole word.
fn is_word(text: &str, at: usize, word: &str) -> bool {
    let part = |character: Option<char>| character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    !part(text[..at].chars().next_back()) && !part(text[at + word.len()..].chars().next())
}

export!(analyzer: Todo);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_alone() {
        assert!(is_word("// TODO: x", 3, "TODO"));
        assert!(!is_word("// TODOS", 3, "TODO"));
        assert!(!is_word("// MY_TODO", 6, "TODO"));
    }
}
