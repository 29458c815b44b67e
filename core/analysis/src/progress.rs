/// The progress of an analysis, reported when the files are known and after every few files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnalysisProgress {
    /// Finished files: analyzed, failed or skipped.
    pub files: usize,
    /// Discovered files.
    pub total_files: usize,
    /// Bytes of the finished files, as discovered.
    pub bytes: u64,
    /// Bytes of the discovered files.
    pub total_bytes: u64,
}
