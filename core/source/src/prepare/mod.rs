//! Another text of the same length for a file that its grammar cannot parse as it stands.
//!
//! Grammars know a language without its preprocessor, and mostly that of some years ago. Where a parse has errors, what
//! is known to cause them is written over, byte for byte, so that the tree of the new text fits the old one: macros
//! that are no part of the syntax, all branches but one of an `#if` that cuts a statement in two, and constructs that
//! are newer than the grammar. Nothing is expanded or looked up. Each rule looks at a few tokens, so that all of them
//! take time by the length of the text.
//!
//! The tree with fewer errors is the file's; see [`parse`](super::syntax::parse).

mod calls;
mod code;
mod conditionals;
mod edits;
mod macros;
mod runs;
pub(super) mod tokens;
mod typescript;
mod words;

#[cfg(test)]
mod tests;

use super::language::Language;
use edits::Edits;
use tokens::tokens;

/// The text to parse instead of `text`, which has syntax errors, if any would do better.
pub(super) fn prepare(language: Language, text: &str) -> Option<String> {
    let mut edits = Edits::new(text);
    match language {
        Language::C | Language::Cpp => {
            let tokens = tokens(text);
            macros::remove(text, &tokens, language == Language::Cpp, &mut edits);
            conditionals::flatten(text, &tokens, language == Language::Cpp, &mut edits);
        }
        Language::TypeScript | Language::Tsx => typescript::rewrite(text, &mut edits),
        _ => return None,
    }
    edits.finish()
}
