//! Run files, the training loop, schedule, optimizer, checkpoints and exact resume.
