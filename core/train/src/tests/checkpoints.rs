use codetune_validate::Whole;
use std::{
    fs,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use super::toy::{Memory, Toy, config, trainer};
use crate::{CheckpointError, Event, TrainError, TrainOutcome, checkpoint};

/// Final weights, as bits, and the metric rows of an uninterrupted run.
fn uninterrupted(changes: &[(&str, &str)]) -> (Vec<u32>, Memory) {
    let folder = tempfile::tempdir().unwrap();
    let sink = Memory::default();
    let mut whole = trainer(config(folder.path(), changes), Toy::new(), &sink);
    assert!(matches!(whole.run(&mut |_: &Event| {}).unwrap(), TrainOutcome::Completed(_)));
    (whole.into_model().bits(), sink)
}

/// Runs until the flag is set in that pass.
fn run_until(folder: &Path, sink: &Memory, step: u64, micro_step: u64) -> u64 {
    let stop = Arc::new(AtomicBool::new(false));
    let toy = Toy { stop: Some((step, micro_step, stop.clone())), ..Toy::new() };
    let mut part = trainer(config(folder, &[]), toy, sink).with_stop_flag(stop);
    part.resume().unwrap();
    match part.run(&mut |_: &Event| {}).unwrap() {
        TrainOutcome::Interrupted { step, checkpoint } => {
            assert!(checkpoint.join("state.json").is_file());
            step
        }
        other => panic!("{other:?}"),
    }
}

fn finish(folder: &Path, sink: &Memory) -> Vec<u32> {
    let mut rest = trainer(config(folder, &[]), Toy::new(), sink);
    assert_eq!(rest.resume().unwrap().unwrap().run.as_deref(), Some("memory"));
    assert!(matches!(rest.run(&mut |_: &Event| {}).unwrap(), TrainOutcome::Completed(_)));
    let written =
        candle_core::safetensors::load(folder.join("out/model/model.safetensors"), &candle_core::Device::Cpu);
    let bits = rest.into_model().bits();
    let written = written.unwrap();
    let from_file: Vec<u32> =
        ["embed", "head"].iter().flat_map(|name| super::toy::bits(&written[*name])).collect();
    assert_eq!(bits, from_file);
    bits
}

#[test]
fn an_interrupted_and_resumed_run_gives_the_same_bits_and_metrics() {
    let (expected, metrics) = uninterrupted(&[]);
    // In the first and the last micro-batch of a step, in the middle, before a checkpoint and after one.
    for (step, micro_step) in [(0, 0), (0, 1), (2, 0), (3, 0), (4, 1), (7, 2), (11, 0)] {
        let folder = tempfile::tempdir().unwrap();
        let sink = Memory::default();
        let stopped = run_until(folder.path(), &sink, step, micro_step);
        // The flag is seen before the next micro-batch. After a step's last one, and the last step of an epoch has
        // one only, that is when the step is done.
        let done = if micro_step == 2 || step % 3 == 2 { step + 1 } else { step };
        assert_eq!(stopped, done, "{step}.{micro_step}");
        assert_eq!(finish(folder.path(), &sink), expected, "{step}.{micro_step}");
        assert_eq!(sink.reproducible(), metrics.reproducible(), "{step}.{micro_step}");
        assert_eq!(*sink.epochs.lock().unwrap(), *metrics.epochs.lock().unwrap());
    }
}

#[test]
fn several_interruptions_change_nothing_either() {
    let (expected, metrics) = uninterrupted(&[]);
    let folder = tempfile::tempdir().unwrap();
    let sink = Memory::default();
    for (step, micro_step) in [(1, 1), (1, 0), (4, 1), (8, 0)] {
        run_until(folder.path(), &sink, step, micro_step);
    }
    assert_eq!(finish(folder.path(), &sink), expected);
    assert_eq!(sink.reproducible(), metrics.reproducible());
}

#[test]
fn a_run_that_dies_between_checkpoints_goes_on_from_the_last_one() {
    let (expected, metrics) = uninterrupted(&[]);
    let folder = tempfile::tempdir().unwrap();
    let sink = Memory::default();
    // A failure in step 8 leaves the checkpoint of step 6 and metrics up to step 7, as a killed process may.
    let mut dying = trainer(config(folder.path(), &[]), Toy { poison: Some(7), ..Toy::new() }, &sink);
    dying.run(&mut |_: &Event| {}).unwrap_err();
    drop(dying);
    assert_eq!(sink.steps("train_loss").last(), Some(&7));
    assert_eq!(finish(folder.path(), &sink), expected);
    assert_eq!(sink.reproducible(), metrics.reproducible());
}

#[test]
fn a_damaged_checkpoint_is_passed_over_with_a_warning() {
    let (expected, metrics) = uninterrupted(&[]);
    for (file, damage) in
        [("weights.safetensors", "changed"), ("moments.safetensors", "missing"), ("state.json", "cut")]
    {
        let folder = tempfile::tempdir().unwrap();
        let sink = Memory::default();
        run_until(folder.path(), &sink, 7, 1);
        let newest = folder.path().join("out/checkpoints/step-00000007");
        let victim = newest.join(file);
        let mut bytes = fs::read(&victim).unwrap();
        match damage {
            "missing" => fs::remove_file(&victim).unwrap(),
            "cut" => fs::write(&victim, &bytes[..bytes.len() / 2]).unwrap(),
            _ => {
                *bytes.last_mut().unwrap() ^= 1;
                fs::write(&victim, &bytes).unwrap();
            }
        }
        // What a process that was killed while it wrote leaves behind.
        fs::create_dir(folder.path().join("out/checkpoints/.unfinished-x")).unwrap();
        let mut rest = trainer(config(folder.path(), &[]), Toy::new(), &sink);
        assert_eq!(rest.resume().unwrap().unwrap().step, 6);
        let mut warnings = Vec::new();
        rest.run(&mut |event: &Event| {
            if let Event::Warning(text) = event {
                warnings.push(text.clone())
            }
        })
        .unwrap();
        assert!(warnings.len() == 1 && warnings[0].contains(file), "{warnings:?}");
        assert_eq!(rest.into_model().bits(), expected);
        assert_eq!(sink.reproducible(), metrics.reproducible());
        assert!(!folder.path().join("out/checkpoints/.unfinished-x").exists());
    }
}

#[test]
fn every_byte_of_a_state_counts() {
    let folder = tempfile::tempdir().unwrap();
    run_until(folder.path(), &Memory::default(), 4, 0);
    let newest = folder.path().join("out/checkpoints/step-00000004");
    let file = newest.join("state.json");
    let text = fs::read(&file).unwrap();
    checkpoint::load(&newest).unwrap();
    for place in 0..text.len() {
        let mut changed = text.clone();
        changed[place] ^= 1;
        fs::write(&file, &changed).unwrap();
        assert!(checkpoint::load(&newest).is_err(), "{}", String::from_utf8_lossy(&changed));
    }
    let changed = String::from_utf8(text).unwrap().replacen("\"step\": 4", "\"step\": 5", 1);
    fs::write(&file, changed).unwrap();
    let error = checkpoint::load(&newest).unwrap_err().whole();
    assert!(error.contains("step-00000004: state.json was modified; delete that folder"), "{error}");
}

#[test]
fn a_checkpoint_in_the_folder_of_another_step_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    run_until(folder.path(), &Memory::default(), 4, 0);
    let root = folder.path().join("out/checkpoints");
    fs::rename(root.join("step-00000004"), root.join("step-00000009")).unwrap();
    let latest = checkpoint::latest(&root).unwrap();
    assert_eq!(latest.checkpoint.unwrap().state.step, 3);
    let error = latest.passed_over[0].to_string();
    assert!(error.contains("step-00000009: state.json belongs to step 4, not to this directory"), "{error}");
}

#[test]
fn a_checkpoint_of_an_earlier_format_is_refused_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    run_until(folder.path(), &Memory::default(), 4, 0);
    let newest = folder.path().join("out/checkpoints/step-00000004");
    let file = newest.join("state.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("\"format\": 6", "\"format\": 5", 1)).unwrap();
    let error = checkpoint::load(&newest).unwrap_err().whole();
    assert!(error.contains("format 5, this build reads format 6; resume with the version"), "{error}");
}

#[test]
fn two_runs_do_not_share_an_output_folder() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Memory::default();
    let new = || trainer(config(folder.path(), &[]), Toy::new(), &sink);
    let mut first = new();
    first.claim_output().unwrap();
    let refused = |error: TrainError| {
        assert!(matches!(&error, TrainError::OutputLocked { .. }), "{error}");
        assert!(error.whole().contains("out is in use by another run; wait for its end"), "{error}");
    };
    refused(new().claim_output().unwrap_err());
    refused(new().run(&mut |_: &Event| {}).unwrap_err());
    first.run(&mut |_: &Event| {}).unwrap();
    refused(new().resume().unwrap_err());
    drop(first);
    assert!(matches!(new().claim_output(), Err(TrainError::OutputInUse { .. })));
    assert_eq!(new().resume().unwrap().unwrap().step, 12);
}

#[test]
fn a_folder_in_the_place_of_the_result_is_never_replaced_by_a_new_run() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = folder.path().join("out/model/theirs.py");
    fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    fs::write(&theirs, "mine").unwrap();
    let sink = Memory::default();
    let error = trainer(config(folder.path(), &[]), Toy::new(), &sink).run(&mut |_: &Event| {}).unwrap_err();
    assert!(matches!(error, TrainError::OutputExists { .. }), "{error}");
    assert!(error.whole().contains("out/model is there already and would be replaced"), "{error}");
    assert_eq!(fs::read(&theirs).unwrap(), b"mine");
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 1, "nothing else was made");
}

#[test]
fn nothing_starts_afresh_where_no_checkpoint_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("out/checkpoints/step-00000001")).unwrap();
    let mut rest = trainer(config(folder.path(), &[]), Toy::new(), &Memory::default());
    let error = rest.resume().unwrap_err().whole();
    assert!(error.contains("step-00000001: state.json is missing"), "{error}");
}

#[test]
fn another_configuration_is_refused_by_its_first_key() {
    let folder = tempfile::tempdir().unwrap();
    run_until(folder.path(), &Memory::default(), 4, 0);
    let changed = [("learning_rate = 0.05", "learning_rate = 0.04"), ("seed = 3", "seed = 4")];
    let mut other = trainer(config(folder.path(), &changed), Toy::new(), &Memory::default());
    let error = other.resume().unwrap_err();
    assert!(
        matches!(&error, TrainError::Checkpoint(CheckpointError::Config { field, .. }) if field == "seed"),
        "{error}"
    );
    assert!(error.whole().contains("seed was 3 and is now 4; resume with"), "{error}");
    let mut other = trainer(config(folder.path(), &changed[..1]), Toy::new(), &Memory::default());
    let error = other.resume().unwrap_err().whole();
    assert!(error.contains("train.learning_rate was 0.05 and is now 0.04"), "{error}");
    let free = [("every_steps = 3", "every_steps = 5\nkeep = 9"), ("seed = 3", "seed = 3\nname = \"again\"")];
    assert!(
        trainer(config(folder.path(), &free), Toy::new(), &Memory::default()).resume().unwrap().is_some()
    );
}

#[test]
fn another_input_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    run_until(folder.path(), &Memory::default(), 4, 0);
    let mut other =
        trainer(config(folder.path(), &[]), Toy::new(), &Memory::default()).with_input("dataset", "abc");
    let error = other.resume().unwrap_err().whole();
    assert!(error.contains("the dataset was not set and is now \"abc\""), "{error}");
}

#[test]
fn a_new_run_does_not_write_over_another() {
    let folder = tempfile::tempdir().unwrap();
    run_until(folder.path(), &Memory::default(), 1, 0);
    let error = trainer(config(folder.path(), &[]), Toy::new(), &Memory::default())
        .run(&mut |_: &Event| {})
        .unwrap_err();
    assert!(error.whole().contains("holds checkpoints already; resume that run"), "{error}");
}

#[test]
fn only_the_newest_checkpoints_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut whole = trainer(config(folder.path(), &[]), Toy::new(), &Memory::default());
    whole.run(&mut |_: &Event| {}).unwrap();
    let steps: Vec<u64> = checkpoint::list(&folder.path().join("out/checkpoints"))
        .unwrap()
        .into_iter()
        .map(|(step, _)| step)
        .collect();
    assert_eq!(steps, [12, 9]);
}

#[test]
fn a_checkpoint_of_no_numbers_is_passed_over_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut run =
        trainer(config(folder.path(), &[]), Toy { poison: Some(7), ..Toy::new() }, &Memory::default());
    run.run(&mut |_: &Event| {}).unwrap_err();
    drop(run);
    let root = folder.path().join("out/checkpoints");
    let newest = checkpoint::list(&root).unwrap().remove(0).1;
    for (file, name) in [("weights.safetensors", "head"), ("moments.safetensors", "v.embed")] {
        let mut whole = checkpoint::load(&newest).unwrap();
        let tensors = if file == "weights.safetensors" {
            &mut whole.tensors.weights
        } else {
            &mut whole.tensors.moments
        };
        let nothing = (&tensors[name] * f64::NAN).unwrap();
        tensors.insert(name.to_owned(), nothing);
        let other = tempfile::tempdir().unwrap();
        let path = checkpoint::save(other.path(), whole.state, &whole.tensors, 9).unwrap();
        let error = checkpoint::load(&path).unwrap_err().whole();
        assert!(
            error.contains(&format!("{file} holds NaN at element 0 of {name}; delete that folder")),
            "{error}"
        );
        let older = checkpoint::list(&root).unwrap().remove(1).1;
        let name = older.file_name().unwrap();
        fs::create_dir(other.path().join(name)).unwrap();
        for entry in fs::read_dir(&older).unwrap().map(Result::unwrap) {
            fs::copy(entry.path(), other.path().join(name).join(entry.file_name())).unwrap();
        }
        let latest = checkpoint::latest(other.path()).unwrap();
        assert_eq!(latest.checkpoint.unwrap().path, other.path().join(name));
        assert_eq!(latest.passed_over.len(), 1);
    }
}
