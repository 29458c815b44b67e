//! Differentiable operations over candle: the one place for kernels and their backward passes.
