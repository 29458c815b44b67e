use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use codetune_core::plugin::{AnalyzerInstance, BackendInstance, SourceBatch, TensorHost};
use codetune_plugin_sdk::{Op, TensorId};
use codetune_tests::{TestBatch, probes};
use criterion::Criterion;
use serde_json::{Map, json};

use crate::table::Table;

/// How many operations one call of the probing backend makes.
const OPERATIONS: u32 = 1_000;

/// What crossings of the sandbox cost: calls into a component with little or much in and out, and calls from
/// it to a host that does nothing.
pub fn measure(criterion: &mut Criterion, table: &mut Table, folder: &Path) {
    let mut analyze = |figure: &str, goal: u64, findings: u32, batch: Arc<dyn SourceBatch>| {
        let mut instance = analyzer(folder, findings);
        table.time(criterion, figure, Some(Duration::from_nanos(goal)), 1, || {
            let answers = instance.analyze(black_box(&batch)).expect("an answer");
            assert!(
                answers
                    .iter()
                    .all(|answer| answer.as_ref().is_ok_and(|a| a.findings.len() == findings as usize))
            );
        });
    };
    analyze("empty plugin call", 500, 0, TestBatch::of(&[]));
    let text = "let x = 1;\n".repeat((64 << 10) / 11 + 1);
    analyze("64 KiB source in", 3_000, 0, TestBatch::of(&[("a.txt", &text[..64 << 10])]));
    analyze("1,000 findings out", 25_000, 1_000, TestBatch::of(&[("a.txt", "")]));

    let mut backend = backend(folder);
    let goal = Some(Duration::from_nanos(500));
    table.time(criterion, "host tensor operation", goal, OPERATIONS, || {
        black_box(backend.block(OPERATIONS - 1, 1)).expect("a tensor");
    });
    table.time(criterion, "backend call with one named operation", None, 1, || {
        black_box(backend.embed(1)).expect("a tensor");
    });
}

/// The probing analyzer, which answers every file with so many findings.
fn analyzer(folder: &Path, findings: u32) -> Box<dyn AnalyzerInstance> {
    let plugin = probes(folder).ready("tests/probe").expect("the probe is ready");
    let options: Map<_, _> = [("findings".to_owned(), json!(findings))].into_iter().collect();
    plugin.analyzer(&options).expect("an instance")
}

fn backend(folder: &Path) -> Box<dyn BackendInstance> {
    let plugin = probes(folder).ready("tests/probe-backend").expect("the probe is ready");
    plugin.backend("{}", Arc::new(Nothing(AtomicU32::new(2)))).expect("an instance")
}

/// A host whose operations do nothing but number their results.
struct Nothing(AtomicU32);

impl TensorHost for Nothing {
    fn run(&self, _op: &Op<'_>) -> Result<TensorId, String> {
        Ok(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn shape(&self, _tensor: TensorId) -> Option<Vec<u64>> {
        None
    }

    fn release(&self, _tensor: TensorId) {}
}
