use std::collections::BTreeSet;

use crate::place::Place;
use crate::transcript::shown;
use crate::{assert_matches, names, snapshot};

/// All commands and subcommands, found in the help.
fn commands(place: &Place, command: &str, found: &mut Vec<String>) {
    found.push(command.to_owned());
    let (help, _) = place.shell(&format!("{command} -h"));
    let listed = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
    for line in listed.lines().take_while(|line| !line.is_empty()) {
        // Other lines continue a description.
        let name = line.strip_prefix("  ").and_then(|line| line.split(' ').next());
        if let Some(name) = name.filter(|name| !name.is_empty() && *name != "help") {
            commands(place, &format!("{command} {name}"), found);
        }
    }
}

#[test]
fn every_command_has_help() {
    let place = Place::new();
    let mut found = Vec::new();
    commands(&place, "codetune", &mut found);
    let file = |command: &String| command.replace(' ', "-");
    for command in &found {
        let help = ["-h", "--help"].map(|option| {
            let (printed, code) = place.shell(&format!("COLUMNS=80 {command} {option}"));
            assert_eq!(code, 0, "{command} {option}: {printed}");
            for line in printed.lines() {
                assert!(line.chars().count() <= 80, "{command} {option}: {line}");
            }
            format!("$ {command} {option}\n{}", shown(&printed, code))
        });
        assert_matches(help.join("\n"), &snapshot(&format!("help/{}.txt", file(command))));
    }
    assert!(found.len() > 15, "{found:?}");
    let (commands, files) = (found.iter().map(file).collect::<BTreeSet<_>>(), names("help"));
    assert_eq!(commands.into_iter().collect::<Vec<_>>(), files, "snapshots of commands that do not exist");
}
