/// What the manifest's `config` table declares.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether to look at values assigned to suspicious names.
    pub assignments: bool,
    /// The shortest assigned value that is reported, in characters.
    pub min_length: u32,
    /// The least entropy of an assigned value that is reported, in bits a character.
    pub min_entropy: f64,
    /// The same for values of hexadecimal digits, which cannot pass 4.
    pub min_hex_entropy: f64,
}
