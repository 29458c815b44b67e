//! Resumed runs, and runs that ended before their first step.

use codetune_validate::METRIC_STEP;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{
    configs::{CheckedConfig, NewConfig, delete_unused},
    connection::Store,
    error::{StoreError, TransactionError},
    host::HostInfo,
    run_id::RunId,
    runs::{Run, SELECT},
};

/// A condition for runs that ended before their first step: key 1 is the training loss.
const UNSTARTED: &str = "run.status IN ('interrupted', 'failed') AND NOT EXISTS \
     (SELECT 1 FROM training_metric WHERE training_metric.run = run.seq AND training_metric.key = 1)";

/// The output directory in a run's configuration.
const OUTPUT: &str = "(SELECT json_extract(training_config.run_config, '$.run.output.dir') \
     FROM training_config WHERE training_config.id = run.config_id)";

impl Store {
    /// Reopens a run after a step: in one transaction, it becomes `running` in this process, and everything recorded
    /// after that step is deleted. Returns the number of deleted metrics.
    ///
    /// # Errors
    ///
    /// An unknown run, a run of another process, or a database error.
    pub fn reopen_run(&self, run: &RunId, from_step: u64) -> Result<u64, StoreError> {
        METRIC_STEP.check_unsigned(from_step)?;
        let from_step = i64::try_from(from_step).unwrap_or(i64::MAX);
        let host = HostInfo::of_this_process();
        let json = self.host_json(&host)?;
        self.write("reopening a run", async |connection, _| {
            self.refuse_at_work(connection, run, "reopened").await?;
            let seq = self.find_seq(connection, run).await?;
            sqlx::query(
                "UPDATE run SET status = 'running', finished_at = NULL, error = NULL, host = ?2 WHERE seq = ?1",
            )
            .bind(seq)
            .bind(&json)
            .execute(&mut *connection)
            .await?;
            let later = "DELETE FROM training_epoch WHERE run = ?1 AND first_step > ?2";
            sqlx::query(later).bind(seq).bind(from_step).execute(&mut *connection).await?;
            let later = "DELETE FROM training_metric WHERE run = ?1 AND step > ?2";
            Ok(sqlx::query(later).bind(seq).bind(from_step).execute(connection).await?.rows_affected())
        })
    }

    /// Changes the configuration of a resumed run, for example to more steps; the old configuration is deleted if no
    /// other run uses it.
    ///
    /// # Errors
    ///
    /// An invalid value, an unknown run, a run of another process, or a database error.
    pub fn change_config(&self, run: &RunId, config: &NewConfig) -> Result<(), StoreError> {
        let config = CheckedConfig::of(config)?;
        self.write("changing a run's configuration", async |connection, _| {
            self.refuse_at_work(connection, run, "changed").await?;
            let before = self.find_exact(connection, run).await?.config;
            let now = config.save(connection).await?;
            if now != before {
                let update = "UPDATE run SET config_id = ?2 WHERE id = ?1";
                sqlx::query(update).bind(run.as_str()).bind(now.0).execute(&mut *connection).await?;
                delete_unused(connection, before).await?;
            }
            Ok(())
        })
    }

    /// The newest run with this output directory that ended before its first step.
    ///
    /// # Errors
    ///
    /// A database error.
    pub fn unstarted(&self, output: &str) -> Result<Option<Run>, StoreError> {
        self.read("looking for a run", async |connection| {
            let mut query = QueryBuilder::<Sqlite>::new(SELECT);
            query.push(" WHERE ").push(UNSTARTED).push(" AND ").push(OUTPUT).push(" = ").push_bind(output);
            query.push(" ORDER BY run.seq DESC LIMIT 1");
            let row = query.build().fetch_optional(connection).await?;
            row.map(|row| self.run(&row)).transpose()
        })
    }
}

/// Takes the name from a run with that output directory that ended before its first step: it cannot be resumed, and its
/// record stays without the name.
pub(super) async fn give_up_name(
    connection: &mut SqliteConnection,
    name: &str,
    output: &str,
) -> Result<(), TransactionError> {
    let mut query = QueryBuilder::<Sqlite>::new("UPDATE run SET name = NULL WHERE run.name = ");
    query
        .push_bind(name)
        .push(" AND ")
        .push(UNSTARTED)
        .push(" AND ")
        .push(OUTPUT)
        .push(" = ")
        .push_bind(output);
    query.build().execute(connection).await?;
    Ok(())
}
