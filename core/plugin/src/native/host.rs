use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use codetune_plugin_sdk::__private::in_host;
use codetune_plugin_sdk::abi::{self, FailKind, NONE, Slice, Str};
use codetune_plugin_sdk::{
    Attribute, Captures, Edit, Error, Finding, Initializer, Op, Parameter, Plan, Report, Role, Severity,
    Symbol, Value,
};

use crate::call_error::Fault;
use crate::log::PluginLog;
use crate::service::{SourceBatch, TensorHost};
use crate::shorten::shorten;

/// The host's side of one native instance: its session, and the table through which the plugin calls it.
///
/// The plugin and the table keep pointers to both, so both stay where they were made for as long as this lives,
/// wherever this is moved to. That is why they are behind raw pointers: a `Box` claims, whenever it is moved, that
/// no other pointer to its content is in use.
pub(super) struct Service {
    session: *mut Session,
    table: *mut abi::Host,
}

impl Service {
    pub(super) fn new(plugin: &str, tensors: Option<Arc<dyn TensorHost>>) -> Self {
        let session = Session { tensors, log: Mutex::new(PluginLog::new(plugin)), state: Mutex::default() };
        let session = Box::into_raw(Box::new(session));
        let table = abi::Host {
            size: size_of::<abi::Host>(),
            context: session.cast(),
            log,
            fail,
            fail_source,
            report,
            query,
            plan,
            tensor_op,
            tensor_shape,
            tensor_drop,
        };
        Service { session, table: Box::into_raw(Box::new(table)) }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // SAFETY: the session lives as long as this, and is only ever shared.
        unsafe { &*self.session }.state()
    }

    /// Starts the log of a call that may write so many bytes.
    pub(super) fn begin_log(&self, limit: usize) {
        // SAFETY: as in `state`.
        unsafe { &*self.session }.log().begin(limit);
    }

    /// Ends the log of a call.
    pub(super) fn end_log(&self) {
        // SAFETY: as in `state`.
        unsafe { &*self.session }.log().end();
    }

    /// The table that the plugin calls; it lives as long as this.
    pub(super) fn table(&self) -> *const abi::Host {
        self.table
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // SAFETY: both were made by `Box::into_raw` and are freed once. Whoever keeps an instance drops it first.
        unsafe {
            drop(Box::from_raw(self.table));
            drop(Box::from_raw(self.session));
        }
    }
}

/// What the host keeps for one native instance while calls are under way.
struct Session {
    tensors: Option<Arc<dyn TensorHost>>,
    log: Mutex<PluginLog>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub batch: Option<Arc<dyn SourceBatch>>,
    pub reports: Vec<Option<Result<Report, Fault>>>,
    pub plan: Option<Plan>,
    pub fault: Option<Fault>,
    /// What the last query, operation or shape lent to the plugin.
    captures: Captures,
    names: Vec<Str>,
    error: String,
    shape: Vec<u64>,
}

// SAFETY: the raw slices in `names` point into `captures` of the same state, which moves with them.
unsafe impl Send for State {}

impl Session {
    fn log(&self) -> MutexGuard<'_, PluginLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a service; a panic of the host's own must not unwind into the plugin.
fn serve<R>(context: *mut c_void, otherwise: R, body: impl FnOnce(&Session) -> R) -> R {
    // SAFETY: the context is the session that the table was made for, which outlives every call.
    let session = unsafe { &*context.cast::<Session>() };
    in_host(|| catch_unwind(AssertUnwindSafe(|| body(session)))).unwrap_or(otherwise)
}

/// Text from the plugin; what is not UTF-8 is shown with replacement characters, since it is only a message.
fn message(text: Str) -> String {
    // SAFETY: the plugin lends the text for the length of the call.
    shorten(&String::from_utf8_lossy(unsafe { text.get() })).into_owned()
}

unsafe extern "C" fn log(context: *mut c_void, level: u32, text: Str) {
    serve(context, (), |session| session.log().line(level, &message(text)));
}

unsafe extern "C" fn fail(context: *mut c_void, kind: u32, text: Str) {
    serve(context, (), |session| session.state().fault = Some(fault(kind, message(text))));
}

unsafe extern "C" fn fail_source(context: *mut c_void, source: u32, kind: u32, text: Str) {
    serve(context, (), |session| answer(session, source, Err(fault(kind, message(text)))));
}

unsafe extern "C" fn report(context: *mut c_void, source: u32, given: *const abi::Report) {
    serve(context, (), |session| {
        // SAFETY: the plugin lends the report for the length of the call.
        let report = unsafe { read_report(&*given) };
        answer(session, source, report.map_err(Fault::Invalid));
    });
}

fn answer(session: &Session, source: u32, answer: Result<Report, Fault>) {
    let mut state = session.state();
    match state.reports.get_mut(source as usize) {
        Some(slot @ None) => *slot = Some(answer),
        Some(Some(_)) => {
            state.fault = Some(Fault::Invalid(format!("source {source} was answered twice")));
        }
        None => state.fault = Some(Fault::Invalid(format!("source {source} is not in the batch"))),
    }
}

unsafe extern "C" fn query(
    context: *mut c_void,
    source: u32,
    pattern: Str,
    out: *mut abi::Captures,
    error: *mut Str,
) -> u32 {
    serve(context, abi::FAILED, |session| {
        let batch = session.state().batch.clone();
        // SAFETY: the plugin lends the pattern for the length of the call.
        let found = match (batch, unsafe { pattern.to_str() }) {
            (Some(batch), Some(pattern)) if (source as usize) < batch.len() => {
                batch.query(source as usize, pattern)
            }
            (_, None) => Err("the query is not UTF-8".into()),
            _ => Err(format!("source {source} is not in the batch")),
        };
        let mut state = session.state();
        match found {
            Ok(captures) => {
                state.captures = captures;
                state.names = state.captures.names.iter().map(|name| Str::text(name)).collect();
                let items = Slice::of(&state.captures.items);
                // SAFETY: the plugin hands over a place for the answer.
                unsafe { *out = abi::Captures { names: Slice::of(&state.names), items } };
                abi::OK
            }
            Err(text) => {
                state.error = text;
                // SAFETY: as above.
                unsafe { *error = Str::text(&state.error) };
                abi::FAILED
            }
        }
    })
}

unsafe extern "C" fn plan(context: *mut c_void, given: *const abi::Plan) {
    serve(context, (), |session| {
        // SAFETY: the plugin lends the plan for the length of the call.
        let read = unsafe { read_plan(&*given) };
        let mut state = session.state();
        match read {
            Ok(plan) => state.plan = Some(plan),
            Err(text) => state.fault = Some(Fault::Invalid(text)),
        }
    });
}

unsafe extern "C" fn tensor_op(
    context: *mut c_void,
    op: *const abi::TensorOp,
    out: *mut u32,
    error: *mut Str,
) -> u32 {
    serve(context, abi::FAILED, |session| {
        // SAFETY: the plugin lends the operation for the length of the call.
        let op = unsafe { &*op };
        // SAFETY: as above.
        let done = match (&session.tensors, unsafe { Op::decode(op) }) {
            (Some(host), Ok(op)) => host.run(&op),
            (None, _) => Err("an analyzer has no tensors".into()),
            (_, Err(text)) => Err(text),
        };
        match done {
            Ok(tensor) => {
                // SAFETY: the plugin hands over a place for the answer.
                unsafe { *out = tensor };
                abi::OK
            }
            Err(text) => {
                let mut state = session.state();
                state.error = text;
                // SAFETY: as above.
                unsafe { *error = Str::text(&state.error) };
                abi::FAILED
            }
        }
    })
}

unsafe extern "C" fn tensor_shape(context: *mut c_void, tensor: u32, out: *mut Slice<u64>) -> u32 {
    serve(context, abi::FAILED, |session| {
        let Some(shape) = session.tensors.as_ref().and_then(|host| host.shape(tensor)) else {
            return abi::FAILED;
        };
        let mut state = session.state();
        state.shape = shape;
        // SAFETY: the plugin hands over a place for the answer.
        unsafe { *out = Slice::of(&state.shape) };
        abi::OK
    })
}

unsafe extern "C" fn tensor_drop(context: *mut c_void, tensor: u32) {
    serve(context, (), |session| {
        if let Some(host) = &session.tensors {
            host.release(tensor);
        }
    });
}

fn fault(kind: u32, message: String) -> Fault {
    match kind {
        k if k == FailKind::InvalidConfig as u32 => Error::InvalidConfig(message).into(),
        k if k == FailKind::Refused as u32 => Error::Refused(message).into(),
        k if k == FailKind::Failed as u32 => Error::Failed(message).into(),
        k if k == FailKind::Cancelled as u32 => Error::Cancelled.into(),
        k if k == FailKind::Panicked as u32 => Fault::Panicked(message),
        other => Fault::Invalid(format!("failed with unknown kind {other}: {message}")),
    }
}

unsafe fn strings(texts: Slice<Str>) -> Result<Vec<String>, String> {
    // SAFETY: the caller vouches for the texts.
    let texts = unsafe { texts.get() }.iter().map(|text| unsafe { text.to_str() });
    texts.map(|text| text.map(str::to_owned).ok_or_else(|| "a text is not UTF-8".to_owned())).collect()
}

unsafe fn read_report(given: &abi::Report) -> Result<Report, String> {
    // SAFETY: the caller vouches for the report.
    let (findings, edits, symbols, attributes, strings) = unsafe {
        let lists = (given.findings.get(), given.edits.get(), given.symbols.get(), given.attributes.get());
        (lists.0, lists.1, lists.2, lists.3, strings(given.strings)?)
    };
    let narrow = |what: &str, number: u32| {
        u16::try_from(number).map_err(|_| format!("{what} number {number} is past {}", u16::MAX))
    };
    let finding = |f: &abi::Finding| {
        let severity = match f.severity {
            0 => Severity::Note,
            1 => Severity::Warning,
            2 => Severity::Error,
            other => return Err(format!("a finding has severity {other}")),
        };
        let message = (f.message != NONE).then_some(f.message);
        Ok(Finding { rule: narrow("rule", f.rule)?, severity, start: f.start, end: f.end, message })
    };
    let attribute = |a: &abi::Attribute| {
        let value = match a.tag {
            0 => Value::Integer(a.bits.cast_signed()),
            1 => Value::Float(f64::from_bits(a.bits)),
            2 => Value::Boolean(a.bits != 0),
            3 => Value::Text(u32::try_from(a.bits).map_err(|_| "an attribute's text number is too large")?),
            other => return Err(format!("an attribute's value has tag {other}")),
        };
        Ok(Attribute { id: narrow("attribute", a.id)?, subject: a.subject, value })
    };
    let edit =
        |e: &abi::Edit| Edit { finding: e.finding, start: e.start, end: e.end, replacement: e.replacement };
    Ok(Report {
        findings: findings.iter().map(finding).collect::<Result<_, String>>()?,
        edits: edits.iter().map(edit).collect(),
        symbols: symbols.iter().map(|s| Symbol { name: s.name, start: s.start, end: s.end }).collect(),
        attributes: attributes.iter().map(attribute).collect::<Result<_, String>>()?,
        strings,
    })
}

unsafe fn read_plan(given: &abi::Plan) -> Result<Plan, String> {
    let parameter = |p: &abi::Parameter| {
        // SAFETY: the caller vouches for the plan.
        let (name, shape) = unsafe { (p.name.to_str(), p.shape.get()) };
        Ok(Parameter {
            name: name.ok_or("a parameter's name is not UTF-8")?.to_owned(),
            shape: shape.to_vec(),
            role: match p.role {
                0 => Role::Linear,
                1 => Role::Bias,
                2 => Role::Embedding,
                3 => Role::Norm,
                other => return Err(format!("a parameter has role {other}")),
            },
            initializer: match p.initializer {
                0 => Initializer::Normal(p.deviation),
                1 => Initializer::Ones,
                2 => Initializer::Zeros,
                other => return Err(format!("a parameter has initializer {other}")),
            },
        })
    };
    // SAFETY: the caller vouches for the plan.
    let (parameters, default_targets) = unsafe { (given.parameters.get(), strings(given.default_targets)?) };
    Ok(Plan {
        blocks: given.blocks,
        vocabulary: given.vocabulary,
        max_positions: given.max_positions,
        parameters: parameters.iter().map(parameter).collect::<Result<_, String>>()?,
        default_targets,
    })
}
