use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use codetune_analysis::{AnswerCache, AnswerKey};
use sqlx::{Connection, Row, SqliteConnection};

use super::driver::wait;
use super::error::is_busy;
use statements::{INSERT_MANY, INSERT_ONE, KEYS_A_SELECT, ROWS_AN_INSERT, SELECT};

mod file;
mod statements;
#[cfg(test)]
mod tests;

/// Answers of analyzers, kept between runs in one SQLite file.
///
/// Losing the file costs time only, so a damaged one, or one of another version, is replaced with a warning.
pub struct AnalysisCache {
    path: PathBuf,
    /// `None` once the file has failed and could not be replaced.
    connection: Mutex<Option<SqliteConnection>>,
}

/// Why there can be no cache in a folder.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("no analysis cache can be kept at {path}: {reason}")]
#[diagnostic(code(store::analysis_cache), help("name a folder that can be written, or go without"))]
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
        let connection = wait(async || {
            let fault = match file::connect(&path).await {
                Ok(connection) => return Ok(connection),
                Err(fault) => fault,
            };
            tracing::warn!("the analysis cache {} is begun anew: {fault}", path.display());
            file::begin_anew(&path).await
        });
        let connection = connection.map_err(file::Unfit::from).flatten();
        let connection = connection.map_err(|fault| refused(fault.to_string()))?;
        Ok(AnalysisCache { path, connection: Mutex::new(Some(connection)) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does something with the database. A failure is a warning: the file is begun anew, and where that fails
    /// too, there is no cache from then on.
    fn with(&self, act: impl AsyncFnOnce(&mut SqliteConnection) -> Result<(), sqlx::Error> + Send) {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut open) = connection.take() else { return };
        let path = &self.path;
        let waited = wait(async || {
            let Err(error) = act(&mut open).await else { return Some(open) };
            if is_busy(&error) {
                tracing::warn!("the analysis cache {} is in use, so it is left out: {error}", path.display());
                return Some(open);
            }
            tracing::warn!("the analysis cache {} is begun anew: {error}", path.display());
            drop(open.close().await);
            let anew = file::begin_anew(path).await;
            anew.inspect_err(|fault| tracing::warn!("there is no analysis cache: {fault}")).ok()
        });
        *connection =
            waited.inspect_err(|error| tracing::warn!("there is no analysis cache: {error}")).ok().flatten();
    }
}

impl AnswerCache for AnalysisCache {
    fn get(&self, keys: &[AnswerKey]) -> HashMap<AnswerKey, Vec<u8>> {
        let mut found = HashMap::with_capacity(keys.len());
        // Neighbours in the table are read together.
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        self.with(async |connection| {
            for chunk in keys.chunks(KEYS_A_SELECT) {
                let mut query = sqlx::query(SELECT.as_str());
                // The last chunk is filled up with a key that it has already.
                for key in chunk.iter().chain(chunk.last().into_iter().cycle()).take(KEYS_A_SELECT) {
                    query = query.bind(key.as_slice());
                }
                for row in query.fetch_all(&mut *connection).await? {
                    let key: &[u8] = row.try_get(0)?;
                    if let Ok(key) = AnswerKey::try_from(key) {
                        found.insert(key, row.try_get(1)?);
                    }
                }
            }
            Ok(())
        });
        found
    }

    /// All of them or none, in one transaction.
    fn put(&self, answers: &[(AnswerKey, Vec<u8>)]) {
        if answers.is_empty() {
            return;
        }
        self.with(async |connection| {
            let mut transaction = connection.begin().await?;
            for chunk in answers.chunks(ROWS_AN_INSERT) {
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
}

impl fmt::Debug for AnalysisCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnalysisCache(")?;
        fmt::Debug::fmt(&self.path, f)?;
        f.write_char(')')
    }
}

impl Drop for AnalysisCache {
    /// Closes the connection, which folds the write-ahead log into the file.
    fn drop(&mut self) {
        if let Some(open) = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            // What this fails at, the next opening mends.
            let _ = wait(async || drop(open.close().await));
        }
    }
}
