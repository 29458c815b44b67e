//! Rebuilds when a migration is added: the compiler itself only notices changes to those it has embedded.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/sqlite");
    println!("cargo:rerun-if-changed=build.rs");
}
