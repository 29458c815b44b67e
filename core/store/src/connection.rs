//! An open store: its connection, transactions and retries.

use std::{
    collections::HashMap,
    fmt, io,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{
    driver::wait,
    error::{self, StoreError, TransactionError, is_busy},
    location::Location,
    run_id::RunId,
    schema,
};

/// How long SQLite waits for another process's lock in one attempt.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum attempts of a transaction while the database is locked.
const ATTEMPTS: u32 = 3;

/// Files up to this size are verified when opened, which takes tens of milliseconds. Damage in larger files is reported
/// when it is encountered.
const CHECKED_BYTES: u64 = 16 << 20;

/// A database of runs. It can be shared between threads, which take turns, and used in async code.
pub struct Store {
    location: Location,
    name: String,
    inner: Mutex<Inner>,
}

struct Inner {
    connection: Option<SqliteConnection>,
    known: Known,
}

/// A cache of short keys, which metrics would otherwise look up for every batch.
#[derive(Default)]
pub(super) struct Known {
    pub(super) metric_keys: HashMap<String, i64>,
    pub(super) runs: HashMap<RunId, i64>,
}

impl Store {
    /// Opens the store at a path, `sqlite://PATH` or `:memory:`, or creates it.
    ///
    /// Applies missing migrations. The directory must exist. There is no fallback to another database.
    ///
    /// # Errors
    ///
    /// An unsupported URL; a file that is damaged, belongs to another application, was written by a newer version,
    /// stays locked, or cannot be accessed.
    pub fn open(url_or_path: &str) -> Result<Self, StoreError> {
        let location = Location::parse(url_or_path)?;
        let name = location.to_string();
        if let Location::File(path) = &location {
            refuse_unfit_path(path, &name)?;
        }
        let connection = patiently(&name, "opening the store", async || connect(&location, &name).await)?;
        let inner = Inner { connection: Some(connection), known: Known::default() };
        Ok(Self { location, name, inner: Mutex::new(inner) })
    }

    /// The path of the database; `None` for one in memory.
    pub fn path(&self) -> Option<&Path> {
        match &self.location {
            Location::Memory => None,
            Location::File(path) => Some(path),
        }
    }

    /// The error for a missing record.
    pub(super) fn not_found(&self, what: &'static str, given: impl fmt::Display) -> StoreError {
        StoreError::NotFound { store: self.name.clone(), what, given: given.to_string() }
    }

    /// The error for an unreadable record.
    pub(super) fn unreadable(&self, what: &'static str, cause: impl fmt::Display) -> StoreError {
        StoreError::Unreadable { store: self.name.clone(), what, cause: cause.to_string() }
    }

    /// Runs a transaction that may write; rolls it back on errors.
    ///
    /// It takes the lock at the start, when waiting is safe; `work` may run again if waiting timed out.
    pub(super) fn write<T: Send>(
        &self,
        doing: &'static str,
        work: impl AsyncFn(&mut SqliteConnection, &mut Known) -> Result<T, TransactionError> + Sync,
    ) -> Result<T, StoreError> {
        let mut inner = self.lock();
        let Inner { connection, known } = &mut *inner;
        let connection = self.opened(connection)?;
        patiently(&self.name, doing, async || {
            let done = transact(connection, known, &work).await;
            if done.is_err() {
                // Keys created in the transaction were rolled back.
                *known = Known::default();
            }
            done
        })
    }

    /// Reads from a consistent snapshot of the database.
    pub(super) fn read<T: Send>(
        &self,
        doing: &'static str,
        work: impl AsyncFn(&mut SqliteConnection) -> Result<T, TransactionError> + Sync,
    ) -> Result<T, StoreError> {
        let mut inner = self.lock();
        let connection = self.opened(&mut inner.connection)?;
        let started = Instant::now();
        let result = wait(async || {
            let mut transaction = connection.begin().await?;
            let result = work(&mut transaction).await;
            let _ = transaction.rollback().await;
            result
        });
        let result = result.map_err(|source| no_runtime(&self.name, source))?;
        result.map_err(|fault| told(&self.name, doing, started, fault))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves no open transaction: dropping it rolls it back.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened<'inner>(
        &self,
        connection: &'inner mut Option<SqliteConnection>,
    ) -> Result<&'inner mut SqliteConnection, StoreError> {
        connection.as_mut().ok_or_else(|| self.not_found("open connection", "store"))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("location", &self.name).finish_non_exhaustive()
    }
}

impl Drop for Store {
    /// Closes the connection, which merges the write-ahead log into the file.
    fn drop(&mut self) {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = inner.connection.take() {
            // What this fails at, the next opening mends.
            let _ = wait(async || connection.close().await);
        }
    }
}

/// Waits for a transaction, made again where it found the database locked.
fn patiently<T: Send>(
    store: &str,
    doing: &'static str,
    mut make: impl AsyncFnMut() -> Result<T, TransactionError> + Send,
) -> Result<T, StoreError> {
    let started = Instant::now();
    let result = wait(async || {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match make().await {
                // Nothing else runs here, so this holds nothing up.
                Err(TransactionError::Driver(fault)) if attempt < ATTEMPTS && is_busy(&fault) => {
                    pause(attempt)
                }
                done => break done,
            }
        }
    });
    let result = result.map_err(|source| no_runtime(store, source))?;
    result.map_err(|fault| told(store, doing, started, fault))
}

async fn transact<T>(
    connection: &mut SqliteConnection,
    known: &mut Known,
    work: &impl AsyncFn(&mut SqliteConnection, &mut Known) -> Result<T, TransactionError>,
) -> Result<T, TransactionError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    match work(&mut transaction, known).await {
        Ok(value) => transaction.commit().await.map(|()| value).map_err(TransactionError::Driver),
        Err(fault) => {
            // Report the first error; a connection that cannot roll back reports it next time.
            let _ = transaction.rollback().await;
            Err(fault)
        }
    }
}

async fn connect(location: &Location, name: &str) -> Result<SqliteConnection, TransactionError> {
    let options = match location {
        Location::Memory => SqliteConnectOptions::new().in_memory(true),
        Location::File(path) => SqliteConnectOptions::new().filename(path).create_if_missing(true),
    };
    let mut connection = options
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // With WAL this cannot corrupt the database; a power failure may lose the last transactions, but never part of
        // one.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        // Statements contain values of runs, and formatting them for the log costs more than executing them.
        .disable_statement_logging()
        .connect()
        .await?;
    if let Location::File(path) = location {
        check_whole(path, name, &mut connection).await?;
    }
    schema::bring_up(name, &mut connection).await?;
    Ok(connection)
}

async fn check_whole(
    path: &Path,
    name: &str,
    connection: &mut SqliteConnection,
) -> Result<(), TransactionError> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() > CHECKED_BYTES) {
        return Ok(());
    }
    let (verdict,): (String,) = sqlx::query_as("PRAGMA quick_check(1)").fetch_one(connection).await?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(TransactionError::Told(StoreError::Corrupt {
        store: name.to_owned(),
        cause: verdict.replace('\n', " "),
    }))
}

fn refuse_unfit_path(path: &Path, name: &str) -> Result<(), StoreError> {
    let refuse =
        |reason, help| Err(StoreError::Location { given: name.to_owned(), reason, help: Some(help) });
    if path.is_dir() {
        return refuse("it is a folder", "give the path of a file in it");
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            refuse("its folder does not exist", "create the folder first")
        }
        _ => Ok(()),
    }
}

fn pause(attempt: u32) {
    std::thread::sleep(Duration::from_millis(50) * attempt);
}

fn no_runtime(store: &str, source: io::Error) -> StoreError {
    StoreError::Io { store: store.to_owned(), doing: "start the database's runtime", source }
}

fn told(store: &str, doing: &'static str, started: Instant, fault: TransactionError) -> StoreError {
    match fault {
        TransactionError::Told(error) => error,
        TransactionError::Driver(error) => error::explain(store, doing, started.elapsed(), error),
    }
}
