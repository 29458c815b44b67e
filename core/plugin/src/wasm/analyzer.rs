use std::sync::Arc;

use codetune_plugin_sdk::{self as sdk, Report};
use wasmtime::Store;
use wasmtime::component::{Resource, TypedFunc};

use super::call::call;
use super::component::LoadedComponent;
use super::contract::{self, Error, Setup, SourceHandle};
use super::state::{State, begin};
use crate::call_error::{CallError, Fault};
use crate::check::{check_report, fits_output};
use crate::instance::AnalyzerInstance;
use crate::manifest::Manifest;
use crate::service::SourceBatch;

type Analyze = TypedFunc<(Vec<Resource<SourceHandle>>,), (Vec<Result<contract::Report, Error>>,)>;

/// An analyzer in a component.
pub(crate) struct WasmAnalyzer {
    store: Store<State>,
    analyze: Analyze,
    manifest: Arc<Manifest>,
    /// A trapped instance cannot be entered again.
    spent: bool,
}

impl WasmAnalyzer {
    /// Makes an instance.
    ///
    /// # Errors
    /// What the plugin says of its configuration, or the limit it broke.
    pub(crate) fn configure(
        component: &LoadedComponent,
        manifest: Arc<Manifest>,
        setup: &sdk::Setup,
    ) -> Result<Self, CallError> {
        Self::start(component, Arc::clone(&manifest), setup).map_err(|fault| fault.of(&manifest.name))
    }

    fn start(
        component: &LoadedComponent,
        manifest: Arc<Manifest>,
        setup: &sdk::Setup,
    ) -> Result<Self, Fault> {
        let (mut store, instance) = component.instantiate(|_| {})?;
        let configure = component.function::<(Setup,), (Result<(), Error>,)>(
            &mut store,
            &instance,
            "analysis",
            "configure",
        )?;
        let analyze = component.function(&mut store, &instance, "analysis", "analyze")?;
        let setup = Setup {
            config: setup.config.clone(),
            rules: setup.rules.clone(),
            attributes: setup.attributes.clone(),
        };
        begin(&mut store, 1);
        let configured = call(|| configure.call(&mut store, (setup,)));
        store.data_mut().log.end();
        match configured {
            Ok((Ok(()),)) => Ok(WasmAnalyzer { store, analyze, manifest, spent: false }),
            Ok((Err(error),)) => Err(Fault::Said(error.into())),
            Err(error) => Err(store.data_mut().fault(&error)),
        }
    }
}

impl AnalyzerInstance for WasmAnalyzer {
    fn analyze(&mut self, batch: &Arc<dyn SourceBatch>) -> Result<Vec<Result<Report, CallError>>, CallError> {
        let manifest = &self.manifest;
        let name = &manifest.name;
        if self.spent {
            return Err(Fault::Unavailable("the instance trapped before".into()).of(name));
        }
        begin(&mut self.store, batch.len());
        let limits = self.store.data().limits;
        self.store.data_mut().batch = Some(Arc::clone(batch));
        let sources: Vec<_> = (0..batch.len() as u32).map(Resource::new_own).collect();
        let answered = call(|| self.analyze.call(&mut self.store, (sources,)));
        self.store.data_mut().batch = None;
        self.store.data_mut().log.end();
        let answers = answered.map_err(|error| {
            self.spent = true;
            self.store.data_mut().fault(&error).of(name)
        })?;
        let (answers,) = answers;
        if answers.len() != batch.len() {
            let text = format!("{} answers for {} sources", answers.len(), batch.len());
            return Err(Fault::Invalid(text).of(name));
        }
        let Some(analyzer) = &manifest.analyzer else { return Ok(Vec::new()) };
        let checked = |(at, answer): (usize, Result<contract::Report, Error>)| {
            let report = Report::from(answer.map_err(|error| Fault::Said(error.into()).of(name))?);
            if !fits_output(&report, &limits) {
                return Err(Fault::TooMuchOutput { limit_kib: limits.output_kib }.of(name));
            }
            check_report(&report, analyzer, &**batch, at).map_err(|text| Fault::Invalid(text).of(name))?;
            Ok(report)
        };
        Ok(answers.into_iter().enumerate().map(checked).collect())
    }
}
