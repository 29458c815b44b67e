//! The imports that a component may have, linked to the host's services.

use codetune_plugin_sdk as sdk;
use codetune_plugin_sdk::{Op, TensorId};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceType};

use super::contract::{Captures, LogLevel, Reduction, SourceHandle, TensorHandle};
use super::sleep;
use super::state::State;
use crate::manifest::CONTRACT;

type Tensor = Resource<TensorHandle>;
type Made = (Result<Tensor, String>,);

/// A linker with everything that any of our worlds imports.
///
/// # Errors
/// wasmtime's own, where two services had one name.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    sleep::let_no_one_sleep(&mut linker)?;
    services(&mut linker)?;
    sources(&mut linker)?;
    tensors(&mut linker)?;
    Ok(linker)
}

/// An interface's full name, with the version of the contract.
pub(crate) fn interface(name: &str) -> String {
    format!("codetune:plugin/{name}@{CONTRACT}")
}

fn services(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut instance = linker.instance(&interface("services"))?;
    instance.func_wrap(
        "log",
        |mut context: StoreContextMut<'_, State>, (level, message): (LogLevel, String)| {
            context.data_mut().log.line(level as u32, &message);
            Ok(())
        },
    )
}

fn sources(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type Source = Resource<SourceHandle>;
    let mut instance = linker.instance(&interface("sources"))?;
    // Sources belong to the batch, so giving a handle back frees nothing.
    instance.resource("source", ResourceType::host::<SourceHandle>(), |_, _| Ok(()))?;
    let path = |context: StoreContextMut<'_, State>, (source,): (Source,)| {
        with_batch(&context, &source, |batch, at| (batch.path(at).to_owned(),))
    };
    instance.func_wrap("[method]source.path", path)?;
    let language = |context: StoreContextMut<'_, State>, (source,): (Source,)| {
        with_batch(&context, &source, |batch, at| (batch.language(at).to_owned(),))
    };
    instance.func_wrap("[method]source.language", language)?;
    let text = |context: StoreContextMut<'_, State>, (source,): (Source,)| {
        with_batch(&context, &source, |batch, at| (batch.text(at),))
    };
    instance.func_wrap("[method]source.text", text)?;
    let query = |mut context: StoreContextMut<'_, State>, (source, pattern): (Source, String)| {
        let found = context.data_mut().serve(|state| match &state.batch {
            Some(batch) => Ok(batch.query(source.rep() as usize, &pattern)),
            None => Err(outside()),
        })??;
        Ok((found.map(Captures::from),))
    };
    instance.func_wrap("[method]source.query", query)
}

fn with_batch<R>(
    context: &StoreContextMut<'_, State>,
    source: &Resource<SourceHandle>,
    body: impl FnOnce(&dyn crate::SourceBatch, usize) -> R,
) -> wasmtime::Result<R> {
    match &context.data().batch {
        Some(batch) if (source.rep() as usize) < batch.len() => Ok(body(&**batch, source.rep() as usize)),
        _ => Err(outside()),
    }
}

/// A source that was kept past its call.
fn outside() -> wasmtime::Error {
    wasmtime::Error::msg("a source was used outside the call that it was given for")
}

/// Runs an operation; its time does not count against the plugin.
fn run(context: &mut StoreContextMut<'_, State>, op: &Op<'_>) -> wasmtime::Result<Made> {
    let made = context.data_mut().serve(|state| match &state.tensors {
        Some(host) => host.run(op),
        None => Err("this plugin has no tensors".to_owned()),
    })?;
    Ok((made.map(Resource::new_own),))
}

fn tensors(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut instance = linker.instance(&interface("tensors"))?;
    instance.resource("tensor", ResourceType::host::<TensorHandle>(), |context, number| {
        if let Some(host) = &context.data().tensors {
            host.release(number);
        }
        Ok(())
    })?;
    let shape = |context: StoreContextMut<'_, State>, (x,): (Tensor,)| {
        let shape = context.data().tensors.as_ref().and_then(|host| host.shape(x.rep()));
        shape.map(|shape| (shape,)).ok_or_else(|| wasmtime::Error::msg("the host has no such tensor"))
    };
    instance.func_wrap("[method]tensor.shape", shape)?;

    /// Links one operation: its name, its parameters, and the operation they make.
    macro_rules! op {
        ($name:literal, ($($arg:ident: $ty:ty),*) => $op:expr) => {
            instance.func_wrap(
                $name,
                |mut context: StoreContextMut<'_, State>, ($($arg,)*): ($($ty,)*)| {
                    run(&mut context, &$op)
                },
            )?;
        };
    }
    op!("embedding", (name: String, ids: Tensor) => Op::Embedding { name: &name, ids: ids.rep() });
    op!("linear", (name: String, x: Tensor) => Op::Linear { name: &name, x: x.rep() });
    op!("rms-norm", (name: String, x: Tensor, epsilon: f64) =>
        Op::RmsNorm { name: &name, x: x.rep(), epsilon });
    op!("layer-norm", (name: String, x: Tensor, epsilon: f64) =>
        Op::LayerNorm { name: &name, x: x.rep(), epsilon });
    op!("rope", (x: Tensor, inverse_frequencies: Vec<f64>) =>
        Op::Rope { x: x.rep(), inverse_frequencies: &inverse_frequencies });
    op!("attention", (q: Tensor, k: Tensor, v: Tensor, slot: u32, scale: f64, window: Option<u32>) =>
        Op::Attention { q: q.rep(), k: k.rep(), v: v.rep(), slot, scale, window });
    op!("swiglu", (gate: Tensor, up: Tensor) => Op::Swiglu { gate: gate.rep(), up: up.rep() });
    op!("silu", (x: Tensor) => Op::Silu { x: x.rep() });
    op!("gelu", (x: Tensor, approximate: bool) => Op::Gelu { x: x.rep(), approximate });
    op!("softmax", (x: Tensor) => Op::Softmax { x: x.rep() });
    op!("add", (a: Tensor, b: Tensor) => Op::Add { a: a.rep(), b: b.rep() });
    op!("mul", (a: Tensor, b: Tensor) => Op::Mul { a: a.rep(), b: b.rep() });
    op!("scale", (x: Tensor, factor: f64) => Op::Scale { x: x.rep(), factor });
    op!("matmul", (a: Tensor, b: Tensor) => Op::Matmul { a: a.rep(), b: b.rep() });
    op!("reshape", (x: Tensor, shape: Vec<u64>) => Op::Reshape { x: x.rep(), shape: &shape });
    op!("transpose", (x: Tensor, a: u32, b: u32) => Op::Transpose { x: x.rep(), a, b });
    op!("split-heads", (x: Tensor, heads: u32) => Op::SplitHeads { x: x.rep(), heads });
    op!("merge-heads", (x: Tensor) => Op::MergeHeads { x: x.rep() });
    op!("slice", (x: Tensor, dimension: u32, start: u64, length: u64) =>
        Op::Slice { x: x.rep(), dimension, start, length });
    op!("reduce", (x: Tensor, kind: Reduction, dimension: u32) => Op::Reduce {
        x: x.rep(),
        kind: match kind {
            Reduction::Sum => sdk::Reduction::Sum,
            Reduction::Mean => sdk::Reduction::Mean,
        },
        dimension,
    });
    op!("cross-entropy", (logits: Tensor, targets: Tensor) =>
        Op::CrossEntropy { logits: logits.rep(), targets: targets.rep() });
    let cat = |mut context: StoreContextMut<'_, State>, (parts, dimension): (Vec<Tensor>, u32)| {
        let parts: Vec<TensorId> = parts.iter().map(Resource::rep).collect();
        run(&mut context, &Op::Cat { parts: &parts, dimension })
    };
    instance.func_wrap("cat", cat)
}
