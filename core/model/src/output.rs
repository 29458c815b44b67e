use codetune_plugin_sdk::{Parameter, Plan, Role};

/// The output layer, from hidden states to logits.
pub(super) const OUTPUT: &str = "lm_head";

/// The embedding that is also the output layer, if the plan has no separate one.
pub(super) fn tied_embedding(plan: &Plan) -> Option<&Parameter> {
    if plan.parameters.iter().any(|parameter| is_output(&parameter.name)) {
        return None;
    }
    let embeds = |p: &&Parameter| p.role == Role::Embedding && p.shape.first() == Some(&plan.vocabulary);
    plan.parameters.iter().find(embeds)
}

/// Whether this is the weight of the output layer.
pub(super) fn is_output(parameter: &str) -> bool {
    parameter.strip_suffix(".weight") == Some(OUTPUT)
}

#[cfg(test)]
mod tests {
    use codetune_plugin_sdk::Initializer;

    use super::*;

    #[test]
    fn only_a_plan_without_an_output_layer_is_tied() {
        let parameter = |name: &str, rows: u64, role| Parameter {
            name: name.into(),
            shape: vec![rows, 4],
            role,
            initializer: Initializer::Ones,
        };
        let positions = parameter("positions.weight", 64, Role::Embedding);
        let tokens = parameter("tokens.weight", 32, Role::Embedding);
        let own = parameter("lm_head.weight", 32, Role::Linear);
        let plan = |parameters: &[&Parameter]| Plan {
            vocabulary: 32,
            parameters: parameters.iter().map(|p| (*p).clone()).collect(),
            ..Plan::default()
        };
        assert_eq!(tied_embedding(&plan(&[&positions, &tokens])), Some(&tokens));
        assert_eq!(tied_embedding(&plan(&[&positions, &tokens, &own])), None);
        assert_eq!(tied_embedding(&plan(&[&positions])), None);
    }
}
