//! Recorded settings: numbers by the names of their fields in the table of bounds.

use std::collections::BTreeMap;

use codetune_validate::{
    Constraint, FIELDS, Field, MAX_POSITION_EMBEDDINGS, MAX_SEQ_LENGTH, Violation, check_max_seq_length,
};
use serde_json::{Map, Number, Value};

/// The value of a recorded setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SettingValue {
    /// An integer; wider than any field, so that a value is rejected instead of changed.
    Integer(i128),
    /// A floating-point number.
    Float(f64),
}

macro_rules! integers {
    ($($integer:ty)*) => {
        $(impl From<$integer> for SettingValue {
            fn from(value: $integer) -> Self {
                SettingValue::Integer(i128::from(value))
            }
        })*
    };
}
integers!(i32 u32 i64 u64);

impl From<&Number> for SettingValue {
    fn from(number: &Number) -> Self {
        match number.as_i128() {
            Some(value) => SettingValue::Integer(value),
            None => SettingValue::Float(number.as_f64().unwrap_or(f64::NAN)),
        }
    }
}

impl From<f64> for SettingValue {
    fn from(value: f64) -> Self {
        SettingValue::Float(value)
    }
}

/// The settings of a run to search and compare by.
///
/// A setting is a field of the table of bounds; those that play no part in a run are absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings(BTreeMap<String, SettingValue>);

impl Settings {
    /// Records a setting.
    #[must_use]
    pub fn with(mut self, field: &Field, value: impl Into<SettingValue>) -> Self {
        self.0.insert(field.name.to_owned(), value.into());
        self
    }

    /// Records a setting if it plays a part in the run.
    #[must_use]
    pub fn with_some(self, field: &Field, value: Option<impl Into<SettingValue>>) -> Self {
        match value {
            Some(value) => self.with(field, value),
            None => self,
        }
    }

    /// Records every number of a JSON object whose key is a field of the table.
    #[must_use]
    pub fn with_fields(mut self, object: &Value) -> Self {
        for (key, value) in object.as_object().into_iter().flatten() {
            if let (Value::Number(number), Some(field)) = (value, field(key)) {
                self = self.with(field, SettingValue::from(number));
            }
        }
        self
    }

    /// Removes a setting that plays no part in the run.
    #[must_use]
    pub fn without(mut self, field: &Field) -> Self {
        self.0.remove(field.name);
        self
    }

    /// The value of a setting.
    pub fn get(&self, field: &Field) -> Option<SettingValue> {
        self.0.get(field.name).copied()
    }

    /// Checks every value by its field.
    ///
    /// # Errors
    ///
    /// The first violation.
    pub(super) fn check(&self) -> Result<(), Violation> {
        for (name, value) in &self.0 {
            let field = field(name).ok_or_else(|| {
                Violation::new(
                    name.clone(),
                    "a setting",
                    Constraint::Format,
                    "a field of the table of bounds",
                )
            })?;
            match value {
                // Bound by the model, below.
                _ if field.name == MAX_SEQ_LENGTH.name => {}
                SettingValue::Integer(value) => field.check_integer(narrow(field, *value)?).map(drop)?,
                SettingValue::Float(value) => field.check_float(*value).map(drop)?,
            }
        }
        let integer = |field: &Field| match self.get(field) {
            Some(SettingValue::Integer(value)) => narrow(field, value).map(Some),
            Some(SettingValue::Float(value)) => field.check_float(value).map(|_| None),
            None => Ok(None),
        };
        let positions = integer(&MAX_POSITION_EMBEDDINGS)?;
        integer(&MAX_SEQ_LENGTH)?.map_or(Ok(0), |length| check_max_seq_length(length, positions)).map(drop)
    }

    /// The object that the database stores; the values must have been checked.
    pub(super) fn to_json(&self) -> Value {
        let value = |value: &SettingValue| match value {
            SettingValue::Integer(value) => i64::try_from(*value).map_or(Value::Null, Value::from),
            SettingValue::Float(value) => Value::from(*value),
        };
        self.0.iter().map(|(name, setting)| (name.clone(), value(setting))).collect::<Map<_, _>>().into()
    }

    /// Reads what [`to_json`](Self::to_json) wrote, or a later version with more settings.
    pub(super) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let settings: BTreeMap<String, Number> = serde_json::from_str(text)?;
        Ok(Settings(settings.iter().map(|(name, number)| (name.clone(), number.into())).collect()))
    }
}

/// The field of the table with this name.
fn field(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// An integer as the database stores it.
fn narrow(field: &Field, value: i128) -> Result<i64, Violation> {
    i64::try_from(value).map_err(|_| {
        let constraint = if value < 0 { Constraint::TooSmall } else { Constraint::TooLarge };
        Violation::new(field.name, value.to_string(), constraint, field.kind.to_string())
    })
}

#[cfg(test)]
mod tests {
    use codetune_validate::{EPOCHS, LEARNING_RATE, SEED, WEIGHT_DECAY};

    use super::*;

    #[test]
    fn values_are_checked_by_their_fields() {
        let refused = |settings: Settings| settings.check().unwrap_err().to_string();
        Settings::default().check().unwrap();
        Settings::default().with(&SEED, i64::MAX).with(&LEARNING_RATE, 0.5).check().unwrap();
        assert!(
            refused(Settings::default().with(&SEED, u64::MAX)).starts_with("seed: 18446744073709551615 is")
        );
        assert!(refused(Settings::default().with(&SEED, -1)).starts_with("seed: -1 is too small"));
        assert!(
            refused(Settings::default().with(&LEARNING_RATE, f64::NAN)).starts_with("learning_rate: NaN")
        );
        assert!(refused(Settings::default().with(&EPOCHS, 1.5)).starts_with("epochs: "));
        let unknown = Field { name: "own", ..SEED };
        assert!(refused(Settings::default().with(&unknown, 1)).starts_with("own: "));
    }

    #[test]
    fn the_length_is_bound_by_the_model() {
        let length = |length: u32| Settings::default().with(&MAX_SEQ_LENGTH, length);
        length(8192).check().unwrap();
        assert!(length(8193).check().is_err());
        length(8193).with(&MAX_POSITION_EMBEDDINGS, 8193).check().unwrap();
        assert!(length(8194).with(&MAX_POSITION_EMBEDDINGS, 8193).check().is_err());
        assert!(length(0).check().is_err());
        assert!(Settings::default().with(&MAX_SEQ_LENGTH, 1.0).check().is_err());
        assert!(Settings::default().with(&MAX_POSITION_EMBEDDINGS, 0).check().is_err());
    }

    #[test]
    fn numbers_are_read_back_exactly() {
        let settings = Settings::default()
            .with(&SEED, i64::MAX)
            .with(&LEARNING_RATE, 0.1 + 0.2)
            .with(&WEIGHT_DECAY, 1.0)
            .with_some(&EPOCHS, None::<u64>);
        let text = settings.to_json().to_string();
        let expected =
            r#"{"learning_rate":0.30000000000000004,"seed":9223372036854775807,"weight_decay":1.0}"#;
        assert_eq!(text, expected);
        assert_eq!(Settings::parse(&text).unwrap(), settings);
        // A later version may record more.
        let more = Settings::parse(r#"{"later": 7, "seed": 1}"#).unwrap();
        assert_eq!(more.get(&SEED), Some(1.into()));
        assert!(Settings::parse(r#"{"seed": "1"}"#).is_err());
    }
}
