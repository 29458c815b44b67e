use std::num::NonZero;
use std::sync::{Arc, OnceLock};

use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::link;
use super::state::State;
use super::tick::TICK;
use crate::limits::Limits;
use crate::load_error::MachineError;

/// How many instances may live at once: one for each of many analyzers on each core, and a few backends.
fn instances() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(cores).unwrap_or(u32::MAX).saturating_mul(16).clamp(256, 4096)
}

/// How many core instances one component may have. Languages whose modules are linked within the component need many:
/// plain Python as componentize-py builds it 14, with NumPy 34. They cost nothing until they are made.
const CORE_INSTANCES: u32 = 128;

/// How many bytes of each memory and table may stay with the process after its instance has ended.
const RESIDENT: usize = 2 << 20;

/// The wasmtime engine that all components share, with the clock that ends overlong calls.
#[derive(Clone)]
pub struct WasmEngine {
    engine: Engine,
    linker: Linker<State>,
}

impl WasmEngine {
    /// The engine of this process, made on first use.
    ///
    /// # Errors
    /// Says why wasmtime cannot run on this machine.
    pub fn shared() -> Result<Arc<Self>, MachineError> {
        static SHARED: OnceLock<Result<Arc<WasmEngine>, MachineError>> = OnceLock::new();
        SHARED.get_or_init(|| Self::new().map(Arc::new)).clone()
    }

    fn new() -> Result<Self, MachineError> {
        // Pooling reserves address space; where that is scarce, instances are made one by one, only slower.
        let engine = Engine::new(&config(true)).or_else(|_| Engine::new(&config(false)));
        let engine = engine.map_err(|error| MachineError::Engine(format!("{error:#}")))?;
        let linker = link::linker(&engine).map_err(|error| MachineError::Services(format!("{error:#}")))?;
        let clock = engine.weak();
        let ticker = move || {
            while let Some(engine) = clock.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        };
        let spawned = std::thread::Builder::new().name("wasm-clock".into()).spawn(ticker);
        spawned.map_err(|error| MachineError::Clock(error.to_string()))?;
        Ok(WasmEngine { engine, linker })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// All that a component may import, made once rather than for each component.
    pub(crate) fn linker(&self) -> &Linker<State> {
        &self.linker
    }
}

fn config(pooling: bool) -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true).concurrency_support(false).epoch_interruption(true);
    // A guest's stack overflow must be a trap well before the host's own stack of a worker thread ends.
    config.max_wasm_stack(512 << 10);
    if pooling {
        let mut pool = PoolingAllocationConfig::default();
        let instances = instances();
        pool.total_component_instances(instances)
            .total_core_instances(instances.saturating_mul(CORE_INSTANCES));
        pool.total_memories(instances).total_tables(instances * 4);
        pool.max_memory_size(usize::try_from(Limits::MOST.memory_mib << 20).unwrap_or(1 << 30));
        pool.table_elements(100_000)
            .max_core_instances_per_component(CORE_INSTANCES)
            .max_memories_per_component(4);
        pool.max_component_instance_size(8 << 20).max_core_instance_size(8 << 20);
        // Where the kernel can tell which pages were written, an instance's place is wiped page by page and kept
        // rather than given back, so that the next instance there need not fault its pages in again.
        if PoolingAllocationConfig::is_pagemap_scan_available() {
            pool.pagemap_scan(Enabled::Yes)
                .linear_memory_keep_resident(RESIDENT)
                .table_keep_resident(RESIDENT);
        }
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

#[cfg(test)]
mod tests {
    use wasmtime::component::Component;

    use super::super::imports::{HEADER, push_section};
    use super::super::state::{State, store};
    use super::*;

    /// A component of so many instances of an empty core module.
    fn of_core_instances(count: u8) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        push_section(&mut bytes, 1, b"\0asm\x01\0\0\0", 0..8);
        let instances = [vec![count], [0, 0, 0].repeat(count.into())].concat();
        push_section(&mut bytes, 2, &instances, 0..instances.len());
        bytes
    }

    #[test]
    fn a_component_may_have_as_many_core_instances_as_python_with_numpy() {
        let engine = WasmEngine::shared().unwrap();
        // Plain Python, Python with NumPy, and room for more.
        for count in [14, 34, 100] {
            let component = Component::new(engine.engine(), of_core_instances(count)).unwrap();
            let instance = engine.linker().instantiate_pre(&component).unwrap();
            let mut store = store(engine.engine(), State::new("a/b", Limits::DEFAULT, Arc::default()));
            instance.instantiate(&mut store).unwrap_or_else(|error| panic!("{count}: {error:#}"));
        }
    }
}
