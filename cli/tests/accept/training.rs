//! Models, adapters, tokenizers and datasets that are missing or damaged.

use codetune_tests::fixture;
use serde_json::Value;

use crate::place::Place;

/// A run of two steps.
pub const RUN: &str = "name = \"first\"
[model]
path = \"model\"
[data]
tokens = \"tokens.json\"
max_seq_length = 16
[adapter]
r = 2
[train]
max_steps = 2
batch_size = 1
warmup_steps = 0
[output]
dir = \"out\"
";

/// A place where a run was finished, whose results are to stay as they are.
pub fn trained() -> Place {
    let place = Place::new();
    place.copy(&fixture("peft/qwen2"), "model");
    place.write("tokens.json", std::fs::read(fixture("peft/qwen2/tokens.json")).unwrap());
    place.write("run.toml", RUN);
    assert_eq!(place.run(&["train", "run.toml", "--json"]).json()["status"], "completed");
    place
}

/// Everything that the database says.
fn runs(place: &Place) -> Value {
    let list = place.run(&["runs", "list", "--json"]).json();
    let shown = place.run(&["runs", "show", "first", "--json"]).json();
    serde_json::json!([list, shown])
}

/// The files, without the database, which is compared by what it says.
fn files(place: &Place) -> impl PartialEq {
    let mut files = place.contents();
    files.retain(|path, _| !path.starts_with(place.path("home")));
    files
}

/// A second run of the same place, with changes; it is refused and leaves everything else as it was.
fn refused(place: &Place, changes: &[(&str, &str)], code: i32, expected: &[&str]) {
    let mut run = RUN.replace("\"first\"", "\"second\"").replace("\"out\"", "\"second\"");
    for (from, to) in changes {
        assert!(run.contains(from), "{from}");
        run = run.replacen(from, to, 1);
    }
    place.write("second.toml", run);
    let before = (files(place), runs(place));
    place.refused(&["train", "second.toml"], code, expected);
    assert!(files(place) == before.0, "files changed: {expected:?}");
    assert_eq!(runs(place), before.1, "{expected:?}");
}

#[test]
fn what_is_missing_is_named() {
    let place = trained();
    place.refused(
        &["train", "third.toml"],
        2,
        &["error: run file third.toml", "help: give the path of a TOML run file"],
    );
    refused(
        &place,
        &[("\"model\"", "\"nowhere\"")],
        2,
        &["nowhere/config.json", "help: give the folder of a model"],
    );
    refused(&place, &[("\"tokens.json\"", "\"none.json\"")], 2, &["none.json", "help: "]);
    let dataset = [("tokens = \"tokens.json\"\nmax_seq_length = 16", "dataset = \"none\"")];
    refused(
        &place,
        &dataset,
        2,
        &["none is not a codetune dataset", "help: give the folder that a dataset build wrote"],
    );
    refused(
        &place,
        &[("r = 2", "init = \"none\"")],
        2,
        &["none/adapter_config.json", "help: give the folder of an adapter"],
    );
    let without = ["generate", "model", "--prompt", "x"];
    place.refused(&without, 2, &["model/tokenizer.json", "help: "]);
    place.write("model/tokenizer.json", "{\"version\": \"1.0\", \"model\": ");
    place.refused(&without, 2, &["model/tokenizer.json", "help: expected a Hugging Face tokenizer.json"]);
    let init = ["model", "init", "--preset", "tiny", "--tokenizer", "model", "-o", "new"];
    place.refused(&init, 2, &["model/tokenizer.json", "help: expected a Hugging Face tokenizer.json"]);
    assert!(!place.path("new").exists());
}

#[test]
fn a_tape_that_is_no_list_of_known_tokens_is_refused() {
    let place = trained();
    let tape = |place: &Place, text: &str, expected: &[&str]| {
        place.write("tape.json", text);
        refused(place, &[("\"tokens.json\"", "\"tape.json\"")], 2, expected);
    };
    tape(&place, "[1, 2", &["tape.json", "a JSON list of token ids"]);
    tape(&place, "[1, true]", &["tape.json", "a JSON list of token ids", "boolean `true`"]);
    tape(
        &place,
        "[1, 2, 384]",
        &["tape.json", "entry 2 is 384", "vocabulary has 384 tokens", "help: use the model's tokenizer"],
    );
    tape(&place, "[1]", &["tape.json", "its length is 1", "help: give at least two"]);
}

#[test]
fn damaged_weights_are_named_wherever_they_are_cut() {
    let place = trained();
    let whole = std::fs::read(place.path("model/model.safetensors")).unwrap();
    for bytes in [0, 4, 100, whole.len() / 2, whole.len() - 1] {
        place.write("model/model.safetensors", &whole[..bytes]);
        let expected = ["model/model.safetensors is damaged", "help: copy or download it again"];
        refused(&place, &[], 2, &expected);
    }
    let mut endless = whole.clone();
    endless[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    place.write("model/model.safetensors", endless);
    refused(&place, &[], 2, &["model/model.safetensors is damaged"]);
    place.write("model/model.safetensors", whole);

    place.copy(&fixture("peft/qwen2/init"), "init");
    place.halve("init/adapter_model.safetensors");
    let expected = ["init/adapter_model.safetensors is damaged", "help: copy or download it again"];
    refused(&place, &[("r = 2", "init = \"init\"")], 2, &expected);
    let generate = ["generate", "model", "--adapter", "init", "--prompt", "x"];
    place.refused(&generate, 2, &expected);
}

#[test]
fn a_model_of_an_unknown_architecture_names_it_and_where_to_look() {
    let place = trained();
    let config = std::fs::read_to_string(place.path("model/config.json")).unwrap();
    let change = |from: &str, to: &str| {
        assert!(config.contains(from), "{from}");
        place.write("model/config.json", config.replace(from, to));
    };
    change("Qwen2ForCausalLM", "MambaForCausalLM");
    let expected = [
        "no training backend knows the architecture MambaForCausalLM",
        "model/config.json",
        "codetune plugin list",
    ];
    refused(&place, &[], 3, &expected);
    change("\"hidden_size\": 64", "\"hidden_size\": true");
    refused(
        &place,
        &[],
        2,
        &["model/config.json", "plugin codetune/decoder refuses it", "`hidden_size` is true"],
    );
    change("\"hidden_size\": 64", "\"hidden_size\": 96");
    refused(&place, &[], 2, &["model/model.safetensors does not fit", "[384, 96] is needed", "help: "]);
    place.write("model/config.json", &config[..config.len() / 2]);
    refused(&place, &[], 2, &["model/config.json", "not JSON", "help: fix it"]);
}

#[test]
fn a_checkpoint_that_was_tampered_with_is_refused_or_passed_over() {
    let place = trained();
    let resume = ["train", "run.toml", "--resume"];
    place.write("out/checkpoints/step-00000002/weights.safetensors", "short");
    // The one before it is whole: the run goes on from there, and says so.
    let ran = place.run(&resume);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.says(&["warning", "step-00000002", "weights.safetensors was modified"]);
    for step in ["step-00000000", "step-00000002"] {
        place.write(&format!("out/checkpoints/{step}/weights.safetensors"), "short");
    }
    let before = (files(&place), runs(&place));
    place.refused(
        &resume,
        4,
        &["step-00000002", "weights.safetensors was modified", "help: delete that folder"],
    );
    assert!(files(&place) == before.0);
    assert_eq!(runs(&place), before.1);
}

#[test]
fn a_second_run_does_not_write_into_the_folder_of_the_first() {
    let place = trained();
    let before = (files(&place), runs(&place));
    let again = ["train", "run.toml"];
    place.refused(&again, 2, &["out/checkpoints holds checkpoints already", "help: resume that run"]);
    assert!(files(&place) == before.0);
    assert_eq!(runs(&place), before.1, "no run was begun");
    let same_name = [&again[..], &["--set", "output.dir='other'"]].concat();
    let expected =
        ["there is already a run named \"first\"", "help: choose another", "codetune runs delete first"];
    place.refused(&same_name, 2, &expected);
    assert!(!place.path("other").exists());
    let deleted = place.run(&["runs", "delete", "first", "--json"]).json();
    assert_eq!(deleted["name"], "first");
    assert!(files(&place) == before.0, "only the record goes");
    assert_eq!(place.run(&same_name).code, Some(0), "the name is free again");
    place.refused(&["runs", "delete", "nothing"], 2, &["there is no run \"nothing\""]);
}

#[test]
fn a_dataset_that_was_tampered_with_is_refused_and_one_in_the_way_is_left_alone() {
    let place = trained();
    for number in 0..8 {
        place.write(&format!("src/m{number}.py"), format!("def f{number}(a):\n    return a * {number}\n"));
    }
    let build = ["dataset", "build", "src", "-o", "data", "--vocab-size", "280", "--seq-length", "32"];
    place.run(&[&build[..], &["--json"]].concat()).json();
    let whole = std::fs::read(place.path("data/train.bin")).unwrap();
    let mut turned = whole.clone();
    turned[whole.len() / 2] ^= 1;
    let dataset = [("tokens = \"tokens.json\"\nmax_seq_length = 16", "dataset = \"data\"")];
    for content in [&whole[..whole.len() / 2], &turned, &[]] {
        place.write("data/train.bin", content);
        let expected = ["data/train.bin is damaged", "help: build the dataset again or restore the file"];
        refused(&place, &dataset, 2, &expected);
        place.refused(&["dataset", "inspect", "data"], 2, &expected);
    }
    let before = files(&place);
    // Told before the source is looked at.
    let over = ["dataset", "build", "nowhere", "-o", "model", "--vocab-size", "280"];
    place.refused(
        &over,
        2,
        &["model is not a codetune dataset", "help: nothing was written, choose another folder"],
    );
    let init = ["model", "init", "--preset", "tiny", "-o", "model"];
    place.refused(&init, 2, &["model", "exists already", "help: give another folder"]);
    assert!(files(&place) == before);
}

#[test]
fn a_folder_with_someones_model_or_tokenizer_is_left_as_it_is() {
    let place = Place::new();
    place.write("src/m.py", "def f(a):\n    return a\n".repeat(20));
    place.write("sharded/config.json", "{}");
    place.write("sharded/model-00001-of-00002.safetensors", "weights");
    place.write("sharded/model.safetensors.index.json", "{}");
    place.write("tokenizer/tokenizer.json", "{}");
    let train = |folder| ["tokenizer", "train", "src", "-o", folder, "--vocab-size", "270"];
    place.run(&[&train("new")[..], &["--json"]].concat()).json();
    let before = files(&place);
    place.refused(&train("tokenizer"), 2, &["tokenizer.json exists already", "help: give another folder"]);
    let init = |folder| ["model", "init", "--preset", "tiny", "--tokenizer", "new", "-o", folder];
    place.refused(&init("sharded"), 2, &["sharded/config.json exists already", "help: give another folder"]);
    place.refused(
        &init("tokenizer"),
        2,
        &["tokenizer.json exists already", "help: choose another directory"],
    );
    let bare = ["model", "init", "--preset", "tiny", "-o", "new"];
    place.refused(&bare, 2, &["tokenizer.json exists already", "help: ", "--tokenizer"]);
    assert!(files(&place) == before);
    // Its own tokenizer is not in a model's way.
    place.run(&[&init("new")[..], &["--json"]].concat()).json();
}
