//! A database that cannot be used is told, left as it is, and never replaced by another.

use crate::place::Place;
use crate::training::{RUN, trained};

const COMMANDS: [&[&str]; 3] = [&["runs", "list"], &["runs", "show", "first"], &["train", "again.toml"]];

/// Every command on this database is refused, and changes no file of the user.
fn refused(place: &Place, expected: &[&str]) {
    place.write("again.toml", RUN.replace("\"out\"", "\"again\""));
    let database = std::fs::read(place.path("runs.db")).unwrap();
    for command in COMMANDS {
        place.refused(&[&["--database", "runs.db"], command].concat(), 4, expected);
        assert!(std::fs::read(place.path("runs.db")).unwrap() == database, "{command:?}");
    }
    assert!(!place.path("again").exists(), "no run was begun without a database");
    assert!(!place.path("home").exists(), "no other database was made instead");
}

const REMEDY: &str = "help: restore it from a backup, or move it aside";

#[test]
fn a_file_of_garbage_is_no_database() {
    let place = trained();
    std::fs::remove_dir_all(place.path("home")).unwrap();
    place.write("runs.db", "this is no database\n".repeat(500));
    refused(&place, &["error: runs.db is damaged or not a SQLite database", "left as it is", REMEDY]);
}

#[test]
fn a_database_cut_in_half_or_scribbled_over_is_damaged() {
    let place = trained();
    let whole = std::fs::read(place.path("home/runs.db")).unwrap();
    std::fs::remove_dir_all(place.path("home")).unwrap();
    place.write("runs.db", &whole[..whole.len() / 2]);
    refused(&place, &["error: runs.db is damaged", REMEDY]);
    let mut scribbled = whole;
    for at in (4096..scribbled.len()).step_by(7) {
        scribbled[at] = 0xA5;
    }
    place.write("runs.db", scribbled);
    refused(&place, &["error: runs.db is damaged", REMEDY]);
}

#[test]
fn the_password_of_another_kind_of_database_is_shown_nowhere() {
    let place = Place::new();
    let before = place.contents();
    for url in [
        "postgres://ann:hunter2@db.example/runs",
        "postgresql://ann:hun:ter2@hunter2/@db.example/runs?password=hunter2",
        "mysql://db.example/runs?user=ann&password=hunter2",
        "postgres:ann:hunter2@db.example/runs",
    ] {
        for more in [&[][..], &["-vv"]] {
            let call = [&["--database", url, "runs", "list"], more].concat();
            let ran = place.refused(
                &call,
                2,
                &["this build stores in SQLite", "give a file's path or sqlite://PATH"],
            );
            let said = ran.out + &ran.err;
            assert!(!said.contains("hunter2") && !said.contains("ter2"), "{url}: {said}");
        }
    }
    assert_eq!(place.contents(), before, "no other database was made instead");
}

#[test]
fn a_database_that_cannot_grow_says_so_in_plain_words() {
    let place = Place::new();
    // Writing beyond the limit is an error then, as on a full disk, and not the end of the process.
    let limit = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let ran = place.start_by(limit, &["runs", "list"]).end_within(std::time::Duration::from_secs(60));
    assert_eq!(ran.code, Some(4), "{ran:?}");
    ran.says(&["error: ", "runs.db", "while opening the store", "help: "]);
    for internal in ["(code", "error returned from", "SQLITE", "sqlx"] {
        assert!(!ran.err.contains(internal), "`{internal}` in {}", ran.err);
    }
    assert!(place.run(&["runs", "list"]).out.contains("no runs found"), "there is room again");
}
