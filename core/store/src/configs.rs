//! Training configurations.

use codetune_validate::{self as v, Constraint, Field, Violation};
use serde_json::Value;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use time::OffsetDateTime;

use super::{
    canonical::{canonical_json, digest_json},
    connection::Store,
    error::{StoreError, TransactionError},
    settings::Settings,
    timestamp,
};

/// The key of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConfigId(pub(super) i64);

/// A training configuration.
///
/// The settings are what to search and compare by; `run_config` is complete.
#[derive(Debug, Clone, PartialEq)]
pub struct NewConfig {
    /// Model family or checkpoint.
    pub model_type: String,
    /// Dataset name.
    pub dataset_name: String,
    /// The recorded settings.
    pub settings: Settings,
    /// The complete run configuration: a JSON object, stored in canonical form.
    pub run_config: Value,
}

/// A saved configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingConfig {
    /// Its key.
    pub id: ConfigId,
    /// Its values.
    pub values: NewConfig,
    /// BLAKE3 of the canonical JSON of `run_config`.
    pub digest: String,
    /// When it was first saved, in UTC.
    pub created_at: OffsetDateTime,
}

/// The settings that every configuration has. The database requires them.
const REQUIRED: [Field; 6] =
    [v::BATCH_SIZE, v::LEARNING_RATE, v::MAX_SEQ_LENGTH, v::WARMUP_STEPS, v::AMPHIGORY_RATIO, v::SEED];

impl NewConfig {
    /// Creates a configuration with the table's defaults of settings that every run has.
    pub fn new(model_type: &str, dataset_name: &str, run_config: Value) -> Self {
        let default = |settings: Settings, field: &Field| {
            settings.with_some(field, field.default_integer()).with_some(field, field.default_float())
        };
        let settings = REQUIRED.iter().chain([&v::EPOCHS]).fold(Settings::default(), default);
        let (model_type, dataset_name) = (model_type.to_owned(), dataset_name.to_owned());
        Self { model_type, dataset_name, settings, run_config }
    }

    /// Checks all values.
    ///
    /// # Errors
    ///
    /// The first violation.
    pub fn check(&self) -> Result<(), Violation> {
        v::MODEL_TYPE.check_text(&self.model_type)?;
        v::DATASET_NAME.check_text(&self.dataset_name)?;
        self.settings.check()?;
        if let Some(missing) = REQUIRED.iter().find(|field| self.settings.get(field).is_none()) {
            let expected = missing.kind.to_string();
            return Err(Violation::new(missing.name, "nothing", Constraint::Empty, expected));
        }
        if !self.run_config.is_object() {
            let kind = "JSON that is no object";
            return Err(Violation::new("run_config", kind, Constraint::Type, "a JSON object"));
        }
        Ok(())
    }
}

/// A checked configuration, with derived values computed before the transaction.
pub(super) struct CheckedConfig<'a> {
    config: &'a NewConfig,
    settings: String,
    json: String,
    digest: String,
    created: String,
}

impl<'a> CheckedConfig<'a> {
    pub(super) fn of(config: &'a NewConfig) -> Result<Self, StoreError> {
        config.check()?;
        Ok(CheckedConfig {
            config,
            settings: config.settings.to_json().to_string(),
            json: canonical_json(&config.run_config),
            digest: digest_json(&config.run_config),
            created: timestamp::write("created_at", OffsetDateTime::now_utc())?,
        })
    }

    pub(super) async fn save(&self, connection: &mut SqliteConnection) -> Result<ConfigId, TransactionError> {
        let Self { config, settings, json, digest, created } = self;
        let find = "SELECT id FROM training_config \
                    WHERE digest = ?1 AND model_type = ?2 AND dataset_name = ?3 AND settings = ?4";
        let find = sqlx::query_as(find).bind(digest).bind(&config.model_type).bind(&config.dataset_name);
        if let Some((id,)) = find.bind(settings).fetch_optional(&mut *connection).await? {
            return Ok(ConfigId(id));
        }
        let insert = "INSERT INTO training_config (digest, model_type, dataset_name, settings, run_config, created_at) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id";
        let insert = sqlx::query_as(insert).bind(digest).bind(&config.model_type).bind(&config.dataset_name);
        let insert = insert.bind(settings).bind(json).bind(created);
        let (id,): (i64,) = insert.fetch_one(connection).await?;
        Ok(ConfigId(id))
    }
}

impl Store {
    /// Saves a configuration and returns its key; an equal one keeps its key and time.
    ///
    /// # Errors
    ///
    /// An invalid value, or a database error.
    pub fn save_config(&self, config: &NewConfig) -> Result<ConfigId, StoreError> {
        let config = CheckedConfig::of(config)?;
        self.write("saving a configuration", async |connection, _| config.save(connection).await)
    }

    /// Reads a configuration.
    ///
    /// # Errors
    ///
    /// An unknown configuration, or a database error.
    pub fn config(&self, id: ConfigId) -> Result<TrainingConfig, StoreError> {
        let row = self.read("reading a configuration", async |connection| find(connection, id).await)?;
        let row = row.ok_or_else(|| self.not_found("configuration", id.0))?;
        read_config(&row).map_err(|cause| self.unreadable("configuration", cause))
    }
}

/// Deletes a configuration if no run uses it.
pub(super) async fn delete_unused(
    connection: &mut SqliteConnection,
    config: ConfigId,
) -> Result<(), sqlx::Error> {
    let unused = "DELETE FROM training_config WHERE id = ?1 \
                  AND NOT EXISTS (SELECT 1 FROM run WHERE config_id = ?1)";
    sqlx::query(unused).bind(config.0).execute(connection).await.map(drop)
}

async fn find(
    connection: &mut SqliteConnection,
    id: ConfigId,
) -> Result<Option<SqliteRow>, TransactionError> {
    let query = sqlx::query("SELECT * FROM training_config WHERE id = ?1").bind(id.0);
    Ok(query.fetch_optional(connection).await?)
}

type Unreadable = Box<dyn std::error::Error>;

fn read_config(row: &SqliteRow) -> Result<TrainingConfig, Unreadable> {
    let values = NewConfig {
        model_type: row.try_get("model_type")?,
        dataset_name: row.try_get("dataset_name")?,
        settings: Settings::parse(row.try_get("settings")?)?,
        run_config: serde_json::from_str(row.try_get("run_config")?)?,
    };
    Ok(TrainingConfig {
        id: ConfigId(row.try_get("id")?),
        values,
        digest: row.try_get("digest")?,
        created_at: timestamp::read(row.try_get("created_at")?)?,
    })
}
