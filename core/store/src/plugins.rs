//! Plugins used by runs.

use codetune_plugin::PluginIdentity;
use codetune_validate::{PLUGIN_RUNTIME, PLUGIN_VERSION, Violation, check_digest, check_plugin_name};
use sqlx::SqliteConnection;

use super::{
    connection::Store,
    error::{StoreError, TransactionError},
    run_id::RunId,
};

impl Store {
    /// Records the plugins of a run, atomically.
    ///
    /// A resumed run records them again. The same plugin with another version or digest is a [`StoreError::Duplicate`],
    /// because a run must use one version of a plugin.
    ///
    /// # Errors
    ///
    /// An invalid value, an unknown run, a plugin recorded with another version, or a database error.
    pub fn record_plugins(&self, run: &RunId, plugins: &[PluginIdentity]) -> Result<(), StoreError> {
        plugins.iter().try_for_each(check)?;
        self.write("recording plugins", async |connection, _| {
            let seq = self.find_seq(connection, run).await?;
            record(connection, seq, plugins).await
        })
    }

    /// The plugins of a run, by name and runtime.
    ///
    /// # Errors
    ///
    /// An unknown run, or a database error.
    pub fn plugins(&self, run: &RunId) -> Result<Vec<PluginIdentity>, StoreError> {
        self.read("reading plugins", async |connection| {
            let seq = self.find_seq(connection, run).await?;
            let select = "SELECT name, version, runtime, digest FROM run_plugin WHERE run = ?1 \
                          ORDER BY name, runtime";
            let rows: Vec<(String, String, String, Option<String>)> =
                sqlx::query_as(select).bind(seq).fetch_all(connection).await?;
            let plugin = |(name, version, runtime, digest)| PluginIdentity { name, version, runtime, digest };
            Ok(rows.into_iter().map(plugin).collect())
        })
    }
}

/// Checks the values of a plugin; the error names it.
pub(super) fn check(plugin: &PluginIdentity) -> Result<(), Violation> {
    check_plugin_name(&plugin.name)?;
    let fields = || {
        PLUGIN_VERSION.check_text(&plugin.version)?;
        PLUGIN_RUNTIME.check_text(&plugin.runtime)?;
        plugin.digest.as_deref().map_or(Ok(""), |digest| check_digest("plugin_digest", digest))
    };
    match fields() {
        Ok(_) => Ok(()),
        Err(violation) => {
            Err(Violation { field: format!("{} of {}", violation.field, plugin.name), ..violation })
        }
    }
}

/// Records the plugins of a run.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    seq: i64,
    plugins: &[PluginIdentity],
) -> Result<(), TransactionError> {
    for plugin in plugins {
        let insert = "INSERT INTO run_plugin (run, name, runtime, version, digest) \
                      VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (run, name, runtime) DO UPDATE SET \
                      digest = digest WHERE version = excluded.version AND digest IS excluded.digest";
        let query = sqlx::query(insert).bind(seq).bind(&plugin.name).bind(&plugin.runtime);
        let query = query.bind(&plugin.version).bind(&plugin.digest);
        if query.execute(&mut *connection).await?.rows_affected() == 0 {
            let name = format!("{} ({}) of another version or digest", plugin.name, plugin.runtime);
            return Err(TransactionError::Told(StoreError::Duplicate { what: "plugin in this run:", name }));
        }
    }
    Ok(())
}
