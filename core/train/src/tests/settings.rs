//! Every setting of the loop and the optimizer changes what is trained.

use super::toy::{Memory, Toy, config, trainer};
use crate::{Event, TrainOutcome};

fn weights(changes: &[(&str, &str)]) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let mut trainer = trainer(config(folder.path(), changes), Toy::new(), &Memory::default());
    assert!(matches!(trainer.run(&mut |_: &Event| {}).unwrap(), TrainOutcome::Completed(_)));
    trainer.into_model().bits().into_iter().map(f32::from_bits).collect()
}

#[test]
fn every_setting_changes_the_weights() {
    let unchanged = weights(&[]);
    assert_eq!(unchanged, weights(&[]));
    let settings = [
        ("seed = 3", "seed = 4"),
        ("batch_size = 2", "batch_size = 3"),
        ("gradient_accumulation = 3", "gradient_accumulation = 2"),
        ("epochs = 4", "epochs = 5"),
        ("epochs = 4", "epochs = 4\nmax_steps = 9"),
        ("learning_rate = 0.05", "learning_rate = 0.04"),
        ("warmup_steps = 2", "warmup_steps = 3"),
        ("\"cosine\"", "\"linear\""),
        ("\"cosine\"", "\"constant\""),
        ("[eval]", "weight_decay = 0.1\n[eval]"),
        ("[eval]", "beta1 = 0.8\n[eval]"),
        ("[eval]", "beta2 = 0.9\n[eval]"),
        ("[eval]", "epsilon = 1e-3\n[eval]"),
        ("[eval]", "max_grad_norm = 0.1\n[eval]"),
    ];
    for setting in settings {
        let apart = unchanged.iter().zip(weights(&[setting])).map(|(a, b)| (a - b).abs());
        let apart = apart.fold(0.0, f32::max);
        assert!(apart > 1e-4, "{}: {apart}", setting.1);
    }
}
