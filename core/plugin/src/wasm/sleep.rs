//! Sleeps, in a world where time stands still.

use wasmtime::StoreContextMut;
use wasmtime::component::Linker;
use wasmtime_wasi::p2::{Pollable, subscribe};
use wasmtime_wasi::{WasiView, async_trait};

use super::state::State;

/// Has sleeps end at once, since time stands still: WASI's own would sleep by the real clock, where neither
/// a limit of time nor an interrupt reaches them.
///
/// # Errors
/// wasmtime's own, where the interface is not linked.
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

/// A sleep that is over.
struct Over;

#[async_trait]
impl Pollable for Over {
    async fn ready(&mut self) {}
}
