//! Training configurations.

use codetune_validate::{self as v, Constraint, Field, Violation};
use serde_json::Value;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use time::OffsetDateTime;

use super::{
    canonical::{canonical_json, digest_json},
    connection::Store,
    error::{Fault, StoreError},
    timestamp,
};

/// The key of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConfigId(pub(super) i64);

/// A training configuration.
///
/// The fields are those to search and compare by; `run_config` is complete.
#[derive(Debug, Clone, PartialEq)]
pub struct NewConfig {
    /// Model family or checkpoint.
    pub model_type: String,
    /// Dataset name.
    pub dataset_name: String,
    /// Sequences per micro-batch.
    pub batch_size: i64,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Passes over the training data; `None` if steps or time limit the run.
    pub epochs: Option<i64>,
    /// Sequence length in tokens.
    pub max_seq_length: i64,
    /// The model's positions, if they exceed the bound of the table.
    pub max_position_embeddings: Option<i64>,
    /// Linear warm-up steps.
    pub warmup_steps: i64,
    /// Fraction of the training data that is nonsensical but valid code.
    pub amphigory_ratio: f64,
    /// Random seed.
    pub seed: i64,
    /// Micro-batches per step. From here on, `None` if it does not apply to the run.
    pub gradient_accumulation: Option<i64>,
    /// Decoupled weight decay.
    pub weight_decay: Option<f64>,
    /// Decay of AdamW's first moment.
    pub beta1: Option<f64>,
    /// Decay of AdamW's second moment.
    pub beta2: Option<f64>,
    /// AdamW's epsilon.
    pub epsilon: Option<f64>,
    /// Maximum gradient norm.
    pub max_grad_norm: Option<f64>,
    /// Rank of the LoRA matrices.
    pub lora_rank: Option<i64>,
    /// LoRA scaling numerator.
    pub lora_alpha: Option<f64>,
    /// Dropout before the LoRA matrices.
    pub lora_dropout: Option<f64>,
    /// Fraction of the training data turned into fill-in-the-middle.
    pub fim_rate: Option<f64>,
    /// Fraction of the data held out for evaluation.
    pub held_out: Option<f64>,
    /// Vocabulary size of the tokenizer.
    pub vocab_size: Option<i64>,
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

impl NewConfig {
    /// Creates a configuration with default values; optional fields are `None`.
    pub fn new(model_type: &str, dataset_name: &str, run_config: Value) -> Self {
        let whole = |field: Field| field.default_integer().unwrap_or_default();
        let float = |field: Field| field.default_float().unwrap_or_default();
        Self {
            model_type: model_type.to_owned(),
            dataset_name: dataset_name.to_owned(),
            batch_size: whole(v::BATCH_SIZE),
            learning_rate: float(v::LEARNING_RATE),
            epochs: v::EPOCHS.default_integer(),
            max_seq_length: whole(v::MAX_SEQ_LENGTH),
            max_position_embeddings: None,
            warmup_steps: whole(v::WARMUP_STEPS),
            amphigory_ratio: float(v::AMPHIGORY_RATIO),
            seed: whole(v::SEED),
            gradient_accumulation: None,
            weight_decay: None,
            beta1: None,
            beta2: None,
            epsilon: None,
            max_grad_norm: None,
            lora_rank: None,
            lora_alpha: None,
            lora_dropout: None,
            fim_rate: None,
            held_out: None,
            vocab_size: None,
            run_config,
        }
    }

    /// Checks all values.
    ///
    /// # Errors
    ///
    /// The first violation.
    pub fn check(&self) -> Result<(), Violation> {
        v::MODEL_TYPE.check_text(&self.model_type)?;
        v::DATASET_NAME.check_text(&self.dataset_name)?;
        v::check_max_seq_length(self.max_seq_length, self.max_position_embeddings)?;
        if let Some(positions) = self.max_position_embeddings.filter(|positions| *positions < 1) {
            let expected = "an integer of at least 1";
            return Err(Violation::new(
                "max_position_embeddings",
                positions.to_string(),
                Constraint::TooSmall,
                expected,
            ));
        }
        for (field, value) in self.integers() {
            value.map_or(Ok(0), |value| field.check_integer(value))?;
        }
        for (field, value) in self.floats() {
            value.map_or(Ok(0.0), |value| field.check_float(value))?;
        }
        if !self.run_config.is_object() {
            let kind = "JSON that is no object";
            return Err(Violation::new("run_config", kind, Constraint::Type, "a JSON object"));
        }
        Ok(())
    }

    fn integers(&self) -> [(Field, Option<i64>); 7] {
        [
            (v::BATCH_SIZE, Some(self.batch_size)),
            (v::EPOCHS, self.epochs),
            (v::WARMUP_STEPS, Some(self.warmup_steps)),
            (v::SEED, Some(self.seed)),
            (v::GRADIENT_ACCUMULATION, self.gradient_accumulation),
            (v::LORA_RANK, self.lora_rank),
            (v::VOCAB_SIZE, self.vocab_size),
        ]
    }

    fn floats(&self) -> [(Field, Option<f64>); 11] {
        [
            (v::LEARNING_RATE, Some(self.learning_rate)),
            (v::AMPHIGORY_RATIO, Some(self.amphigory_ratio)),
            (v::WEIGHT_DECAY, self.weight_decay),
            (v::BETA1, self.beta1),
            (v::BETA2, self.beta2),
            (v::EPSILON, self.epsilon),
            (v::MAX_GRAD_NORM, self.max_grad_norm),
            (v::LORA_ALPHA, self.lora_alpha),
            (v::LORA_DROPOUT, self.lora_dropout),
            (v::FIM_RATE, self.fim_rate),
            (v::HELD_OUT, self.held_out),
        ]
    }
}

/// A checked configuration, with derived values computed before the transaction.
pub(super) struct CheckedConfig<'a> {
    config: &'a NewConfig,
    json: String,
    digest: String,
    created: String,
}

impl<'a> CheckedConfig<'a> {
    pub(super) fn of(config: &'a NewConfig) -> Result<Self, StoreError> {
        config.check()?;
        Ok(CheckedConfig {
            config,
            json: canonical_json(&config.run_config),
            digest: digest_json(&config.run_config),
            created: timestamp::write("created_at", OffsetDateTime::now_utc())?,
        })
    }

    pub(super) async fn save(&self, connection: &mut SqliteConnection) -> Result<ConfigId, Fault> {
        let Self { config, json, digest, created } = self;
        let same = sqlx::query_as(FIND).bind(digest);
        if let Some((id,)) = bind_values(same, config).fetch_optional(&mut *connection).await? {
            return Ok(ConfigId(id));
        }
        let insert = bind_values(sqlx::query_as(INSERT).bind(digest), config);
        let (id,): (i64,) = insert.bind(json).bind(created).fetch_one(connection).await?;
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

type Query<'q, O> = sqlx::query::QueryAs<'q, sqlx::Sqlite, O, sqlx::sqlite::SqliteArguments>;

/// Parameter 1 is the digest; 2 to 23 are the values in the order of [`bind_values`].
const FIND: &str = "SELECT id FROM training_config WHERE digest = ?1 AND model_type = ?2 AND dataset_name = ?3 \
     AND batch_size = ?4 AND learning_rate = ?5 AND epochs IS ?6 AND max_seq_length = ?7 \
     AND max_position_embeddings IS ?8 AND warmup_steps = ?9 AND amphigory_ratio = ?10 AND seed = ?11 \
     AND gradient_accumulation IS ?12 AND weight_decay IS ?13 AND beta1 IS ?14 AND beta2 IS ?15 \
     AND epsilon IS ?16 AND max_grad_norm IS ?17 AND lora_rank IS ?18 AND lora_alpha IS ?19 \
     AND lora_dropout IS ?20 AND fim_rate IS ?21 AND held_out IS ?22 AND vocab_size IS ?23";

const INSERT: &str = "INSERT INTO training_config (digest, model_type, dataset_name, batch_size, learning_rate, \
     epochs, max_seq_length, max_position_embeddings, warmup_steps, amphigory_ratio, seed, \
     gradient_accumulation, weight_decay, beta1, beta2, epsilon, max_grad_norm, lora_rank, lora_alpha, \
     lora_dropout, fim_rate, held_out, vocab_size, run_config, created_at) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, \
     ?22, ?23, ?24, ?25) RETURNING id";

fn bind_values<'q, O>(query: Query<'q, O>, config: &'q NewConfig) -> Query<'q, O> {
    query
        .bind(&config.model_type)
        .bind(&config.dataset_name)
        .bind(config.batch_size)
        .bind(config.learning_rate)
        .bind(config.epochs)
        .bind(config.max_seq_length)
        .bind(config.max_position_embeddings)
        .bind(config.warmup_steps)
        .bind(config.amphigory_ratio)
        .bind(config.seed)
        .bind(config.gradient_accumulation)
        .bind(config.weight_decay)
        .bind(config.beta1)
        .bind(config.beta2)
        .bind(config.epsilon)
        .bind(config.max_grad_norm)
        .bind(config.lora_rank)
        .bind(config.lora_alpha)
        .bind(config.lora_dropout)
        .bind(config.fim_rate)
        .bind(config.held_out)
        .bind(config.vocab_size)
}

async fn find(connection: &mut SqliteConnection, id: ConfigId) -> Result<Option<SqliteRow>, Fault> {
    let query = sqlx::query("SELECT * FROM training_config WHERE id = ?1").bind(id.0);
    Ok(query.fetch_optional(connection).await?)
}

type Unreadable = Box<dyn std::error::Error>;

fn read_config(row: &SqliteRow) -> Result<TrainingConfig, Unreadable> {
    let values = NewConfig {
        model_type: row.try_get("model_type")?,
        dataset_name: row.try_get("dataset_name")?,
        batch_size: row.try_get("batch_size")?,
        learning_rate: row.try_get("learning_rate")?,
        epochs: row.try_get("epochs")?,
        max_seq_length: row.try_get("max_seq_length")?,
        max_position_embeddings: row.try_get("max_position_embeddings")?,
        warmup_steps: row.try_get("warmup_steps")?,
        amphigory_ratio: row.try_get("amphigory_ratio")?,
        seed: row.try_get("seed")?,
        gradient_accumulation: row.try_get("gradient_accumulation")?,
        weight_decay: row.try_get("weight_decay")?,
        beta1: row.try_get("beta1")?,
        beta2: row.try_get("beta2")?,
        epsilon: row.try_get("epsilon")?,
        max_grad_norm: row.try_get("max_grad_norm")?,
        lora_rank: row.try_get("lora_rank")?,
        lora_alpha: row.try_get("lora_alpha")?,
        lora_dropout: row.try_get("lora_dropout")?,
        fim_rate: row.try_get("fim_rate")?,
        held_out: row.try_get("held_out")?,
        vocab_size: row.try_get("vocab_size")?,
        run_config: serde_json::from_str(row.try_get("run_config")?)?,
    };
    Ok(TrainingConfig {
        id: ConfigId(row.try_get("id")?),
        values,
        digest: row.try_get("digest")?,
        created_at: timestamp::read(row.try_get("created_at")?)?,
    })
}
