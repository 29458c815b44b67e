use crate::Place;

const CONFIG: &str = r#"{"architectures": ["Qwen2ForCausalLM"], "hidden_size": 16, "num_hidden_layers": 1,
    "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 32, "vocab_size": 300,
    "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "tie_word_embeddings": true}"#;

const RUN: &str = "seed = 1\n[model]\npath = \"model\"\n[data]\ndataset = \"data\"\n[adapter]\ntargets = \"all-linear\"\n\
    r = 2\nalpha = 4\n[train]\nmax_steps = 3\nbatch_size = 2\nlearning_rate = 1e-2\nwarmup_steps = 0\n[output]\ndir = \"out\"\n";

/// A dataset, a model that fits it, and a run file.
fn prepared() -> Place {
    let place = Place::new();
    for number in 0..12 {
        let text = format!("def f{number}(a, b):\n    total = a * {number} + b\n    return total\n");
        place.write(&format!("src/m{number}.py"), &text);
    }
    place.write("config.json", CONFIG);
    place.write("run.toml", RUN);
    let built = place.run(&[
        "dataset",
        "build",
        "src",
        "-o",
        "data",
        "--vocab-size",
        "280",
        "--seq-length",
        "32",
        "--held-out",
        "0.3",
        "--rule",
        "parses=metrics.error_ratio <= 0.05",
        "--json",
    ]);
    assert!(built.json()["summary"]["train_sequences"].as_u64().unwrap() > 2, "{built:?}");
    let made = place.run(&[
        "model",
        "init",
        "-o",
        "model",
        "--config",
        "config.json",
        "--tokenizer",
        "data",
        "--json",
    ]);
    assert!(made.json()["parameters"].as_u64().unwrap() > 4800, "{made:?}");
    place
}

#[test]
fn a_run_is_trained_recorded_shown_and_its_adapter_generates() {
    let place = prepared();
    let trained = place.run(&["train", "run.toml", "--json"]).json();
    assert_eq!(
        (trained["status"].as_str(), trained["summary"]["steps"].as_u64()),
        (Some("completed"), Some(3))
    );
    assert_eq!(trained["summary"]["delivered_step"], 3);
    let listed = place.run(&["runs", "list", "--json"]).json();
    let id = trained["run"].as_str().unwrap();
    assert_eq!(listed["runs"][0]["id"], *id);
    let shown = place.run(&["runs", "show", id, "--json"]).json();
    assert_eq!(shown["metrics"]["train_loss"].as_array().unwrap().len(), 3);
    // The analyzers that chose the data took part too.
    let plugins: Vec<_> =
        shown["plugins"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(plugins, ["codetune/decoder", "codetune/metrics", "codetune/secrets"]);
    let artifacts = shown["artifacts"].as_array().unwrap();
    assert!(artifacts.iter().any(|one| one["path"].as_str().unwrap().ends_with("adapter_model.safetensors")));
    let text = place.run(&["runs", "show", id]);
    assert!(
        text.out.contains("train.learning_rate = 0.01") && text.out.contains("codetune/decoder"),
        "{}",
        text.out
    );
    let ids =
        ["generate", "model", "--adapter", "out/adapter", "--prompt", "def f", "--max-tokens", "4", "--json"];
    assert!(place.run(&ids).json()["tokens"].as_u64().unwrap() <= 4);

    let again = place.run(&["train", "run.toml"]);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("holds checkpoints already"), "{}", again.err);
    let unknown = place.run(&["train", "run.toml", "--set", "train.learning_rat=1e-3"]);
    assert!(unknown.err.contains("learning_rate"), "{}", unknown.err);
    let nan = place.run(&["train", "run.toml", "--set", "train.learning_rate=nan"]);
    assert_eq!(nan.code, Some(2), "{nan:?}");
    let none = place.run(&["train", "run.toml", "--resume", "--set", "output.dir='other'"]);
    assert!(none.err.contains("there is no checkpoint in"), "{}", none.err);
}

#[test]
fn the_run_file_chooses_the_backends_runtime_which_changes_no_bit() {
    let place = prepared();
    let mut adapters = Vec::new();
    for runtime in ["builtin", "native", "wasm"] {
        let set = |key: &str, value: &str| ["--set".to_owned(), format!("{key}='{value}'")];
        let sets = [set("model.runtime", runtime), set("output.dir", runtime)].concat();
        let call: Vec<&str> =
            ["train", "run.toml", "--json"].into_iter().chain(sets.iter().map(String::as_str)).collect();
        let trained = place.run(&call).json();
        let shown = place.run(&["runs", "show", trained["run"].as_str().unwrap(), "--json"]).json();
        let plugins = shown["plugins"].as_array().unwrap();
        let decoder = plugins.iter().find(|one| one["name"] == "codetune/decoder").unwrap();
        assert_eq!(decoder["runtime"], runtime);
        let adapter = place.path().join(format!("{runtime}/adapter/adapter_model.safetensors"));
        adapters.push(std::fs::read(adapter).unwrap());
    }
    assert!(adapters.windows(2).all(|pair| pair[0] == pair[1]));

    let unknown = place.run(&["train", "run.toml", "--set", "model.runtime='wsam'"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(unknown.err.contains("wasm"), "{}", unknown.err);
}

#[test]
fn a_dataset_and_a_model_that_do_not_fit_are_refused() {
    let place = prepared();
    place.run(&["tokenizer", "train", "src", "-o", "other", "--vocab-size", "270"]);
    place.run(&["dataset", "build", "src", "-o", "data", "--tokenizer", "other", "--seq-length", "32"]);
    let ran = place.run(&["train", "run.toml"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("built with another tokenizer than the model's"), "{}", ran.err);
    assert_eq!(place.run(&["runs", "list", "--json"]).json()["runs"].as_array().unwrap().len(), 0);
}

#[test]
fn a_run_that_would_end_by_evaluation_is_refused_where_the_dataset_holds_nothing_out() {
    let place = prepared();
    let build = ["dataset", "build", "src", "-o", "data", "--tokenizer", "model", "--seq-length", "32"];
    place.run(&[&build[..], &["--held-out", "0", "--json"]].concat()).json();
    let ran = place.run(&["train", "run.toml", "--set", "eval.restore_best=true"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("eval.restore_best has no effect without held-out data"), "{}", ran.err);
    assert_eq!(place.run(&["runs", "list", "--json"]).json()["runs"].as_array().unwrap().len(), 0);
    assert!(!place.path().join("out").exists());
}

#[test]
fn a_sequence_that_is_longer_than_the_model_was_made_for_is_refused_unless_its_configuration_says_how() {
    let place = prepared();
    let build = |length: &str| {
        let call = ["dataset", "build", "src", "-o", "data", "--tokenizer", "model", "--held-out", "0.3"];
        place.run(&[&call[..], &["--seq-length", length, "--json"]].concat()).json();
    };
    build("128");
    let refused = |expected: &[&str]| {
        let ran = place.run(&["train", "run.toml"]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        for text in expected {
            assert!(ran.err.contains(text), "no `{text}` in {}", ran.err);
        }
        assert!(!place.path().join("out").exists());
    };
    refused(&[
        "error: the sequences have 128 tokens, and the model was made for 64",
        "help: build the dataset with --seq-length 64 or less, or write a larger max_position_embeddings and how",
    ]);
    place.write("tape.json", "[1, 2, 3, 4, 5, 6, 7, 8]");
    let dataset = "dataset = \"data\"";
    place.write("run.toml", &RUN.replacen(dataset, "tokens = \"tape.json\"\nmax_seq_length = 65", 1));
    refused(&["the sequences have 65 tokens", "help: write data.max_seq_length = 64 or less"]);

    place.write("run.toml", RUN);
    let config = std::fs::read_to_string(place.path().join("model/config.json")).unwrap();
    let longer = config.replacen(
        "\"max_position_embeddings\": 64",
        "\"max_position_embeddings\": 128, \"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 2.0}",
        1,
    );
    assert_ne!(longer, config);
    place.write("model/config.json", &longer);
    assert_eq!(place.run(&["train", "run.toml", "--json"]).json()["status"], "completed");
}

#[test]
fn weights_that_are_no_numbers_are_named_before_there_is_a_run() {
    let place = prepared();
    let file = place.path().join("model/model.safetensors");
    let mut weights = std::fs::read(&file).unwrap();
    let last = weights.len() - 4;
    weights[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&file, weights).unwrap();
    let ran = place.run(&["train", "run.toml"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.err.contains("model/model.safetensors: tensor model.norm.weight holds NaN at"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("learning"), "{}", ran.err);
    assert_eq!(place.run(&["runs", "list", "--json"]).json()["runs"].as_array().unwrap().len(), 0);
}

#[test]
fn a_seed_changes_a_run_without_an_adapter_too() {
    let place = prepared();
    place.write("run.toml", &RUN.replacen("[adapter]\ntargets = \"all-linear\"\nr = 2\nalpha = 4\n", "", 1));
    let models = [("1", "a"), ("1", "b"), ("2", "c")].map(|(seed, out)| {
        let sets = [format!("seed={seed}"), format!("output.dir='{out}'")];
        let trained =
            place.run(&["train", "run.toml", "--json", "--set", &sets[0], "--set", &sets[1]]).json();
        assert_eq!(trained["status"], "completed");
        std::fs::read(place.path().join(out).join("model/model.safetensors")).unwrap()
    });
    assert!(models[0] == models[1], "equal seeds give equal bits");
    assert!(models[0] != models[2], "another seed gives another order");
}

#[test]
fn inspecting_a_damaged_dataset_names_the_file() {
    let place = prepared();
    let inspected = place.run(&["dataset", "inspect", "data", "--json"]).json();
    assert!(inspected["vocab_size"].as_u64().unwrap() > 261);
    assert_eq!(inspected["analyzers"][0]["name"], "codetune/metrics");
    place.write("data/train.bin", "short");
    let ran = place.run(&["dataset", "inspect", "data"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("train.bin is damaged"), "{}", ran.err);
}
