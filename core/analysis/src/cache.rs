use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, Row, SqliteConnection};
use tokio::runtime::{Builder, Runtime};

use super::cache_key::Key;
use super::outcome::Outcome;

/// Version of the file's layout, in its `user_version`. A file of another one is replaced.
const LAYOUT: i64 = 1;

/// Keys of one SELECT: more save nothing, fewer cost a round trip each.
const KEYS_A_SELECT: usize = 500;

/// Rows of one INSERT, well below SQLite's limit of parameters.
const ROWS_AN_INSERT: usize = 200;

/// A file larger than this is replaced when opened: most of it is then about files that are long gone.
const MOST_BYTES: u64 = 2 << 30;

/// Bytes of the checksum before each value.
const CHECKSUM: usize = 8;

static SELECT: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT key, value FROM outcome WHERE key IN ({})", ["?"; KEYS_A_SELECT].join(","))
});

static INSERT_MANY: LazyLock<String> = LazyLock::new(|| {
    format!("INSERT OR REPLACE INTO outcome (key, value) VALUES {}", ["(?,?)"; ROWS_AN_INSERT].join(","))
});

const INSERT_ONE: &str = "INSERT OR REPLACE INTO outcome (key, value) VALUES (?,?)";

/// Answers of analyzers, kept between runs in one SQLite file.
///
/// An answer is found by the content and path of its file, the language with its grammar's version, the
/// analyzer with its digest and options, and the versions of this program's schemas; never by time stamps.
/// Losing the file costs time only, so a damaged one, or one of another version, is replaced with a warning.
#[derive(Clone)]
pub struct AnalysisCache(Arc<Inner>);

struct Inner {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    /// Taken only when dropped.
    runtime: Option<Runtime>,
    /// `None` once the file has failed and could not be replaced.
    connection: Option<SqliteConnection>,
}

/// Why there can be no cache in a folder.
#[derive(Debug, thiserror::Error)]
#[error(
    "no analysis cache can be kept at {path}: {reason}; name a folder that can be written, or go without"
)]
pub struct CacheError {
    /// The file.
    pub path: PathBuf,
    /// What the system or SQLite said.
    pub reason: String,
}

impl AnalysisCache {
    /// Opens the cache in a folder, both made where they are not there.
    ///
    /// # Errors
    /// [`CacheError`] where the folder cannot be written. A damaged file is no error.
    pub fn open(directory: &Path) -> Result<Self, CacheError> {
        let path = directory.join("analysis.sqlite");
        let refused = |reason: String| CacheError { path: path.clone(), reason };
        std::fs::create_dir_all(directory).map_err(|error| refused(error.to_string()))?;
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| refused(error.to_string()))?;
        let connection = wait(&runtime, async || {
            let fault = match connect(&path).await {
                Ok(connection) => return Ok(connection),
                Err(fault) => fault,
            };
            tracing::warn!("the analysis cache {} is begun anew: {fault}", path.display());
            begin_anew(&path).await
        });
        let connection = connection.map_err(Unfit::from).flatten();
        let connection = connection.map_err(|fault| refused(fault.to_string()))?;
        let state = Mutex::new(State { runtime: Some(runtime), connection: Some(connection) });
        Ok(AnalysisCache(Arc::new(Inner { path, state })))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The stored values of those keys that have one, still to be decoded by [`decode`].
    pub(super) fn get(&self, keys: &[Key]) -> HashMap<Key, Vec<u8>> {
        let mut found = HashMap::with_capacity(keys.len());
        self.with(async |connection| {
            for chunk in keys.chunks(KEYS_A_SELECT) {
                let mut query = sqlx::query(SELECT.as_str());
                // The last chunk is filled up with a key that it has already.
                for key in chunk.iter().chain(chunk.last().into_iter().cycle()).take(KEYS_A_SELECT) {
                    query = query.bind(key.as_slice());
                }
                for row in query.fetch_all(&mut *connection).await? {
                    let key: &[u8] = row.try_get(0)?;
                    if let Ok(key) = Key::try_from(key) {
                        found.insert(key, row.try_get(1)?);
                    }
                }
            }
            Ok(())
        });
        found
    }

    /// Stores values that [`encode`] made, in one transaction.
    pub(super) fn put(&self, rows: &[(Key, Vec<u8>)]) {
        if rows.is_empty() {
            return;
        }
        self.with(async |connection| {
            let mut transaction = connection.begin().await?;
            for chunk in rows.chunks(ROWS_AN_INSERT) {
                let (size, statement) = match chunk.len() {
                    ROWS_AN_INSERT => (ROWS_AN_INSERT, INSERT_MANY.as_str()),
                    _ => (1, INSERT_ONE),
                };
                for rows in chunk.chunks(size) {
                    let mut query = sqlx::query(statement);
                    for (key, value) in rows {
                        query = query.bind(key.as_slice()).bind(value.as_slice());
                    }
                    query.execute(&mut *transaction).await?;
                }
            }
            transaction.commit().await
        });
    }

    /// Does something with the database. A failure is a warning: the file is begun anew, and where that fails
    /// too, there is no cache from then on.
    fn with(&self, act: impl AsyncFnOnce(&mut SqliteConnection) -> Result<(), sqlx::Error> + Send) {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { runtime: Some(runtime), connection } = &mut *state else { return };
        let Some(mut open) = connection.take() else { return };
        let path = &self.0.path;
        let waited = wait(runtime, async || {
            let Err(error) = act(&mut open).await else { return Some(open) };
            if is_busy(&error) {
                tracing::warn!("the analysis cache {} is in use, so it is left out: {error}", path.display());
                return Some(open);
            }
            tracing::warn!("the analysis cache {} is begun anew: {error}", path.display());
            drop(open.close().await);
            let anew = begin_anew(path).await;
            anew.inspect_err(|fault| tracing::warn!("there is no analysis cache: {fault}")).ok()
        });
        *connection =
            waited.inspect_err(|error| tracing::warn!("there is no analysis cache: {error}")).ok().flatten();
    }
}

impl fmt::Debug for AnalysisCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnalysisCache(")?;
        fmt::Debug::fmt(&self.0.path, f)?;
        f.write_char(')')
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if let (Some(runtime), Some(open)) = (self.runtime.take(), self.connection.take()) {
            // Closing folds the write-ahead log into the file; what it fails at, the next opening mends.
            let _ = wait(&runtime, async || drop(open.close().await));
            runtime.shutdown_background();
        }
    }
}

/// The bytes that are stored for an outcome: a checksum that the key is part of, and the outcome.
pub(super) fn encode(key: &Key, outcome: &Outcome) -> Option<Vec<u8>> {
    let body = postcard::to_allocvec(outcome).ok()?;
    Some([&checksum(key, &body), body.as_slice()].concat())
}

/// The outcome of stored bytes; `None` when they are not what was stored.
pub(super) fn decode(key: &Key, stored: &[u8]) -> Option<Outcome> {
    let (sum, body) = stored.split_at_checked(CHECKSUM)?;
    if sum != checksum(key, body) {
        return None;
    }
    postcard::from_bytes(body).ok()
}

fn checksum(key: &Key, body: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = [0; CHECKSUM];
    let mut hasher = blake3::Hasher::new();
    hasher.update(key).update(body);
    hasher.finalize_xof().fill(&mut sum);
    sum
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("its layout is version {0}, this build keeps {LAYOUT}")]
    Layout(i64),
    #[error("it has grown to {0} bytes")]
    TooLarge(u64),
}

async fn connect(path: &Path) -> Result<SqliteConnection, Unfit> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() > MOST_BYTES => return Err(Unfit::TooLarge(metadata.len())),
        _ => {}
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A lost commit costs time only, and the log keeps the file whole.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(5));
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await?;
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut connection).await?;
    match (version, tables) {
        (LAYOUT, _) => {}
        (0, 0) => {
            let create =
                "CREATE TABLE IF NOT EXISTS outcome (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL)";
            sqlx::query(create).execute(&mut connection).await?;
            sqlx::query("PRAGMA user_version = 1").execute(&mut connection).await?;
        }
        (other, _) => {
            drop(connection.close().await);
            return Err(Unfit::Layout(other));
        }
    }
    // Tells a file with the right version and the wrong table before anything depends on it.
    sqlx::query("SELECT key, value FROM outcome LIMIT 1").fetch_optional(&mut connection).await?;
    Ok(connection)
}

async fn begin_anew(path: &Path) -> Result<SqliteConnection, Unfit> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    connect(path).await
}

fn is_busy(error: &sqlx::Error) -> bool {
    // Codes of SQLITE_BUSY and SQLITE_LOCKED; extended ones have them in their lowest byte.
    let code =
        error.as_database_error().and_then(|error| error.code()).and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

/// Waits for a future, on a thread of its own: the caller may itself be called by async code, where blocking
/// is refused.
///
/// # Errors
/// The system gives no thread.
fn wait<T: Send, F: Future<Output = T>>(runtime: &Runtime, make: impl FnOnce() -> F + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("analysis-cache".into());
        let thread = builder.spawn_scoped(scope, || runtime.block_on(make()))?;
        Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}
