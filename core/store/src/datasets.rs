//! Datasets used by runs.

use codetune_validate::{Constraint, DATASET_NAME, Violation, check_digest};
use serde::Serialize;
use serde_json::Value;
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use super::{
    canonical::canonical_json,
    connection::Store,
    error::{StoreError, TransactionError, is_orphan},
    run_id::RunId,
    timestamp,
};

/// The key of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatasetId(pub(super) i64);

/// A dataset to record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NewDataset {
    /// Its name.
    pub name: String,
    /// BLAKE3 of its manifest, in hexadecimal.
    pub manifest_digest: String,
    /// Its ledger of tokens: a JSON object.
    pub ledger: Value,
}

/// A recorded dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetRecord {
    /// Its key.
    pub id: DatasetId,
    /// Its values.
    pub values: NewDataset,
    /// When it was first recorded, in UTC.
    pub created_at: OffsetDateTime,
}

/// A checked dataset.
pub(super) struct CheckedDataset<'a> {
    name: &'a str,
    manifest_digest: &'a str,
    ledger: String,
    now: String,
}

impl<'a> CheckedDataset<'a> {
    pub(super) fn of(dataset: &'a NewDataset) -> Result<Self, StoreError> {
        let name = DATASET_NAME.check_text(&dataset.name)?;
        let manifest_digest = check_digest("manifest_digest", &dataset.manifest_digest)?;
        if !dataset.ledger.is_object() {
            let kind = "JSON that is no object";
            return Err(Violation::new("ledger", kind, Constraint::Type, "a JSON object").into());
        }
        let now = timestamp::write("created_at", OffsetDateTime::now_utc())?;
        Ok(CheckedDataset { name, manifest_digest, ledger: canonical_json(&dataset.ledger), now })
    }

    pub(super) async fn save(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<DatasetId, TransactionError> {
        let insert = "INSERT INTO dataset (name, manifest_digest, ledger, created_at) \
                      VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name, manifest_digest) DO NOTHING";
        let query = sqlx::query(insert).bind(self.name).bind(self.manifest_digest);
        query.bind(&self.ledger).bind(&self.now).execute(&mut *connection).await?;
        let find = "SELECT id FROM dataset WHERE name = ?1 AND manifest_digest = ?2";
        let query = sqlx::query_as(find).bind(self.name).bind(self.manifest_digest);
        let (id,): (i64,) = query.fetch_one(connection).await?;
        Ok(DatasetId(id))
    }
}

/// Records that a run uses a dataset.
pub(super) async fn link(
    connection: &mut SqliteConnection,
    seq: i64,
    dataset: DatasetId,
) -> Result<(), sqlx::Error> {
    let insert = "INSERT INTO run_dataset (run, dataset) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    sqlx::query(insert).bind(seq).bind(dataset.0).execute(connection).await.map(drop)
}

impl Store {
    /// Records a dataset; an existing one with the same name and manifest keeps its key, ledger and time.
    ///
    /// # Errors
    ///
    /// An invalid value, or a database error.
    pub fn save_dataset(&self, dataset: &NewDataset) -> Result<DatasetId, StoreError> {
        let dataset = CheckedDataset::of(dataset)?;
        self.write("recording a dataset", async |connection, _| dataset.save(connection).await)
    }

    /// Records that a run uses a dataset.
    ///
    /// # Errors
    ///
    /// No such run or dataset, or the database.
    pub fn link_dataset(&self, run: &RunId, dataset: DatasetId) -> Result<(), StoreError> {
        self.write("linking a dataset", async |connection, _| {
            let seq = self.find_seq(connection, run).await?;
            match link(connection, seq, dataset).await {
                Err(error) if is_orphan(&error) => {
                    Err(TransactionError::Told(self.not_found("dataset", dataset.0)))
                }
                linked => linked.map_err(TransactionError::Driver),
            }
        })
    }

    /// The datasets of a run, by name.
    ///
    /// # Errors
    ///
    /// No such run, or the database.
    pub fn datasets(&self, run: &RunId) -> Result<Vec<DatasetRecord>, StoreError> {
        self.read("reading datasets", async |connection| {
            let seq = self.find_seq(connection, run).await?;
            let select = "SELECT id, name, manifest_digest, ledger, created_at FROM dataset \
                          JOIN run_dataset ON run_dataset.dataset = dataset.id WHERE run_dataset.run = ?1 \
                          ORDER BY name, id";
            let rows: Vec<(i64, String, String, String, String)> =
                sqlx::query_as(select).bind(seq).fetch_all(connection).await?;
            rows.into_iter()
                .map(|(id, name, manifest_digest, ledger, created_at)| {
                    let ledger = serde_json::from_str(&ledger)
                        .map_err(|cause| TransactionError::Told(self.unreadable("dataset", cause)))?;
                    let created_at = timestamp::read(&created_at)
                        .map_err(|cause| TransactionError::Told(self.unreadable("dataset", cause)))?;
                    let values = NewDataset { name, manifest_digest, ledger };
                    Ok(DatasetRecord { id: DatasetId(id), values, created_at })
                })
                .collect()
        })
    }
}
