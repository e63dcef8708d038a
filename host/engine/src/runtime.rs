//! wasmtime, set up once: how components are compiled, how many instances there may be, how long
//! a guest runs before it is looked at.

use std::thread;
use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::contract_0_1;
use crate::guest::Guest;

/// How often a running guest is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// No manifest may ask for more memory than this.
pub(crate) const MEMORY_MIB_MAX: u32 = 512;

/// Recursion deeper than this is a trap; the guest threads' stacks are larger.
pub(crate) const WASM_STACK_BYTES: usize = 1 << 20;

/// Core instances of one component: components made from Python have a few dozen.
const CORE_INSTANCES_MAX: u32 = 64;

/// The compiler, and the linker with all that plugins may import.
pub(crate) struct Runtime {
    engine: Engine,
    linker: Linker<Guest>,
}

impl Runtime {
    /// Sets up for so many guests at a time and starts the ticker.
    ///
    /// # Errors
    /// The machine cannot reserve the address space, or has no virtual memory protection.
    pub(crate) fn new(guests: u32) -> wasmtime::Result<Self> {
        let engine = Engine::new(&config(guests))?;
        let linker = contract_0_1::linker(&engine)?;
        start_ticker(&engine)?;
        Ok(Self { engine, linker })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn linker(&self) -> &Linker<Guest> {
        &self.linker
    }

    /// Compiles; seconds for a large component.
    ///
    /// # Errors
    /// The bytes are no component, or use a feature that is switched off.
    pub(crate) fn compile(&self, bytes: &[u8]) -> wasmtime::Result<Component> {
        Component::from_binary(&self.engine, bytes)
    }
}

fn config(guests: u32) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        // A replay on another machine gives the same bits.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .memory_init_cow(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(guests)));
    config
}

fn pool(guests: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(guests)
        .total_core_instances(guests * CORE_INSTANCES_MAX)
        .total_memories(guests * 4)
        .total_tables(guests * CORE_INSTANCES_MAX)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(4)
        .max_tables_per_component(CORE_INSTANCES_MAX)
        .max_component_instance_size(8 << 20)
        .max_core_instance_size(8 << 20)
        .table_elements(200_000)
        .max_memory_size((MEMORY_MIB_MAX as usize) << 20)
        // What a small guest touches stays mapped: resetting it is cheaper than faulting it in anew. Its pages lie behind the
        // stack, a megabyte in: where the kernel can tell which were touched, only those are reset.
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(64 << 10);
    pool
}

fn start_ticker(engine: &Engine) -> wasmtime::Result<()> {
    let engine = engine.weak();
    thread::Builder::new()
        .name("guest-ticker".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        })?;
    Ok(())
}
