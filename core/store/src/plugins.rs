//! The plugins that took part in runs.

use codetune_plugin::PluginIdentity;
use codetune_validate::{PLUGIN_CARRIER, PLUGIN_VERSION, Violation, check_digest, check_plugin_name};
use sqlx::SqliteConnection;

use super::{
    connection::Store,
    error::{Fault, StoreError},
    run_id::RunId,
};

impl Store {
    /// Records the plugins that take part in a run, all of them or none.
    ///
    /// A resumed run records them again; the same plugin with another version or digest is a
    /// [`StoreError::Duplicate`], because the run would no longer be the product of one plugin.
    ///
    /// # Errors
    ///
    /// A value that is refused, no such run, a plugin that is recorded otherwise, or the database.
    pub fn record_plugins(&self, run: &RunId, plugins: &[PluginIdentity]) -> Result<(), StoreError> {
        plugins.iter().try_for_each(check)?;
        self.write("recording plugins", async |connection, _| {
            let seq = self.find_seq(connection, run).await?;
            record(connection, seq, plugins).await
        })
    }

    /// The plugins that took part in a run, by name and carrier.
    ///
    /// # Errors
    ///
    /// No such run, or the database.
    pub fn plugins(&self, run: &RunId) -> Result<Vec<PluginIdentity>, StoreError> {
        self.read("reading plugins", async |connection| {
            let seq = self.find_seq(connection, run).await?;
            let select = "SELECT name, version, carrier, digest FROM run_plugin WHERE run = ?1 \
                          ORDER BY name, carrier";
            let rows: Vec<(String, String, String, Option<String>)> =
                sqlx::query_as(select).bind(seq).fetch_all(connection).await?;
            let plugin = |(name, version, carrier, digest)| PluginIdentity { name, version, carrier, digest };
            Ok(rows.into_iter().map(plugin).collect())
        })
    }
}

/// Checks what is kept of a plugin; the error tells whose it is.
pub(super) fn check(plugin: &PluginIdentity) -> Result<(), Violation> {
    check_plugin_name(&plugin.name)?;
    let fields = || {
        PLUGIN_VERSION.check_text(&plugin.version)?;
        PLUGIN_CARRIER.check_text(&plugin.carrier)?;
        plugin.digest.as_deref().map_or(Ok(""), |digest| check_digest("plugin_digest", digest))
    };
    match fields() {
        Ok(_) => Ok(()),
        Err(violation) => {
            Err(Violation { field: format!("{} of {}", violation.field, plugin.name), ..violation })
        }
    }
}

/// Writes the plugins of the run with that key.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    seq: i64,
    plugins: &[PluginIdentity],
) -> Result<(), Fault> {
    for plugin in plugins {
        let insert = "INSERT INTO run_plugin (run, name, carrier, version, digest) \
                      VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (run, name, carrier) DO UPDATE SET \
                      digest = digest WHERE version = excluded.version AND digest IS excluded.digest";
        let query = sqlx::query(insert).bind(seq).bind(&plugin.name).bind(&plugin.carrier);
        let query = query.bind(&plugin.version).bind(&plugin.digest);
        if query.execute(&mut *connection).await?.rows_affected() == 0 {
            let name = format!("{} ({}) of another version or digest", plugin.name, plugin.carrier);
            return Err(Fault::Told(StoreError::Duplicate { what: "plugin in this run:", name }));
        }
    }
    Ok(())
}
