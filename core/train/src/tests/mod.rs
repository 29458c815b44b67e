mod toy;

mod best;
mod branches;
mod checkpoints;
mod extending;
mod loops;
mod recording;
mod run_files;
mod settings;
