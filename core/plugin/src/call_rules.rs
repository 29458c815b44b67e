use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use codetune_validate::nearest;

use crate::limits::{LimitOutOfRange, Limits, LimitsRequest};

/// The limits that can be set, by their names in a manifest.
const NAMES: [&str; 3] = ["memory_mib", "time_ms", "output_kib"];

/// What the user sets for all calls into plugins.
#[derive(Debug, Clone, Default)]
pub struct CallRules {
    /// Limits in place of those that manifests ask for.
    pub limits: LimitOverrides,
    /// Ends the calls that are under way, and those that begin after it is set, within a tenth of a second.
    /// Native libraries are not stopped.
    pub stop: Arc<AtomicBool>,
}

/// Limits that the user sets. They hold whatever a manifest asks for, be it less or more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitOverrides(Vec<LimitOverride>);

impl LimitOverrides {
    /// What is set last holds, and what is set for a plugin by its name goes before what is set for all.
    pub fn new(overrides: impl IntoIterator<Item = LimitOverride>) -> Self {
        LimitOverrides(overrides.into_iter().collect())
    }

    /// The names of plugins that limits are set for.
    pub fn plugins(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|set| set.plugin.as_deref())
    }

    /// The limits in force for a plugin whose manifest was granted `granted`.
    pub(crate) fn over(&self, plugin: &str, granted: Limits) -> Limits {
        let mut limits: BTreeMap<&str, u64> = BTreeMap::new();
        for own in [false, true] {
            let here = |set: &&LimitOverride| match &set.plugin {
                None => !own,
                Some(name) => own && name == plugin,
            };
            limits.extend(self.0.iter().filter(here).map(|set| (set.limit, set.value)));
        }
        let of = |name, granted| limits.get(name).copied().unwrap_or(granted);
        Limits {
            memory_mib: of("memory_mib", granted.memory_mib),
            time_ms: of("time_ms", granted.time_ms),
            output_kib: of("output_kib", granted.output_kib),
        }
    }
}

/// One limit that the user sets, written `time_ms=5000` for every plugin or `acme/todo.time_ms=5000` for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitOverride {
    plugin: Option<String>,
    limit: &'static str,
    value: u64,
}

/// Why a text sets no limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum LimitError {
    /// It has another form.
    #[error("expected LIMIT=N or PLUGIN.LIMIT=N, where LIMIT is one of {}", NAMES.join(", "))]
    #[diagnostic(code(plugin::limit::form))]
    Form,
    /// There is no such limit.
    #[error("there is no limit `{}`; {}", name.escape_debug(), instead(*nearest))]
    #[diagnostic(code(plugin::limit::unknown))]
    Unknown {
        /// The name.
        name: String,
        /// The most similar one.
        nearest: Option<&'static str>,
    },
    /// The value is no integer.
    #[error("{limit} is {value:?}; expected an integer, as 5000")]
    #[diagnostic(code(plugin::limit::integer))]
    Integer {
        /// The limit.
        limit: &'static str,
        /// The value.
        value: String,
    },
    /// The value is out of range.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Range(#[from] LimitOutOfRange),
}

fn instead(nearest: Option<&str>) -> String {
    nearest.map_or_else(|| LimitError::Form.to_string(), |known| format!("did you mean `{known}`?"))
}

impl FromStr for LimitOverride {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let (key, value) = text.split_once('=').ok_or(LimitError::Form)?;
        let (plugin, name) = match key.rsplit_once('.') {
            Some((plugin, name)) => (Some(plugin.to_owned()), name),
            None => (None, key),
        };
        let limit = NAMES.into_iter().find(|known| *known == name);
        let limit = limit
            .ok_or_else(|| LimitError::Unknown { name: name.to_owned(), nearest: nearest(name, NAMES) })?;
        let value =
            value.parse::<u64>().map_err(|_| LimitError::Integer { limit, value: value.to_owned() })?;
        let mut asked = LimitsRequest::default();
        match limit {
            "memory_mib" => asked.memory_mib = Some(value),
            "time_ms" => asked.time_ms = Some(value),
            _ => asked.output_kib = Some(value),
        }
        Limits::granting(&asked)?;
        Ok(LimitOverride { plugin, limit, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_sets_holds_over_what_a_manifest_asks_for() {
        let set = |texts: &[&str]| LimitOverrides::new(texts.iter().map(|text| text.parse().unwrap()));
        let granted = Limits { time_ms: 600_000, ..Limits::DEFAULT };
        let rules = set(&["acme/slow.time_ms=9000", "time_ms=100", "memory_mib=64", "memory_mib=65"]);
        let slow = rules.over("acme/slow", granted);
        assert_eq!((slow.time_ms, slow.memory_mib, slow.output_kib), (9_000, 65, granted.output_kib));
        assert_eq!(rules.over("acme/other", granted).time_ms, 100);
        assert_eq!(set(&[]).over("acme/slow", granted), granted);
    }

    #[test]
    fn says_what_to_write() {
        for (text, expected) in [
            ("time=5", "did you mean `time_ms`?"),
            ("colour=5", "memory_mib, time_ms, output_kib"),
            ("time_ms", "LIMIT=N or PLUGIN.LIMIT=N"),
            ("time_ms=5s", "an integer"),
            ("time_ms=0", "write a number from 1 to 600000"),
        ] {
            let error = text.parse::<LimitOverride>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
