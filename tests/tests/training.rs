//! Training as a run file says, with the real decoder, in every runtime.

use std::fs;
use std::path::Path;

use codetune_core::dataset::TokenTape;
use codetune_core::plugin::Runtime;
use codetune_core::train::{Event, RunConfig, TrainOutcome, Trainable, TrainedModel, Trainer};
use codetune_tests::{fixture, open_model_by};

/// What a run left behind: the loss of each step, and the adapter's bytes.
struct Trained {
    losses: Vec<f64>,
    adapter: Vec<u8>,
}

/// Runs a run file on a fixture as `make.py` runs on it.
fn train(runtime: Runtime, name: &str, r: u64, out: &Path, extra: &str) -> Trained {
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
        max_grad_norm = 1.0
        [output]
        dir = {:?}
        "#,
        out.to_str().unwrap()
    );
    train_as(runtime, &folder, &text, out)
}

fn train_as(runtime: Runtime, folder: &Path, text: &str, out: &Path) -> Trained {
    let config = RunConfig::parse(text, "run.toml", folder).unwrap();
    let model = TrainedModel::new(open_model_by(runtime, folder).unwrap(), &config).unwrap();
    let tape = TokenTape::load(&folder.join("tokens.json"), 2, 64, 1 << 20).unwrap();
    let mut trainer = Trainer::new(config, model, Box::new(tape)).unwrap();
    let mut losses = Vec::new();
    let outcome = trainer.run(&mut |event: &Event| {
        if let Event::Step(step) = event {
            losses.push(step.loss);
        }
    });
    assert!(matches!(outcome.unwrap(), TrainOutcome::Completed(_)));
    Trained { losses, adapter: fs::read(out.join("adapter/adapter_model.safetensors")).unwrap() }
}

#[test]
fn a_run_file_gives_the_losses_of_peft() {
    for (name, r) in [("qwen2", 16), ("llama", 8)] {
        let out = tempfile::tempdir().unwrap();
        let trained = train(Runtime::Builtin, name, r, out.path(), r#"init = "init""#);
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

/// Trains every weight as `decay.py` does and gives the loss of each step.
fn decayed(name: &str, more: &str) -> Vec<f64> {
    let out = tempfile::tempdir().unwrap();
    let text = format!(
        "[model]\npath = '.'\n[data]\ntokens = 'tokens.json'\nmax_seq_length = 64\n[train]\nbatch_size = 2\n\
         max_steps = 20\nlearning_rate = 1e-3\nschedule = 'constant'\nwarmup_steps = 0\nweight_decay = 0.5\n\
         {more}\n[output]\ndir = {:?}\n",
        out.path().to_str().unwrap()
    );
    let folder = fixture(&format!("peft/{name}"));
    let config = RunConfig::parse(&text, "run.toml", &folder).unwrap();
    let model = TrainedModel::new(open_model_by(Runtime::Builtin, &folder).unwrap(), &config).unwrap();
    let tape = TokenTape::load(&folder.join("tokens.json"), 2, 64, 1 << 20).unwrap();
    let mut losses = Vec::new();
    let mut keep = |event: &Event| {
        if let Event::Step(step) = event {
            losses.push(step.loss);
        }
    };
    Trainer::new(config, model, Box::new(tape)).unwrap().run(&mut keep).unwrap();
    losses
}

#[test]
fn weight_decay_spares_norms_and_biases_as_transformers_trainer_does() {
    for name in ["qwen2", "llama"] {
        let theirs = fs::read_to_string(fixture(&format!("peft/{name}/decay.json"))).unwrap();
        let theirs: serde_json::Value = serde_json::from_str(&theirs).unwrap();
        let expected: Vec<f64> =
            theirs["losses"].as_array().unwrap().iter().map(|loss| loss.as_f64().unwrap()).collect();
        let apart = |losses: &[f64]| {
            assert_eq!(losses.len(), expected.len());
            let each = losses.iter().zip(&expected).map(|(ours, theirs)| ((ours - theirs) / theirs).abs());
            each.fold(0.0, f64::max)
        };
        let (spared, all) =
            (apart(&decayed(name, "")), apart(&decayed(name, "decay_norms_and_biases = true")));
        assert!(spared < 1e-6, "{name}: {spared}");
        assert!(all > 1e-4, "{name}: the key changes nothing: {all}");

        let config = "[model]\npath = 'm'\n[data]\ntokens = 't'\n[output]\ndir = 'o'\n";
        let config = RunConfig::parse(config, "run.toml", Path::new("/")).unwrap();
        let model = open_model_by(Runtime::Builtin, &fixture(&format!("peft/{name}"))).unwrap();
        let model = TrainedModel::new(model, &config).unwrap();
        let names = model.trainable().into_iter().map(|(name, _)| name);
        let ours: Vec<String> = names.filter(|name| !model.decays(name)).collect();
        assert_eq!(serde_json::json!(ours), theirs["spared"], "{name}");
    }
}

#[test]
fn every_batch_shape_gives_the_losses_of_transformers_trainer_to_the_end_of_each_epoch() {
    let known = fs::read_to_string(fixture("trainer/trainer.json")).unwrap();
    let known: serde_json::Value = serde_json::from_str(&known).unwrap();
    let number = |key: &str| known[key].as_u64().unwrap() as usize;
    let (tokens, seq, folder) = (number("tokens"), number("max_seq_length"), fixture("peft/llama"));
    let tape = fs::read_to_string(folder.join("tokens.json")).unwrap();
    let tape: Vec<u32> = serde_json::from_str(&tape).unwrap();
    let shapes = known["shapes"].as_array().unwrap();
    assert_eq!(shapes.len(), 3);
    for shape in shapes {
        let (batch, accumulation) = (&shape["batch_size"], &shape["gradient_accumulation"]);
        let out = tempfile::tempdir().unwrap();
        let text = format!(
            r#"
            [model]
            path = "."
            [data]
            tokens = "tokens.json"
            max_seq_length = {seq}
            [train]
            batch_size = {batch}
            gradient_accumulation = {accumulation}
            epochs = {}
            learning_rate = {}
            schedule = "constant"
            warmup_steps = 0
            weight_decay = 0.0
            max_grad_norm = 1.0
            [output]
            dir = {:?}
            "#,
            known["epochs"],
            known["learning_rate"],
            out.path().to_str().unwrap()
        );
        let config = RunConfig::parse(&text, "run.toml", &folder).unwrap();
        let model = TrainedModel::new(open_model_by(Runtime::Builtin, &folder).unwrap(), &config).unwrap();
        let batch = usize::try_from(batch.as_u64().unwrap()).unwrap();
        let data = TokenTape::new(tape[..tokens].to_vec(), batch, seq, 1 << 20, "tape").unwrap();
        let mut losses = Vec::new();
        let mut trainer = Trainer::new(config, model, Box::new(data)).unwrap();
        let outcome = trainer.run(&mut |event: &Event| {
            if let Event::Step(step) = event {
                losses.push(step.loss);
            }
        });
        assert!(matches!(outcome.unwrap(), TrainOutcome::Completed(_)));
        let expected: Vec<f64> =
            shape["losses"].as_array().unwrap().iter().map(|loss| loss.as_f64().unwrap()).collect();
        assert_eq!(losses.len(), expected.len(), "{shape}");
        for (step, (ours, theirs)) in losses.iter().zip(expected).enumerate() {
            assert!((ours - theirs).abs() <= 1e-4 * theirs, "{batch}, step {step}: {ours} is not {theirs}");
        }
    }
}

#[test]
fn losses_and_adapters_are_equal_bit_for_bit_in_every_runtime() {
    let run = |runtime| {
        let out = tempfile::tempdir().unwrap();
        train(runtime, "qwen2", 16, out.path(), "")
    };
    let bits = |trained: &Trained| trained.losses.iter().map(|loss| loss.to_bits()).collect::<Vec<_>>();
    let builtin = run(Runtime::Builtin);
    assert_ne!(builtin.losses.first(), builtin.losses.last());
    for runtime in [Runtime::Native, Runtime::Wasm] {
        let other = run(runtime);
        assert_eq!(bits(&builtin), bits(&other), "{runtime}");
        assert!(builtin.adapter == other.adapter, "{runtime}: the adapters differ");
    }
}

#[test]
fn every_setting_of_an_adapter_and_its_training_changes_what_is_learned() {
    const RUN: &str = r#"
        seed = 1
        [model]
        path = "."
        [data]
        tokens = "tokens.json"
        max_seq_length = 64
        [adapter]
        r = 4
        alpha = 8
        dropout = 0.1
        targets = ["q_proj"]
        [train]
        batch_size = 2
        max_steps = 5
        learning_rate = 1e-2
        warmup_steps = 1
        schedule = "linear"
        weight_decay = 0.01
        beta1 = 0.9
        beta2 = 0.999
        epsilon = 1e-8
        max_grad_norm = 1.0
        "#;
    let adapter = |(from, to): (&str, &str)| {
        assert!(RUN.contains(from), "{from}");
        let out = tempfile::tempdir().unwrap();
        let text =
            format!("{}[output]\ndir = {:?}\n", RUN.replacen(from, to, 1), out.path().to_str().unwrap());
        train_as(Runtime::Builtin, &fixture("peft/llama"), &text, out.path()).adapter
    };
    let unchanged = adapter(("", ""));
    assert!(unchanged == adapter(("", "")));
    for setting in [
        ("seed = 1", "seed = 2"),
        ("r = 4", "r = 5"),
        ("alpha = 8", "alpha = 9"),
        ("dropout = 0.1", "dropout = 0.2"),
        ("\"q_proj\"", "\"v_proj\""),
        ("learning_rate = 1e-2", "learning_rate = 2e-2"),
        ("warmup_steps = 1", "warmup_steps = 2"),
        ("\"linear\"", "\"cosine\""),
        ("weight_decay = 0.01", "weight_decay = 0.1"),
        ("beta1 = 0.9", "beta1 = 0.8"),
        ("beta2 = 0.999", "beta2 = 0.9"),
        ("epsilon = 1e-8", "epsilon = 1e-4"),
        ("max_grad_norm = 1.0", "max_grad_norm = 1e-4"),
    ] {
        assert!(adapter(setting) != unchanged, "{}", setting.1);
    }
}
