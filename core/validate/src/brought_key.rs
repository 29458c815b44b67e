//! Keys from other training tools and former names of our own keys, with their current names.

/// The meaning of a foreign key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brought {
    /// Equivalent keys, the most likely first: `section.key` of a run file, or a key of dataset settings.
    Keys(&'static [&'static str]),
    /// There is no equivalent, for this reason.
    Nothing(&'static str),
}

use Brought::{Keys, Nothing};

/// Looks up a key of transformers' `TrainingArguments`, PEFT's `LoraConfig`, TRL's `SFTConfig` or Axolotl, or a former
/// name of our own. Case and the difference between `-` and `_` are ignored. A key can be qualified with its section,
/// as in `data.path`, for names whose meaning depends on it.
///
/// ```
/// use codetune_validate::{Brought, brought_key};
///
/// assert_eq!(brought_key("num_train_epochs"), Some(Brought::Keys(&["train.epochs"])));
/// assert_eq!(brought_key("epochs_of_training"), None);
/// ```
pub fn brought_key(key: &str) -> Option<Brought> {
    let key = key.to_lowercase().replace('-', "_");
    TABLE.iter().find(|(names, _)| names.contains(&key.as_str())).map(|(_, brought)| *brought)
}

const STEPS: &[&str] = &["train.max_steps", "eval.every_steps", "checkpoint.every_steps"];
const ONE_OPTIMIZER: &str = "AdamW is the only optimizer";
const ONE_PRECISION: &str = "training is in float32";
const ONE_DEVICE: &str = "training is on the CPU";
const PACKED: &str = "datasets are always packed";
const NO_TRACKER: &str = "metrics are recorded in the database and shown by `codetune runs show`";
const NO_TEMPLATE: &str = "training data is source code, without a prompt format";

/// From transformers 4 and 5, PEFT 0.18, TRL 0.24 and Axolotl 0.12.
const TABLE: &[(&[&str], Brought)] = &[
    // The loop.
    (&["num_train_epochs", "num_epochs", "n_epochs", "train_epochs", "max_epochs"], Keys(&["train.epochs"])),
    (&["num_train_steps", "num_steps", "max_train_steps", "total_steps"], Keys(&["train.max_steps"])),
    (&["max_time", "max_hours", "max_seconds"], Keys(&["train.max_minutes"])),
    (
        &[
            "per_device_train_batch_size",
            "per_gpu_train_batch_size",
            "per_device_batch_size",
            "per_device_eval_batch_size",
            "per_gpu_eval_batch_size",
            "train_batch_size",
            "eval_batch_size",
            "micro_batch_size",
            "auto_find_batch_size",
            "bs",
        ],
        Keys(&["train.batch_size"]),
    ),
    (
        &["gradient_accumulation_steps", "grad_accumulation_steps", "grad_accum", "accumulation_steps"],
        Keys(&["train.gradient_accumulation"]),
    ),
    (&["lr", "peak_lr", "max_lr", "learning_rate_peak"], Keys(&["train.learning_rate"])),
    (
        &["lr_scheduler", "lr_scheduler_type", "lr_schedule", "scheduler", "scheduler_type"],
        Keys(&["train.schedule"]),
    ),
    (&["warmup", "num_warmup_steps", "lr_warmup_steps"], Keys(&["train.warmup_steps"])),
    (&["warmup_fraction", "warmup_proportion", "lr_warmup_ratio"], Keys(&["train.warmup_ratio"])),
    (&["adam_beta1"], Keys(&["train.beta1"])),
    (&["adam_beta2"], Keys(&["train.beta2"])),
    (&["adam_epsilon", "eps", "adam_eps"], Keys(&["train.epsilon"])),
    (&["wd"], Keys(&["train.weight_decay"])),
    (
        &["gradient_clipping", "grad_clip", "gradient_clip_val", "clip_grad_norm", "max_norm"],
        Keys(&["train.max_grad_norm"]),
    ),
    (&["activation_checkpointing", "gradient_checkpointing_kwargs"], Keys(&["train.gradient_checkpointing"])),
    (&["optim", "optimizer", "optimizer_type", "optim_args"], Nothing(ONE_OPTIMIZER)),
    (
        &[
            "fp16",
            "bf16",
            "tf32",
            "float16",
            "bfloat16",
            "mixed_precision",
            "dtype",
            "torch_dtype",
            "precision",
        ],
        Nothing(ONE_PRECISION),
    ),
    (
        &["load_in_4bit", "load_in_8bit", "quantization", "quantization_config", "bits"],
        Nothing("quantized base models are not supported"),
    ),
    (
        &["device", "use_cpu", "no_cuda", "device_map", "ddp", "deepspeed", "fsdp", "fsdp_config", "n_gpu"],
        Nothing(ONE_DEVICE),
    ),
    (
        &["logging_steps", "logging_strategy", "logging_dir", "logging_first_step", "log_level"],
        Nothing("every step is logged"),
    ),
    (
        &["report_to", "wandb_project", "wandb_run_id", "use_wandb", "mlflow_tracking_uri"],
        Nothing(NO_TRACKER),
    ),
    (
        &["do_train", "do_eval", "do_predict"],
        Nothing("a run always trains, and evaluates on held-out data if there is any"),
    ),
    (&["push_to_hub", "hub_model_id", "hub_token", "hub_strategy"], Nothing("nothing is uploaded")),
    (
        &["resume_from_checkpoint", "auto_resume_from_checkpoints", "resume"],
        Nothing("use `codetune train --resume`"),
    ),
    // Evaluation and checkpoints.
    (
        &[
            "eval_steps",
            "eval_strategy",
            "evaluation_strategy",
            "evals_per_epoch",
            "eval_every",
            "eval_interval",
        ],
        Keys(&["eval.every_steps"]),
    ),
    (&["max_eval_samples", "eval_batches", "max_eval_batches"], Keys(&["eval.max_batches"])),
    (&["patience"], Keys(&["eval.early_stopping_patience"])),
    (&["load_best_model_at_end", "save_best", "keep_best"], Keys(&["eval.restore_best"])),
    (
        &[
            "save_steps",
            "save_strategy",
            "saves_per_epoch",
            "save_every",
            "save_interval",
            "checkpoint_steps",
        ],
        Keys(&["checkpoint.every_steps"]),
    ),
    (&["save_total_limit", "max_checkpoints", "keep_checkpoints"], Keys(&["checkpoint.keep"])),
    (&["steps", "every", "interval"], Keys(STEPS)),
    // The model, the data and the results.
    (
        &[
            "base_model",
            "model_name_or_path",
            "model_name",
            "base_model_name_or_path",
            "pretrained_model_name_or_path",
            "model_path",
        ],
        Keys(&["model.path"]),
    ),
    (
        &["datasets", "dataset_name", "dataset_path", "dataset_prepared_path", "train_file", "data_path"],
        Keys(&["data.dataset"]),
    ),
    (
        &[
            "sequence_len",
            "sequence_length",
            "seq_len",
            "seq_length",
            "max_length",
            "max_len",
            "max_seq_len",
            "model_max_length",
            "block_size",
            "context_length",
            "cutoff_len",
        ],
        Keys(&["data.max_seq_length"]),
    ),
    (
        &["packing", "sample_packing", "pack_sequences", "eval_sample_packing", "packing_strategy"],
        Nothing(PACKED),
    ),
    (&["output_dir", "out_dir", "out", "save_dir", "output_path"], Keys(&["output.dir"])),
    (&["run_name", "wandb_name"], Keys(&["name"])),
    (&["data_seed", "random_seed", "random_state"], Keys(&["seed"])),
    (&["train_on_inputs", "completion_only_loss", "assistant_only_loss"], Nothing(NO_TEMPLATE)),
    (&["chat_template", "dataset_text_field", "formatting_func"], Nothing(NO_TEMPLATE)),
    // Names whose meaning depends on the section.
    (&["model.name", "model.dir", "model.folder", "model.init"], Keys(&["model.path"])),
    (&["data.path", "data.dir", "data.folder", "data.name"], Keys(&["data.dataset"])),
    (&["output.path", "output.folder", "output.name"], Keys(&["output.dir"])),
    (&["adapter.path", "adapter.dir", "adapter.resume"], Keys(&["adapter.init"])),
    (&["checkpoint.dir", "checkpoint.path"], Nothing("checkpoints go to output.dir")),
    // Adapters.
    (&["rank", "lora_r", "lora_rank", "lora_dim"], Keys(&["adapter.r"])),
    (&["lora_alpha"], Keys(&["adapter.alpha"])),
    (&["lora_dropout"], Keys(&["adapter.dropout"])),
    (
        &[
            "target_modules",
            "lora_target_modules",
            "lora_target_linear",
            "lora_targets",
            "target_linear",
            "modules",
        ],
        Keys(&["adapter.targets"]),
    ),
    (&["lora_model_dir", "adapter_name_or_path", "peft_model"], Keys(&["adapter.init"])),
    (&["peft_type", "adapter_type"], Keys(&["adapter.kind"])),
    (
        &[
            "use_dora",
            "peft_use_dora",
            "use_rslora",
            "peft_use_rslora",
            "modules_to_save",
            "lora_modules_to_save",
        ],
        Nothing("only plain LoRA on projections is supported"),
    ),
    // Sections of a run file.
    (&["lora", "peft", "peft_config", "lora_config"], Keys(&["adapter"])),
    (&["training", "trainer", "training_arguments", "training_args"], Keys(&["train"])),
    (&["evaluation", "validation"], Keys(&["eval"])),
    (&["checkpoints", "save"], Keys(&["checkpoint"])),
    // Datasets.
    (
        &[
            "val_set_size",
            "test_size",
            "test_split",
            "validation_split",
            "val_split",
            "eval_split",
            "holdout",
        ],
        Keys(&["held_out"]),
    ),
    (&["fim_spm_rate", "spm"], Keys(&["spm_rate"])),
    (&["fim_ratio", "fim"], Keys(&["fim_rate"])),
    (&["deduplicate", "dedupe", "deduplication", "dataset_exact_deduplication"], Keys(&["dedup"])),
    // Former names of our own.
    (&["carrier"], Keys(&["model.runtime"])),
    (&["clip_norm"], Keys(&["train.max_grad_norm"])),
    (&["checkpointing"], Keys(&["train.gradient_checkpointing"])),
    (&["heldout"], Keys(&["held_out"])),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_twice() {
        let names: Vec<&str> = TABLE.iter().flat_map(|(names, _)| names.iter().copied()).collect();
        for (place, name) in names.iter().enumerate() {
            assert!(!names[..place].contains(name), "{name}");
            assert_eq!(*name, name.to_lowercase().replace('-', "_"), "it would never be found");
        }
    }

    #[test]
    fn case_and_hyphens_do_not_count() {
        assert_eq!(brought_key("LoRA-Alpha"), Some(Keys(&["adapter.alpha"])));
    }
}
