//! Discovering files, languages, decoding and syntax trees, shared by every analyzer.
//!
//! [`discover`] finds the files of its [`Inputs`] and accounts for every one it sees, [`load`] turns one of them
//! into a [`SourceFile`], and a `SourceFile` parses itself at most once, however many analyzers query it. Nothing
//! here is repaired on the way: a file that cannot be read exactly is left out with a [`SkipReason`].
//!
//! | file | subject |
//! |---|---|
//! | `inputs`, `path_list`, `options`, `sizes` | what is to be read, and how much of it |
//! | `discover`, `discovery` | the files that there are, in their order |
//! | `walk`, `globs`, `repository` | the walk over a folder, and what it passes over |
//! | `settle`, `slashed` | where a file that was seen belongs, and how its path is written |
//! | `skip`, `source_error` | why a file is left out; why nothing could be walked at all |
//! | `language`, `shebang` | which language a file is in, grammars and their versions |
//! | `decode`, `cookie` | bytes to text, exactly or not at all |
//! | `binary`, `wide`, `legacy` | what is no text, and texts that do not say what they are in |
//! | `load`, `file`, `lines` | one file in memory and its line index |
//! | `header` | whether a `.h` file is C or C++ |
//! | `syntax`, `budget`, `angles` | parsing once, in bounded work and memory |
//! | `prepare` | what is parsed instead of a text that its grammar cannot read as it stands |
//! | `query` | tree-sitter queries run by the host |

mod angles;
mod binary;
mod budget;
mod cookie;
mod decode;
mod discover;
mod discovery;
mod file;
mod globs;
mod header;
mod ignore_files;
mod inputs;
mod language;
mod language_id;
mod legacy;
mod lines;
mod load;
mod options;
mod path_list;
mod prepare;
mod query;
mod repository;
mod settle;
mod shebang;
mod sizes;
mod skip;
mod slashed;
mod source_error;
mod syntax;
mod walk;
mod wide;

pub use budget::{Exhausted, WorkBudget};
pub use decode::{Decoded, decode};
pub use discover::discover;
pub use discovery::{Discovery, FileEntry, Skipped};
pub use file::SourceFile;
pub use inputs::Inputs;
pub use language::Language;
pub use lines::{LineIndex, Position};
pub use load::load;
pub use options::DiscoverOptions;
pub use path_list::{PathListError, path_list};
pub use query::QueryAllowance;
pub use query::{Capture, Captures, QueryError, QueryLimits};
pub use repository::repository_of;
pub use sizes::{DEFAULT_MAX_BYTES, MAX_BYTES_CEILING};
pub use skip::SkipReason;
pub use source_error::SourceError;
pub use syntax::ParseError;

/// Version of what this crate makes of a file; part of every cache key.
///
/// Raise it when decoding, language detection, line counting, limits or the order of captures change, so
/// that results cached under the old behaviour are not taken for new ones.
pub const SCHEMA_VERSION: u32 = 2;
