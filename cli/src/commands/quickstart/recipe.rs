//! The two run files, kept with the results so that they can be read, changed and run again.

/// Sequences per micro-batch.
pub const BATCH: u64 = 8;

/// The run file that trains the base model.
///
/// The learning rate is constant, since the number of steps that fit into the time is not known in advance. So
/// fine-tuning, whose rate decays, starts from a model that has more to learn.
pub fn base(seed: u64, minutes: f64) -> String {
    format!(
        r#"# Trains a base model from random weights.
seed = {seed}

[model]
path = "init"

[data]
dataset = "dataset"

[train]
epochs = 4              # or max_minutes, whichever comes first; more would overfit a small project
max_minutes = {minutes:.3}
batch_size = {BATCH}
learning_rate = 1e-3
schedule = "constant"
warmup_steps = 10
weight_decay = 0.1
max_grad_norm = 1.0

[eval]
every_steps = 40
max_batches = 8

[checkpoint]
every_steps = 200
keep = 1

[output]
dir = "runs/base"
"#
    )
}

/// The run file that fine-tunes it.
pub fn lora(seed: u64, minutes: f64, steps: u64) -> String {
    format!(
        r#"# Fine-tunes the base model with LoRA.
seed = {seed}

[model]
path = "runs/base/model"

[data]
dataset = "dataset"

[adapter]
kind = "lora"
r = 16
alpha = 32
dropout = 0.0            # a run this short does not overfit
targets = "all-linear"

[train]
epochs = 2
max_steps = {steps}
max_minutes = {minutes:.3}
batch_size = {BATCH}
learning_rate = 2e-3
schedule = "cosine"
warmup_steps = 5
max_grad_norm = 1.0

[eval]
every_steps = 20
max_batches = 8

[checkpoint]
every_steps = 200
keep = 1

[output]
dir = "runs/lora"
"#
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use codetune_core::train::RunConfig;

    #[test]
    fn both_run_files_are_accepted() {
        for text in [super::base(0, 1.35), super::lora(7, 0.9, 120)] {
            let config = RunConfig::parse(&text, "recipe", Path::new("/quickstart")).unwrap();
            assert_eq!(config.train.batch_size, super::BATCH);
        }
    }
}
