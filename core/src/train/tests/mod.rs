mod toy;

mod checkpoints;
mod loops;
mod run_files;
