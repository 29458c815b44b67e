use codetune_validate::Whole;
use std::sync::{Arc, atomic::AtomicBool};

use codetune_dataset::TokenTape;

use super::toy::{Memory, Rows, Toy, VOCABULARY, config, trainer};
use crate::{Event, StopReason, TrainError, TrainOutcome, TrainSummary, Trainer, checkpoint};

fn complete(trainer: &mut Trainer<Toy>) -> TrainSummary {
    match trainer.run(&mut |_: &Event| {}).unwrap() {
        TrainOutcome::Completed(summary) => summary,
        other => panic!("{other:?}"),
    }
}

#[test]
fn training_lowers_both_losses_and_reports_each_step() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Memory::default();
    let mut events = Vec::new();
    let mut trainer = trainer(config(folder.path(), &[("epochs = 4", "epochs = 30")]), Toy::new(), &sink);
    let outcome = trainer.run(&mut |event: &Event| events.push(event.clone())).unwrap();
    let TrainOutcome::Completed(summary) = outcome else { panic!("{outcome:?}") };
    // 30 epochs of 7 micro-batches in steps of 3, 3 and 1.
    assert_eq!((summary.reason, summary.steps), (StopReason::AllSteps, 90));
    assert!(summary.last_eval_loss.unwrap() < 0.5 * summary.first_eval_loss.unwrap(), "{summary:?}");
    assert_eq!(summary.output, folder.path().join("out/model"));
    assert!(summary.output.join("model.safetensors").is_file());
    assert!(matches!(
        events[0],
        Event::RunStarted { step: 0, total: 90, steps_per_epoch: 3, parameters: 132 }
    ));
    assert!(matches!(events[1], Event::Evaluated { step: 0, best: true, .. }));
    assert!(matches!(events[2], Event::CheckpointSaved { step: 0, .. }));
    assert!(matches!(&events[3], Event::Step(report) if report.step == 1 && report.learning_rate == 0.0));
    assert!(matches!(events.last(), Some(Event::Stopped { step: 90, reason: StopReason::AllSteps })));
    assert_eq!(sink.steps("train_loss"), (1..=90).collect::<Vec<_>>());
    let evaluated = sink.steps("eval_loss");
    assert_eq!((evaluated[0], evaluated[1], *evaluated.last().unwrap()), (0, 4, 90));
    assert_eq!(sink.epochs.lock().unwrap()[..4], [(0, 1), (1, 4), (2, 7), (3, 10)]);
}

#[test]
fn the_cut_into_micro_batches_does_not_change_the_result() {
    let weights = |rows: usize, batch: usize, accumulation: usize| {
        let folder = tempfile::tempdir().unwrap();
        let (batch, accumulation) =
            (format!("batch_size = {batch}"), format!("gradient_accumulation = {accumulation}"));
        let changes = [
            ("batch_size = 2", batch.as_str()),
            ("gradient_accumulation = 3", accumulation.as_str()),
            ("epochs = 4", "epochs = 3"),
            ("every_steps = 4", ""),
        ];
        let config = config(folder.path(), &changes);
        let data = Rows { rows, batch: config.train.batch_size as usize, shuffled: true };
        let mut trainer = Trainer::new(config, Toy { dropout: 0.0, ..Toy::new() }, Box::new(data)).unwrap();
        let summary = complete(&mut trainer);
        let weights = trainer.into_model().bits().into_iter().map(f32::from_bits).collect::<Vec<_>>();
        (summary.steps, summary.tokens, weights)
    };
    // The rows of an epoch make whole steps, or leave some for its last one.
    for rows in [8, 6, 7, 3] {
        let whole = weights(rows, 4, 1);
        assert_eq!(whole.0, 3 * rows.div_ceil(4) as u64);
        for (batch, accumulation) in [(2, 2), (1, 4)] {
            let cut = weights(rows, batch, accumulation);
            assert_eq!((cut.0, cut.1), (whole.0, whole.1), "{rows} rows, {batch} × {accumulation}");
            for (a, b) in whole.2.iter().zip(cut.2) {
                assert!((a - b).abs() < 1e-6, "{a} and {b} of {rows} rows, {batch} × {accumulation}");
            }
        }
    }
}

#[test]
fn whichever_of_steps_and_epochs_ends_first_ends_the_run() {
    for (limits, steps) in [
        ("epochs = 4", 12),
        ("epochs = 4\nmax_steps = 5", 5),
        ("epochs = 1\nmax_steps = 5", 3),
        ("max_steps = 40", 40),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut trainer =
            trainer(config(folder.path(), &[("epochs = 4", limits)]), Toy::new(), &Memory::default());
        assert_eq!(complete(&mut trainer).steps, steps, "{limits}");
    }
}

#[test]
fn training_ends_early_when_the_held_out_loss_no_longer_falls() {
    let folder = tempfile::tempdir().unwrap();
    // Far too fast, so that the held-out loss soon rises.
    let changes = [
        ("epochs = 4", "epochs = 900"),
        ("learning_rate = 0.05", "learning_rate = 0.9"),
        ("every_steps = 4", "every_steps = 1\nearly_stopping_patience = 3"),
    ];
    let sink = Memory::default();
    let mut trainer = trainer(config(folder.path(), &changes), Toy::new(), &sink);
    let summary = complete(&mut trainer);
    assert_eq!(summary.reason, StopReason::EarlyStopping);
    assert!(summary.steps < 2000 && summary.last_eval_loss > summary.best_eval_loss, "{summary:?}");
    assert_eq!(sink.steps("eval_loss"), (0..=summary.steps).collect::<Vec<_>>());
}

#[test]
fn a_time_limit_ends_the_run_at_a_step_border_with_a_result() {
    let folder = tempfile::tempdir().unwrap();
    let changes = [("epochs = 4", "max_steps = 100000000\nmax_minutes = 0.002")];
    let mut trainer = trainer(config(folder.path(), &changes), Toy::new(), &Memory::default());
    let summary = complete(&mut trainer);
    assert_eq!(summary.reason, StopReason::TimeLimit);
    let kept = checkpoint::latest(&folder.path().join("out/checkpoints")).unwrap().checkpoint.unwrap();
    assert_eq!(kept.state.step, summary.steps);
    assert_eq!(kept.state.last_eval_step, Some(summary.steps));
}

#[test]
fn a_cut_gradient_is_refused_before_the_first_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut trainer =
        trainer(config(folder.path(), &[]), Toy { cut: true, ..Toy::new() }, &Memory::default());
    let error = trainer.run(&mut |_: &Event| {}).unwrap_err();
    assert!(matches!(&error, TrainError::Unreached { names } if names == &["embed"]), "{error}");
    let message = error.whole();
    assert!(
        message.starts_with("no gradient reaches embed:") && message.contains("adapter.targets"),
        "{message}"
    );
    drop(trainer);
    assert!(!folder.path().join("out").exists());
}

#[test]
fn keys_of_evaluation_are_refused_before_the_first_step_where_nothing_is_held_out() {
    for (given, key) in [
        ("restore_best = true", "eval.restore_best"),
        ("every_steps = 4\nearly_stopping_patience = 2", "eval.early_stopping_patience"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &[("every_steps = 4", given)]);
        let rows = Rows { rows: 14, batch: 2, shuffled: true };
        let mut trainer = Trainer::new(config, Toy::new(), Box::new(rows)).unwrap();
        let error = trainer.run(&mut |_: &Event| {}).unwrap_err().whole();
        assert!(error.starts_with(&format!("{key} has no effect without held-out data")), "{error}");
        assert!(!folder.path().join("out").exists());
    }
}

#[test]
fn keys_that_only_look_at_held_out_data_are_warned_of_where_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &[("every_steps = 4", "every_steps = 4\nmax_batches = 2")]);
    let rows = Rows { rows: 14, batch: 2, shuffled: true };
    let mut trainer = Trainer::new(config, Toy::new(), Box::new(rows)).unwrap();
    let mut warnings = Vec::new();
    let mut observer = |event: &Event| {
        if let Event::Warning(warning) = event {
            warnings.push(warning.clone());
        }
    };
    trainer.run(&mut observer).unwrap();
    assert!(warnings[0].starts_with("eval.every_steps has no effect"), "{warnings:?}");
    assert!(warnings[1].starts_with("eval.max_batches has no effect"), "{warnings:?}");
}

#[test]
fn a_warm_up_that_the_run_does_not_outlast_is_warned_of() {
    let warnings = |warmup: &str| {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), &[("warmup_steps = 2", warmup), ("epochs = 4", "max_steps = 6")]);
        let mut warnings = Vec::new();
        let mut observer = |event: &Event| {
            if let Event::Warning(warning) = event {
                warnings.push(warning.clone());
            }
        };
        trainer(config, Toy::new(), &Memory::default()).run(&mut observer).unwrap();
        warnings
    };
    let told = warnings("");
    assert!(
        told.len() == 1
            && told[0]
                .starts_with("the warm-up takes 100 steps and the run has 6, so the learning rate never")
            && told[0].ends_with(
                "lower train.warmup_steps, or write for example train.warmup_ratio = 0.1 in its place"
            ),
        "{told:?}"
    );
    assert_eq!(warnings("warmup_steps = 6").len(), 1);
    assert_eq!(warnings("warmup_ratio = 1.0").len(), 1);
    for fitting in ["warmup_steps = 5", "warmup_steps = 0", "warmup_ratio = 0.5"] {
        assert_eq!(warnings(fitting), [""; 0], "{fitting}");
    }
}

#[test]
fn a_first_step_that_is_not_finite_is_not_blamed_on_the_learning_rate() {
    let folder = tempfile::tempdir().unwrap();
    let toy = Toy { poison: Some(0), ..Toy::new() };
    let mut trainer = trainer(config(folder.path(), &[]), toy, &Memory::default());
    let error = trainer.run(&mut |_: &Event| {}).unwrap_err().whole();
    assert!(error.starts_with("step 1: the loss is NaN; nothing was trained yet"), "{error}");
    assert!(!error.contains("learning_rate"), "{error}");
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_and_leaves_the_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Memory::default();
    let mut trainer = trainer(config(folder.path(), &[]), Toy { poison: Some(4), ..Toy::new() }, &sink);
    let error = trainer.run(&mut |_: &Event| {}).unwrap_err().whole();
    assert!(
        error.starts_with("step 5: the loss is NaN;") && error.contains("train.learning_rate"),
        "{error}"
    );
    let steps: Vec<u64> = checkpoint::list(&folder.path().join("out/checkpoints"))
        .unwrap()
        .into_iter()
        .map(|(step, _)| step)
        .collect();
    assert_eq!(steps, [3, 0]);
    assert_eq!(sink.steps("train_loss"), [1, 2, 3, 4]);
    assert!(!folder.path().join("out/model").exists());
}

#[test]
fn an_update_that_makes_no_numbers_takes_no_place_of_a_checkpoint_that_has_some() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), &[("every_steps = 3", "every_steps = 1\nkeep = 1")]);
    // A run file cannot set it. An embedding that no token of the step uses becomes 0 / 0.
    config.train.epsilon = 0.0;
    let mut trainer = trainer(config, Toy::new(), &Memory::default());
    let error = trainer.run(&mut |_: &Event| {}).unwrap_err().whole();
    assert!(
        error.starts_with("step 1: a weight after the update is NaN; nothing was saved after the last"),
        "{error}"
    );
    let checkpoints = checkpoint::list(&folder.path().join("out/checkpoints")).unwrap();
    assert_eq!(checkpoints.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [0]);
}

#[test]
fn a_tape_is_used_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let changes = [
        ("dataset = \"data\"", "tokens = \"tape.json\"\nmax_seq_length = 4"),
        ("epochs = 4", "max_steps = 3"),
        ("gradient_accumulation = 3", "gradient_accumulation = 1"),
        ("every_steps = 4", ""),
    ];
    let config = config(folder.path(), &changes);
    let ids: Vec<u32> = (0..100).map(|id| id * id % VOCABULARY as u32).collect();
    let tape = TokenTape::new(ids.clone(), 2, 4, VOCABULARY, "tape.json").unwrap();
    let mut trainer = Trainer::new(config, Toy { dropout: 0.0, ..Toy::new() }, Box::new(tape)).unwrap();
    let mut losses = Vec::new();
    trainer
        .run(&mut |event: &Event| {
            if let Event::Step(report) = event {
                losses.push((report.loss, report.tokens))
            }
        })
        .unwrap();
    // Rows of 4 tokens have 3 labels each.
    assert_eq!(losses.iter().map(|(_, tokens)| *tokens).collect::<Vec<_>>(), [6, 12, 18]);
    // The learning rate of the first step is 0, so that the second one's loss is that of the untrained model on
    // the next tokens.
    let second = TokenTape::new(ids[8..].to_vec(), 2, 4, VOCABULARY, "rest").unwrap();
    let none = Arc::new(AtomicBool::new(false));
    let untrained = super::super::step::evaluate(&mut Toy::new(), &second, 1, 0, 0, &none).unwrap().unwrap();
    assert!((losses[1].0 - untrained).abs() < 1e-6, "{} is not {untrained}", losses[1].0);
}
