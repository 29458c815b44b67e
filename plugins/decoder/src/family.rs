/// The architectures of the family and their differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Llama,
    Qwen2,
    Mistral,
}

impl Family {
    pub const ALL: [Family; 3] = [Family::Llama, Family::Qwen2, Family::Mistral];

    /// The entry of `architectures`.
    pub fn architecture(self) -> &'static str {
        match self {
            Family::Llama => "LlamaForCausalLM",
            Family::Qwen2 => "Qwen2ForCausalLM",
            Family::Mistral => "MistralForCausalLM",
        }
    }

    pub fn model_type(self) -> &'static str {
        match self {
            Family::Llama => "llama",
            Family::Qwen2 => "qwen2",
            Family::Mistral => "mistral",
        }
    }

    /// The default of `num_key_value_heads` for a number of heads.
    pub fn default_kv_heads(self, heads: u64) -> u64 {
        match self {
            Family::Llama => heads,
            Family::Qwen2 => 32,
            Family::Mistral => 8,
        }
    }

    pub fn default_positions(self) -> u64 {
        match self {
            Family::Llama => 2048,
            Family::Qwen2 => 32_768,
            Family::Mistral => 131_072,
        }
    }
}
