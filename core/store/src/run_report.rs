//! What is recorded of a run, in one object that can be written as JSON.

use codetune_plugin::PluginIdentity;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{
    artifacts::NewArtifact,
    connection::Store,
    datasets::NewDataset,
    error::StoreError,
    metrics::{LatestMetric, MetricPoint},
    runs::Run,
};

/// A run with the last value of each metric.
///
/// Its JSON form has `id`, `name`, `kind`, `status`, `model_type`, `dataset_name`, `started_at`, `finished_at`, `error`,
/// `host`, and `latest`: for each metric its `step` and `value`. Times are in UTC, to the second.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// The run.
    pub run: Run,
    /// The last value of each metric, sorted by name.
    pub latest: Vec<LatestMetric>,
}

/// Everything that is recorded of a run.
///
/// Its JSON form is that of [`RunSummary`] with `config`, `config_digest`, `metrics` (for each metric its points, each
/// `[step, value]`), `plugins`, `artifacts` and `datasets`.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDetails {
    /// The run.
    pub summary: RunSummary,
    /// The whole configuration.
    pub config: Value,
    /// Its digest.
    pub config_digest: String,
    /// All values of each metric, sorted by name and step.
    pub metrics: Vec<(String, Vec<MetricPoint>)>,
    /// Its plugins.
    pub plugins: Vec<PluginIdentity>,
    /// Its files.
    pub artifacts: Vec<NewArtifact>,
    /// Its datasets.
    pub datasets: Vec<NewDataset>,
}

impl Store {
    /// A run with the last value of each metric.
    ///
    /// # Errors
    ///
    /// A database error.
    pub fn summary(&self, run: Run) -> Result<RunSummary, StoreError> {
        Ok(RunSummary { latest: self.latest_metrics(&run.id)?, run })
    }

    /// Everything that is recorded of a run.
    ///
    /// # Errors
    ///
    /// A database error.
    pub fn details(&self, run: Run) -> Result<RunDetails, StoreError> {
        let summary = self.summary(run)?;
        let id = &summary.run.id;
        let config = self.config(summary.run.config)?;
        let points = |metric: &LatestMetric| Ok((metric.key.clone(), self.metrics(id, &metric.key)?));
        Ok(RunDetails {
            metrics: summary.latest.iter().map(points).collect::<Result<_, StoreError>>()?,
            plugins: self.plugins(id)?,
            artifacts: self.artifacts(id)?.into_iter().map(|artifact| artifact.values).collect(),
            datasets: self.datasets(id)?.into_iter().map(|dataset| dataset.values).collect(),
            config: config.values.run_config,
            config_digest: config.digest,
            summary,
        })
    }
}

/// A time in UTC, to the second: `2026-01-31T12:00:00Z`.
pub fn to_the_second(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}

impl RunSummary {
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Run {
            id,
            name,
            kind,
            status,
            config: _,
            model_type,
            dataset_name,
            started_at,
            finished_at,
            error,
            host,
        } = &self.run;
        map.serialize_entry("id", id.as_str())?;
        map.serialize_entry("name", name)?;
        map.serialize_entry("kind", kind)?;
        map.serialize_entry("status", status.as_str())?;
        map.serialize_entry("model_type", model_type)?;
        map.serialize_entry("dataset_name", dataset_name)?;
        map.serialize_entry("started_at", &to_the_second(*started_at))?;
        map.serialize_entry("finished_at", &finished_at.map(to_the_second))?;
        map.serialize_entry("error", error)?;
        map.serialize_entry("host", host)?;
        map.serialize_entry("latest", &Latest(&self.latest))
    }
}

impl Serialize for RunSummary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
        map.end()
    }
}

impl Serialize for RunDetails {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.summary.write(&mut map)?;
        map.serialize_entry("config", &self.config)?;
        map.serialize_entry("config_digest", &self.config_digest)?;
        map.serialize_entry("metrics", &Metrics(&self.metrics))?;
        map.serialize_entry("plugins", &self.plugins)?;
        map.serialize_entry("artifacts", &self.artifacts)?;
        map.serialize_entry("datasets", &self.datasets)?;
        map.end()
    }
}

struct Latest<'a>(&'a [LatestMetric]);

impl Serialize for Latest<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Point {
            step: u64,
            value: f64,
        }
        let point = |metric: &LatestMetric| Point { step: metric.step, value: metric.value };
        serializer.collect_map(self.0.iter().map(|metric| (&metric.key, point(metric))))
    }
}

struct Metrics<'a>(&'a [(String, Vec<MetricPoint>)]);

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, points)| (key, Points(points))))
    }
}

struct Points<'a>(&'a [MetricPoint]);

impl Serialize for Points<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut points = serializer.serialize_seq(Some(self.0.len()))?;
        self.0.iter().try_for_each(|point| points.serialize_element(&(point.step, point.value)))?;
        points.end()
    }
}
