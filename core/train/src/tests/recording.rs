//! Metrics that cannot be recorded, and checkpoints by the clock.

use std::sync::atomic::Ordering;

use super::toy::{Memory, Toy, config, trainer};
use crate::{Event, TrainError, TrainOutcome, checkpoint};

#[test]
fn a_sink_that_refuses_ends_the_run_with_a_checkpoint_that_loses_nothing() {
    let (folder, whole) = (tempfile::tempdir().unwrap(), Memory::default());
    let mut expected = trainer(config(folder.path(), &[]), Toy::new(), &whole);
    expected.run(&mut |_: &Event| {}).unwrap();

    let (folder, sink) = (tempfile::tempdir().unwrap(), Memory::default());
    let mut failing = trainer(config(folder.path(), &[]), Toy::new(), &sink);
    let error = failing.run(&mut |event: &Event| {
        if matches!(event, Event::Step(report) if report.step == 4) {
            sink.full.store(true, Ordering::Relaxed);
        }
    });
    let error = error.unwrap_err();
    assert!(matches!(&error, TrainError::Unrecorded { step: 6, .. }), "{error}");
    let told = error.to_string();
    assert!(told.contains("up to step 6 cannot be recorded") && told.ends_with("the disk is full"), "{told}");
    assert_eq!(sink.steps("train_loss"), [1, 2, 3]);
    drop(failing);

    // Still full: the next part loses nothing either.
    let mut again = trainer(config(folder.path(), &[]), Toy::new(), &sink);
    assert_eq!(again.resume().unwrap().unwrap().step, 6);
    assert!(matches!(again.run(&mut |_: &Event| {}), Err(TrainError::Unrecorded { step: 9, .. })));
    drop(again);

    sink.full.store(false, Ordering::Relaxed);
    let mut rest = trainer(config(folder.path(), &[]), Toy::new(), &sink);
    assert_eq!(rest.resume().unwrap().unwrap().step, 9);
    assert!(matches!(rest.run(&mut |_: &Event| {}).unwrap(), TrainOutcome::Completed(_)));
    assert_eq!(rest.into_model().bits(), expected.into_model().bits());
    assert_eq!(sink.reproducible(), whole.reproducible());
    assert_eq!(*sink.epochs.lock().unwrap(), *whole.epochs.lock().unwrap());
}

#[test]
fn a_run_whose_last_metrics_were_refused_records_them_when_it_is_resumed() {
    let (folder, whole) = (tempfile::tempdir().unwrap(), Memory::default());
    trainer(config(folder.path(), &[]), Toy::new(), &whole).run(&mut |_: &Event| {}).unwrap();
    let last = *whole.steps("train_loss").last().unwrap();

    let (folder, sink) = (tempfile::tempdir().unwrap(), Memory::default());
    let mut failing = trainer(config(folder.path(), &[]), Toy::new(), &sink);
    let ended = failing.run(&mut |event: &Event| {
        if matches!(event, Event::Step(report) if report.step == last) {
            sink.full.store(true, Ordering::Relaxed);
        }
    });
    assert!(matches!(ended, Err(TrainError::Unrecorded { step, .. }) if step == last));
    drop(failing);
    sink.full.store(false, Ordering::Relaxed);
    let mut rest = trainer(config(folder.path(), &[]), Toy::new(), &sink);
    assert_eq!(rest.resume().unwrap().unwrap().step, last);
    assert!(matches!(rest.run(&mut |_: &Event| {}).unwrap(), TrainOutcome::Completed(_)));
    assert_eq!(sink.reproducible(), whole.reproducible());
    assert_eq!(*sink.epochs.lock().unwrap(), *whole.epochs.lock().unwrap());
}

#[test]
fn checkpoints_are_written_after_some_minutes_too() {
    let saved = |changes: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        let mut trainer = trainer(config(folder.path(), changes), Toy::new(), &Memory::default());
        let mut steps = Vec::new();
        trainer
            .run(&mut |event: &Event| {
                if let Event::CheckpointSaved { step, .. } = event {
                    steps.push(*step);
                }
            })
            .unwrap();
        let newest = checkpoint::list(&folder.path().join("out/checkpoints")).unwrap()[0].0;
        assert_eq!(Some(&newest), steps.last());
        steps
    };
    let always = saved(&[("every_steps = 3", "every_minutes = 1e-12")]);
    assert_eq!(always, (0..=*always.last().unwrap()).collect::<Vec<_>>());
    // No step here takes minutes.
    assert_eq!(saved(&[("every_steps = 3", "every_minutes = 1e6")]), [0, *always.last().unwrap()]);
    let both = saved(&[("every_steps = 3", "every_steps = 3\nevery_minutes = 1e6")]);
    assert_eq!(both[..4], [0, 3, 6, 9]);
}
