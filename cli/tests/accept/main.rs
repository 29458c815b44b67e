//! What the program promises about being killed and about bad input, from the outside.

mod analyzers;
mod database;
mod libraries;
mod place;
mod resume;
mod run_file;
#[path = "../told.rs"]
mod told;
mod training;
