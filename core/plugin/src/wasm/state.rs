use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use wasmtime::{PoolConcurrencyLimitError, ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{ResourceTable, WasiCtx, WasiCtxView, WasiView};

use super::call::NoThread;
use super::tick::TICK;
use super::world;
use crate::call_error::Fault;
use crate::limits::Limits;
use crate::log::PluginLog;
use crate::service::{SourceBatch, TensorHost};

/// How often, in ticks of the clock, a call that is under way looks whether it should stop.
const LOOK: u64 = 4;

/// How many table elements a component may have: more than any compiler lays out, and far from harmful.
const TABLE_ELEMENTS: usize = 100_000;

/// What belongs to one instance: its services, its limits and the reason why it was stopped.
pub(crate) struct State {
    pub log: PluginLog,
    pub limits: Limits,
    pub batch: Option<Arc<dyn SourceBatch>>,
    pub tensors: Option<Arc<dyn TensorHost>>,
    /// Set by the user, who wants calls to end.
    stop: Arc<AtomicBool>,
    memory: usize,
    cause: Option<Fault>,
    /// How much was on standard error when the last growth of memory was refused, and nothing asked of the host since:
    /// whoever goes on after that has coped with it.
    refused_memory: Option<usize>,
    started: Instant,
    allowed: Duration,
    /// Time of the call under way that the host spent on the plugin's behalf, and what it may spend.
    in_host: Duration,
    allowed_in_host: Duration,
    /// The empty world and its standard error, made when the plugin first asks for them, as few ever do.
    world: Option<(WasiCtx, MemoryOutputPipe)>,
    table: ResourceTable,
}

impl State {
    pub(crate) fn new(plugin: &str, limits: Limits, stop: Arc<AtomicBool>) -> Self {
        State {
            log: PluginLog::new(plugin),
            limits,
            stop,
            batch: None,
            tensors: None,
            memory: 0,
            cause: None,
            refused_memory: None,
            started: Instant::now(),
            allowed: Duration::MAX,
            in_host: Duration::ZERO,
            allowed_in_host: Duration::MAX,
            world: None,
            table: ResourceTable::new(),
        }
    }

    /// Runs a service; its time does not count against the plugin's own.
    ///
    /// # Errors
    /// A trap, where the plugin kept the host busy for too long in this call, or the call should stop.
    pub(crate) fn serve<R>(&mut self, body: impl FnOnce(&mut Self) -> R) -> wasmtime::Result<R> {
        let start = Instant::now();
        self.refused_memory = None;
        let done = body(self);
        self.in_host += start.elapsed();
        if self.stop.load(Ordering::Relaxed) {
            self.cause = Some(Fault::Stopped);
            return Err(wasmtime::Error::msg("the call was stopped"));
        }
        if self.in_host > self.allowed_in_host {
            self.cause = Some(Fault::HostTimedOut(self.allowed_in_host));
            return Err(wasmtime::Error::msg("the host was kept busy for too long"));
        }
        Ok(done)
    }

    /// Why a call failed with `error`: the limit that stopped it where there was one, else the trap.
    pub(crate) fn fault(&mut self, error: &wasmtime::Error) -> Fault {
        if let Some(cause) = self.cause.take() {
            return cause;
        }
        if error.is::<PoolConcurrencyLimitError>() {
            let text = "as many components run at once as this machine is given; analyse with fewer jobs";
            return Fault::Unavailable(text.into());
        }
        if let Some(error) = error.downcast_ref::<NoThread>() {
            return Fault::Unavailable(error.to_string());
        }
        // Of the root alone: the text of the whole chain names functions of the plugin.
        if error.root_cause().to_string().contains("fuel allocated for hostcalls has been exhausted") {
            return Fault::TooMuchOutput { limit_kib: self.limits.output_kib };
        }
        let stderr = self.world.as_ref().map(|(_, stderr)| stderr);
        if let Some(before) = self.refused_memory.take()
            && stderr.is_none_or(|stderr| world::says_out_of_memory_after(stderr, before))
        {
            return Fault::OutOfMemory { limit_mib: self.limits.memory_mib };
        }
        Fault::Trapped(stderr.and_then(world::last_line).unwrap_or_else(|| trap(error)))
    }
}

/// What a trap says: its cause first, then where it was, in a few words.
fn trap(error: &wasmtime::Error) -> String {
    /// The innermost functions are enough to find the place; a whole backtrace buries the cause.
    const FRAMES: usize = 3;
    const NAME_CHARS: usize = 60;
    let cause = match error.downcast_ref::<wasmtime::Trap>() {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    };
    let frames = error.downcast_ref::<wasmtime::WasmBacktrace>().map_or(&[][..], |trace| trace.frames());
    let names = frames.iter().filter_map(|frame| frame.func_name());
    let names: Vec<String> =
        names.take(FRAMES).map(|name| format!("{:#}", rustc_demangle::demangle(name))).collect();
    let names: Vec<String> = names.into_iter().map(|name| name.chars().take(NAME_CHARS).collect()).collect();
    match names.is_empty() {
        true => cause,
        false => format!("{cause}, in {}", names.join(" called by ")),
    }
}

/// Prepares a store for a call that answers for `items` files.
pub(crate) fn begin(store: &mut Store<State>, items: usize) {
    let state = store.data_mut();
    state.started = Instant::now();
    state.in_host = Duration::ZERO;
    state.allowed = state.limits.time_for(items);
    state.allowed_in_host = match state.tensors {
        Some(_) => state.limits.tensor_time(),
        None => state.limits.host_time_for(items),
    };
    state.cause = None;
    state.refused_memory = None;
    let (allowed, output) = (state.allowed, state.limits.output_bytes_for(items));
    state.log.begin(output);
    store.set_hostcall_fuel(output.max(1 << 20));
    store.set_epoch_deadline(ticks(allowed).min(LOOK));
}

/// Makes a store whose calls are limited.
pub(crate) fn store(engine: &wasmtime::Engine, state: State) -> Store<State> {
    let mut store = Store::new(engine, state);
    store.limiter(|state| state);
    store.epoch_deadline_callback(|mut context| {
        let state = context.data_mut();
        if state.stop.load(Ordering::Relaxed) {
            state.cause = Some(Fault::Stopped);
            return Ok(UpdateDeadline::Interrupt);
        }
        let spent = state.started.elapsed().saturating_sub(state.in_host);
        if spent < state.allowed {
            return Ok(UpdateDeadline::Continue(ticks(state.allowed - spent).min(LOOK)));
        }
        state.cause = Some(Fault::TimedOut(state.allowed));
        Ok(UpdateDeadline::Interrupt)
    });
    begin(&mut store, 1);
    store
}

/// At least one tick, and one more since the first may come at once.
fn ticks(time: Duration) -> u64 {
    u64::try_from(time.as_nanos() / TICK.as_nanos()).unwrap_or(u64::MAX / 2) + 1
}

impl ResourceLimiter for State {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(desired.saturating_sub(current));
        if total > self.limits.memory_bytes() {
            let said = self.world.as_ref().map_or(0, |(_, stderr)| stderr.contents().len());
            self.refused_memory = Some(said);
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let (ctx, _) = self.world.get_or_insert_with(world::empty_world);
        WasiCtxView { ctx, table: &mut self.table }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::WasmEngine;

    #[test]
    fn work_of_the_host_has_a_limit_of_its_own() {
        let engine = WasmEngine::shared().unwrap();
        let limits = Limits { time_ms: 1, ..Limits::DEFAULT };
        let mut store = store(engine.engine(), State::new("a/b", limits, Arc::default()));
        begin(&mut store, 1);
        let state = store.data_mut();
        assert_eq!(state.serve(|_| 7).unwrap(), 7);
        let error = state.serve(|_| std::thread::sleep(Duration::from_millis(20))).unwrap_err();
        assert_eq!(state.fault(&error), Fault::HostTimedOut(Duration::from_millis(10)));
    }

    #[test]
    fn a_stop_ends_a_service_however_much_time_it_has_left() {
        let engine = WasmEngine::shared().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let mut store = store(engine.engine(), State::new("a/b", Limits::MOST, Arc::clone(&stop)));
        let state = store.data_mut();
        assert_eq!(state.serve(|_| 7).unwrap(), 7);
        stop.store(true, Ordering::Relaxed);
        let error = state.serve(|_| 7).unwrap_err();
        assert_eq!(state.fault(&error), Fault::Stopped);
    }
}
