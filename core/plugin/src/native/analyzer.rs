use std::ffi::c_void;
use std::sync::Arc;

use codetune_plugin_sdk::abi::{self, Slice, Str};
use codetune_plugin_sdk::{Report, Setup};

use super::host::Service;
use super::instance::Instance;
use super::tables::Tables;
use crate::call_error::{CallError, Fault};
use crate::check::{check_report, fits_output};
use crate::instance::AnalyzerInstance;
use crate::limits::Limits;
use crate::manifest::Manifest;
use crate::service::SourceBatch;

/// An analyzer called over the C ABI.
pub(crate) struct NativeAnalyzer {
    functions: abi::Analyzer,
    instance: Instance,
    limits: Limits,
}

impl NativeAnalyzer {
    /// Makes an instance.
    ///
    /// # Errors
    /// What the plugin says of its configuration.
    pub(crate) fn configure(
        tables: Tables,
        manifest: Arc<Manifest>,
        limits: Limits,
        setup: &Setup,
    ) -> Result<Self, CallError> {
        let plugin = manifest.name.clone();
        let lacking = || Fault::Unavailable("it is not an analyzer".into()).of(&plugin);
        let functions = tables.analyzer.ok_or_else(lacking)?;
        let service = Service::new(&manifest.name, None);
        let texts = |items: &[String]| items.iter().map(|text| Str::text(text)).collect::<Vec<_>>();
        let (rules, attributes) = (texts(&setup.rules), texts(&setup.attributes));
        let setup = abi::Setup {
            config: Str::text(&setup.config),
            rules: Slice::of(&rules),
            attributes: Slice::of(&attributes),
        };
        let mut pointer: *mut c_void = std::ptr::null_mut();
        service.begin_log(limits.output_bytes_for(1));
        // SAFETY: the set-up lives for the call, and the table for as long as the instance.
        let status = unsafe { (functions.configure)(service.table(), &setup, &mut pointer) };
        service.end_log();
        if status != abi::OK || pointer.is_null() {
            let fault = service.state().fault.take();
            return Err(fault.unwrap_or_else(|| Fault::Invalid("made no instance".into())).of(&plugin));
        }
        let instance = Instance { pointer, service, poisoned: false, manifest };
        Ok(NativeAnalyzer { functions, instance, limits })
    }
}

impl AnalyzerInstance for NativeAnalyzer {
    fn analyze(&mut self, batch: &Arc<dyn SourceBatch>) -> Result<Vec<Result<Report, CallError>>, CallError> {
        let Instance { pointer, service, poisoned, manifest } = &mut self.instance;
        let name = &manifest.name;
        if *poisoned {
            return Err(Fault::Unavailable("the instance panicked before".into()).of(name));
        }
        let texts: Vec<Arc<str>> = (0..batch.len()).map(|at| batch.text(at)).collect();
        let source = |at: usize| abi::Source {
            path: Str::text(batch.path(at)),
            language: Str::text(batch.language(at)),
            text: Str::text(&texts[at]),
        };
        let sources: Vec<abi::Source> = (0..texts.len()).map(source).collect();
        {
            let mut state = service.state();
            state.batch = Some(Arc::clone(batch));
            state.reports = (0..batch.len()).map(|_| None).collect();
            state.fault = None;
        }
        service.begin_log(self.limits.output_bytes_for(batch.len()));
        // SAFETY: `configure` made the instance, and the sources live for the call.
        let status = unsafe { (self.functions.analyze)(service.table(), *pointer, Slice::of(&sources)) };
        service.end_log();
        let (answers, fault) = {
            let mut state = service.state();
            state.batch = None;
            (std::mem::take(&mut state.reports), state.fault.take())
        };
        if status != abi::OK || fault.is_some() {
            *poisoned = matches!(fault, Some(Fault::Panicked(_)));
            return Err(fault.unwrap_or_else(|| Fault::Invalid("failed without a reason".into())).of(name));
        }
        let Some(analyzer) = &manifest.analyzer else { return Ok(Vec::new()) };
        let checked = |(at, answer): (usize, Option<Result<Report, Fault>>)| {
            let report =
                answer.unwrap_or_else(|| Err(Fault::Invalid("left a source without an answer".into())));
            let report = report.map_err(|fault| fault.of(name))?;
            if !fits_output(&report, &self.limits) {
                return Err(Fault::TooMuchOutput { limit_kib: self.limits.output_kib }.of(name));
            }
            check_report(&report, analyzer, &**batch, at).map_err(|text| Fault::Invalid(text).of(name))?;
            Ok(report)
        };
        Ok(answers.into_iter().enumerate().map(checked).collect())
    }
}

impl Drop for NativeAnalyzer {
    fn drop(&mut self) {
        if !self.instance.poisoned {
            // SAFETY: `configure` made the instance, and it is freed once.
            unsafe { (self.functions.free)(self.instance.service.table(), self.instance.pointer) };
        }
    }
}
