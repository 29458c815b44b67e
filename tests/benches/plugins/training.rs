use std::path::Path;

use codetune_core::dataset::TokenTape;
use codetune_core::model::{MemoryBudget, ModelConfig, create_model};
use codetune_core::plugin::Runtime;
use codetune_core::train::{Event, RunConfig, TrainedModel, Trainer};
use codetune_tests::{decoder, open_model_by};

use crate::table::{Quantity, Table};

const BATCH: usize = 8;
const SEQ: usize = 256;
const VOCABULARY: usize = 4096;
/// How often both runtimes take their turn; the fastest step of each counts.
const ROUNDS: usize = 3;

/// A small Qwen2.
const CONFIG: &str = r#"{
    "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_act": "silu",
    "hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 4, "num_attention_heads": 8,
    "num_key_value_heads": 4, "vocab_size": 4096, "max_position_embeddings": 1024,
    "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "tie_word_embeddings": true, "initializer_range": 0.02
}"#;

/// How fast a small model trains by LoRA where a component describes it, against the built-in decoder.
pub fn measure(table: &mut Table, folder: &Path) {
    let model = folder.join("model");
    std::fs::create_dir_all(&model).expect("a folder");
    let config = ModelConfig::parse(model.join("config.json"), CONFIG.to_owned()).expect("a configuration");
    let builtin = decoder(Runtime::Builtin);
    create_model(
        &|config, host| builtin.backend(config, host),
        &config,
        0,
        &model,
        MemoryBudget::of_machine(),
    )
    .expect("a model");
    let mut best = [0.0_f64; 2];
    for round in 0..ROUNDS {
        for (place, runtime) in [Runtime::Builtin, Runtime::Wasm].into_iter().enumerate() {
            let rate = train(&model, runtime, &folder.join(format!("{runtime}-{round}")));
            best[place] = rate.max(best[place]);
        }
    }
    let [builtin, wasm] = best;
    let figure = format!("training, hidden 256, 4 layers, {BATCH} x {SEQ}, LoRA");
    table.add(format!("{figure}: built-in"), Quantity::Rate(builtin, "tokens"), None);
    table.add(format!("{figure}: WASM"), Quantity::Rate(wasm, "tokens"), None);
    table.add(format!("{figure}: WASM against built-in"), Quantity::Share(wasm / builtin), None);
}

/// Tokens a second of the fastest step of a short run.
fn train(model: &Path, runtime: Runtime, out: &Path) -> f64 {
    let text = format!(
        r#"
        [model]
        path = "."
        [data]
        tokens = "tokens.json"
        max_seq_length = {SEQ}
        [adapter]
        kind = "lora"
        r = 16
        alpha = 32
        dropout = 0.0
        targets = "all-linear"
        [train]
        batch_size = {BATCH}
        max_steps = 3
        learning_rate = 2e-4
        [output]
        dir = {:?}
        "#,
        out.to_string_lossy()
    );
    let config = RunConfig::parse(&text, "run.toml", model).expect("a run file");
    let trained = TrainedModel::new(open_model_by(runtime, model).expect("a model"), &config);
    // Any tokens do, since what they are changes no shape.
    let ids = (0..BATCH * SEQ * 8).map(|at| (at * 7919 % VOCABULARY) as u32).collect();
    let tape = TokenTape::new(ids, BATCH, SEQ, VOCABULARY, "tokens").expect("a tape");
    let mut trainer = Trainer::new(config, trained.expect("an adapter"), Box::new(tape)).expect("a run");
    let mut best = 0.0_f64;
    let outcome = trainer.run(&mut |event: &Event| {
        if let Event::Step(step) = event {
            best = best.max(step.tokens_per_s);
        }
    });
    outcome.expect("it trains");
    best
}
