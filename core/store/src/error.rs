//! What can go wrong with a store.

use std::time::Duration;

use codetune_validate::{Blame, Violation};

/// A store's error: the party, the cause and the remedy.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[non_exhaustive]
pub enum StoreError {
    /// A value was refused before the database saw it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Invalid(#[from] Violation),

    /// The database refused a value that the checks before it accepted.
    #[error("{store} refused {doing}: {rule}")]
    #[diagnostic(code(store::refused))]
    Refused {
        /// The database.
        store: String,
        /// What was being done.
        doing: &'static str,
        /// The constraint, in the database's words.
        rule: String,
    },

    /// A name or a key is taken.
    #[error("there is already a {what} \"{name}\"")]
    #[diagnostic(code(store::duplicate), help("{}", another(what, name)))]
    Duplicate {
        /// What it is a name of.
        what: &'static str,
        /// The name.
        name: String,
    },

    /// Nothing by that name.
    #[error("there is no {what} \"{given}\" in {store}")]
    #[diagnostic(code(store::not_found))]
    NotFound {
        /// The database.
        store: String,
        /// What was looked for.
        what: &'static str,
        /// By which name.
        given: String,
    },

    /// The start of an id that several runs share.
    #[error("\"{given}\" may be any of {}", candidates.join(", "))]
    #[diagnostic(code(store::ambiguous), help("give more characters"))]
    Ambiguous {
        /// What was given.
        given: String,
        /// The ids that it may mean.
        candidates: Vec<String>,
    },

    /// A run is not in a state that allows this.
    #[error("run {run} is {status}, so it cannot be {wanted}")]
    #[diagnostic(code(store::state), help("{remedy}"))]
    State {
        /// The run.
        run: String,
        /// Its status.
        status: &'static str,
        /// What was to happen.
        wanted: &'static str,
        /// What to do instead.
        remedy: &'static str,
    },

    /// A URL of another database.
    #[error("{url}: this build stores in SQLite and has no driver for {scheme}")]
    #[diagnostic(code(store::unsupported_scheme), help("give a file's path or sqlite://PATH"))]
    UnsupportedScheme {
        /// The URL's scheme.
        scheme: String,
        /// The URL with its password hidden.
        url: String,
    },

    /// A path or URL that cannot be one of a store.
    #[error("cannot keep runs in \"{given}\": {reason}")]
    #[diagnostic(code(store::location))]
    Location {
        /// What was given, with any password hidden.
        given: String,
        /// Why not.
        reason: &'static str,
        /// What to give instead, where that is not plain.
        #[help]
        help: Option<&'static str>,
    },

    /// The file is damaged or no database at all.
    #[error("{store} is damaged or not a SQLite database ({cause}) and was left as it is")]
    #[diagnostic(code(store::corrupt), help("restore it from a backup, or move it aside to start a new one"))]
    Corrupt {
        /// The file.
        store: String,
        /// What SQLite says.
        cause: String,
    },

    /// A SQLite database of another application.
    #[error("{store} is a SQLite database of another application")]
    #[diagnostic(code(store::foreign), help("give the path of another file"))]
    Foreign {
        /// The file.
        store: String,
    },

    /// A database that a newer build has written.
    #[error("{store} has schema version {found}, this build knows up to {known}")]
    #[diagnostic(code(store::newer), help("upgrade codetune, or give another file"))]
    Newer {
        /// The file.
        store: String,
        /// The schema's version in the file.
        found: i64,
        /// The newest version that this build knows.
        known: i64,
    },

    /// A migration in the file is not the one that this build has.
    #[error("the schema of {store} differs from this build's ({cause})")]
    #[diagnostic(code(store::schema), help("use the build that made it, or move the file aside"))]
    Schema {
        /// The file.
        store: String,
        /// What differs.
        cause: String,
    },

    /// Another process holds the database.
    #[error("{store} is busy: another process kept it locked for {waited:?} while {doing}")]
    #[diagnostic(code(store::busy), help("try again when it is done"))]
    Busy {
        /// The database.
        store: String,
        /// What was being done.
        doing: &'static str,
        /// How long this process waited.
        waited: Duration,
    },

    /// There is no room for what is to be written.
    #[error("{store}: no space is left while {doing}")]
    #[diagnostic(
        code(store::full),
        help("free some on that disk, or give a database on another one with --database")
    )]
    Full {
        /// The database.
        store: String,
        /// What was being done.
        doing: &'static str,
    },

    /// The operating system keeps the file from being opened or written.
    #[error("{store} cannot be {wanted} while {doing}")]
    #[diagnostic(
        code(store::forbidden),
        help("check the permissions of the file and of its folder, where SQLite keeps files beside it")
    )]
    Forbidden {
        /// The database.
        store: String,
        /// `opened` or `written`.
        wanted: &'static str,
        /// What was being done.
        doing: &'static str,
    },

    /// The disk fails.
    #[error("{store} cannot be read or written while {doing} ({cause})")]
    #[diagnostic(
        code(store::disk),
        help("check the disk, its free space and any limit on the size of files")
    )]
    Disk {
        /// The database.
        store: String,
        /// What was being done.
        doing: &'static str,
        /// What SQLite says.
        cause: String,
    },

    /// What a record holds cannot be read.
    #[error("{store} holds a {what} that cannot be read: {cause}")]
    #[diagnostic(code(store::unreadable))]
    Unreadable {
        /// The database.
        store: String,
        /// The kind of record.
        what: &'static str,
        /// Why not.
        cause: String,
    },

    /// The operating system refused something around the database.
    #[error("{store}: cannot {doing}: {source}")]
    #[diagnostic(code(store::io))]
    Io {
        /// The database.
        store: String,
        /// What was being done.
        doing: &'static str,
        /// The cause.
        source: std::io::Error,
    },

    /// Anything else that the database reports.
    #[error("{store}: {doing} failed: {cause}")]
    #[diagnostic(code(store::database))]
    Database {
        /// The database.
        store: String,
        /// What was being done.
        doing: &'static str,
        /// The cause in SQLite's words, or else in the driver's.
        cause: String,
        /// The cause.
        source: sqlx::Error,
    },
}

fn another(what: &str, name: &str) -> String {
    match what {
        "run named" => {
            format!("choose another name, or delete the record of that run with: codetune runs delete {name}")
        }
        _ => "choose another".to_owned(),
    }
}

impl StoreError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Invalid(_)
            | Self::Duplicate { .. }
            | Self::NotFound { .. }
            | Self::Ambiguous { .. }
            | Self::Location { .. }
            | Self::UnsupportedScheme { .. }
            | Self::State { .. } => Blame::Input,
            _ => Blame::Storage,
        }
    }
}

/// An error inside a transaction: our own, or one of the driver to be translated.
pub(super) enum TransactionError {
    Told(StoreError),
    Driver(sqlx::Error),
}

impl From<sqlx::Error> for TransactionError {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<StoreError> for TransactionError {
    fn from(error: StoreError) -> Self {
        Self::Told(error)
    }
}

impl From<Violation> for TransactionError {
    fn from(violation: Violation) -> Self {
        Self::Told(StoreError::Invalid(violation))
    }
}

/// SQLite's primary result code: the low byte of the extended code that the driver reports.
///
/// <https://www.sqlite.org/rescode.html>
fn result_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// Whether another connection holds a lock that is needed.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(result_code(error), Some(SQLITE_BUSY | SQLITE_LOCKED))
}

const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_PERM: i32 = 3;
const SQLITE_READONLY: i32 = 8;
const SQLITE_IOERR: i32 = 10;
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;
const SQLITE_CONSTRAINT: i32 = 19;
const SQLITE_NOTADB: i32 = 26;

/// Translates an error of the driver.
pub(super) fn explain(store: &str, doing: &'static str, waited: Duration, error: sqlx::Error) -> StoreError {
    let store = store.to_owned();
    let said = || {
        error.as_database_error().map_or_else(|| error.to_string(), |database| database.message().to_owned())
    };
    match result_code(&error) {
        Some(SQLITE_BUSY | SQLITE_LOCKED) => StoreError::Busy { store, doing, waited },
        Some(SQLITE_CORRUPT | SQLITE_NOTADB) => StoreError::Corrupt { store, cause: said() },
        Some(SQLITE_CONSTRAINT) => StoreError::Refused { store, doing, rule: said() },
        Some(SQLITE_FULL) => StoreError::Full { store, doing },
        Some(SQLITE_READONLY | SQLITE_PERM) => StoreError::Forbidden { store, wanted: "written", doing },
        Some(SQLITE_CANTOPEN) => StoreError::Forbidden { store, wanted: "opened", doing },
        Some(SQLITE_IOERR) => StoreError::Disk { store, doing, cause: said() },
        _ => StoreError::Database { store, doing, cause: said(), source: error },
    }
}

/// Whether a statement failed on a UNIQUE or PRIMARY KEY constraint.
pub(super) fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|database| database.is_unique_violation())
}

/// Whether a statement failed on a foreign key.
pub(super) fn is_orphan(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|database| database.is_foreign_key_violation())
}
