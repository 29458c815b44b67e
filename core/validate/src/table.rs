//! The table of bounds.

use super::field::{
    Bound::{Excluding, Including},
    Charset, Field,
};

/// Declares a constant for each field, and [`FIELDS`] with all of them in order.
macro_rules! fields {
    ($($constant:ident = $field:expr;)*) => {
        $(
            #[doc = concat!("The field behind `", stringify!($constant), "`; its `doc` says what it means.")]
            pub const $constant: Field = $field;
        )*

        /// All fields, in the order of the table.
        pub const FIELDS: &[Field] = &[$($constant),*];
    };
}

fields! {
    // The model and the data.
    MODEL_TYPE = Field::text("model_type", 1, 50, Charset::Name, "model family or checkpoint, such as a hub id");
    DATASET_NAME = Field::text("dataset_name", 1, 100, Charset::Name, "dataset name, such as a hub id");
    RUN_NAME = Field::text("run_name", 1, 100, Charset::Name, "name of a run, unique within a store");
    RUN_KIND = Field::text("run_kind", 1, 50, Charset::Name, "kind of a run, such as pretrain or lora");

    // The loop.
    BATCH_SIZE = Field::integer("batch_size", 1, 1024, Some(16), "sequences per micro-batch");
    GRADIENT_ACCUMULATION = Field::integer(
        "gradient_accumulation", 1, 65_536, Some(1), "micro-batches per step");
    LEARNING_RATE = Field::float(
        "learning_rate", Excluding(0.0), Excluding(1.0), Some(2e-5), "peak learning rate");
    EPOCHS = Field::integer("epochs", 1, 1000, Some(3), "passes over the training data");
    MAX_STEPS = Field::integer("max_steps", 1, i64::MAX, None, "steps after which training ends");
    MAX_SEQ_LENGTH = Field::integer(
        "max_seq_length", 1, 8192, Some(128),
        "tokens in a sequence; a model with more positions may go up to its max_position_embeddings");
    MAX_POSITION_EMBEDDINGS = Field::integer(
        "max_position_embeddings", 1, i64::MAX, None, "positions of a model, in tokens");
    WARMUP_STEPS = Field::integer("warmup_steps", 0, i64::MAX, Some(100), "steps of linear warm-up");
    WARMUP_RATIO = Field::float(
        "warmup_ratio", Including(0.0), Including(1.0), None, "fraction of all steps for linear warm-up");
    SEED = Field::integer("seed", 0, i64::MAX, Some(0), "random seed of a run");
    EVAL_EVERY = Field::integer("eval_every", 1, i64::MAX, None, "steps between evaluations");
    CHECKPOINT_EVERY = Field::integer("checkpoint_every", 1, i64::MAX, None, "steps between checkpoints");
    CHECKPOINT_MINUTES = Field::float(
        "checkpoint_minutes", Excluding(0.0), Including(1e7), Some(5.0), "minutes between checkpoints");
    KEEP_CHECKPOINTS = Field::integer("keep_checkpoints", 1, 10_000, Some(2), "checkpoints kept, newest first");

    // The optimizer.
    WEIGHT_DECAY = Field::float(
        "weight_decay", Including(0.0), Including(1.0), Some(0.01), "decoupled weight decay of AdamW");
    BETA1 = Field::float("beta1", Including(0.0), Excluding(1.0), Some(0.9), "decay of AdamW's first moment");
    BETA2 = Field::float("beta2", Including(0.0), Excluding(1.0), Some(0.999), "decay of AdamW's second moment");
    EPSILON = Field::float("epsilon", Excluding(0.0), Excluding(1.0), Some(1e-8), "AdamW's epsilon");
    MAX_GRAD_NORM = Field::float(
        "max_grad_norm", Including(0.0), Including(1e6), Some(1.0),
        "maximum norm to which gradients are clipped; 0 disables clipping");

    // Adapters.
    LORA_RANK = Field::integer("lora_rank", 1, 1024, Some(16), "rank of the LoRA matrices");
    LORA_ALPHA = Field::float("lora_alpha", Excluding(0.0), Including(1e6), Some(32.0), "LoRA scaling numerator");
    LORA_DROPOUT = Field::float(
        "lora_dropout", Including(0.0), Excluding(1.0), Some(0.05), "dropout before the LoRA matrices");

    // The dataset.
    AMPHIGORY_RATIO = Field::float(
        "amphigory_ratio", Including(0.0), Including(0.3), Some(0.0),
        "fraction of the training data that is nonsensical but valid code");
    FIM_RATE = Field::float(
        "fim_rate", Including(0.0), Including(1.0), Some(0.0), "fraction of the training data turned into fill-in-the-middle");
    SPM_RATE = Field::float(
        "spm_rate", Including(0.0), Including(1.0), Some(0.5),
        "fraction of the fill-in-the-middle examples in suffix-prefix-middle order");
    HELD_OUT = Field::float(
        "held_out", Including(0.0), Including(0.9), Some(0.1), "fraction of the data held out for evaluation");
    PACKED_LENGTH = Field::integer(
        "packed_length", 2, i32::MAX as i64, Some(128),
        "tokens in a packed sequence, of which the first is not predicted; MAX_SEQ_LENGTH binds it to a model");
    GROUP_DEPTH = Field::integer(
        "group_depth", 1, i64::MAX, None,
        "leading directories of a path that form a group of the split");
    VOCAB_SIZE = Field::integer("vocab_size", 256, 1_000_000, None, "vocabulary size of a tokenizer");
    TRAINED_VOCAB_SIZE = Field::integer(
        "trained_vocab_size", 261, 1_000_000, Some(8192),
        "vocabulary size of a trained tokenizer: 256 bytes, 5 control tokens and merged pairs");
    MIN_FREQUENCY = Field::integer(
        "min_frequency", 1, i64::MAX, Some(2), "minimum number of occurrences of a merged pair");

    // Generation.
    MAX_NEW_TOKENS = Field::integer("max_new_tokens", 1, 1_000_000, Some(128), "maximum number of generated tokens");
    TEMPERATURE = Field::float(
        "temperature", Including(0.0), Including(100.0), Some(0.0), "sampling temperature; 0 picks the most likely token");
    TOP_P = Field::float("top_p", Excluding(0.0), Including(1.0), None, "cumulative probability of the sampled tokens");
    TOP_K = Field::integer("top_k", 1, i64::MAX, None, "number of most likely tokens to sample from");
    REPETITION_PENALTY = Field::float(
        "repetition_penalty", Excluding(0.0), Including(100.0), Some(1.0),
        "penalty of tokens that already occurred; 1 disables it");

    // Recorded values.
    METRIC_KEY = Field::text("metric_key", 1, 100, Charset::Name, "what a metric measures, such as train_loss");
    METRIC_EPOCH = Field::integer("metric_epoch", 0, i64::MAX, None, "epoch of a metric, counted from 0");
    METRIC_STEP = Field::integer("metric_step", 0, i64::MAX, None, "step of a metric, counted from 0");
    METRIC_VALUE = Field::float(
        "metric_value", Including(f64::MIN), Including(f64::MAX), None, "a finite number");
    TRAIN_LOSS = Field::float(
        "train_loss", Including(0.0), Excluding(1e10), None, "loss on training data, nats per token");
    EVAL_LOSS = Field::float("eval_loss", Including(0.0), Excluding(1e10), None, "loss on held-out data, nats per token");
    ERROR_TEXT = Field::text("error", 1, 1_000_000, Charset::Prose, "error of a failed run");
    ARTIFACT_KIND = Field::text("artifact_kind", 1, 100, Charset::Name, "kind of an artifact, such as adapter");
    ARTIFACT_PATH = Field::text("artifact_path", 1, 4096, Charset::Line, "path of an artifact");
    ARTIFACT_BYTES = Field::integer("artifact_bytes", 0, i64::MAX, None, "size of an artifact in bytes");
    PLUGIN_VERSION = Field::text("plugin_version", 1, 100, Charset::Line, "version of a plugin");
    PLUGIN_RUNTIME = Field::text("plugin_runtime", 1, 50, Charset::Name, "runtime of a plugin");
}
