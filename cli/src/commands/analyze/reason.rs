/// The code of a reason in words.
pub fn words(code: &str) -> String {
    match code {
        "not-utf8" => "not valid in their encoding".to_owned(),
        "non-utf8-path" => "with a path that is not UTF-8".to_owned(),
        "symlink" => "symbolic link".to_owned(),
        "special" => "pipe or device".to_owned(),
        other => other.replace('-', " "),
    }
}
