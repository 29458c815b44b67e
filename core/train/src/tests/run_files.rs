use codetune_validate::Whole;
use std::path::Path;

use codetune_model::Targets;
use codetune_validate::Setting;

use super::toy::RUN;
use crate::{AdapterSettings, DataSource, RunConfig, ScheduleKind, Warmup};

fn refused(from: &str, to: &str) -> String {
    assert!(RUN.contains(from), "{from}");
    RunConfig::parse(&RUN.replacen(from, to, 1), "run.toml", Path::new("/runs")).unwrap_err().whole()
}

#[test]
fn paths_start_from_the_folder_and_absent_keys_take_the_tables_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.toml");
    let short = "[model]\npath='base'\n[data]\ntokens='tape.json'\n[output]\ndir='/elsewhere'\n[adapter]\n";
    std::fs::write(&file, short).unwrap();
    let config = RunConfig::load(&file).unwrap();
    assert_eq!(config.model.path, folder.path().join("base"));
    assert_eq!(config.data.source, DataSource::Tokens(folder.path().join("tape.json")));
    assert_eq!(config.output.dir, Path::new("/elsewhere"));
    assert_eq!(config.data.max_seq_length, Some(128));
    let train = &config.train;
    assert_eq!(
        (train.batch_size, train.epochs, train.max_steps, train.warmup),
        (16, Some(3), None, Warmup::Steps(100))
    );
    assert_eq!((train.learning_rate, train.max_grad_norm, train.schedule), (2e-5, 1.0, ScheduleKind::Linear));
    let targets = Some(Targets::Named(vec!["q_proj".to_owned(), "v_proj".to_owned()]));
    let adapter =
        AdapterSettings { r: Some(16), alpha: Some(32.0), dropout: Some(0.05), targets, init: None };
    assert_eq!(config.adapter, Some(adapter));
    assert_eq!(config.checkpoint.keep, 2);
}

#[test]
fn settings_take_precedence_over_the_run_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.toml");
    std::fs::write(&file, RUN).unwrap();
    let load = |given: &[&str]| {
        let settings: Vec<Setting> = given.iter().map(|set| set.parse().unwrap()).collect();
        RunConfig::load_with(&file, &settings).map_err(|error| error.to_string())
    };
    let config = load(&["train.epochs=9", "output.dir='elsewhere'", "train.epochs=7"]).unwrap();
    let plain = RunConfig::load(&file).unwrap();
    assert_eq!((config.train.epochs, plain.train.epochs), (Some(7), Some(4)));
    // Relative paths start from the folder of the file, as they do in it.
    assert_eq!(config.output.dir, folder.path().join("elsewhere"));
    assert_eq!((config.seed, config.model), (plain.seed, plain.model));
    let error = load(&["train.epochs.most=1"]).unwrap_err();
    assert_eq!(error, "cannot set train.epochs.most: train.epochs is not a table");
    let error = load(&["train.epochs='many'"]).unwrap_err();
    assert!(error.contains("run.toml with --set: train.epochs: "), "{error}");
    // Errors of the file itself keep their positions.
    std::fs::write(&file, format!("nmae = 'a'\n{RUN}")).unwrap();
    let error = load(&["train.epochs=9"]).unwrap_err();
    assert!(error.contains("run.toml:1:1: nmae: unknown key"), "{error}");
    std::fs::write(&file, format!("{RUN}\nname = ")).unwrap();
    let error = load(&["seed=1"]).unwrap_err();
    let line = RUN.lines().count() + 2;
    assert!(error.contains(&format!("run.toml:{line}:")) && error.contains("not valid TOML"), "{error}");
}

#[test]
fn an_adapter_to_start_from_decides_what_the_file_leaves_out() {
    let text = format!("{RUN}[adapter]\ninit = \"peft\"\ntargets = \"all-linear\"\n");
    let adapter = RunConfig::parse(&text, "run.toml", Path::new("/runs")).unwrap().adapter.unwrap();
    let init = Some(Path::new("/runs/peft").to_owned());
    let expected =
        AdapterSettings { r: None, alpha: None, dropout: None, targets: Some(Targets::AllLinear), init };
    assert_eq!(adapter, expected);
}

#[test]
fn unknown_keys_name_their_place_and_the_nearest_known_key() {
    let error = refused("epochs = 4", "epoch = 4");
    assert!(
        error.starts_with(
            "run.toml:10:1: train.epoch: unknown key; did you mean train.epochs?; known keys: batch_size,"
        ),
        "{error}"
    );
    let error = refused("epochs = 4", "patience = 4\nearly_stopping_patiense = 1");
    assert!(error.contains("train.") && error.contains("unknown key"), "{error}");
    let error = refused("epochs = 4", "max_seq_length = 4");
    assert!(
        error.contains("train.max_seq_length: unknown key; did you mean data.max_seq_length?"),
        "{error}"
    );
    let error = refused("[eval]", "[evals]");
    assert!(error.starts_with("run.toml:14:2: evals: unknown key; did you mean eval?"), "{error}");
    assert!(refused("seed = 3", "sede = 3").contains("run.toml:2:1: sede: unknown key; did you mean seed?"));
}

#[test]
fn a_warm_up_is_given_in_steps_or_as_a_ratio() {
    let warmup = |to: &str| {
        let text = RUN.replacen("warmup_steps = 2", to, 1);
        RunConfig::parse(&text, "run.toml", Path::new("/runs")).map(|config| config.train.warmup)
    };
    assert_eq!(warmup("").unwrap(), Warmup::Steps(100));
    assert_eq!(warmup("warmup_steps = 2").unwrap(), Warmup::Steps(2));
    assert_eq!(warmup("warmup_ratio = 0.06").unwrap(), Warmup::Ratio(0.06));
    let error = warmup("warmup_steps = 2\nwarmup_ratio = 0.06").unwrap_err().whole();
    let expected = "run.toml:13:16: train.warmup_ratio and train.warmup_steps exclude each other";
    assert!(error.starts_with(expected), "{error}");
    assert!(
        warmup("warmup_ratio = 1.1").unwrap_err().whole().contains("train.warmup_ratio: 1.1 is too large")
    );
}

#[test]
fn checkpoints_come_every_few_minutes_unless_the_file_says_when() {
    let given = |to: &str| {
        let text = RUN.replacen("every_steps = 3", to, 1);
        let checkpoint = RunConfig::parse(&text, "run.toml", Path::new("/runs")).unwrap().checkpoint;
        (checkpoint.every_steps, checkpoint.every_minutes)
    };
    assert_eq!(given(""), (None, Some(5.0)));
    assert_eq!(given("every_steps = 3"), (Some(3), None));
    assert_eq!(given("every_minutes = 2"), (None, Some(2.0)));
    assert_eq!(given("every_steps = 3\nevery_minutes = 0.5"), (Some(3), Some(0.5)));
    assert!(
        refused("every_steps = 3", "every_minutes = 0")
            .contains("checkpoint.every_minutes: 0.0 is too small")
    );
}

#[test]
fn keys_of_other_tools_name_ours() {
    // As transformers' TrainingArguments, PEFT's LoraConfig, TRL's SFTConfig and Axolotl write them.
    for (section, theirs, ours) in [
        ("train", "num_train_epochs", "train.epochs"),
        ("train", "num_epochs", "train.epochs"),
        ("train", "lr", "train.learning_rate"),
        ("train", "lr_scheduler_type", "train.schedule"),
        ("train", "clip_grad_norm", "train.max_grad_norm"),
        ("train", "per_device_train_batch_size", "train.batch_size"),
        ("train", "micro_batch_size", "train.batch_size"),
        ("train", "gradient_accumulation_steps", "train.gradient_accumulation"),
        ("train", "activation_checkpointing", "train.gradient_checkpointing"),
        ("train", "adam_beta2", "train.beta2"),
        ("train", "steps", "train.max_steps"),
        ("train", "eval_steps", "eval.every_steps"),
        ("train", "save_steps", "checkpoint.every_steps"),
        ("train", "save_total_limit", "checkpoint.keep"),
        ("train", "load_best_model_at_end", "eval.restore_best"),
        ("train", "output_dir", "output.dir"),
        ("train", "sequence_len", "data.max_seq_length"),
        ("train", "rank", "adapter.r"),
        ("train", "lora_r", "adapter.r"),
        ("train", "seed", "seed"),
        ("train", "every_steps", "eval.every_steps"),
        ("eval", "steps", "eval.every_steps"),
        ("eval", "patience", "eval.early_stopping_patience"),
        ("eval", "batch_size", "train.batch_size"),
        ("checkpoint", "steps", "checkpoint.every_steps"),
        ("adapter", "rank", "adapter.r"),
        ("adapter", "lora_alpha", "adapter.alpha"),
        ("adapter", "target_modules", "adapter.targets"),
        ("data", "path", "data.dataset"),
        ("output", "path", "output.dir"),
        ("model", "name", "model.path"),
        ("model", "base_model", "model.path"),
    ] {
        let text = match RUN.contains(&format!("[{section}]")) {
            true => RUN.replacen(&format!("[{section}]"), &format!("[{section}]\n{theirs} = 1"), 1),
            false => format!("{RUN}[{section}]\n{theirs} = 1\n"),
        };
        let error = RunConfig::parse(&text, "run.toml", Path::new("/runs")).unwrap_err().whole();
        let expected = format!("{section}.{theirs}: unknown key; did you mean {ours}?");
        assert!(error.contains(&expected), "{error}");
    }
    let error = refused("[eval]", "[lora]\nr = 1\n[eval]");
    assert!(error.contains("lora: unknown key; did you mean adapter?"), "{error}");
}

#[test]
fn keys_that_have_no_place_here_say_why_and_suggest_nothing() {
    for (theirs, reason) in [
        ("packing", "datasets are always packed"),
        ("sample_packing", "datasets are always packed"),
        ("optim", "AdamW is the only optimizer"),
        ("bf16", "training is in float32"),
        ("logging_steps", "every step is logged"),
    ] {
        let error = refused("epochs = 4", &format!("{theirs} = 4"));
        assert!(error.contains(&format!("train.{theirs}: unknown key: {reason}; known keys: ")), "{error}");
        assert!(!error.contains("did you mean"), "{error}");
    }
}

#[test]
fn a_key_that_is_like_another_by_chance_suggests_nothing() {
    for chance in ["lx", "package", "evil_strips", "k"] {
        let error = refused("epochs = 4", &format!("{chance} = 4"));
        assert!(error.contains(&format!("train.{chance}: unknown key; known keys: ")), "{error}");
    }
}

#[test]
fn refused_values_name_the_key_the_value_and_the_rule() {
    for (from, to, expected) in [
        (
            "learning_rate = 0.05",
            "learning_rate = nan",
            "run.toml:11:17: train.learning_rate: NaN is not allowed: expected a number greater than 0 and less than 1",
        ),
        ("learning_rate = 0.05", "learning_rate = inf", "train.learning_rate: infinity is not allowed"),
        (
            "learning_rate = 0.05",
            "learning_rate = true",
            "train.learning_rate: the boolean true has the wrong type: expected a number",
        ),
        ("learning_rate = 0.05", "learning_rate = 1", "train.learning_rate: 1.0 is too large"),
        (
            "learning_rate = 0.05",
            "learning_rate = \"0.1\"",
            "train.learning_rate: \"0.1\" has the wrong type",
        ),
        (
            "batch_size = 2",
            "batch_size = 0",
            "run.toml:8:14: train.batch_size: 0 is too small: expected an integer from 1 to 1024",
        ),
        ("batch_size = 2", "batch_size = 2.0", "train.batch_size: the number 2.0 has the wrong type"),
        ("batch_size = 2", "batch_size = true", "train.batch_size: the boolean true has the wrong type"),
        ("epochs = 4", "epochs = 1001", "train.epochs: 1001 is too large"),
        ("epochs = 4", "epochs = 99999999999999999999", "train.epochs: 99999999999999999999 is too large"),
        ("epochs = 4", "max_minutes = -1", "train.max_minutes: -1.0 is too small"),
        ("seed = 3", "seed = -1", "seed: -1 is too small"),
        (
            "\"cosine\"",
            "\"cosinus\"",
            "train.schedule: \"cosinus\" has the wrong format: expected \"linear\" or \"cosine\" or \"constant\"",
        ),
        ("path = \"base\"", "path = \"\"", "model.path: \"\" is empty"),
        (
            "path = \"base\"",
            "path = \"base\"\nbackend = \"decoder\"",
            "model.backend: \"decoder\" has the wrong format: expected namespace/name",
        ),
        ("path = \"base\"", "path = \"base\"\nruntime = \"wasi\"", "model.runtime: \"wasi\""),
        (
            "dataset = \"data\"",
            "dataset = \"data\"\nmax_seq_length = 8193",
            "data.max_seq_length: 8193 is too large",
        ),
        ("[output]", "[adapter]\ntargets = []\n[output]", "adapter.targets: an empty list is empty"),
        (
            "[output]",
            "[adapter]\ntargets = [3]\n[output]",
            "adapter.targets: the number 3 has the wrong type",
        ),
        (
            "[eval]",
            "gradient_checkpointing = 1\n[eval]",
            "train.gradient_checkpointing: the number 1 has the wrong type: expected true or false",
        ),
    ] {
        let error = refused(from, to);
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn a_long_sequence_needs_a_model_that_has_the_positions() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("base")).unwrap();
    std::fs::write(folder.path().join("base/config.json"), r#"{"max_position_embeddings": 16384}"#).unwrap();
    let long = |length: u64| {
        RUN.replacen("dataset = \"data\"", &format!("dataset = \"data\"\nmax_seq_length = {length}"), 1)
    };
    let parse = |length| RunConfig::parse(&long(length), "run.toml", folder.path());
    assert_eq!(parse(16384).unwrap().data.max_seq_length, Some(16384));
    assert!(parse(16385).unwrap_err().whole().contains("max_position_embeddings, which is 16384"));
}

#[test]
fn missing_and_contradicting_keys_tell_what_to_write() {
    let error = refused("path = \"base\"\n", "");
    assert!(error.contains("model.path: missing; name a folder with config.json"), "{error}");
    assert!(refused("dataset = \"data\"\n", "").contains("data.dataset or data.tokens: missing"));
    let error = refused("dataset = \"data\"", "dataset = \"data\"\ntokens = \"t\"");
    assert!(error.starts_with("run.toml:7:10: data.tokens and data.dataset exclude each other"), "{error}");
    assert!(refused("[output]\ndir = \"out\"\n", "").contains("output.dir: missing"));
}

#[test]
fn the_best_weights_are_kept_by_default_where_training_may_end_early() {
    let kept = |eval: &str| {
        let text = RUN.replacen("every_steps = 4", eval, 1);
        RunConfig::parse(&text, "run.toml", Path::new("/runs")).unwrap().eval.restore_best
    };
    assert!(!kept("every_steps = 4"));
    assert!(kept("every_steps = 4\nearly_stopping_patience = 3"));
    assert!(!kept("every_steps = 4\nearly_stopping_patience = 3\nrestore_best = false"));
    assert!(kept("restore_best = true"));
    let error = refused("every_steps = 4", "restore_best = 1");
    assert!(
        error.contains("eval.restore_best: the number 1 has the wrong type: expected true or false"),
        "{error}"
    );
}

#[test]
fn keys_of_evaluation_are_refused_where_nothing_is_held_out() {
    let tape = |eval: &str| {
        let text = RUN.replacen("dataset =", "tokens =", 1).replacen("every_steps = 4", eval, 1);
        RunConfig::parse(&text, "run.toml", Path::new("/runs")).map_err(|error| error.whole())
    };
    for (eval, place, key) in [
        ("restore_best = true", "15:16", "restore_best"),
        ("early_stopping_patience = 4", "15:27", "early_stopping_patience"),
        ("every_steps = 4\nearly_stopping_patience = 4", "16:27", "early_stopping_patience"),
    ] {
        let error = tape(eval).unwrap_err();
        let expected = format!(
            "run.toml:{place}: eval.{key} and data.tokens exclude each other; nothing of a list of token ids"
        );
        assert!(error.starts_with(&expected), "{error}");
    }
    assert!(!tape("restore_best = false").unwrap().eval.restore_best);
    // These only say how to look at what is held out, and a warning tells that there is nothing.
    assert!(tape("every_steps = 4\nmax_batches = 4").is_ok());
}

#[test]
fn a_path_that_only_a_shell_understands_is_refused() {
    for (from, to, said) in [
        ("path = \"base\"", "path = \"~/base\"", "run.toml:4:8: model.path: \"~/base\" starts with ~"),
        ("dir = \"out\"", "dir = \"~\"", "output.dir: \"~\" starts with ~"),
    ] {
        let error = refused(from, to);
        assert!(error.contains(said) && error.ends_with("; write the whole path"), "{error}");
    }
    // A folder may have such a name.
    let text = RUN.replace("dir = \"out\"", "dir = \"~old/~\"");
    let config = RunConfig::parse(&text, "run.toml", Path::new("/runs")).unwrap();
    assert_eq!(config.output.dir, Path::new("/runs/~old/~"));
}

#[test]
fn a_patience_is_refused_where_no_evaluation_could_end_training() {
    let error = refused("every_steps = 4", "early_stopping_patience = 3");
    assert!(error.starts_with("run.toml:15:27: eval.every_steps: missing; without evaluations"), "{error}");
    assert!(error.ends_with("every_steps = 50, or leave eval.early_stopping_patience out"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_unicode_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Path::new(std::ffi::OsStr::from_bytes(b"/r\xffns"));
    let parse = |text: &str| RunConfig::parse(text, "run.toml", folder).map_err(|error| error.whole());
    let error = parse(RUN).unwrap_err();
    assert!(
        error.starts_with("run.toml:4:8: model.path: \"/r\\xFFns/base\" is not Unicode; rename"),
        "{error}"
    );
    let paths = |text: &str| {
        ["base", "data", "out", "init"].iter().fold(text.to_owned(), |text, name| {
            text.replacen(&format!("= \"{name}\""), &format!("= \"/runs/{name}\""), 1)
        })
    };
    let all = format!("{RUN}[adapter]\ninit = \"init\"\n");
    assert!(parse(&paths(&all)).is_ok());
    for key in ["data.dataset", "output.dir", "adapter.init"] {
        let name = match key {
            "data.dataset" => "data",
            "output.dir" => "out",
            _ => "init",
        };
        let error = parse(&paths(&all).replacen(&format!("/runs/{name}"), name, 1)).unwrap_err();
        assert!(error.contains(&format!("{key}: \"/r\\xFFns/{name}\" is not Unicode")), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn configurations_with_paths_that_are_no_unicode_differ_as_others_do() {
    use std::os::unix::ffi::OsStrExt;
    let config = |seed: u64, path: &[u8]| {
        let mut config = RunConfig::parse(RUN, "run.toml", Path::new("/runs")).unwrap();
        (config.seed, config.output.dir) = (seed, std::ffi::OsStr::from_bytes(path).into());
        config
    };
    let one = config(1, b"/b\xff");
    assert_eq!(one.fixed(), config(1, b"/b\xff").fixed());
    for other in [config(2, b"/b\xff"), config(1, b"/b\xfe"), config(1, b"/b")] {
        assert_ne!(one.fixed(), other.fixed());
    }
}

#[test]
fn a_run_goes_on_where_its_inputs_have_moved_and_not_with_another_setting() {
    let text = format!("{RUN}[adapter]\ninit = \"init\"\n");
    let at = |text: &str, folder| RunConfig::parse(text, "run.toml", Path::new(folder)).unwrap().fixed();
    assert_eq!(at(&text, "/runs"), at(&text, "/elsewhere"));
    assert_ne!(at(&text, "/runs"), at(&text.replacen("every_steps = 4", "every_steps = 5", 1), "/runs"));
    assert_ne!(at(&text, "/runs"), at(RUN, "/runs"), "an adapter is more than a place");
}

#[test]
fn text_that_is_no_toml_is_refused_with_its_place() {
    let error = refused("seed = 3", "seed = = 3");
    assert!(error.starts_with("run.toml:2:") && error.contains("not valid TOML"), "{error}");
    let error = RunConfig::load(Path::new("/no/such/run.toml")).unwrap_err().whole();
    assert!(error.starts_with("run file /no/such/run.toml: No such file"), "{error}");
}

#[test]
fn what_a_configuration_fixes_does_not_depend_on_the_order_of_its_keys() {
    let parse = |text: &str| RunConfig::parse(text, "run.toml", Path::new("/runs")).unwrap();
    let reordered = RUN.replacen(
        "batch_size = 2\ngradient_accumulation = 3",
        "gradient_accumulation = 3\nbatch_size = 2",
        1,
    );
    assert_eq!(parse(RUN).fixed(), parse(&reordered).fixed());
    assert_ne!(parse(RUN).fixed(), parse(&RUN.replacen("seed = 3", "seed = 4", 1)).fixed());
    let restoring = RUN.replacen("every_steps = 4", "every_steps = 4\nrestore_best = true", 1);
    assert_ne!(parse(RUN).fixed(), parse(&restoring).fixed());
}
