//! Metrics in long form: one row per run, key and step.

use std::sync::LazyLock;

use codetune_validate::{
    EVAL_LOSS, Field, METRIC_EPOCH, METRIC_KEY, METRIC_STEP, METRIC_VALUE, TRAIN_LOSS, Violation,
};
use sqlx::SqliteConnection;
use time::OffsetDateTime;

use super::{
    connection::{Known, Store},
    error::{StoreError, TransactionError, is_duplicate, is_orphan},
    run_id::RunId,
    timestamp,
};

/// A value to record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricRow<'a> {
    /// Its name: `train_loss`, `eval_loss` or any other.
    pub key: &'a str,
    /// The step, counted from 0.
    pub step: u64,
    /// A finite number; losses must be at least 0 and below 1e10.
    pub value: f64,
}

/// A recorded value of one key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricPoint {
    /// The step.
    pub step: u64,
    /// The value.
    pub value: f64,
}

/// The last value of a key.
#[derive(Debug, Clone, PartialEq)]
pub struct LatestMetric {
    /// Its name.
    pub key: String,
    /// The step.
    pub step: u64,
    /// The value.
    pub value: f64,
}

/// The start of an epoch. A metric belongs to the last epoch that started at or before its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// The epoch, counted from 0.
    pub epoch: u64,
    /// Its first step.
    pub first_step: u64,
    /// When it started, in UTC.
    pub started_at: OffsetDateTime,
}

impl Store {
    /// Records epochs and values of a run, atomically.
    ///
    /// Pass many at once: a batch of a thousand costs little more than one row.
    ///
    /// # Errors
    ///
    /// An invalid value, an unknown run, an epoch or metric that is already recorded, or a database error.
    pub fn append_metrics(
        &self,
        run: &RunId,
        epochs: &[Epoch],
        rows: &[MetricRow<'_>],
    ) -> Result<(), StoreError> {
        rows.iter().try_for_each(check)?;
        let epochs = epochs.iter().map(CheckedEpoch::of).collect::<Result<Vec<_>, _>>()?;
        if rows.is_empty() && epochs.is_empty() {
            return Ok(());
        }
        self.write("recording metrics", async |connection, known| {
            let seq = self.seq(connection, known, run).await?;
            for epoch in &epochs {
                epoch.insert(connection, seq, run).await?;
            }
            let keys = intern(connection, known, rows).await?;
            insert(connection, seq, rows, &keys).await.map_err(|error| {
                if is_orphan(&error) {
                    TransactionError::Told(self.not_found("run", run))
                } else if is_duplicate(&error) {
                    TransactionError::Told(StoreError::Duplicate { what: "metric of", name: span(run, rows) })
                } else {
                    TransactionError::Driver(error)
                }
            })
        })
    }

    /// All values of a key, by step; empty if there are none.
    ///
    /// # Errors
    ///
    /// An unknown run, or a database error.
    pub fn metrics(&self, run: &RunId, key: &str) -> Result<Vec<MetricPoint>, StoreError> {
        self.read("reading metrics", async |connection| {
            let seq = self.find_seq(connection, run).await?;
            let select = "SELECT step, value FROM training_metric \
                          WHERE run = ?1 AND key = (SELECT id FROM metric_key WHERE name = ?2) ORDER BY step";
            let rows: Vec<(i64, f64)> =
                sqlx::query_as(select).bind(seq).bind(key).fetch_all(connection).await?;
            Ok(rows.into_iter().map(|(step, value)| MetricPoint { step: unsigned(step), value }).collect())
        })
    }

    /// The last value of each key, by key.
    ///
    /// # Errors
    ///
    /// An unknown run, or a database error.
    pub fn latest_metrics(&self, run: &RunId) -> Result<Vec<LatestMetric>, StoreError> {
        self.read("reading metrics", async |connection| {
            let seq = self.find_seq(connection, run).await?;
            // One primary key lookup per key, regardless of the number of steps.
            let select = "SELECT metric_key.name, training_metric.step, training_metric.value \
                          FROM metric_key JOIN training_metric ON training_metric.run = ?1 \
                          AND training_metric.key = metric_key.id AND training_metric.step = (SELECT max(step) \
                          FROM training_metric WHERE run = ?1 AND key = metric_key.id) ORDER BY metric_key.name";
            let rows: Vec<(String, i64, f64)> =
                sqlx::query_as(select).bind(seq).fetch_all(connection).await?;
            let latest = |(key, step, value)| LatestMetric { key, step: unsigned(step), value };
            Ok(rows.into_iter().map(latest).collect())
        })
    }

    /// The epochs of a run, in order.
    ///
    /// # Errors
    ///
    /// An unknown run, or a database error.
    pub fn epochs(&self, run: &RunId) -> Result<Vec<Epoch>, StoreError> {
        self.read("reading epochs", async |connection| {
            let seq = self.find_seq(connection, run).await?;
            let select =
                "SELECT epoch, first_step, started_at FROM training_epoch WHERE run = ?1 ORDER BY epoch";
            let rows: Vec<(i64, i64, String)> =
                sqlx::query_as(select).bind(seq).fetch_all(connection).await?;
            rows.into_iter()
                .map(|(epoch, first_step, started_at)| {
                    let started_at = timestamp::read(&started_at)
                        .map_err(|cause| TransactionError::Told(self.unreadable("epoch", cause)))?;
                    Ok(Epoch { epoch: unsigned(epoch), first_step: unsigned(first_step), started_at })
                })
                .collect()
        })
    }
}

fn check(row: &MetricRow<'_>) -> Result<(), Violation> {
    METRIC_STEP.check_unsigned(row.step)?;
    let field: &Field = match row.key {
        "train_loss" => &TRAIN_LOSS,
        "eval_loss" => &EVAL_LOSS,
        _ => &METRIC_VALUE,
    };
    let named = |violation: Violation| Violation { field: row.key.to_owned(), ..violation };
    METRIC_KEY.check_text(row.key)?;
    field.check_float(row.value).map(drop).map_err(named)
}

/// A checked epoch.
struct CheckedEpoch {
    epoch: u64,
    first_step: u64,
    started_at: String,
}

impl CheckedEpoch {
    fn of(epoch: &Epoch) -> Result<Self, Violation> {
        METRIC_EPOCH.check_unsigned(epoch.epoch)?;
        METRIC_STEP.check_unsigned(epoch.first_step)?;
        let started_at = timestamp::write("started_at", epoch.started_at)?;
        Ok(CheckedEpoch { epoch: epoch.epoch, first_step: epoch.first_step, started_at })
    }

    async fn insert(
        &self,
        connection: &mut SqliteConnection,
        seq: i64,
        run: &RunId,
    ) -> Result<(), TransactionError> {
        let insert =
            "INSERT INTO training_epoch (run, epoch, first_step, started_at) VALUES (?1, ?2, ?3, ?4)";
        let query = sqlx::query(insert).bind(seq).bind(signed(self.epoch)).bind(signed(self.first_step));
        match query.bind(&self.started_at).execute(connection).await {
            Ok(_) => Ok(()),
            Err(error) if is_duplicate(&error) => Err(TransactionError::Told(StoreError::Duplicate {
                what: "epoch",
                name: format!("{} of run {run}", self.epoch),
            })),
            Err(error) => Err(TransactionError::Driver(error)),
        }
    }
}

/// The numeric keys of the rows; new keys are added.
async fn intern(
    connection: &mut SqliteConnection,
    known: &mut Known,
    rows: &[MetricRow<'_>],
) -> Result<Vec<i64>, TransactionError> {
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        let id = match known.metric_keys.get(row.key) {
            Some(id) => *id,
            None => {
                let find = "SELECT id FROM metric_key WHERE name = ?1";
                let found: Option<(i64,)> =
                    sqlx::query_as(find).bind(row.key).fetch_optional(&mut *connection).await?;
                let id = match found {
                    Some((id,)) => id,
                    None => {
                        let add = "INSERT INTO metric_key (name) VALUES (?1)";
                        sqlx::query(add).bind(row.key).execute(&mut *connection).await?.last_insert_rowid()
                    }
                };
                known.metric_keys.insert(row.key.to_owned(), id);
                id
            }
        };
        keys.push(id);
    }
    Ok(keys)
}

/// Rows per statement. A few fixed sizes make good use of the driver's cache of prepared statements; the largest is far
/// below SQLite's limit of 32,766 parameters.
const CHUNKS: [usize; 4] = [512, 64, 8, 1];

static INSERTS: LazyLock<[String; 4]> = LazyLock::new(|| {
    CHUNKS.map(|rows| {
        // ?1 is the run in every row.
        let values: Vec<String> =
            (0..rows).map(|row| format!("(?1,?{},?{},?{})", 3 * row + 2, 3 * row + 3, 3 * row + 4)).collect();
        format!("INSERT INTO training_metric (run, key, step, value) VALUES {}", values.join(","))
    })
});

async fn insert(
    connection: &mut SqliteConnection,
    run: i64,
    rows: &[MetricRow<'_>],
    keys: &[i64],
) -> Result<(), sqlx::Error> {
    let mut rest: Vec<(&MetricRow<'_>, i64)> = rows.iter().zip(keys.iter().copied()).collect();
    // Rows in the order of the primary key are appended to a page; others need a search.
    rest.sort_unstable_by_key(|(row, key)| (*key, row.step));
    let mut rest = rest.as_slice();
    for (size, statement) in CHUNKS.iter().zip(INSERTS.iter()) {
        while let Some((chunk, after)) = rest.split_at_checked(*size) {
            let mut query = sqlx::query(statement.as_str()).bind(run);
            for (row, key) in chunk {
                query = query.bind(*key).bind(signed(row.step)).bind(row.value);
            }
            query.execute(&mut *connection).await?;
            rest = after;
        }
    }
    Ok(())
}

/// Describes the rows in an error message.
fn span(run: &RunId, rows: &[MetricRow<'_>]) -> String {
    let first = rows.iter().min_by_key(|row| row.step);
    let last = rows.iter().max_by_key(|row| row.step);
    match (first, last) {
        (Some(first), Some(last)) if first.step == last.step => {
            format!("run {run}, {} at step {}", first.key, first.step)
        }
        (Some(first), Some(last)) => {
            format!("run {run}, {} among steps {} to {}", first.key, first.step, last.step)
        }
        _ => format!("run {run}"),
    }
}

/// Steps were checked to fit.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The schema rejects negative steps and epochs.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}
