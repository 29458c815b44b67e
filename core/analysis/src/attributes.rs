use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// The value of an attribute. In JSON, it is a plain number, boolean or string.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue {
    /// A whole number.
    Integer(i64),
    /// A number; in JSON `null` if it is not finite.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A text.
    Text(Box<str>),
}

impl From<i64> for AttributeValue {
    fn from(value: i64) -> Self {
        AttributeValue::Integer(value)
    }
}

impl From<f64> for AttributeValue {
    fn from(value: f64) -> Self {
        AttributeValue::Float(value)
    }
}

impl From<bool> for AttributeValue {
    fn from(value: bool) -> Self {
        AttributeValue::Boolean(value)
    }
}

impl From<&str> for AttributeValue {
    fn from(value: &str) -> Self {
        AttributeValue::Text(value.into())
    }
}

impl Serialize for AttributeValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            AttributeValue::Integer(value) => serializer.serialize_i64(*value),
            AttributeValue::Float(value) => serializer.serialize_f64(*value),
            AttributeValue::Boolean(value) => serializer.serialize_bool(*value),
            AttributeValue::Text(value) => serializer.serialize_str(value),
        }
    }
}

/// The attributes that an analyzer attached to a file or a symbol, in the order in which it reported them.
///
/// An analysis of 200,000 files keeps millions of them, so the names are shared by all files, and each value takes
/// 32 bytes. In JSON, it is an object from name to value.
#[derive(Clone, Default)]
pub struct Attributes {
    names: Arc<[String]>,
    /// With the index of the name; at most one for each name.
    values: Box<[(u16, AttributeValue)]>,
}

impl Attributes {
    /// `values` have indices into `names`, each at most once.
    pub(super) fn new(names: &Arc<[String]>, values: Vec<(u16, AttributeValue)>) -> Self {
        Attributes { names: Arc::clone(names), values: values.into_boxed_slice() }
    }

    /// The value of an attribute, if it was reported.
    pub fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AttributeValue)> {
        self.values.iter().filter_map(|(at, value)| Some((self.names.get(usize::from(*at))?.as_str(), value)))
    }
}

/// Of several values with the same name, the last one stays, in the place of the first one.
impl<N: Into<String>, V: Into<AttributeValue>> FromIterator<(N, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(given: I) -> Self {
        let mut names: Vec<String> = Vec::new();
        let mut values: Vec<(u16, AttributeValue)> = Vec::new();
        // Like a manifest, it has no more names than an index can tell apart.
        for (name, value) in given.into_iter().take(usize::from(u16::MAX)) {
            let (name, value) = (name.into(), value.into());
            match names.iter().position(|other| *other == name) {
                Some(at) => values[at].1 = value,
                None => {
                    values.push((names.len() as u16, value));
                    names.push(name);
                }
            }
        }
        Attributes { names: names.into(), values: values.into_boxed_slice() }
    }
}

/// Equal if names, values and their order are.
impl PartialEq for Attributes {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The attributes of a file by analyzer: `{"metrics": {"lines": 10}, "secrets": {}}` in JSON.
///
/// An analyzer is named as in rules: by the short name of its manifest, or by its full name where the short one means
/// or may mean another plugin. One that reported no attributes has an empty object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileAttributes(Vec<(Arc<str>, Attributes)>);

impl FileAttributes {
    /// The names of the analyzers.
    pub fn analyzers(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(analyzer, _)| analyzer)
    }

    /// The attributes by an analyzer, if it answered.
    pub fn get(&self, analyzer: &str) -> Option<&Attributes> {
        self.iter().find(|(name, _)| *name == analyzer).map(|(_, attributes)| attributes)
    }

    /// Whether no analyzer answered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Analyzers and attributes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Attributes)> {
        self.0.iter().map(|(analyzer, attributes)| (&**analyzer, attributes))
    }

    /// Sets the attributes by an analyzer.
    pub fn insert(&mut self, analyzer: impl Into<Arc<str>>, attributes: Attributes) {
        let analyzer = analyzer.into();
        match self.0.iter_mut().find(|(name, _)| *name == analyzer) {
            Some((_, old)) => *old = attributes,
            None => {
                self.0.reserve_exact(1);
                self.0.push((analyzer, attributes));
            }
        }
    }

    /// Removes the attributes by an analyzer, and returns whether it had answered.
    pub(super) fn remove(&mut self, analyzer: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(name, _)| **name != *analyzer);
        self.0.len() < before
    }
}

impl Serialize for FileAttributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_the_order_and_the_form_of_a_map() {
        let mut attributes = FileAttributes::default();
        attributes.insert("secrets", Attributes::default());
        let values: [(&str, AttributeValue); 6] = [
            ("lines", 3.into()),
            ("ratio", 0.5.into()),
            ("generated", false.into()),
            ("kind", "é\"".into()),
            ("unknown", f64::NAN.into()),
            ("lines", (-4).into()),
        ];
        attributes.insert("metrics", values.into_iter().collect());
        let text = serde_json::to_string(&attributes).unwrap();
        let metrics = r#"{"lines":-4,"ratio":0.5,"generated":false,"kind":"é\"","unknown":null}"#;
        assert_eq!(text, format!(r#"{{"secrets":{{}},"metrics":{metrics}}}"#));
        assert_eq!(attributes.get("metrics").unwrap().get("lines"), Some(&AttributeValue::Integer(-4)));
        assert_eq!(attributes.get("metrics").unwrap().get("line"), None);
    }

    #[test]
    fn equality_depends_on_names_and_not_on_how_they_are_shared() {
        let names: Arc<[String]> = ["a", "b"].map(str::to_owned).into();
        let shared = Attributes::new(&names, vec![(1, 2.into())]);
        assert_eq!(shared, [("b", 2)].into_iter().collect());
        assert_ne!(shared, [("a", 2)].into_iter().collect());
        assert_ne!(shared, Attributes::default());
    }

    #[test]
    fn a_value_is_small() {
        assert!(size_of::<(u16, AttributeValue)>() <= 32);
    }
}
