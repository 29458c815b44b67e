//! Starting, finishing, finding, listing and deleting runs.

use codetune_redact::escape_control;
use codetune_validate::{ERROR_TEXT, RUN_KIND, RUN_NAME};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, sqlite::SqliteRow};
use time::OffsetDateTime;

use super::{
    configs::{ConfigId, delete_unused},
    connection::{Known, Store},
    error::{StoreError, TransactionError, is_duplicate, is_orphan},
    host::{HostInfo, Liveness},
    run_id::RunId,
    status::{RunOutcome, RunStatus},
    timestamp,
};

/// A run to start.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRun {
    /// Its configuration.
    pub config: ConfigId,
    /// Its kind, such as `pretrain` or `lora`.
    pub kind: String,
    /// A unique name.
    pub name: Option<String>,
    /// The process of the run.
    pub host: HostInfo,
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Its name.
    pub name: Option<String>,
    /// Its kind.
    pub kind: String,
    /// Its status.
    pub status: RunStatus,
    /// Its configuration.
    pub config: ConfigId,
    /// The model, from the configuration.
    pub model_type: String,
    /// The dataset, from the configuration.
    pub dataset_name: String,
    /// When it started, in UTC.
    pub started_at: OffsetDateTime,
    /// When it ended, in UTC; `None` while it is running.
    pub finished_at: Option<OffsetDateTime>,
    /// Its error, if it failed.
    pub error: Option<String>,
    /// The process that works or last worked on it.
    pub host: HostInfo,
}

/// A filter of runs; `None` matches all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunFilter {
    /// The status.
    pub status: Option<RunStatus>,
    /// The kind.
    pub kind: Option<String>,
    /// The model.
    pub model_type: Option<String>,
    /// The dataset.
    pub dataset_name: Option<String>,
    /// The earliest start time.
    pub since: Option<OffsetDateTime>,
}

impl NewRun {
    /// Creates an unnamed run of this process.
    pub fn new(config: ConfigId, kind: &str) -> Self {
        Self { config, kind: kind.to_owned(), name: None, host: HostInfo::of_this_process() }
    }
}

/// A checked run.
pub(super) struct CheckedRun<'a> {
    kind: &'a str,
    name: Option<&'a str>,
    now: OffsetDateTime,
    started: String,
    host: String,
}

impl Store {
    /// Starts a run with status `running`.
    ///
    /// # Errors
    ///
    /// An invalid value, a duplicate name, an unknown configuration, or a database error.
    pub fn start_run(&self, run: &NewRun) -> Result<RunId, StoreError> {
        let checked = self.check_run(&run.kind, run.name.as_deref(), &run.host)?;
        self.write("starting a run", async |connection, known| {
            self.insert_run(connection, known, run.config, &checked).await
        })
    }

    pub(super) fn check_run<'a>(
        &self,
        kind: &'a str,
        name: Option<&'a str>,
        host: &HostInfo,
    ) -> Result<CheckedRun<'a>, StoreError> {
        RUN_KIND.check_text(kind)?;
        name.map_or(Ok(""), |name| RUN_NAME.check_text(name))?;
        let now = OffsetDateTime::now_utc();
        let started = timestamp::write("started_at", now)?;
        Ok(CheckedRun { kind, name, now, started, host: self.host_json(host)? })
    }

    pub(super) async fn insert_run(
        &self,
        connection: &mut SqliteConnection,
        known: &mut Known,
        config: ConfigId,
        run: &CheckedRun<'_>,
    ) -> Result<RunId, TransactionError> {
        let id = RunId::new(run.now);
        let insert = "INSERT INTO run (id, name, config_id, kind, status, started_at, host) \
                      VALUES (?1, ?2, ?3, ?4, 'running', ?5, ?6)";
        let query = sqlx::query(insert).bind(id.as_str()).bind(run.name).bind(config.0);
        match query.bind(run.kind).bind(&run.started).bind(&run.host).execute(connection).await {
            Ok(done) => {
                known.runs.insert(id.clone(), done.last_insert_rowid());
                Ok(id)
            }
            Err(error) if is_duplicate(&error) && run.name.is_some() => {
                let name = run.name.unwrap_or_default().to_owned();
                Err(TransactionError::Told(StoreError::Duplicate { what: "run named", name }))
            }
            Err(error) if is_orphan(&error) => {
                Err(TransactionError::Told(self.not_found("configuration", config.0)))
            }
            Err(error) => Err(TransactionError::Driver(error)),
        }
    }

    /// Finishes a run.
    ///
    /// # Errors
    ///
    /// An unknown run, one that already ended or belongs to another process, an invalid error text, or a database
    /// error.
    pub fn finish_run(&self, run: &RunId, outcome: &RunOutcome) -> Result<(), StoreError> {
        let error = match outcome {
            RunOutcome::Failed(text) => Some(ERROR_TEXT.check_text(text)?),
            RunOutcome::Completed | RunOutcome::Interrupted => None,
        };
        let finished = timestamp::write("finished_at", OffsetDateTime::now_utc())?;
        self.write("finishing a run", async |connection, _| {
            self.refuse_at_work(connection, run, "finished").await?;
            let seq = self.find_seq(connection, run).await?;
            let update = "UPDATE run SET status = ?2, finished_at = ?3, error = ?4 \
                          WHERE seq = ?1 AND status = 'running'";
            let query = sqlx::query(update).bind(seq).bind(outcome.status().as_str()).bind(&finished);
            if query.bind(error).execute(&mut *connection).await?.rows_affected() == 1 {
                return Ok(());
            }
            let (status,) = sqlx::query_as::<_, (String,)>("SELECT status FROM run WHERE seq = ?1")
                .bind(seq)
                .fetch_one(connection)
                .await?;
            Err(TransactionError::Told(StoreError::State {
                run: run.to_string(),
                status: RunStatus::parse(&status).map_or("unknown", RunStatus::as_str),
                wanted: "finished",
                remedy: "reopen it first to go on with it",
            }))
        })
    }

    /// Marks runs with status `running` whose process is certainly dead as interrupted, and returns their ids. Runs of
    /// other machines are unchanged.
    ///
    /// # Errors
    ///
    /// A database error.
    pub fn interrupt_abandoned(&self) -> Result<Vec<RunId>, StoreError> {
        let finished = timestamp::write("finished_at", OffsetDateTime::now_utc())?;
        self.write("looking for abandoned runs", async |connection, _| {
            let rows =
                sqlx::query("SELECT id, host FROM run WHERE status = 'running'").fetch_all(&mut *connection);
            let mut abandoned = Vec::new();
            for row in rows.await? {
                let id = self.run_id(&row)?;
                if self.host(&row)?.liveness() != Liveness::Dead {
                    continue;
                }
                let update = "UPDATE run SET status = 'interrupted', finished_at = ?2 WHERE id = ?1";
                sqlx::query(update).bind(id.as_str()).bind(&finished).execute(&mut *connection).await?;
                abandoned.push(id);
            }
            Ok(abandoned)
        })
    }

    /// Finds a run by id, name, prefix of its id, or prefix of the last part of its id, in this order.
    ///
    /// # Errors
    ///
    /// An unknown or ambiguous run, or a database error.
    pub fn get_run(&self, given: &str) -> Result<Run, StoreError> {
        self.read("looking for a run", async |connection| {
            let mut query = QueryBuilder::<Sqlite>::new(SELECT);
            query.push(" WHERE run.id = ").push_bind(given).push(" OR run.name = ").push_bind(given);
            // An exact id takes precedence over a name.
            query.push(" ORDER BY run.id <> ").push_bind(given).push(" LIMIT 1");
            if let Some(row) = query.build().fetch_optional(&mut *connection).await? {
                return self.run(&row);
            }
            // Compare text, not patterns: `%` and `*` are literal.
            let mut query = QueryBuilder::<Sqlite>::new(SELECT);
            query.push(" WHERE length(").push_bind(given).push(") > 0 AND (substr(run.id, 1, length(");
            query.push_bind(given).push(")) = ").push_bind(given).push(" OR substr(run.id, 20, length(");
            query.push_bind(given).push(")) = ").push_bind(given).push(") ORDER BY run.id LIMIT 9");
            let rows = query.build().fetch_all(connection).await?;
            match rows.as_slice() {
                [] => Err(TransactionError::Told(self.not_found("run", escape_control(given)))),
                [row] => self.run(row),
                several => {
                    let candidates: Result<Vec<_>, _> =
                        several.iter().map(|row| self.run_id(row).map(|id| id.to_string())).collect();
                    let given = escape_control(given).into_owned();
                    Err(TransactionError::Told(StoreError::Ambiguous { given, candidates: candidates? }))
                }
            }
        })
    }

    /// Lists up to `limit` runs, newest first.
    ///
    /// # Errors
    ///
    /// A database error.
    pub fn list_runs(&self, filter: &RunFilter, limit: u32) -> Result<Vec<Run>, StoreError> {
        let since = filter.since.map(|since| timestamp::write("since", since)).transpose()?;
        self.read("listing runs", async |connection| {
            let mut query = QueryBuilder::<Sqlite>::new(SELECT);
            let mut joint = " WHERE ";
            for (condition, value) in [
                ("run.status = ", filter.status.map(RunStatus::as_str)),
                ("run.kind = ", filter.kind.as_deref()),
                ("training_config.model_type = ", filter.model_type.as_deref()),
                ("training_config.dataset_name = ", filter.dataset_name.as_deref()),
                ("run.started_at >= ", since.as_deref()),
            ] {
                if let Some(value) = value {
                    query.push(joint).push(condition).push_bind(value);
                    joint = " AND ";
                }
            }
            query.push(" ORDER BY run.started_at DESC, run.seq DESC LIMIT ").push_bind(i64::from(limit));
            let rows = query.build().fetch_all(connection).await?;
            rows.iter().map(|row| self.run(row)).collect()
        })
    }

    /// Deletes all records of a run, and its configuration if no other run uses it. Files are kept.
    ///
    /// # Errors
    ///
    /// An unknown run, a run of another process, or a database error.
    pub fn delete_run(&self, run: &RunId) -> Result<(), StoreError> {
        self.write("deleting a run", async |connection, known| {
            self.refuse_at_work(connection, run, "deleted").await?;
            let seq = self.find_seq(connection, run).await?;
            let delete = "DELETE FROM run WHERE seq = ?1 RETURNING config_id";
            let (config,): (i64,) = sqlx::query_as(delete).bind(seq).fetch_one(&mut *connection).await?;
            delete_unused(connection, ConfigId(config)).await?;
            known.runs.remove(run);
            Ok(())
        })
    }

    /// Rejects a run of another process.
    pub(super) async fn refuse_at_work(
        &self,
        connection: &mut SqliteConnection,
        run: &RunId,
        wanted: &'static str,
    ) -> Result<(), TransactionError> {
        let (before, own) = (self.find_exact(connection, run).await?, HostInfo::of_this_process());
        let foreign = before.host.pid != own.pid || before.host.started_ticks != own.started_ticks;
        if before.status == RunStatus::Running && foreign && before.host.liveness() == Liveness::Alive {
            return Err(TransactionError::Told(StoreError::State {
                run: run.to_string(),
                status: "running in another process",
                wanted,
                remedy: "wait until that process ends, or stop it",
            }));
        }
        Ok(())
    }

    /// A run's short key.
    pub(super) async fn seq(
        &self,
        connection: &mut SqliteConnection,
        known: &mut Known,
        run: &RunId,
    ) -> Result<i64, TransactionError> {
        if let Some(seq) = known.runs.get(run) {
            return Ok(*seq);
        }
        let seq = self.find_seq(connection, run).await?;
        known.runs.insert(run.clone(), seq);
        Ok(seq)
    }

    /// A run's short key, looked up in the database.
    pub(super) async fn find_seq(
        &self,
        connection: &mut SqliteConnection,
        run: &RunId,
    ) -> Result<i64, TransactionError> {
        let row: Option<(i64,)> = sqlx::query_as("SELECT seq FROM run WHERE id = ?1")
            .bind(run.as_str())
            .fetch_optional(connection)
            .await?;
        row.map(|(seq,)| seq).ok_or_else(|| TransactionError::Told(self.not_found("run", run)))
    }

    pub(super) async fn find_exact(
        &self,
        connection: &mut SqliteConnection,
        run: &RunId,
    ) -> Result<Run, TransactionError> {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        query.push(" WHERE run.id = ").push_bind(run.as_str());
        match query.build().fetch_optional(connection).await? {
            Some(row) => self.run(&row),
            None => Err(TransactionError::Told(self.not_found("run", run))),
        }
    }

    pub(super) fn run(&self, row: &SqliteRow) -> Result<Run, TransactionError> {
        let unreadable = |cause: String| TransactionError::Told(self.unreadable("run", cause));
        let time = |text: &str| timestamp::read(text).map_err(|cause| unreadable(cause.to_string()));
        let status: &str = row.try_get("status")?;
        let finished: Option<&str> = row.try_get("finished_at")?;
        Ok(Run {
            id: self.run_id(row)?,
            name: row.try_get("name")?,
            kind: row.try_get("kind")?,
            status: RunStatus::parse(status).ok_or_else(|| unreadable(format!("status {status}")))?,
            config: ConfigId(row.try_get("config_id")?),
            model_type: row.try_get("model_type")?,
            dataset_name: row.try_get("dataset_name")?,
            started_at: time(row.try_get("started_at")?)?,
            finished_at: finished.map(time).transpose()?,
            error: row.try_get("error")?,
            host: self.host(row)?,
        })
    }

    fn run_id(&self, row: &SqliteRow) -> Result<RunId, TransactionError> {
        RunId::parse(row.try_get("id")?)
            .map_err(|cause| TransactionError::Told(self.unreadable("run", cause)))
    }

    fn host(&self, row: &SqliteRow) -> Result<HostInfo, TransactionError> {
        let host: &str = row.try_get("host")?;
        serde_json::from_str(host).map_err(|cause| TransactionError::Told(self.unreadable("host", cause)))
    }

    pub(super) fn host_json(&self, host: &HostInfo) -> Result<String, StoreError> {
        serde_json::to_string(host).map_err(|cause| self.unreadable("host", cause))
    }
}

pub(super) const SELECT: &str = "SELECT run.seq, run.id, run.name, run.kind, run.status, run.config_id, run.started_at, \
     run.finished_at, run.error, run.host, training_config.model_type, training_config.dataset_name \
     FROM run JOIN training_config ON training_config.id = run.config_id";
