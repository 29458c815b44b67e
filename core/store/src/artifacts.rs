//! Artifacts of runs: adapters, checkpoints, tokenizers.

use codetune_validate::{ARTIFACT_BYTES, ARTIFACT_KIND, ARTIFACT_PATH, check_digest};
use serde::Serialize;
use time::OffsetDateTime;

use super::{
    connection::Store,
    error::{StoreError, TransactionError},
    run_id::RunId,
    timestamp,
};

/// A file or directory written by a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewArtifact {
    /// Its kind, such as `adapter` or `checkpoint`.
    pub kind: String,
    /// Its path.
    pub path: String,
    /// Its size in bytes, for a directory the sum of its files.
    pub bytes: u64,
    /// BLAKE3 of its content, in hexadecimal.
    pub digest: String,
}

/// A recorded artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its values.
    pub values: NewArtifact,
    /// When it was recorded, in UTC.
    pub created_at: OffsetDateTime,
}

impl Store {
    /// Records artifacts of a run, atomically. An artifact with the same path is replaced.
    ///
    /// # Errors
    ///
    /// An invalid value, an unknown run, or a database error.
    pub fn record_artifacts(&self, run: &RunId, artifacts: &[NewArtifact]) -> Result<(), StoreError> {
        for artifact in artifacts {
            ARTIFACT_KIND.check_text(&artifact.kind)?;
            ARTIFACT_PATH.check_text(&artifact.path)?;
            ARTIFACT_BYTES.check_unsigned(artifact.bytes)?;
            check_digest("artifact_digest", &artifact.digest)?;
        }
        let now = timestamp::write("created_at", OffsetDateTime::now_utc())?;
        self.write("recording artifacts", async |connection, _| {
            let seq = self.find_seq(connection, run).await?;
            let insert = "INSERT INTO artifact (run, path, kind, bytes, digest, created_at) \
                          VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (run, path) DO UPDATE SET \
                          kind = excluded.kind, bytes = excluded.bytes, digest = excluded.digest, \
                          created_at = excluded.created_at";
            for NewArtifact { kind, path, bytes, digest } in artifacts {
                let bytes = i64::try_from(*bytes).unwrap_or(i64::MAX);
                let query = sqlx::query(insert).bind(seq).bind(path).bind(kind).bind(bytes);
                query.bind(digest).bind(&now).execute(&mut *connection).await?;
            }
            Ok(())
        })
    }

    /// The artifacts of a run, oldest first.
    ///
    /// # Errors
    ///
    /// An unknown run, or a database error.
    pub fn artifacts(&self, run: &RunId) -> Result<Vec<Artifact>, StoreError> {
        self.read("reading artifacts", async |connection| {
            let seq = self.find_seq(connection, run).await?;
            let select = "SELECT kind, path, bytes, digest, created_at FROM artifact WHERE run = ?1 \
                          ORDER BY created_at, path";
            let rows: Vec<(String, String, i64, String, String)> =
                sqlx::query_as(select).bind(seq).fetch_all(connection).await?;
            rows.into_iter()
                .map(|(kind, path, bytes, digest, created_at)| {
                    let unreadable = |cause| TransactionError::Told(self.unreadable("artifact", cause));
                    let created_at = timestamp::read(&created_at).map_err(unreadable)?;
                    let bytes = u64::try_from(bytes).unwrap_or_default();
                    Ok(Artifact { values: NewArtifact { kind, path, bytes, digest }, created_at })
                })
                .collect()
        })
    }
}
