//! What the program promises about being killed and about bad input, from the outside.

mod analyzers;
mod database;
#[path = "../shared/folder.rs"]
mod folder;
mod libraries;
mod place;
mod resume;
mod run_file;
#[path = "../shared/told.rs"]
mod told;
mod training;
