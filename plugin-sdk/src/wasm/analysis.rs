use std::sync::{Mutex, PoisonError};

use crate::analyzer::{Analyzer, Setup};
use crate::error::Error;
use crate::report::Report;
use crate::source::Source;

/// Bindings of the world `analyzer`, over this SDK's own types: reports are not converted.
#[allow(missing_docs, clippy::all)]
pub mod analyzer {
    wit_bindgen::generate!({
        path: "wit",
        world: "analyzer",
        pub_export_macro: true,
        export_macro_name: "export",
        with: {
            "codetune:plugin/services@0.1.0/log-level": crate::log_level::LogLevel,
            "codetune:plugin/types@0.1.0/error": crate::error::Error,
            "codetune:plugin/types@0.1.0/setup": crate::analyzer::Setup,
            "codetune:plugin/sources@0.1.0/capture": crate::source::Capture,
            "codetune:plugin/sources@0.1.0/captures": crate::source::Captures,
            "codetune:plugin/analysis@0.1.0/severity": crate::report::Severity,
            "codetune:plugin/analysis@0.1.0/finding": crate::report::Finding,
            "codetune:plugin/analysis@0.1.0/edit": crate::report::Edit,
            "codetune:plugin/analysis@0.1.0/symbol": crate::report::Symbol,
            "codetune:plugin/analysis@0.1.0/value": crate::report::Value,
            "codetune:plugin/analysis@0.1.0/attribute": crate::report::Attribute,
            "codetune:plugin/analysis@0.1.0/report": crate::report::Report,
        },
    });
}

use analyzer::codetune::plugin::sources::Source as HostSource;
use analyzer::exports::codetune::plugin::analysis::Guest;

/// Lists of these are passed without conversion, so each must have the layout of its record in `wit/plugin.wit`.
const _: () = {
    use crate::report::{Edit, Symbol};
    use crate::source::Capture;
    use std::mem::offset_of;
    assert!(size_of::<Capture>() == 20 && offset_of!(Capture, name) == 4 && offset_of!(Capture, end) == 16);
    assert!(size_of::<Edit>() == 16 && offset_of!(Edit, start) == 4 && offset_of!(Edit, replacement) == 12);
    assert!(size_of::<Symbol>() == 12 && offset_of!(Symbol, start) == 4 && offset_of!(Symbol, end) == 8);
};

/// The type that connects an author's analyzer to its only instance.
pub trait AnalyzerPlugin: 'static {
    /// The author's analyzer.
    type Analyzer: Analyzer;

    /// The only instance of the component. A component has one thread, so the lock is never contended.
    fn instance() -> &'static Mutex<Option<Self::Analyzer>>;
}

impl<P: AnalyzerPlugin> Guest for P {
    fn configure(setup: Setup) -> Result<(), Error> {
        let made = setup.analyzer::<P::Analyzer>()?;
        *P::instance().lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        Ok(())
    }

    fn analyze(batch: Vec<HostSource>) -> Vec<Result<Report, Error>> {
        let mut instance = P::instance().lock().unwrap_or_else(PoisonError::into_inner);
        let Some(analyzer) = instance.as_mut() else {
            let error = Error::failed("analyze was called before configure");
            return batch.iter().map(|_| Err(error.clone())).collect();
        };
        batch.iter().map(|source| analyze_one(analyzer, source)).collect()
    }
}

fn analyze_one<A: Analyzer>(analyzer: &mut A, host: &HostSource) -> Result<Report, Error> {
    let query = |pattern: &str| host.query(pattern);
    let (path, language) = (|| host.path(), || host.language());
    let source = Source::asking(&path, &language, host.text(), &query);
    let mut found = Report::default();
    analyzer.analyze(&source, &mut found)?;
    Ok(found)
}
