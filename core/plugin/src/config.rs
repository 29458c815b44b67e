use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

use codetune_validate::nearest;

use crate::value_kind::ValueKind;

/// One option of a plugin's configuration.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigOption {
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: ValueKind,
    /// The value where none is given.
    pub default: Value,
    /// The least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The greatest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The only texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The longest text, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<usize>,
    /// One sentence.
    #[serde(default)]
    pub description: String,
}

impl ConfigOption {
    /// Whether the option itself makes sense.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, bound) in [("min", self.min), ("max", self.max)] {
            match bound {
                Some(_) if !matches!(self.kind, ValueKind::Integer | ValueKind::Float) => {
                    return Err(format!("{name} is for numbers: remove it"));
                }
                Some(bound) if !bound.is_finite() => {
                    return Err(format!("{name} is {bound}: write a finite number, or remove it"));
                }
                _ => {}
            }
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            return Err(format!("min is {min}, above max, which is {max}"));
        }
        if self.kind != ValueKind::Text && !self.choices.is_empty() {
            return Err("choices are for texts: remove them".into());
        }
        if self.kind != ValueKind::Text && self.max_chars.is_some() {
            return Err("max_chars is for texts: remove it".into());
        }
        self.accept(&self.default).map(drop).map_err(|rule| format!("its default {rule}"))
    }

    /// The value as the plugin gets it; whole numbers are accepted for floats.
    fn accept(&self, value: &Value) -> Result<Value, String> {
        let within = |number: f64| match (self.min, self.max) {
            (Some(min), _) if number < min => Err(format!("is {number}: expected at least {min}")),
            (_, Some(max)) if number > max => Err(format!("is {number}: expected at most {max}")),
            _ => Ok(()),
        };
        match (self.kind, value) {
            (ValueKind::Integer, Value::Number(number)) if number.is_i64() => {
                within(number.as_f64().unwrap_or(f64::NAN))?;
            }
            (ValueKind::Float, Value::Number(number)) => {
                let float = number.as_f64().unwrap_or(f64::NAN);
                within(float)?;
                let number = Number::from_f64(float).ok_or("is not a finite number")?;
                return Ok(Value::Number(number));
            }
            (ValueKind::Boolean, Value::Bool(_)) => {}
            (ValueKind::Text, Value::String(text)) => {
                if text.contains('\0') {
                    return Err("holds a NUL character".into());
                }
                if self.max_chars.is_some_and(|most| text.chars().count() > most) {
                    return Err(format!("is longer than {} characters", self.max_chars.unwrap_or(0)));
                }
                if !self.choices.is_empty() && !self.choices.contains(text) {
                    return Err(format!(
                        "is `{}`: expected one of {}",
                        text.escape_debug(),
                        self.choices.join(", ")
                    ));
                }
            }
            (kind, other) => {
                let wanted = match kind {
                    ValueKind::Integer => "an integer",
                    ValueKind::Float => "a number",
                    ValueKind::Boolean => "true or false",
                    ValueKind::Text => "a text",
                };
                return Err(format!("is {other}: expected {wanted}"));
            }
        }
        Ok(value.clone())
    }
}

/// Fills in defaults and checks every value: what the plugin is handed, in the order of the names.
///
/// # Errors
/// Names the option, the value and the rule; an unknown option names the nearest known one, or all of them.
pub fn resolve(
    options: &BTreeMap<String, ConfigOption>,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    if let Some(key) = given.keys().find(|key| !options.contains_key(*key)) {
        let known: Vec<&str> = options.keys().map(String::as_str).collect();
        let hint = match nearest(key, known.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None if known.is_empty() => "it has no options".to_owned(),
            None => format!("its options are {}", known.join(", ")),
        };
        return Err(format!("unknown option `{}`: {hint}", key.escape_debug()));
    }
    let value = |(name, option): (&String, &ConfigOption)| {
        let value = given.get(name).unwrap_or(&option.default);
        option
            .accept(value)
            .map(|value| (name.clone(), value))
            .map_err(|rule| format!("option `{name}` {rule}"))
    };
    options.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> BTreeMap<String, ConfigOption> {
        let text = r#"
            [most]
            type = "integer"
            default = 10
            min = 1
            max = 100
            [ratio]
            type = "float"
            default = 0.5
        "#;
        toml::from_str(text).unwrap()
    }

    fn given(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn fills_in_defaults_in_the_order_of_names() {
        let resolved = resolve(&options(), &given(r#"{"ratio": 1}"#)).unwrap();
        assert_eq!(serde_json::to_string(&resolved).unwrap(), r#"{"most":10,"ratio":1.0}"#);
    }

    #[test]
    fn an_option_whose_bounds_mean_nothing_makes_no_sense() {
        for (text, expected) in [
            ("type = 'float'\ndefault = 1.0\nmin = nan", "min is NaN: write a finite number"),
            ("type = 'float'\ndefault = 1.0\nmax = inf", "max is inf: write a finite number"),
            ("type = 'integer'\ndefault = 1\nmin = 2\nmax = 0", "min is 2, above max, which is 0"),
            ("type = 'text'\ndefault = 'a'\nmin = 1", "min is for numbers"),
            ("type = 'integer'\ndefault = 1\nchoices = ['1']", "choices are for texts"),
            ("type = 'boolean'\ndefault = true\nmax_chars = 3", "max_chars is for texts"),
            ("type = 'integer'\ndefault = 3\nmax = 2", "its default is 3: expected at most 2"),
        ] {
            let option: ConfigOption = toml::from_str(text).unwrap();
            let error = option.check().unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn refuses_other_types_bounds_and_names() {
        for (json, expected) in [
            (r#"{"most": true}"#, "option `most` is true: expected an integer"),
            (r#"{"most": 1.5}"#, "option `most` is 1.5: expected an integer"),
            (r#"{"most": 0}"#, "option `most` is 0: expected at least 1"),
            (r#"{"most": 101}"#, "option `most` is 101: expected at most 100"),
            (r#"{"mots": 1}"#, "did you mean `most`?"),
            (r#"{"threshold": 1}"#, "its options are most, ratio"),
        ] {
            let error = resolve(&options(), &given(json)).unwrap_err();
            assert!(error.contains(expected), "{json}: {error}");
        }
    }
}
