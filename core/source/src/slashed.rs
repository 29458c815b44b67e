use std::path::Path;

/// A path separated by `/`, and whether it was valid UTF-8.
pub(super) fn slashed(path: &Path) -> (String, bool) {
    let mut text = String::with_capacity(path.as_os_str().len());
    let mut exact = true;
    for part in path.components() {
        if !text.is_empty() {
            text.push('/');
        }
        match part.as_os_str().to_str() {
            Some(part) => text.push_str(part),
            None => {
                exact = false;
                text.push_str(&part.as_os_str().as_encoded_bytes().escape_ascii().to_string());
            }
        }
    }
    (text, exact)
}
