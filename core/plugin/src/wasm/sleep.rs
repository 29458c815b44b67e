//! Sleeping, with a fixed clock.

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;
use wasmtime_wasi::p2::{Pollable, subscribe};
use wasmtime_wasi::{WasiView, async_trait};

use super::state::State;

/// Makes sleeps return immediately: WASI's own would use the real clock, and neither time limits nor interrupts could
/// end them.
///
/// # Errors
/// wasmtime's implementation, if the interface is not linked.
pub(crate) fn let_no_one_sleep(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut clock = linker.instance("wasi:clocks/monotonic-clock@0.2.12")?;
    for name in ["subscribe-instant", "subscribe-duration"] {
        clock.func_wrap(name, |mut context: StoreContextMut<'_, State>, (_,): (u64,)| {
            let table = context.data_mut().ctx().table;
            let over = table.push(Over)?;
            Ok((subscribe(table, over)?,))
        })?;
    }
    linker.allow_shadowing(false);
    Ok(())
}

/// A finished sleep.
struct Over;

#[async_trait]
impl Pollable for Over {
    async fn ready(&mut self) {}
}
