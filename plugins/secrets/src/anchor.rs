//! The fixed texts that are looked for, and what each may be part of. The build script makes the table of them.

/// Signs of a secret that is neither a key of a known form nor the value of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Of a URL, which may hold a password.
    Url,
    /// A scheme of the header `Authorization`.
    Scheme,
    /// An option of a command, which a password may follow.
    Flag,
    /// Of the name of a data source as drivers of MySQL for Go take it: `user:password@tcp(…)`.
    DataSource,
    /// Of the name of a data source as Oracle's driver for Java takes it: `jdbc:oracle:thin:user/password@…`.
    Oracle,
    /// A call whose third argument is a password.
    Connection,
}

/// The marks as they are spelt.
#[allow(dead_code, reason = "the build script alone needs the texts")]
pub(crate) const MARKS: &[(&str, Mark)] = &[
    ("://", Mark::Url),
    ("Bearer ", Mark::Scheme),
    ("bearer ", Mark::Scheme),
    ("Basic ", Mark::Scheme),
    ("basic ", Mark::Scheme),
    (" -p", Mark::Flag),
    (" -P", Mark::Flag),
    (" -u", Mark::Flag),
    (" -U", Mark::Flag),
    (" -a", Mark::Flag),
    (" -w", Mark::Flag),
    (" --user", Mark::Flag),
    (" --proxy-user", Mark::Flag),
    ("@tcp(", Mark::DataSource),
    ("@unix(", Mark::DataSource),
    ("jdbc:oracle:", Mark::Oracle),
    ("getConnection(", Mark::Connection),
];

/// A text and what it may be part of, each with the length of the text that says so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchor {
    /// What is looked for.
    pub text: &'static str,
    /// Whether ASCII letters match in either case.
    pub any_case: bool,
    /// Keys of these families, by their place in `FAMILIES`.
    pub families: &'static [(usize, usize)],
    /// A name, by the place of its word in `KEYWORDS`.
    pub keyword: Option<(usize, usize)>,
    /// Something marked.
    pub mark: Option<Mark>,
}
