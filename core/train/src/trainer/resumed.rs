/// The position of a resumed run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// Steps done.
    pub step: u64,
    /// The id of the run in the metric sink.
    pub run: Option<String>,
}
