//! A run that is killed again and again, at any moment, ends as one that never was.

use std::path::Path;
use std::time::{Duration, Instant};

use codetune_tests::fixture;
use serde_json::Value;

use crate::place::{Place, Ran, Running};

/// Training on a crowded machine; only a run that hangs takes this long.
const PATIENCE: Duration = Duration::from_secs(500);

const TAPE: &str = r#"
seed = 11
[model]
path = "model"
[data]
tokens = "tokens.json"
max_seq_length = 64
[adapter]
r = 4
alpha = 8
dropout = 0.1
targets = "all-linear"
[train]
max_steps = 60
batch_size = 2
gradient_accumulation = 2
learning_rate = 5e-3
warmup_steps = 4
[checkpoint]
every_steps = 5
[output]
dir = "out"
"#;

/// A base model of another system, and tokens for it.
fn tape() -> Place {
    let place = Place::new();
    place.copy(&fixture("peft/qwen2"), "model");
    place.write("tokens.json", std::fs::read(fixture("peft/qwen2/tokens.json")).unwrap());
    place.write("run.toml", TAPE);
    place
}

/// A dataset of a few functions with held-out ones, and a model made for it.
fn dataset() -> Place {
    let place = Place::new();
    for number in 0..12 {
        let text = format!("def f{number}(a, b):\n    total = a * {number} + b\n    return total\n");
        place.write(&format!("src/m{number}.py"), text);
    }
    let shape = r#"{"architectures": ["Qwen2ForCausalLM"], "hidden_size": 32, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 64, "vocab_size": 300,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "tie_word_embeddings": true}"#;
    place.write("config.json", shape);
    let run = TAPE.replace("tokens = \"tokens.json\"\nmax_seq_length = 64", "dataset = \"data\"");
    // So high that the held-out loss rises again.
    let run = run.replace("learning_rate = 5e-3", "learning_rate = 3e-1");
    place.write("run.toml", format!("{run}[eval]\nevery_steps = 7\nrestore_best = true\n"));
    let build = ["dataset", "build", "src", "-o", "data", "--vocab-size", "280", "--seq-length", "32"];
    place.run(&[&build[..], &["--held-out", "0.3", "--json"]].concat()).json();
    place
        .run(&["model", "init", "-o", "model", "--config", "config.json", "--tokenizer", "data", "--json"])
        .json();
    place
}

/// The arguments of a run with a name, which is also its output folder.
fn run<'a>(name: &str, sets: &'a mut Vec<String>, more: &[&'a str]) -> Vec<&'a str> {
    *sets = vec![format!("name='{name}'"), format!("output.dir='{name}'")];
    let mut arguments = vec!["train", "run.toml", "--json"];
    arguments.extend(sets.iter().flat_map(|set| ["--set", set.as_str()]));
    arguments.extend(more);
    arguments
}

fn train(place: &Place, name: &str, more: &[&str]) -> Running {
    let mut sets = Vec::new();
    // What started the tests may ignore signals, as `nohup` does and shells for jobs in the background.
    let heeding = "exec env --default-signal=INT,TERM,HUP \"$0\" \"$@\"";
    place.start_by(heeding, &run(name, &mut sets, more))
}

fn finish(place: &Place, name: &str, more: &[&str]) -> Ran {
    let ran = train(place, name, more).end_within(PATIENCE);
    assert_eq!(ran.json()["status"], "completed", "{ran:?}");
    ran
}

/// The newest step that has a checkpoint.
fn newest(output: &Path) -> Option<u64> {
    let entries = std::fs::read_dir(output.join("checkpoints")).ok()?;
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_prefix("step-")?.parse().ok()).max()
}

/// Waits until a run has a checkpoint of this step or a later one.
fn reaches(running: &mut Running, output: &Path, step: u64) {
    let started = Instant::now();
    while newest(output).is_none_or(|newest| newest < step) {
        assert_eq!(running.child.try_wait().unwrap(), None, "it ended before step {step}");
        assert!(started.elapsed() < PATIENCE, "step {step} never came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Kills a run in the middle of a step after this one.
fn kill_after(place: &Place, mut running: Running, name: &str, step: u64) {
    use std::os::unix::process::ExitStatusExt;
    reaches(&mut running, &place.path(name), step);
    running.child.kill().unwrap();
    let status = running.child.wait().unwrap();
    assert_eq!(status.signal(), Some(9), "it was over before it could be killed: {status}");
    assert!(!place.path(name).join("adapter").exists());
}

/// What the database has of a run: its status, and everything measured but time.
fn recorded(place: &Place, name: &str) -> (Value, Value) {
    let mut shown = place.run(&["runs", "show", name, "--json"]).json();
    let mut metrics = shown["metrics"].take();
    metrics.as_object_mut().unwrap().remove("tokens_per_s").expect("the speed is measured");
    (shown["status"].take(), metrics)
}

fn adapter(place: &Place, name: &str) -> Vec<u8> {
    std::fs::read(place.path(name).join("adapter/adapter_model.safetensors")).unwrap()
}

/// Gives the step of the delivered weights.
fn killed_twice_equals_uninterrupted(place: &Place, held_out: usize) -> u64 {
    let delivered = finish(place, "whole", &[]).json()["summary"]["delivered_step"].take();
    let (status, whole) = recorded(place, "whole");
    assert_eq!(status, "completed");
    assert_eq!(whole["train_loss"].as_array().unwrap().len(), 60);
    assert_eq!(whole.get("eval_loss").map_or(0, |losses| losses.as_array().unwrap().len()), held_out);

    kill_after(place, train(place, "killed", &[]), "killed", 10);
    assert_eq!(recorded(place, "killed").0, "interrupted", "the next command sees that nobody works on it");
    kill_after(place, train(place, "killed", &["--resume"]), "killed", 30);
    finish(place, "killed", &["--resume"]);

    assert!(adapter(place, "killed") == adapter(place, "whole"), "the adapters differ");
    let (status, killed) = recorded(place, "killed");
    assert_eq!((status, killed), (Value::from("completed"), whole));
    let listed = place.run(&["runs", "list", "--json"]).json();
    assert_eq!(listed["runs"].as_array().unwrap().len(), 2, "a resumed run is the same run");
    delivered.as_u64().unwrap()
}

#[test]
fn a_run_on_a_tape_killed_twice_ends_with_the_same_bits_and_metrics() {
    assert_eq!(killed_twice_equals_uninterrupted(&tape(), 0), 60);
}

#[test]
fn a_run_on_a_dataset_killed_twice_ends_with_the_same_bits_and_metrics() {
    // Before the first step, after every seventh, and after the last.
    let delivered = killed_twice_equals_uninterrupted(&dataset(), 10);
    assert!(
        (7..60).contains(&delivered),
        "the best evaluation is neither the first nor the last: {delivered}"
    );
}

#[test]
fn a_second_run_in_the_folder_of_a_running_one_is_refused_until_that_is_killed() {
    let place = tape();
    let mut first = train(&place, "shared", &[]);
    reaches(&mut first, &place.path("shared"), 10);
    let expected =
        ["shared is in use by another run", "help: wait for its end or stop it, or choose another"];
    for more in [&["--resume"][..], &[]] {
        let mut sets = Vec::new();
        place.refused(&run("shared", &mut sets, more), 2, &expected);
    }
    kill_after(&place, first, "shared", 10);
    finish(&place, "shared", &["--resume"]);
}

/// Sends a signal to a run.
fn send(signal: &str, running: &Running) {
    let process = running.child.id().to_string();
    assert!(std::process::Command::new("kill").args([signal, &process]).status().unwrap().success());
}

#[test]
fn a_run_that_is_asked_to_stop_resumes_to_the_same_bits() {
    let place = tape();
    finish(&place, "whole", &[]);
    // Ctrl-C, what schedulers and containers send, and what a terminal sends that closes; the last one twice, as the
    // shell passes it on.
    for (name, signals) in [("int", &["-INT"][..]), ("term", &["-TERM"]), ("hup", &["-HUP", "-HUP"])] {
        let mut running = train(&place, name, &[]);
        reaches(&mut running, &place.path(name), 10);
        signals.iter().for_each(|signal| send(signal, &running));
        let ran = running.end_within(PATIENCE);
        assert_eq!(ran.code, Some(130), "{name}: {ran:?}");
        ran.says(&[
            "was interrupted after step",
            "its checkpoint is ",
            "resume it with: codetune train run.toml",
            "--resume",
        ]);
        let answer: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(answer["status"], "interrupted");
        assert_eq!(newest(&place.path(name)), answer["step"].as_u64(), "the step that it stopped at is kept");
        assert_eq!(recorded(&place, name).0, "interrupted");

        finish(&place, name, &["--resume"]);
        assert!(adapter(&place, name) == adapter(&place, "whole"), "{name}: the adapters differ");
        assert_eq!(recorded(&place, name), recorded(&place, "whole"));
    }
}

#[test]
fn a_run_that_was_started_to_outlive_its_terminal_does() {
    let place = tape();
    // As `nohup` does it.
    let mut running = place.start_by("trap '' HUP; exec \"$0\" \"$@\"", &["train", "run.toml", "--json"]);
    reaches(&mut running, &place.path("out"), 5);
    send("-HUP", &running);
    assert_eq!(running.end_within(PATIENCE).json()["status"], "completed");
}

#[test]
fn a_run_that_was_killed_before_its_first_checkpoint_starts_again_with_its_name() {
    use std::os::unix::process::ExitStatusExt;
    let place = tape();
    // An adapter that is larger than the database.
    let run = TAPE.replace("seed = 11", "seed = 11\nname = \"first\"").replace("r = 4", "r = 64");
    place.write("run.toml", run);
    // The kernel kills a process that writes a file beyond the limit, and that is in its first checkpoint. The database
    // is made before.
    place.write("small.toml", TAPE.replace("60", "1").replace("\"out\"", "\"warm\""));
    place.run(&["train", "small.toml", "--json"]).json();
    let killed = || {
        let limit = "ulimit -c 0; ulimit -f 320; exec \"$0\" \"$@\"";
        let call = ["--runtime", "builtin", "train", "run.toml"];
        let mut running = place.start_by(limit, &call);
        let status = running.child.wait().unwrap();
        assert_eq!(status.signal(), Some(25), "SIGXFSZ: {status}");
        assert_eq!(newest(&place.path("out")), None);
    };
    killed();
    place.run(&["train", "run.toml", "--set", "train.max_steps=2", "--json"]).json();
    std::fs::remove_dir_all(place.path("out")).unwrap();
    place.run(&["runs", "delete", "first"]);
    killed();
    let resumed =
        place.run(&["train", "run.toml", "--set", "train.max_steps=2", "--resume", "--json"]).json();
    let listed = place.run(&["runs", "list", "--json"]).json();
    let runs: Vec<(&Value, &Value)> =
        listed["runs"].as_array().unwrap().iter().map(|run| (&run["name"], &run["status"])).collect();
    let [none, first] = [Value::Null, Value::from("first")];
    let [done, killed] = [Value::from("completed"), Value::from("interrupted")];
    assert_eq!(runs, [(&first, &done), (&none, &killed), (&none, &killed), (&none, &done)]);
    assert_eq!(listed["runs"][0]["id"], resumed["run"]);
    // Where nothing was ever begun, there is nothing to resume.
    let call = ["train", "run.toml", "--resume", "--set", "output.dir='none'"];
    place.refused(&call, 2, &["there is no checkpoint in", "help: leave out --resume to start the run"]);
}

#[test]
fn a_run_that_is_done_gets_more_steps() {
    let place = tape();
    let constant = TAPE.replace("warmup_steps = 4", "warmup_steps = 4\nschedule = \"constant\"");
    place.write("run.toml", constant);
    finish(&place, "whole", &[]);
    finish(&place, "grown", &["--set", "train.max_steps=20"]);
    let refused = ["train.max_steps was 20 and is now 10", "help: resume with the configuration"];
    let mut sets = Vec::new();
    place.refused(&run("grown", &mut sets, &["--resume", "--set", "train.max_steps=10"]), 2, &refused);
    let ran = finish(&place, "grown", &["--resume"]);
    ran.says(&["warning: extending the run from 20 to 60 steps"]);
    assert!(adapter(&place, "grown") == adapter(&place, "whole"), "the adapters differ");
    assert_eq!(recorded(&place, "grown"), recorded(&place, "whole"));
    let shown = place.run(&["runs", "show", "grown", "--json"]).json();
    assert_eq!(shown["config"]["run"]["train"]["max_steps"], 60);
}

#[test]
fn what_was_put_beside_a_result_is_not_lost_and_a_run_keeps_its_name() {
    let place = tape();
    finish(&place, "noted", &["--set", "train.max_steps=10"]);
    let card = "noted/adapter/README.md";
    place.write(card, "what this adapter is for");
    let mut sets = Vec::new();
    let again = ["--resume", "--set", "train.max_steps=15"];
    place.refused(&run("noted", &mut sets, &again), 4, &["README.md in it is none of what is written"]);
    assert_eq!(std::fs::read_to_string(place.path(card)).unwrap(), "what this adapter is for");
    std::fs::rename(place.path(card), place.path("README.md")).unwrap();
    finish(&place, "noted", &again);

    let other = ["train", "run.toml", "--resume", "--set", "name='other'", "--set", "output.dir='noted'"];
    let said =
        ["checkpoints are of run \"noted\", and the run file names \"other\"", "help: give the run file"];
    place.refused(&[&other[..], &["--set", "train.max_steps=15"]].concat(), 2, &said);
}
