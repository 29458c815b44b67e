//! Manifests, the registry, the three carriers, limits and the compiled-component cache.
