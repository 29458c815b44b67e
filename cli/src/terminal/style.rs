//! The few styles that there are.

/// What a text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A heading.
    Heading,
    /// Something good.
    Good,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// What to do.
    Help,
    /// Less important than the rest.
    Dim,
}

/// The text with the escape sequences of a style around it, where there are colours.
pub fn paint(color: bool, style: Style, text: &str) -> String {
    if !color {
        return text.to_owned();
    }
    let code = match style {
        Style::Heading => "1",
        Style::Good => "32",
        Style::Error => "1;31",
        Style::Warning => "1;33",
        Style::Help => "1;36",
        Style::Dim => "2",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
