/// The type of an attribute's or option's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ValueKind {
    Integer,
    Float,
    Boolean,
    Text,
}
