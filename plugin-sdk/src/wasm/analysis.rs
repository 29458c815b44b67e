use std::sync::{Mutex, PoisonError};

use crate::{Analyzer, Captures, Error, Report, Setup, Severity, Source, Value};

/// Bindings of the world `analyzer`.
#[allow(missing_docs, clippy::all)]
pub mod analyzer {
    wit_bindgen::generate!({
        path: "wit",
        world: "analyzer",
        pub_export_macro: true,
        export_macro_name: "export",
    });
}

use analyzer::codetune::plugin::sources::Source as HostSource;
use analyzer::exports::codetune::plugin::analysis as wit;

/// A type that stands for an author's analyzer and its one instance.
pub trait AnalyzerPlugin: 'static {
    /// The author's analyzer.
    type Analyzer: Analyzer;

    /// Where the component keeps its one instance. A component has one thread: the lock is never contended.
    fn instance() -> &'static Mutex<Option<Self::Analyzer>>;
}

impl<P: AnalyzerPlugin> wit::Guest for P {
    fn configure(setup: wit::Setup) -> Result<(), wit::Error> {
        let setup = Setup { config: setup.config, rules: setup.rules, attributes: setup.attributes };
        let made = setup.analyzer::<P::Analyzer>().map_err(error)?;
        *P::instance().lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        Ok(())
    }

    fn analyze(batch: Vec<HostSource>) -> Vec<Result<wit::Report, wit::Error>> {
        let mut instance = P::instance().lock().unwrap_or_else(PoisonError::into_inner);
        let Some(analyzer) = instance.as_mut() else {
            let error = wit::Error::Failed("analyze was called before configure".into());
            return batch.iter().map(|_| Err(error.clone())).collect();
        };
        batch.iter().map(|source| analyze_one(analyzer, source).map_err(error)).collect()
    }
}

fn analyze_one<A: Analyzer>(analyzer: &mut A, host: &HostSource) -> Result<wit::Report, Error> {
    let query = |pattern: &str| host.query(pattern).map(captures);
    let (path, language) = (|| host.path(), || host.language());
    let source = Source::asking(&path, &language, host.text(), &query);
    let mut found = Report::default();
    analyzer.analyze(&source, &mut found)?;
    Ok(report(found))
}

fn captures(found: analyzer::codetune::plugin::sources::Captures) -> Captures {
    let item = |c: analyzer::codetune::plugin::sources::Capture| crate::Capture {
        pattern: c.pattern,
        name: c.name,
        match_id: c.match_id,
        start: c.start,
        end: c.end,
    };
    Captures { names: found.names, items: found.items.into_iter().map(item).collect() }
}

fn report(found: Report) -> wit::Report {
    let severity = |severity| match severity {
        Severity::Note => wit::Severity::Note,
        Severity::Warning => wit::Severity::Warning,
        Severity::Error => wit::Severity::Error,
    };
    let value = |value| match value {
        Value::Integer(v) => wit::Value::Integer(v),
        Value::Float(v) => wit::Value::Float(v),
        Value::Boolean(v) => wit::Value::Boolean(v),
        Value::Text(v) => wit::Value::Text(v),
    };
    let finding = |f: crate::Finding| wit::Finding {
        rule: f.rule,
        severity: severity(f.severity),
        start: f.start,
        end: f.end,
        message: f.message,
    };
    let edit = |e: crate::Edit| wit::Edit {
        finding: e.finding,
        start: e.start,
        end: e.end,
        replacement: e.replacement,
    };
    let symbol = |s: crate::Symbol| wit::Symbol { name: s.name, start: s.start, end: s.end };
    let attribute =
        |a: crate::Attribute| wit::Attribute { id: a.id, subject: a.subject, value: value(a.value) };
    wit::Report {
        findings: found.findings.into_iter().map(finding).collect(),
        edits: found.edits.into_iter().map(edit).collect(),
        symbols: found.symbols.into_iter().map(symbol).collect(),
        attributes: found.attributes.into_iter().map(attribute).collect(),
        strings: found.strings,
    }
}

fn error(error: Error) -> wit::Error {
    match error {
        Error::InvalidConfig(message) => wit::Error::InvalidConfig(message),
        Error::Refused(message) => wit::Error::Refused(message),
        Error::Failed(message) => wit::Error::Failed(message),
        Error::Cancelled => wit::Error::Cancelled,
    }
}
