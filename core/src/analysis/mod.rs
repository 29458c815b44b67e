//! Running analyzers: batches, cache, findings, attributes, errors as values, SARIF.
