//! The records of `plugin-sdk/wit/plugin.wit` for wasmtime.

use codetune_plugin_sdk as sdk;
use wasmtime::component::{ComponentType, Lift, Lower};

use crate::shorten::shorten;

/// The data of a source resource: its position in the batch.
pub(crate) struct SourceHandle;
/// The data of a tensor resource: its handle in the tensor host.
pub(crate) struct TensorHandle;

#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct Setup {
    pub config: String,
    pub rules: Vec<String>,
    pub attributes: Vec<String>,
}

#[derive(ComponentType, Lift, Lower, Clone, Copy)]
#[component(record)]
pub(crate) struct Capture {
    pub pattern: u32,
    pub name: u32,
    #[component(name = "match-id")]
    pub match_id: u32,
    pub start: u32,
    pub end: u32,
}

#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct Captures {
    pub names: Vec<String>,
    pub items: Vec<Capture>,
}

impl From<sdk::Captures> for Captures {
    fn from(found: sdk::Captures) -> Self {
        let item = |c: sdk::Capture| Capture {
            pattern: c.pattern,
            name: c.name,
            match_id: c.match_id,
            start: c.start,
            end: c.end,
        };
        Captures { names: found.names, items: found.items.into_iter().map(item).collect() }
    }
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum Error {
    #[component(name = "invalid-config")]
    InvalidConfig(String),
    #[component(name = "refused")]
    Refused(String),
    #[component(name = "failed")]
    Failed(String),
    #[component(name = "cancelled")]
    Cancelled,
}

impl From<Error> for sdk::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidConfig(message) => sdk::Error::InvalidConfig(shorten(&message).into_owned()),
            Error::Refused(message) => sdk::Error::Refused(shorten(&message).into_owned()),
            Error::Failed(message) => sdk::Error::Failed(shorten(&message).into_owned()),
            Error::Cancelled => sdk::Error::Cancelled,
        }
    }
}

#[derive(ComponentType, Lift, Clone, Copy)]
#[component(enum)]
#[expect(dead_code, reason = "lifting makes the variants")]
#[repr(u8)]
pub(crate) enum LogLevel {
    #[component(name = "error")]
    Error,
    #[component(name = "warn")]
    Warn,
    #[component(name = "info")]
    Info,
    #[component(name = "debug")]
    Debug,
}

#[derive(ComponentType, Lift, Clone, Copy)]
#[component(enum)]
#[expect(dead_code, reason = "lifting makes the variants")]
#[repr(u8)]
pub(crate) enum Severity {
    #[component(name = "note")]
    Note,
    #[component(name = "warning")]
    Warning,
    #[component(name = "error")]
    Error,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Finding {
    pub rule: u16,
    pub severity: Severity,
    pub start: u32,
    pub end: u32,
    pub message: Option<u32>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Edit {
    pub finding: u32,
    pub start: u32,
    pub end: u32,
    pub replacement: u32,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Symbol {
    pub name: u32,
    pub start: u32,
    pub end: u32,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum Value {
    #[component(name = "integer")]
    Integer(i64),
    #[component(name = "float")]
    Float(f64),
    #[component(name = "boolean")]
    Boolean(bool),
    #[component(name = "text")]
    Text(u32),
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Attribute {
    pub id: u16,
    pub subject: u32,
    pub value: Value,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Report {
    pub findings: Vec<Finding>,
    pub edits: Vec<Edit>,
    pub symbols: Vec<Symbol>,
    pub attributes: Vec<Attribute>,
    pub strings: Vec<String>,
}

impl From<Report> for sdk::Report {
    fn from(report: Report) -> Self {
        let finding = |f: Finding| sdk::Finding {
            rule: f.rule,
            severity: match f.severity {
                Severity::Note => sdk::Severity::Note,
                Severity::Warning => sdk::Severity::Warning,
                Severity::Error => sdk::Severity::Error,
            },
            start: f.start,
            end: f.end,
            message: f.message,
        };
        let edit = |e: Edit| sdk::Edit {
            finding: e.finding,
            start: e.start,
            end: e.end,
            replacement: e.replacement,
        };
        let attribute = |a: Attribute| sdk::Attribute {
            id: a.id,
            subject: a.subject,
            value: match a.value {
                Value::Integer(v) => sdk::Value::Integer(v),
                Value::Float(v) => sdk::Value::Float(v),
                Value::Boolean(v) => sdk::Value::Boolean(v),
                Value::Text(v) => sdk::Value::Text(v),
            },
        };
        let symbol = |s: Symbol| sdk::Symbol { name: s.name, start: s.start, end: s.end };
        sdk::Report {
            findings: report.findings.into_iter().map(finding).collect(),
            edits: report.edits.into_iter().map(edit).collect(),
            symbols: report.symbols.into_iter().map(symbol).collect(),
            attributes: report.attributes.into_iter().map(attribute).collect(),
            strings: report.strings,
        }
    }
}

#[derive(ComponentType, Lift, Clone, Copy)]
#[component(enum)]
#[expect(dead_code, reason = "lifting makes the variants")]
#[repr(u8)]
pub(crate) enum Reduction {
    #[component(name = "sum")]
    Sum,
    #[component(name = "mean")]
    Mean,
}

#[derive(ComponentType, Lift, Clone, Copy)]
#[component(enum)]
#[expect(dead_code, reason = "lifting makes the variants")]
#[repr(u8)]
pub(crate) enum Role {
    #[component(name = "linear")]
    Linear,
    #[component(name = "bias")]
    Bias,
    #[component(name = "embedding")]
    Embedding,
    #[component(name = "norm")]
    Norm,
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum Initializer {
    #[component(name = "normal")]
    Normal(f64),
    #[component(name = "ones")]
    Ones,
    #[component(name = "zeros")]
    Zeros,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Parameter {
    pub name: String,
    pub shape: Vec<u64>,
    pub role: Role,
    pub initializer: Initializer,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Plan {
    pub blocks: u32,
    pub vocabulary: u64,
    #[component(name = "max-positions")]
    pub max_positions: u64,
    pub parameters: Vec<Parameter>,
    #[component(name = "default-targets")]
    pub default_targets: Vec<String>,
}

impl From<Plan> for sdk::Plan {
    fn from(plan: Plan) -> Self {
        let parameter = |p: Parameter| sdk::Parameter {
            name: p.name,
            shape: p.shape,
            role: match p.role {
                Role::Linear => sdk::Role::Linear,
                Role::Bias => sdk::Role::Bias,
                Role::Embedding => sdk::Role::Embedding,
                Role::Norm => sdk::Role::Norm,
            },
            initializer: match p.initializer {
                Initializer::Normal(deviation) => sdk::Initializer::Normal(deviation),
                Initializer::Ones => sdk::Initializer::Ones,
                Initializer::Zeros => sdk::Initializer::Zeros,
            },
        };
        sdk::Plan {
            blocks: plan.blocks,
            vocabulary: plan.vocabulary,
            max_positions: plan.max_positions,
            parameters: plan.parameters.into_iter().map(parameter).collect(),
            default_targets: plan.default_targets,
        }
    }
}
