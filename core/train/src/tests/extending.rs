//! A run that is done gets more steps.

use codetune_validate::Whole;
use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

use super::toy::{Memory, Toy, config, trainer};
use crate::{CheckpointError, Event, TrainError, TrainOutcome};

/// Whose rate does not depend on how many steps there are, so that a run made longer is one that was as long from the
/// start.
const CONSTANT: (&str, &str) = ("\"cosine\"", "\"constant\"");

/// With steps that end where epochs do.
const WHOLE: (&str, &str) = ("gradient_accumulation = 3", "gradient_accumulation = 1");

/// Without evaluations between the ends, which a longer run has in other places.
const QUIET: (&str, &str) = ("every_steps = 4", "");

fn complete(folder: &Path, length: &str, sink: &Memory, resume: bool) -> (Vec<u32>, Vec<String>, Vec<f64>) {
    let changes = [CONSTANT, WHOLE, QUIET, ("epochs = 4", length)];
    let mut trainer = trainer(config(folder, &changes), Toy::new(), sink);
    assert_eq!(trainer.resume().unwrap().is_some(), resume);
    let (mut warnings, mut rates) = (Vec::new(), Vec::new());
    let outcome = trainer.run(&mut |event: &Event| match event {
        Event::Warning(warning) => warnings.push(warning.clone()),
        Event::Step(report) => rates.push(report.learning_rate),
        _ => {}
    });
    assert!(matches!(outcome.unwrap(), TrainOutcome::Completed(_)));
    (trainer.into_model().bits(), warnings, rates)
}

#[test]
fn a_run_that_is_made_longer_equals_one_that_was_as_long_from_the_start() {
    for (short, long) in [("epochs = 2", "epochs = 4"), ("max_steps = 5", "max_steps = 9")] {
        let whole = (tempfile::tempdir().unwrap(), Memory::default());
        let (expected, ..) = complete(whole.0.path(), long, &whole.1, false);
        let folder = tempfile::tempdir().unwrap();
        let sink = Memory::default();
        let (before, ..) = complete(folder.path(), short, &sink, false);
        let (after, warnings, _) = complete(folder.path(), long, &sink, true);
        assert_ne!(before, expected);
        assert_eq!(after, expected, "{long}");
        assert!(warnings.iter().any(|told| told.contains("extending the run from")), "{warnings:?}");
        // The first run looked at the held-out data when it was done.
        let mut metrics = sink.reproducible();
        metrics.retain(|(key, step), _| *key != "eval_loss" || whole.1.steps("eval_loss").contains(step));
        assert_eq!(metrics, whole.1.reproducible());
        assert_eq!(*sink.epochs.lock().unwrap(), *whole.1.epochs.lock().unwrap());
        let again = trainer(
            config(folder.path(), &[CONSTANT, WHOLE, QUIET, ("epochs = 4", long)]),
            Toy::new(),
            &sink,
        );
        assert_eq!({ again }.resume().unwrap().unwrap().step, whole.1.steps("train_loss").len() as u64);
    }
}

#[test]
fn the_rate_of_a_run_that_is_made_longer_is_that_of_its_new_length() {
    let rates = |folder: &Path, length: &str| {
        let changes = [QUIET, ("\"cosine\"", "\"linear\""), ("epochs = 4", length)];
        let mut trainer = trainer(config(folder, &changes), Toy::new(), &Memory::default());
        trainer.resume().unwrap();
        let mut rates = Vec::new();
        trainer
            .run(&mut |event: &Event| {
                if let Event::Step(report) = event {
                    rates.push(report.learning_rate);
                }
            })
            .unwrap();
        rates
    };
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(rates(folder.path(), "max_steps = 4").len(), 4);
    let whole = rates(tempfile::tempdir().unwrap().path(), "max_steps = 8");
    assert_eq!(rates(folder.path(), "max_steps = 8"), whole[4..]);
}

#[test]
fn a_run_that_is_stopped_while_it_is_made_longer_goes_on_to_the_same_bits() {
    let long = "max_steps = 9";
    let whole = tempfile::tempdir().unwrap();
    let (expected, ..) = complete(whole.path(), long, &Memory::default(), false);
    let folder = tempfile::tempdir().unwrap();
    let sink = Memory::default();
    complete(folder.path(), "max_steps = 4", &sink, false);
    let stop = Arc::new(AtomicBool::new(false));
    let toy = Toy { stop: Some((6, 0, stop.clone())), ..Toy::new() };
    let changes = [CONSTANT, WHOLE, QUIET, ("epochs = 4", long)];
    let mut part = trainer(config(folder.path(), &changes), toy, &sink).with_stop_flag(stop);
    part.resume().unwrap();
    let outcome = part.run(&mut |_: &Event| {}).unwrap();
    assert!(matches!(outcome, TrainOutcome::Interrupted { step: 7, .. }), "{outcome:?}");
    drop(part);
    assert_eq!(complete(folder.path(), long, &sink, true).0, expected);
}

#[test]
fn a_run_that_is_not_done_keeps_its_length_and_one_that_is_gets_no_shorter() {
    let folder = tempfile::tempdir().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let toy = Toy { stop: Some((1, 0, stop.clone())), ..Toy::new() };
    let sink = Memory::default();
    let mut part = trainer(config(folder.path(), &[]), toy, &sink).with_stop_flag(stop);
    part.run(&mut |_: &Event| {}).unwrap();
    drop(part);
    let resumed = |length: &str| {
        let mut other = trainer(config(folder.path(), &[("epochs = 4", length)]), Toy::new(), &sink);
        other.resume()
    };
    let error = resumed("epochs = 5").unwrap_err();
    assert!(matches!(&error, TrainError::Checkpoint(CheckpointError::Unfinished { step: 1, .. })), "{error}");
    let told = error.whole();
    assert!(told.contains("train.epochs was 4 and is now 5, and the run stands at step 1 of"), "{told}");

    let mut rest = trainer(config(folder.path(), &[]), Toy::new(), &sink);
    rest.resume().unwrap();
    assert!(matches!(rest.run(&mut |_: &Event| {}).unwrap(), TrainOutcome::Completed(_)));
    drop(rest);
    let told = resumed("epochs = 3").unwrap_err().whole();
    assert!(told.contains("train.epochs was 4 and is now 3; resume with the configuration"), "{told}");
    assert!(resumed("epochs = 5").is_ok());
}
