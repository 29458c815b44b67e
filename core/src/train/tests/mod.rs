mod toy;

mod best;
mod branches;
mod checkpoints;
mod loops;
mod run_files;
mod settings;
