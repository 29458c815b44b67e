//! The start of a run with all that takes part in it.

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

/// What a run starts with.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStart<'a> {
    /// What it is configured with.
    pub config: &'a NewConfig,
    /// What it does, such as `pretrain` or `lora`.
    pub kind: &'a str,
    /// A name of its own, unique within the store.
    pub name: Option<&'a str>,
    /// The folder of its results, which holds no checkpoint. An earlier run of the same name that ended there before
    /// its first step gives the name up, and keeps its record.
    pub output: Option<&'a str>,
    /// The plugins that take part.
    pub plugins: &'a [PluginIdentity],
    /// The dataset that it is trained on, where it was built.
    pub dataset: Option<&'a NewDataset>,
}

impl Store {
    /// Starts a run of this process with all that takes part in it: everything is recorded, or nothing is and its
    /// name stays free.
    ///
    /// # Errors
    ///
    /// A value that is refused, a name that is taken, two versions of one plugin, or the database.
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
