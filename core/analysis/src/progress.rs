/// How far an analysis is. Told once when the files are known, and then after every few files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnalysisProgress {
    /// Files done: analysed, failed or skipped while loading.
    pub files: usize,
    /// Files that were discovered.
    pub total_files: usize,
    /// Bytes of the files done, as discovered.
    pub bytes: u64,
    /// Bytes of the files that were discovered.
    pub total_bytes: u64,
}
