use codetune_plugin_sdk::Error;
use serde_json::Value;

use crate::keys::Keys;

/// Keys that do not affect what these architectures compute: about files, types, kernels and the library; about
/// generation, which `generation_config.json` and the command line determine; and about other heads than the language
/// model head. Sources: `PreTrainedConfig` and `GenerationConfig` of transformers 4 and 5, and widely used checkpoints.
#[rustfmt::skip]
const WITHOUT_EFFECT: &[&str] = &[
    // Files, types, kernels, the library.
    "_attn_implementation", "_attn_implementation_autoset", "_commit_hash", "_experts_implementation",
    "_flash_attn_2_enabled", "_from_model_config", "_name_or_path", "attn_implementation", "dtype",
    "gradient_checkpointing", "max_sequence_length", "model_max_length", "pretraining_tp", "return_dict",
    "tokenizer_class", "torch_dtype", "torchscript", "transformers.js_config", "transformers_version",
    "unsloth_fixed", "unsloth_version", "use_bfloat16", "use_cache", "use_flash_attention", "use_flash_attention_2",
    "use_flash_attn",
    // Other heads and tasks.
    "chunk_size_feed_forward", "classifier_dropout", "finetuning_task", "id2label", "is_decoder", "label2id",
    "num_labels", "prefix", "problem_type", "task_specific_params", "tf_legacy_loss",
    // Tokens and generation.
    "assistant_confidence_threshold", "assistant_early_exit", "assistant_ensemble_weight", "assistant_lookbehind",
    "bad_words_ids", "begin_suppress_tokens", "bos_token_id", "cache_config", "cache_implementation",
    "compile_config", "constraints", "continuous_batching_config", "decoder_start_token_id", "disable_compile",
    "diversity_penalty", "do_sample", "dola_layers", "early_stopping", "encoder_no_repeat_ngram_size",
    "encoder_repetition_penalty", "eos_token_id", "epsilon_cutoff", "eta_cutoff",
    "exponential_decay_length_penalty", "force_words_ids", "forced_bos_token_id", "forced_eos_token_id",
    "forced_decoder_ids", "guidance_scale", "is_assistant", "length_penalty", "low_memory", "mask_token_id",
    "max_cache_len", "max_length", "max_matching_ngram_size", "max_new_tokens", "max_time", "min_length",
    "min_new_tokens", "min_p", "no_repeat_ngram_size", "num_assistant_tokens", "num_assistant_tokens_schedule",
    "num_beam_groups", "num_beams", "num_return_sequences", "output_attentions", "output_hidden_states",
    "output_logits", "output_scores", "pad_token_id", "penalty_alpha", "prefill_chunk_size",
    "prompt_lookup_num_tokens", "remove_invalid_values", "renormalize_logits", "repetition_penalty",
    "return_dict_in_generate", "sep_token_id", "sequence_bias", "speculation_type", "stop_strings",
    "suppress_tokens", "target_lookbehind", "temperature", "token_healing", "top_h", "top_k", "top_p", "typical_p",
    "unk_token_id", "use_mtp", "watermarking_config",
];

/// The value with which a key of a related architecture has no effect.
enum Neutral {
    /// A factor of 1.
    One,
    /// A probability of 0.
    Zero,
    Is(bool),
    Text(&'static [&'static str]),
}

use Neutral::{Is, One, Text, Zero};

/// Keys of related architectures (Granite, SmolLM3, Cohere, Gemma, Falcon-H1, MiniCPM, Phi and StarCoder2), with the
/// value that does not change the computation. A checkpoint that was renamed keeps them.
#[rustfmt::skip]
const NEUTRAL: &[(&str, Neutral)] = &[
    ("attention_in_multiplier", One), ("attention_out_multiplier", One), ("embedding_multiplier", One),
    ("embedding_scale", One), ("key_multiplier", One), ("lm_head_multiplier", One), ("logit_scale", One),
    ("logits_scaling", One), ("partial_rotary_factor", One), ("residual_multiplier", One), ("rotary_pct", One),
    ("scale_emb", One),
    ("activation_dropout", Zero), ("attention_dropout", Zero), ("attn_pdrop", Zero), ("dropout", Zero),
    ("embd_pdrop", Zero), ("embedding_dropout", Zero), ("hidden_dropout", Zero), ("hidden_dropout_prob", Zero),
    ("mlp_dropout", Zero), ("resid_pdrop", Zero), ("residual_dropout", Zero),
    ("add_bias_linear", Is(false)), ("add_cross_attention", Is(false)), ("alibi", Is(false)),
    ("is_causal", Is(true)), ("is_encoder_decoder", Is(false)), ("is_llama_config", Is(true)),
    ("lm_head_bias", Is(false)), ("mup_enabled", Is(false)), ("parallel_attn", Is(false)),
    ("qk_layernorm", Is(false)), ("qk_norm", Is(false)), ("rope_interleave", Is(false)),
    ("rope_interleaved", Is(false)), ("scale_embedding", Is(false)), ("tie_encoder_decoder", Is(false)),
    ("use_bidirectional_attention", Is(false)), ("use_mup", Is(false)), ("use_parallel_residual", Is(false)),
    ("use_post_norm", Is(false)), ("use_qk_norm", Is(false)),
    ("activation_function", Text(&["silu", "swish"])), ("hidden_act", Text(&["silu", "swish"])),
    ("hidden_activation", Text(&["silu", "swish"])), ("position_embedding_type", Text(&["rope", "rotary"])),
];

/// Rejects unsupported keys: known ones with a value that has an effect, and unknown ones. The caller must have read
/// all supported keys.
pub fn refuse_ignored(keys: &Keys<'_>, architecture: &str) -> Result<(), Error> {
    for (key, neutral) in NEUTRAL {
        match neutral {
            One => keys.only_number(key, 1.0)?,
            Zero => keys.only_number(key, 0.0)?,
            Is(flag) => keys.only_flag(key, *flag)?,
            Text(accepted) => keys.only_text(key, accepted)?,
        }
    }
    refuse_code(keys)?;
    if keys.get("pruned_heads").is_some_and(|heads| heads.as_object().is_none_or(|heads| !heads.is_empty())) {
        return Err(keys.refuse("pruned_heads", "only {} is supported"));
    }
    let unknown: Vec<&str> = keys.ignored().into_iter().filter(|key| !WITHOUT_EFFECT.contains(key)).collect();
    let Some((first, others)) = unknown.split_first() else { return Ok(()) };
    let mut needs = format!(
        "{architecture} has no such key, and it may change what the model computes; remove it where it does not"
    );
    if !others.is_empty() {
        needs.push_str(&format!(" (and so for {})", others.join(", ")));
    }
    Err(keys.refuse(first, &needs))
}

/// `auto_map` refers to code in the checkpoint. If that implements the model, the architecture is a different one; code
/// for a tokenizer or processor is irrelevant.
fn refuse_code(keys: &Keys<'_>) -> Result<(), Error> {
    let Some(map) = keys.get("auto_map").filter(|map| !map.is_null()) else { return Ok(()) };
    let makes_model = |name: &String| name.starts_with("AutoModel") || name.starts_with("AutoConfig");
    match map.as_object().is_none_or(|map| map.keys().any(makes_model)) {
        true => Err(keys.refuse(
            "auto_map",
            "the code of a checkpoint is not run; remove the key where the model computes the same without it",
        )),
        false => Ok(()),
    }
}

/// Whether a list has an entry for each layer, all with rotary positions, as in SmolLM3 and Llama 4.
pub fn refuse_layers_without_positions(keys: &Keys<'_>, layers: u64) -> Result<(), Error> {
    let rotates = |flag: &Value| flag.as_u64() == Some(1) || flag.as_bool() == Some(true);
    let all = |list: &Value| {
        list.as_array().is_some_and(|list| list.len() as u64 == layers && list.iter().all(rotates))
    };
    // The interval defines the list if it is missing.
    let listed = !keys.absent("no_rope_layers");
    let interval = !keys.absent("no_rope_layer_interval");
    if listed && !keys.get("no_rope_layers").is_some_and(all) {
        let needs =
            format!("only a list of {layers} ones is supported, which gives every layer its positions");
        return Err(keys.refuse("no_rope_layers", &needs));
    }
    if interval && !listed {
        return Err(keys.refuse(
            "no_rope_layer_interval",
            "layers without positions are not supported; remove it where every layer has them",
        ));
    }
    Ok(())
}
