//! Architectures whose graph does not lead to every weight in every micro-batch.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use candle_core::{Device, Tensor};
use codetune_model::{Batch, DropoutKey, Model, ModelConfig};
use codetune_plugin::{BackendInstance, CallError, Fault, TensorHost};
use codetune_plugin_sdk::{Initializer, Op, Parameter, Plan, Role, TensorId};

use super::toy::{Rows, VOCABULARY, bits, config};
use crate::{Event, TrainError, TrainOutcome, TrainedModel, Trainer};

const WIDTH: usize = 6;
const ALL: [&str; 4] = ["block0.weight", "block1.weight", "embed.weight", "head.weight"];

#[derive(Clone, Copy)]
enum Kind {
    /// Several rows pass the last block unchanged; one row does not.
    SeveralRowsSkip,
    /// The loss does not look at what comes out of the blocks.
    LossForgets,
}

/// An embedding, a projection in each of two blocks, and a head.
struct Branching {
    host: Arc<dyn TensorHost>,
    plan: Plan,
    kind: Kind,
}

impl Branching {
    fn run(&self, op: Op<'_>) -> Result<TensorId, CallError> {
        self.host.run(&op).map_err(|error| Fault::Invalid(error).of("tests/branching"))
    }
}

impl BackendInstance for Branching {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn embed(&mut self, ids: TensorId) -> Result<TensorId, CallError> {
        self.run(Op::Embedding { name: "embed", ids })
    }

    fn block(&mut self, index: u32, x: TensorId) -> Result<TensorId, CallError> {
        let rows = self.host.shape(x).unwrap()[0];
        match (index, self.kind) {
            (1, Kind::SeveralRowsSkip) if rows > 1 => Ok(x),
            _ => self.run(Op::Linear { name: &format!("block{index}"), x }),
        }
    }

    fn logits(&mut self, x: TensorId) -> Result<TensorId, CallError> {
        self.run(Op::Linear { name: "head", x })
    }

    fn loss(&mut self, x: TensorId, targets: TensorId) -> Result<TensorId, CallError> {
        let seen = match self.kind {
            Kind::SeveralRowsSkip => x,
            Kind::LossForgets => self.embed(targets)?,
        };
        let logits = self.logits(seen)?;
        self.run(Op::CrossEntropy { logits, targets })
    }
}

fn plan() -> Plan {
    let parameter = |name: &str| Parameter {
        name: name.to_owned(),
        shape: vec![if name.starts_with("block") { WIDTH } else { VOCABULARY } as u64, WIDTH as u64],
        role: if name.starts_with("embed") { Role::Embedding } else { Role::Linear },
        initializer: Initializer::Zeros,
    };
    Plan {
        blocks: 2,
        vocabulary: VOCABULARY as u64,
        max_positions: 64,
        parameters: ALL.map(parameter).to_vec(),
        default_targets: Vec::new(),
    }
}

fn model(kind: Kind) -> Model {
    let values = |(place, parameter): (usize, &Parameter)| {
        let shape: Vec<usize> = parameter.shape.iter().map(|&size| size as usize).collect();
        let count = shape.iter().product::<usize>();
        let values: Vec<f32> =
            (0..count).map(|at| ((at * 37 + place * 11) % 19) as f32 / 19.0 - 0.4).collect();
        (parameter.name.clone(), Tensor::from_vec(values, shape, &Device::Cpu).unwrap())
    };
    let weights: BTreeMap<String, Tensor> = plan().parameters.iter().enumerate().map(values).collect();
    let described =
        ModelConfig::parse("config.json".into(), r#"{"architectures": ["Branching"]}"#.to_owned());
    let open = |_: &str, host: Arc<dyn TensorHost>| -> Result<Box<dyn BackendInstance>, CallError> {
        Ok(Box::new(Branching { host, plan: plan(), kind }))
    };
    Model::from_weights(&open, described.unwrap(), weights).unwrap()
}

/// Trains on batches of two rows, the last one of an epoch having one row.
fn trainer(folder: &Path, gradient_checkpointing: bool, accumulation: u64) -> Trainer<TrainedModel> {
    let accumulated =
        format!("gradient_accumulation = {accumulation}\ngradient_checkpointing = {gradient_checkpointing}");
    let changes = [("gradient_accumulation = 3", accumulated.as_str()), ("every_steps = 4", "")];
    let config = config(folder, &changes);
    let model = TrainedModel::new(model(Kind::SeveralRowsSkip), &config).unwrap();
    Trainer::new(config, model, Box::new(Rows { rows: 5, batch: 2, shuffled: false })).unwrap()
}

/// The losses of the steps, and the weights that they end with.
fn trained(gradient_checkpointing: bool) -> (Vec<f64>, Vec<f32>) {
    let folder = tempfile::tempdir().unwrap();
    let mut trainer = trainer(folder.path(), gradient_checkpointing, 3);
    let mut losses = Vec::new();
    let outcome = trainer.run(&mut |event: &Event| {
        if let Event::Step(step) = event {
            losses.push(step.loss);
        }
    });
    assert!(matches!(outcome.unwrap(), TrainOutcome::Completed(_)));
    let model = trainer.into_model().into_model();
    let weights = model.trainable().into_iter().flat_map(|(_, var)| bits(var.as_tensor()));
    (losses, weights.map(f32::from_bits).collect())
}

#[test]
fn a_weight_that_some_micro_batches_pass_by_is_trained_by_the_others() {
    let (plain, recomputed) = (trained(false), trained(true));
    assert_eq!(plain.0.len(), 4);
    for (a, b) in plain.0.iter().zip(&recomputed.0) {
        assert!((a - b).abs() < 1e-6, "{:?} and {:?}", plain.0, recomputed.0);
    }
    for (a, b) in plain.1.iter().zip(&recomputed.1) {
        assert!((a - b).abs() < 1e-5, "{a} and {b}");
    }
}

#[test]
fn a_weight_that_every_micro_batch_of_a_step_passes_by_is_refused() {
    for gradient_checkpointing in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let error = trainer(folder.path(), gradient_checkpointing, 1).run(&mut |_: &Event| {}).unwrap_err();
        assert!(matches!(&error, TrainError::Unreached { names } if names == &["block1.weight"]), "{error}");
    }
}

#[test]
fn recomputed_passes_reach_what_plain_ones_reach() {
    let ids = [1, 2, 3, 4, 5, 6];
    for (kind, rows, expected) in [
        (Kind::SeveralRowsSkip, 1, &ALL[..]),
        (Kind::SeveralRowsSkip, 2, &["block0.weight", "embed.weight", "head.weight"]),
        (Kind::LossForgets, 2, &["embed.weight", "head.weight"]),
    ] {
        let batch = Batch {
            batch: rows,
            seq: ids.len() / rows,
            ids: &ids,
            labels: &[2, 3, 4, 5, 6, 7],
            segments: &[0; 6],
            positions: &[0; 6],
        };
        for recompute in [false, true] {
            let mut model = model(kind);
            model.train_all().unwrap();
            let key = DropoutKey { seed: 0, step: 0, micro_batch: 0 };
            let found = model.gradients(&batch, key, 1.0, recompute).unwrap();
            let reached: Vec<String> = (model.trainable().into_iter().zip(&found.gradients))
                .filter_map(|((name, _), gradient)| gradient.as_ref().map(|_| name))
                .collect();
            assert_eq!(reached, expected, "{recompute}");
        }
    }
}
