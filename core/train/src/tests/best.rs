//! `eval.restore_best`: which weights a run delivers.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use super::toy::{Memory, Toy, bits, config, trainer};
use crate::{Event, StopReason, TrainOutcome, TrainSummary, Trainer, checkpoint};

/// Too fast, so that the held-out loss soon rises, and ended when it has done so three times.
const EARLY: [(&str, &str); 6] = [
    ("epochs = 4", "epochs = 900"),
    // 14 micro-batches an epoch, so that every step has two.
    ("batch_size = 2\ngradient_accumulation = 3", "batch_size = 1\ngradient_accumulation = 2"),
    // The rate of a step does not depend on how many there are.
    ("\"cosine\"", "\"constant\""),
    ("learning_rate = 0.05", "learning_rate = 0.3"),
    ("every_steps = 4", "every_steps = 1\nearly_stopping_patience = 3"),
    ("every_steps = 3", "every_steps = 1"),
];

const BEST: &str = "best.safetensors";

/// A completed run as it was seen from outside.
struct Seen {
    summary: TrainSummary,
    /// The weights at each evaluation, as bits.
    evaluated: BTreeMap<u64, Vec<u32>>,
    /// The last evaluation with a new best loss.
    best: u64,
    restored: Vec<u64>,
    warnings: Vec<String>,
    /// The model's weights after the run.
    delivered: Vec<u32>,
}

fn watch(mut trainer: Trainer<Toy>, weights: &Toy) -> Seen {
    let (mut evaluated, mut best) = (BTreeMap::new(), 0);
    let (mut restored, mut warnings) = (Vec::new(), Vec::new());
    let outcome = trainer.run(&mut |event: &Event| match event {
        Event::Evaluated { step, best: is_best, .. } => {
            evaluated.insert(*step, weights.bits());
            best = if *is_best { *step } else { best };
        }
        Event::Restored { step, .. } => restored.push(*step),
        Event::Warning(text) => warnings.push(text.clone()),
        _ => {}
    });
    let TrainOutcome::Completed(summary) = outcome.unwrap() else { panic!("interrupted") };
    Seen { summary, evaluated, best, restored, warnings, delivered: trainer.into_model().bits() }
}

/// A model, and another one with the same tensors to look at while a run has the first.
fn twins() -> (Toy, Toy) {
    let toy = Toy::new();
    let twin = Toy { embed: toy.embed.clone(), head: toy.head.clone(), ..Toy::new() };
    (toy, twin)
}

fn whole(folder: &Path, changes: &[(&str, &str)]) -> Seen {
    let (toy, twin) = twins();
    watch(trainer(config(folder, changes), toy, &Memory::default()), &twin)
}

/// Goes on to the end from the newest usable checkpoint, which is that of `step`.
fn resumed(folder: &Path, step: u64) -> Seen {
    let (toy, twin) = twins();
    let mut rest = trainer(config(folder, &EARLY), toy, &Memory::default());
    assert_eq!(rest.resume().unwrap().unwrap().step, step);
    watch(rest, &twin)
}

/// Runs into the step after this one, between its two micro-batches, and gives the folder of the checkpoints.
fn interrupted_after(folder: &Path, step: u64) -> PathBuf {
    let stop = Arc::new(AtomicBool::new(false));
    let toy = Toy { stop: Some((step, 0, stop.clone())), ..Toy::new() };
    let mut part = trainer(config(folder, &EARLY), toy, &Memory::default()).with_stop_flag(stop);
    let outcome = part.run(&mut |_: &Event| {}).unwrap();
    assert!(matches!(outcome, TrainOutcome::Interrupted { step: at, .. } if at == step), "{outcome:?}");
    folder.join("out/checkpoints")
}

fn written(summary: &TrainSummary) -> Vec<u32> {
    let file = summary.output.join("model.safetensors");
    let tensors = candle_core::safetensors::load(file, &candle_core::Device::Cpu).unwrap();
    ["embed", "head"].iter().flat_map(|name| bits(&tensors[*name])).collect()
}

#[test]
fn a_run_that_ends_early_delivers_the_weights_of_its_best_evaluation() {
    let folder = tempfile::tempdir().unwrap();
    let seen = whole(folder.path(), &EARLY);
    assert_eq!(seen.summary.reason, StopReason::EarlyStopping);
    assert!(seen.best > 0 && seen.summary.steps == seen.best + 3, "{:?}", seen.summary);
    assert_eq!(seen.summary.delivered_step, seen.best);
    assert_eq!(seen.restored, [seen.best]);
    assert_eq!(seen.delivered, seen.evaluated[&seen.best]);
    assert_ne!(seen.delivered, seen.evaluated[&seen.summary.steps]);
    assert_eq!(seen.delivered, written(&seen.summary));
    // To go on from, there are the weights of the last step.
    let latest = checkpoint::latest(&folder.path().join("out/checkpoints")).unwrap().checkpoint.unwrap();
    assert_eq!((latest.state.step, latest.state.best_step), (seen.summary.steps, Some(seen.best)));
    let last: Vec<u32> =
        ["embed", "head"].iter().flat_map(|name| bits(&latest.tensors.weights[*name])).collect();
    assert_eq!(last, seen.evaluated[&seen.summary.steps]);
}

#[test]
fn the_last_weights_are_delivered_where_the_run_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let last = ("early_stopping_patience = 3", "early_stopping_patience = 3\nrestore_best = false");
    let seen = whole(folder.path(), &[&EARLY[..], &[last]].concat());
    assert_eq!(seen.summary.reason, StopReason::EarlyStopping);
    assert_eq!((seen.summary.delivered_step, seen.restored.len()), (seen.summary.steps, 0));
    assert_eq!(seen.delivered, seen.evaluated[&seen.summary.steps]);
    assert_ne!(seen.delivered, seen.evaluated[&seen.best]);
    assert_eq!(seen.delivered, written(&seen.summary));
    let latest = checkpoint::latest(&folder.path().join("out/checkpoints")).unwrap().checkpoint.unwrap();
    assert!(latest.tensors.best.is_none() && !latest.path.join(BEST).exists());
}

#[test]
fn a_run_that_makes_all_its_steps_delivers_the_best_weights_too() {
    let folder = tempfile::tempdir().unwrap();
    let best = whole(folder.path(), &EARLY).best;
    let folder = tempfile::tempdir().unwrap();
    let steps = format!("max_steps = {}", best + 1);
    let changes = [("epochs = 900", steps.as_str()), ("early_stopping_patience = 3", "restore_best = true")];
    let seen = whole(folder.path(), &[&EARLY[..], &changes].concat());
    assert_eq!((seen.summary.reason, seen.best), (StopReason::AllSteps, best));
    assert_eq!(seen.delivered, seen.evaluated[&seen.best]);
    assert_eq!(seen.summary.delivered_step, seen.best);
}

#[test]
fn nothing_is_put_back_where_the_last_evaluation_is_the_best() {
    let folder = tempfile::tempdir().unwrap();
    let changes = [("epochs = 4", "epochs = 1"), ("every_steps = 4", "every_steps = 4\nrestore_best = true")];
    let seen = whole(folder.path(), &changes);
    assert_eq!((seen.best, seen.summary.steps, seen.summary.delivered_step), (3, 3, 3));
    assert!(seen.restored.is_empty());
    assert_eq!(seen.delivered, seen.evaluated[&3]);
    assert!(!folder.path().join("out/checkpoints/step-00000003").join(BEST).exists());
}

#[test]
fn a_run_that_is_interrupted_at_or_after_its_best_evaluation_delivers_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path(), &EARLY);
    for after in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let step = expected.best + after;
        let newest = interrupted_after(folder.path(), step).join(checkpoint::folder_name(step));
        assert_eq!(newest.join(BEST).exists(), after > 0, "{after}");
        let seen = resumed(folder.path(), step);
        assert_eq!(seen.summary.steps, expected.summary.steps, "{after}");
        assert_eq!(seen.summary.delivered_step, expected.best, "{after}");
        assert_eq!(seen.delivered, expected.delivered, "{after}");
        assert_eq!(seen.delivered, written(&seen.summary), "{after}");
    }
}

#[test]
fn a_run_that_dies_after_its_best_evaluation_delivers_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path(), &EARLY);
    let folder = tempfile::tempdir().unwrap();
    let poisoned = Toy { poison: Some(expected.best + 2), ..Toy::new() };
    let mut dying = trainer(config(folder.path(), &EARLY), poisoned, &Memory::default());
    dying.run(&mut |_: &Event| {}).unwrap_err();
    drop(dying);
    let seen = resumed(folder.path(), expected.best + 2);
    assert_eq!((seen.summary.delivered_step, &seen.delivered), (expected.best, &expected.delivered));
}

#[test]
fn a_completed_run_that_is_resumed_writes_the_same_result_again() {
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path(), &EARLY);
    fs::remove_dir_all(&expected.summary.output).unwrap();
    let seen = resumed(folder.path(), expected.summary.steps);
    assert_eq!(seen.restored, [expected.best]);
    assert_eq!(written(&seen.summary), expected.delivered);
}

#[test]
fn a_checkpoint_with_damaged_best_weights_is_passed_over_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let expected = whole(folder.path(), &EARLY);
    for missing in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let step = expected.best + 1;
        let checkpoints = interrupted_after(folder.path(), step);
        let victim = checkpoints.join(checkpoint::folder_name(step)).join(BEST);
        let cause = if missing {
            fs::remove_file(&victim).unwrap();
            "best.safetensors is missing"
        } else {
            let mut bytes = fs::read(&victim).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(&victim, &bytes).unwrap();
            "best.safetensors was modified"
        };
        let seen = resumed(folder.path(), expected.best);
        assert!(seen.warnings.len() == 1 && seen.warnings[0].contains(cause), "{:?}", seen.warnings);
        assert_eq!(seen.delivered, expected.delivered);
    }
}

#[test]
fn a_checkpoint_with_damaged_best_weights_is_refused_where_it_is_the_only_one() {
    let folder = tempfile::tempdir().unwrap();
    let step = whole(folder.path(), &EARLY).best + 1;
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = interrupted_after(folder.path(), step);
    for (other, path) in checkpoint::list(&checkpoints).unwrap() {
        if other != step {
            fs::remove_dir_all(path).unwrap();
        }
    }
    fs::remove_file(checkpoints.join(checkpoint::folder_name(step)).join(BEST)).unwrap();
    let mut rest = trainer(config(folder.path(), &EARLY), Toy::new(), &Memory::default());
    let error = rest.resume().unwrap_err().to_string();
    assert!(error.contains("best.safetensors is missing"), "{error}");
}

#[test]
fn a_checkpoint_names_no_file_that_only_an_earlier_one_had() {
    let folder = tempfile::tempdir().unwrap();
    whole(folder.path(), &EARLY);
    let latest = checkpoint::latest(&folder.path().join("out/checkpoints")).unwrap().checkpoint.unwrap();
    assert!(latest.state.files.contains_key(BEST));
    let without = checkpoint::Tensors { best: None, ..latest.tensors };
    let path = checkpoint::save(&folder.path().join("again"), latest.state, &without, 1).unwrap();
    assert!(checkpoint::load(&path).unwrap().tensors.best.is_none());
}

#[test]
fn a_run_that_kept_no_best_weights_is_not_resumed_as_one_that_does() {
    let folder = tempfile::tempdir().unwrap();
    let last = ("early_stopping_patience = 3", "early_stopping_patience = 3\nrestore_best = false");
    whole(folder.path(), &[&EARLY[..], &[last]].concat());
    let mut other = trainer(config(folder.path(), &EARLY), Toy::new(), &Memory::default());
    let error = other.resume().unwrap_err().to_string();
    assert!(error.contains("eval.restore_best was false and is now true"), "{error}");
}
