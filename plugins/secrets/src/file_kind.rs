/// How values stand in a file without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// Hardly ever.
    Code,
    /// As words: files for shells and the like.
    Shell,
    /// To the end of the line: files for settings.
    Settings,
}

impl FileKind {
    /// What a file is, by its path.
    pub fn of(path: &str) -> Self {
        const SETTINGS: [&str; 23] = [
            "env",
            "ini",
            "cfg",
            "conf",
            "cnf",
            "config",
            "properties",
            "props",
            "yaml",
            "yml",
            "toml",
            "tfvars",
            "npmrc",
            "pypirc",
            "netrc",
            "s3cfg",
            "boto",
            "gitconfig",
            "ovpn",
            "reg",
            "prefs",
            "service",
            "wgetrc",
        ];
        const SHELL: [&str; 16] = [
            "sh",
            "bash",
            "zsh",
            "ksh",
            "fish",
            "bashrc",
            "zshrc",
            "profile",
            "bash_profile",
            "zprofile",
            "envrc",
            "mk",
            "bat",
            "cmd",
            "dockerfile",
            "containerfile",
        ];
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let ending = name.rsplit('.').next().unwrap_or(&name);
        if name.starts_with("dockerfile")
            || name.starts_with("containerfile")
            || matches!(&*name, "makefile" | "justfile" | "procfile")
            || SHELL.contains(&ending)
        {
            FileKind::Shell
        } else if name.starts_with(".env")
            || matches!(&*name, "credentials" | "_netrc" | "config")
            || SETTINGS.contains(&ending)
        {
            FileKind::Settings
        } else {
            FileKind::Code
        }
    }
}
