use std::cell::RefCell;
use std::collections::BTreeSet;

use codetune_plugin_sdk::Error;
use serde_json::{Map, Value};

/// Maximum characters of a value in an error.
const SHOWN: usize = 80;

/// An object in `config.json`. Null counts as absent, as in transformers.
///
/// It tracks which keys were read, so that unsupported ones can be reported.
pub struct Keys<'a> {
    object: &'a Map<String, Value>,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Keys<'a> {
    pub fn of(object: &'a Map<String, Value>) -> Self {
        Keys { object, asked: RefCell::default() }
    }

    /// The value, including null.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.object.get(key)
    }

    pub fn absent(&self, key: &str) -> bool {
        self.get(key).is_none_or(Value::is_null)
    }

    /// The keys with a value that were not read, sorted.
    pub fn ignored(&self) -> Vec<&'a str> {
        let asked = self.asked.borrow();
        let ignored = |(key, value): &(&'a String, &Value)| !value.is_null() && !asked.contains(*key);
        let mut ignored: Vec<_> = self.object.iter().filter(ignored).map(|(key, _)| key.as_str()).collect();
        ignored.sort_unstable();
        ignored
    }

    /// The error for a key: its value and the remedy.
    pub fn refuse(&self, key: &str, needs: &str) -> Error {
        let value = self.object.get(key).map_or_else(|| "missing".into(), Value::to_string);
        let mut shown: String = value.chars().take(SHOWN).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        Error::InvalidConfig(format!("`{key}` is {shown}: {needs}"))
    }

    pub fn size(&self, key: &str) -> Result<u64, Error> {
        let value = self.get(key).and_then(Value::as_u64).filter(|v| (1..=u64::from(u32::MAX)).contains(v));
        value.ok_or_else(|| self.refuse(key, "an integer of at least 1 is required"))
    }

    pub fn size_or(&self, key: &str, default: u64) -> Result<u64, Error> {
        if self.absent(key) { Ok(default) } else { self.size(key) }
    }

    pub fn positive(&self, key: &str) -> Result<f64, Error> {
        let value = self.get(key).and_then(Value::as_f64).filter(|v| v.is_finite() && *v > 0.0);
        value.ok_or_else(|| self.refuse(key, "a finite number above 0 is needed"))
    }

    pub fn positive_or(&self, key: &str, default: f64) -> Result<f64, Error> {
        if self.absent(key) { Ok(default) } else { self.positive(key) }
    }

    pub fn flag(&self, key: &str, default: bool) -> Result<bool, Error> {
        match self.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.refuse(key, "true or false is needed")),
        }
    }

    pub fn only_flag(&self, key: &str, accepted: bool) -> Result<(), Error> {
        match self.absent(key) || self.get(key) == Some(&Value::Bool(accepted)) {
            true => Ok(()),
            false => Err(self.refuse(key, &format!("only {accepted} is supported"))),
        }
    }

    pub fn only_text(&self, key: &str, accepted: &[&str]) -> Result<(), Error> {
        let known = |value: &Value| value.as_str().is_some_and(|text| accepted.contains(&text));
        match self.absent(key) || self.get(key).is_some_and(known) {
            true => Ok(()),
            false => Err(self.refuse(key, &format!("only {} is supported", accepted.join(" or ")))),
        }
    }

    /// Accepts a number up to rounding.
    pub fn only_number(&self, key: &str, accepted: f64) -> Result<(), Error> {
        let near = |value: f64| (value - accepted).abs() <= 1e-6 * accepted.abs();
        match self.absent(key) || self.get(key).and_then(Value::as_f64).is_some_and(near) {
            true => Ok(()),
            false => Err(self.refuse(key, &format!("only {accepted} is supported"))),
        }
    }
}
