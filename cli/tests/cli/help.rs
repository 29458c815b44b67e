use crate::Place;

#[test]
fn every_command_has_help_with_an_example() {
    let place = Place::new();
    for command in [
        "quickstart",
        "plugin list",
        "plugin info",
        "analyze",
        "dataset build",
        "dataset inspect",
        "tokenizer train",
        "model init",
        "train",
        "runs list",
        "runs show",
        "runs delete",
        "generate",
        "completions",
    ] {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let ran = place.run(&arguments);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{command}");
        assert!(ran.out.contains(&format!("  codetune {command}")), "{command}: {}", ran.out);
    }
}

#[test]
fn the_environment_variables_are_in_the_help() {
    let place = Place::new();
    let help = place.command(&["--help"]).env_remove("CODETUNE_CACHE").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for variable in ["CACHE", "HOME", "DATABASE", "MEMORY", "PLUGIN_LIMIT"] {
        assert!(help.contains(&format!("[env: CODETUNE_{variable}]")), "{variable}: {help}");
    }
}

#[test]
fn the_exit_codes_are_in_the_help() {
    let ran = Place::new().run(&["--help"]);
    for line in ["1    findings at or above --fail-on", "130  interrupted; a training run can be resumed"] {
        assert!(ran.out.contains(line), "{}", ran.out);
    }
}

#[test]
fn completions_are_a_script_for_each_shell() {
    for (shell, sign) in
        [("bash", "_codetune()"), ("zsh", "#compdef codetune"), ("fish", "complete -c codetune")]
    {
        let ran = Place::new().run(&["completions", shell]);
        assert_eq!(ran.code, Some(0));
        assert!(ran.out.contains(sign), "{shell}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let place = Place::new();
    let mut command = place.command(&["completions", "bash"]);
    let mut child =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}
