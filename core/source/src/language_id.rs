//! Reading the identifiers of languages.

use std::str::FromStr;

use codetune_validate::nearest;

use super::language::Language;
use super::source_error::SourceError;

impl FromStr for Language {
    type Err = SourceError;

    /// Reads an identifier as [`Language::id`] writes it.
    fn from_str(id: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|language| language.id() == id).ok_or_else(|| {
            let nearest = nearest(id, Self::ALL.map(Self::id));
            SourceError::UnknownLanguage { id: id.into(), nearest }
        })
    }
}

#[cfg(test)]
mod tests {
    use codetune_validate::Whole;

    use super::*;

    #[test]
    fn ids_round_trip_and_a_wrong_one_names_the_nearest() {
        for language in Language::ALL {
            assert_eq!(language.id().parse::<Language>().ok(), Some(language));
            assert_eq!(serde_json::to_value(language).unwrap(), language.id());
        }
        let error = "pyton".parse::<Language>().unwrap_err().whole();
        assert_eq!(error, "there is no language \"pyton\"; the nearest is \"python\"");
        let error = "cobol".parse::<Language>().unwrap_err().whole();
        assert!(error.starts_with("there is no language \"cobol\"; use one of rust, python, "), "{error}");
    }
}
