//! Floats in JSON that are read back bit for bit.
//!
//! `serde_json` reads some decimals as the float beside the one that was written, 0.9452706955539223 for one, unless its
//! feature `float_roundtrip` is on, which a build with tests gets from another crate and the program does not. A text is
//! read by the standard library, which never does so.

pub(super) mod float {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

pub(super) mod optional_float {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|value| value.to_string()).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct Pair {
        #[serde(with = "super::float")]
        value: f64,
        #[serde(with = "super::optional_float")]
        other: Option<f64>,
    }

    #[test]
    fn floats_are_written_as_texts_and_read_as_they_were() {
        for value in [0.9452706955539223, 0.38120423768821243, 0.1, f64::MIN_POSITIVE, 5e-324, f64::MAX] {
            let text = serde_json::to_string(&Pair { value, other: Some(value) }).unwrap();
            let written = format!("{{\"value\":\"{value}\",\"other\":\"{value}\"}}");
            assert_eq!(text, written, "a number in JSON is read by serde_json");
            let read: Pair = serde_json::from_str(&text).unwrap();
            assert_eq!(
                (read.value.to_bits(), read.other.map(f64::to_bits)),
                (value.to_bits(), Some(value.to_bits()))
            );
        }
    }
}
