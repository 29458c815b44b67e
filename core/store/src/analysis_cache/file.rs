//! The file of the cache: opened where it is fit for use, begun anew where it is not.

use std::io;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection};

use super::statements::KEYS_A_SELECT;

/// Version of the file's layout, in its `user_version`. A file of another one is replaced.
const LAYOUT: i64 = 1;

/// A file larger than this is replaced when opened: most of it is then about files that are long gone.
const MOST_BYTES: u64 = 2 << 30;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("its layout is version {0}, this build keeps {LAYOUT}")]
    Layout(i64),
    #[error("it has grown to {0} bytes")]
    TooLarge(u64),
}

pub(super) async fn connect(path: &Path) -> Result<SqliteConnection, Unfit> {
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
        // The rows of a statement come at once, instead of in turns between two threads.
        .row_buffer_size(KEYS_A_SELECT)
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

pub(super) async fn begin_anew(path: &Path) -> Result<SqliteConnection, Unfit> {
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
