//! Training as a run file says, with the real decoder, by every carrier.

use std::fs;
use std::path::Path;

use codetune_core::dataset::TokenTape;
use codetune_core::plugin::Carrier;
use codetune_core::train::{Event, Outcome, RunConfig, TrainedModel, Trainer};
use codetune_tests::{fixture, open_model_by};

/// What a run left behind: the loss of each step, and the adapter's bytes.
struct Trained {
    losses: Vec<f64>,
    adapter: Vec<u8>,
}

/// Runs a run file on a fixture as `make.py` runs on it.
fn train(carrier: Carrier, name: &str, r: u64, out: &Path, extra: &str) -> Trained {
    let folder = fixture(&format!("peft/{name}"));
    let alpha = 2 * r;
    let text = format!(
        r#"
        [model]
        path = "."
        [data]
        tokens = "tokens.json"
        max_seq_length = 64
        [adapter]
        kind = "lora"
        r = {r}
        alpha = {alpha}
        dropout = 0.0
        targets = "all-linear"
        {extra}
        [train]
        batch_size = 2
        max_steps = 20
        learning_rate = 2e-4
        schedule = "constant"
        warmup_steps = 0
        weight_decay = 0.0
        clip_norm = 1.0
        [output]
        dir = {:?}
        "#,
        out.to_str().unwrap()
    );
    let config = RunConfig::parse(&text, "run.toml", &folder).unwrap();
    let model = TrainedModel::new(open_model_by(carrier, &folder).unwrap(), &config).unwrap();
    let tape = TokenTape::load(&folder.join("tokens.json"), 2, 64, 1 << 20).unwrap();
    let mut trainer = Trainer::new(config, model, Box::new(tape)).unwrap();
    let mut losses = Vec::new();
    let outcome = trainer.run(&mut |event: &Event| {
        if let Event::Step(step) = event {
            losses.push(step.loss);
        }
    });
    assert!(matches!(outcome.unwrap(), Outcome::Completed(_)));
    Trained { losses, adapter: fs::read(out.join("adapter/adapter_model.safetensors")).unwrap() }
}

#[test]
fn a_run_file_gives_the_losses_of_peft() {
    for (name, r) in [("qwen2", 16), ("llama", 8)] {
        let out = tempfile::tempdir().unwrap();
        let trained = train(Carrier::Builtin, name, r, out.path(), r#"init = "init""#);
        let peft = fs::read_to_string(fixture(&format!("peft/{name}/peft.json"))).unwrap();
        let peft: serde_json::Value = serde_json::from_str(&peft).unwrap();
        let expected = peft["losses"].as_array().unwrap();
        assert_eq!((trained.losses.len(), expected.len()), (20, 20));
        for (step, (ours, theirs)) in trained.losses.iter().zip(expected).enumerate() {
            let theirs = theirs.as_f64().unwrap();
            assert!((ours - theirs).abs() <= 1e-4 * theirs, "{name}, step {step}: {ours} is not {theirs}");
        }
    }
}

#[test]
fn losses_and_adapters_are_equal_bit_for_bit_by_every_carrier() {
    let run = |carrier| {
        let out = tempfile::tempdir().unwrap();
        train(carrier, "qwen2", 16, out.path(), "")
    };
    let bits = |trained: &Trained| trained.losses.iter().map(|loss| loss.to_bits()).collect::<Vec<_>>();
    let builtin = run(Carrier::Builtin);
    assert_ne!(builtin.losses.first(), builtin.losses.last());
    for carrier in [Carrier::Native, Carrier::Wasm] {
        let other = run(carrier);
        assert_eq!(bits(&builtin), bits(&other), "{carrier}");
        assert!(builtin.adapter == other.adapter, "{carrier}: the adapters differ");
    }
}
