/// Exports a plugin for all runtimes.
///
/// The manifest is `plugin.toml`, next to the crate's `Cargo.toml`.
///
/// ```text
/// codetune_plugin_sdk::export!(analyzer: Todo);
/// codetune_plugin_sdk::export!(training_backend: Decoder);
/// ```
#[macro_export]
macro_rules! export {
    (analyzer: $plugin:ty) => {
        $crate::__export_native!(
            &const { $crate::__private::analyzer_table::<$plugin>() },
            ::std::ptr::null()
        );
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Exported;
            impl $crate::wasm::AnalyzerPlugin for Exported {
                type Analyzer = $plugin;
                fn instance() -> &'static ::std::sync::Mutex<Option<$plugin>> {
                    static INSTANCE: ::std::sync::Mutex<Option<$plugin>> = ::std::sync::Mutex::new(None);
                    &INSTANCE
                }
            }
    $crate::wasm::analyzer::export!(Exported with_types_in $crate::wasm::analyzer);
        };
    };
    (training_backend: $plugin:ty) => {
        $crate::__export_native!(
            ::std::ptr::null(),
            &const { $crate::__private::backend_table::<$plugin>() }
        );
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Exported;
            impl $crate::wasm::BackendPlugin for Exported {
                type Backend = $plugin;
                fn instance() -> &'static ::std::sync::Mutex<Option<$plugin>> {
                    static INSTANCE: ::std::sync::Mutex<Option<$plugin>> = ::std::sync::Mutex::new(None);
                    &INSTANCE
                }
            }
    $crate::wasm::backend::export!(Exported with_types_in $crate::wasm::backend);
        };
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_native {
    ($analyzer:expr, $backend:expr) => {
        const _: () = {
            const MANIFEST: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/plugin.toml"));

            // The host reads this section without loading the library or instantiating the component.
            #[used]
            #[cfg_attr(target_family = "wasm", unsafe(link_section = "codetune:manifest"))]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__codetune"))]
            #[cfg_attr(
                not(any(target_family = "wasm", target_vendor = "apple")),
                unsafe(link_section = ".codetune")
            )]
            static SECTION: [u8; MANIFEST.len()] = {
                let mut bytes = [0; MANIFEST.len()];
                let mut i = 0;
                while i < bytes.len() {
                    bytes[i] = MANIFEST.as_bytes()[i];
                    i += 1;
                }
                bytes
            };

            #[cfg(not(target_family = "wasm"))]
            #[unsafe(export_name = concat!("codetune_plugin_abi0_", env!("CARGO_CRATE_NAME")))]
            static PLUGIN: $crate::abi::Plugin = $crate::abi::Plugin {
                magic: $crate::abi::MAGIC,
                size: ::std::mem::size_of::<$crate::abi::Plugin>(),
                manifest: $crate::abi::Str::text(MANIFEST),
                analyzer: $analyzer,
                backend: $backend,
            };

            #[cfg(not(target_family = "wasm"))]
            $crate::__private::inventory::submit! {
                $crate::Builtin { plugin: &PLUGIN, manifest: MANIFEST }
            }
        };
    };
}
