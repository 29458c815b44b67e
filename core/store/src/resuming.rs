//! Runs that go on, and those that never got so far.

use codetune_validate::METRIC_STEP;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{
    configs::{CheckedConfig, NewConfig, delete_unused},
    connection::Store,
    error::{Fault, StoreError},
    host::HostInfo,
    run_id::RunId,
    runs::{Run, SELECT},
};

/// That a run ended before its first step: key 1 is the training loss.
const UNSTARTED: &str = "run.status IN ('interrupted', 'failed') AND NOT EXISTS \
     (SELECT 1 FROM training_metric WHERE training_metric.run = run.seq AND training_metric.key = 1)";

/// The folder of a run's results, as its configuration names it.
const OUTPUT: &str = "(SELECT json_extract(training_config.run_config, '$.run.output.dir') \
     FROM training_config WHERE training_config.id = run.config_id)";

impl Store {
    /// Takes a run up again after a step: it is `running`, of this process, and what it recorded after that
    /// step is gone, all in one transaction. Gives the number of metric rows that went.
    ///
    /// # Errors
    ///
    /// No such run, one that another process still works on, or the database.
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

    /// Records that a run goes on with another configuration, such as more steps; the former one goes where no other run
    /// has it.
    ///
    /// # Errors
    ///
    /// A value that is refused, no such run, one that another process works on, or the database.
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

    /// The newest run that ended before its first step and whose results were to go to a folder.
    ///
    /// # Errors
    ///
    /// The database.
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

/// Takes a name from the run that has it and ended in that folder before its first step: there is nothing of it to go on
/// from, and its record stays without the name.
pub(super) async fn give_up_name(
    connection: &mut SqliteConnection,
    name: &str,
    output: &str,
) -> Result<(), Fault> {
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
