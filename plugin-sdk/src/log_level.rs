/// The severity of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum LogLevel {
    /// An error.
    Error = 0,
    /// A warning.
    Warn = 1,
    /// Information.
    Info = 2,
    /// Details for the plugin's author.
    Debug = 3,
}
