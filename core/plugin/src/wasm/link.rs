//! The imports that a component may have, linked to the host's services.

use codetune_plugin_sdk as sdk;
use codetune_plugin_sdk::{Op, TensorId};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceType};

use super::contract::{Captures, LogLevel, Reduction, SourceHandle, TensorHandle};
use super::sleep;
use super::state::State;
use crate::manifest::CONTRACT;
use crate::service::SourceBatch;

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
    body: impl FnOnce(&dyn SourceBatch, usize) -> R,
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

    /// Links every operation of the SDK's table.
    macro_rules! link {
        ($($(#[$doc:meta])* $code:literal $variant:ident $function:ident($($operand:ident: $kind:ident),*);)*) => {
            $(instance.func_wrap(
                &stringify!($function).replace('_', "-"),
                |mut context: StoreContextMut<'_, State>, ($($operand,)*): ($(parameter!($kind),)*)| {
                    $(let $operand = given!($kind, $operand);)*
                    run(&mut context, &Op::$variant { $($operand: operand!($kind, $operand)),* })
                },
            )?;)*
        };
    }
    codetune_plugin_sdk::operations!(link);
    Ok(())
}

/// The parameter of an import for an operand of an operation.
macro_rules! parameter {
    (Name) => { String };
    (Tensor) => { Tensor };
    (Tensors) => { Vec<Tensor> };
    (U32) => { u32 };
    (U64) => { u64 };
    (U64s) => { Vec<u64> };
    (OptionU32) => { Option<u32> };
    (Bool) => { bool };
    (Reduction) => { Reduction };
    (F64) => { f64 };
    (F64s) => { Vec<f64> };
}

/// What a parameter stands for.
macro_rules! given {
    (Tensor, $value:ident) => {
        $value.rep()
    };
    (Tensors, $value:ident) => {
        $value.iter().map(Resource::rep).collect::<Vec<TensorId>>()
    };
    (Reduction, $value:ident) => {
        match $value {
            Reduction::Sum => sdk::Reduction::Sum,
            Reduction::Mean => sdk::Reduction::Mean,
        }
    };
    ($kind:ident, $value:ident) => {
        $value
    };
}

/// The operand of the operation, which borrows texts and lists.
macro_rules! operand {
    (Name, $value:ident) => {
        &$value
    };
    (Tensors, $value:ident) => {
        &$value
    };
    (U64s, $value:ident) => {
        &$value
    };
    (F64s, $value:ident) => {
        &$value
    };
    ($kind:ident, $value:ident) => {
        $value
    };
}

use {given, operand, parameter};
