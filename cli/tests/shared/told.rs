//! What a call printed to stderr, as people read it.

use serde_json::Value;

/// Without the codes of errors, and with an error in JSON as the text that it has without `--json`.
pub fn told(stderr: &str) -> String {
    let mut text = String::new();
    for line in stderr.split_inclusive('\n') {
        if let Some(error) = serde_json::from_str::<Value>(line).ok().filter(|line| line["error"].is_object())
        {
            let error = &error["error"];
            text.push_str(&format!("error: {}\n", error["message"].as_str().unwrap()));
            for cause in error["causes"].as_array().unwrap() {
                text.push_str(&format!("  {}\n", cause.as_str().unwrap()));
            }
            if let Some(help) = error["help"].as_str() {
                text.push_str(&format!("  help: {help}\n"));
            }
        } else if let Some((_, rest)) = line.strip_prefix("error[").and_then(|rest| rest.split_once("]: ")) {
            text.push_str(&format!("error: {rest}"));
        } else {
            text.push_str(line);
        }
    }
    text
}
