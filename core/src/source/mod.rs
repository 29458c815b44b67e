//! Discovering files, languages, decoding and syntax trees, shared by every analyzer.
