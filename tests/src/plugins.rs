//! The plugins that the build script builds, as components and libraries.

include!(concat!(env!("OUT_DIR"), "/plugins.rs"));
