mod toy;

mod best;
mod checkpoints;
mod loops;
mod run_files;
