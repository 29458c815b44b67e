//! A run file that is refused: which key, on which line, and what would do.

use crate::place::Place;

/// What replaces a line of [`RUN`], and what the error says in this order.
const REFUSED: &[(&str, &str, &[&str])] = &[
    (
        "learning_rate = 1e-3",
        "learning_rat = 1e-3",
        &[
            "run.toml:15:1: train.learning_rat: unknown key",
            "did you mean train.learning_rate?",
            "help: known keys:",
        ],
    ),
    ("[adapter]", "[adaptor]", &["run.toml:9:2: adaptor: unknown key", "did you mean adapter?"]),
    (
        "seed = 1",
        "batch_size = 1",
        &["run.toml:1:1: batch_size: unknown key", "did you mean train.batch_size?"],
    ),
    (
        "learning_rate = 1e-3",
        "learning_rate = nan",
        &["run.toml:15:17: train.learning_rate: NaN is not allowed", "expected", "greater than 0"],
    ),
    ("learning_rate = 1e-3", "learning_rate = -inf", &["train.learning_rate: -infinity is not allowed"]),
    (
        "learning_rate = 1e-3",
        "learning_rate = true",
        &["run.toml:15:17: train.learning_rate: the boolean true has the wrong type", "expected", "number"],
    ),
    ("learning_rate = 1e-3", "learning_rate = 1", &["train.learning_rate: 1.0 is too large", "less than 1"]),
    ("learning_rate = 1e-3", "learning_rate = 0.0", &["train.learning_rate: 0.0 is too small"]),
    (
        "learning_rate = 1e-3",
        "learning_rate = \"1e-3\"",
        &["train.learning_rate: \"1e-3\" has the wrong type"],
    ),
    (
        "batch_size = 1",
        "batch_size = true",
        &["run.toml:14:14: train.batch_size: the boolean true has the wrong type", "1 to 1024"],
    ),
    ("batch_size = 1", "batch_size = 2000", &["train.batch_size: 2000 is too large", "1 to 1024"]),
    ("batch_size = 1", "batch_size = 1.5", &["train.batch_size: the number 1.5 has the wrong type"]),
    (
        "batch_size = 1",
        "batch_size = 99999999999999999999",
        &["train.batch_size: 99999999999999999999 is too large"],
    ),
    ("max_seq_length = 16", "max_seq_length = 0", &["data.max_seq_length: 0 is too small"]),
    ("max_seq_length = 16", "max_seq_length = 9000", &["data.max_seq_length: 9000 is too large"]),
    ("r = 2", "r = 0", &["adapter.r: 0 is too small"]),
    ("r = 2", "dropout = 1.0", &["adapter.dropout: 1.0 is too large"]),
    ("seed = 1", "name = \"first\\n\"", &["run.toml:1:8: name: \"first\\n\" contains a control character"]),
    ("seed = 1", "seed = -1", &["seed: -1 is too small"]),
    ("seed = 1", "seed = = 1", &["run.toml:1:8: not valid TOML"]),
    ("seed = 1", "seed = 1\nseed = 2", &["run.toml:2:1: not valid TOML: duplicate key"]),
    (
        "[data]",
        "[data]\ndataset = \"data\"",
        &["data.tokens and data.dataset exclude each other", "help: keep the one"],
    ),
    ("path = \"model\"", "", &["model.path: missing", "help: name a folder with config.json"]),
];

const RUN: &str = "seed = 1

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
learning_rate = 1e-3

[output]
dir = \"out\"
";

#[test]
fn what_a_run_file_may_not_say_is_refused_with_key_and_line_before_anything_is_touched() {
    let place = Place::new();
    for (line, instead, expected) in REFUSED {
        assert!(RUN.contains(line), "{line}");
        place.write("run.toml", RUN.replacen(line, instead, 1));
        let before = place.contents();
        place.refused(&["train", "run.toml"], 2, expected);
        assert_eq!(place.contents(), before, "{instead}");
    }
}

#[test]
fn what_the_command_line_sets_is_held_to_the_same_rules() {
    let place = Place::new();
    place.write("run.toml", RUN);
    let before = place.contents();
    for (set, expected) in [
        ("train.learning_rat=1e-3", "did you mean train.learning_rate?"),
        ("train.learning_rate=nan", "train.learning_rate: NaN is not allowed"),
        ("train.learning_rate=true", "train.learning_rate: the boolean true has the wrong type"),
        ("name=\"first\\n\"", "name: \"first\\n\" contains a control character"),
    ] {
        place.refused(&["train", "run.toml", "--set", set], 2, &["run.toml with --set", expected]);
    }
    assert_eq!(place.contents(), before);
}
