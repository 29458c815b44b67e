//! Checkpoints in and out, adapters and generation.
