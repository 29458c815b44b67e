//! Starts a run together with its plugins and dataset.

use codetune_plugin::PluginIdentity;

use super::{
    configs::{CheckedConfig, NewConfig},
    connection::Store,
    datasets::{self, CheckedDataset, NewDataset},
    error::StoreError,
    host::HostInfo,
    plugins,
    resuming::give_up_name,
    run_id::RunId,
};

/// A run to start, with everything that it uses.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStart<'a> {
    /// Its configuration.
    pub config: &'a NewConfig,
    /// Its kind, such as `pretrain` or `lora`.
    pub kind: &'a str,
    /// A unique name.
    pub name: Option<&'a str>,
    /// The output directory, which contains no checkpoint. An earlier run with the same name and directory that ended
    /// before its first step loses the name, but keeps its record.
    pub output: Option<&'a str>,
    /// The plugins.
    pub plugins: &'a [PluginIdentity],
    /// The dataset, unless the data is a list of token ids.
    pub dataset: Option<&'a NewDataset>,
}

impl Store {
    /// Starts a run of this process, atomically with its plugins and dataset.
    ///
    /// # Errors
    ///
    /// An invalid value, a duplicate name, two versions of one plugin, or a database error.
    pub fn start_run_with(&self, start: &RunStart<'_>) -> Result<RunId, StoreError> {
        let config = CheckedConfig::of(start.config)?;
        let run = self.check_run(start.kind, start.name, &HostInfo::of_this_process())?;
        start.plugins.iter().try_for_each(plugins::check)?;
        let dataset = start.dataset.map(CheckedDataset::of).transpose()?;
        self.write("starting a run", async |connection, known| {
            let config = config.save(connection).await?;
            if let (Some(name), Some(output)) = (start.name, start.output) {
                give_up_name(connection, name, output).await?;
            }
            let id = self.insert_run(connection, known, config, &run).await?;
            let seq = self.find_seq(connection, &id).await?;
            plugins::record(connection, seq, start.plugins).await?;
            if let Some(dataset) = &dataset {
                let dataset = dataset.save(connection).await?;
                datasets::link(connection, seq, dataset).await?;
            }
            Ok(id)
        })
    }
}
