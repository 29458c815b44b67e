use std::collections::HashSet;

use codetune_plugin_sdk::{Initializer, Parameter, Plan, Role};

/// More blocks than any model has; each is a call for every micro-batch.
const MAX_BLOCKS: u32 = 10_000;

/// More parameters, counted as tensors, than any model has.
const MAX_PARAMETERS: usize = 1_000_000;

/// The longest name of a parameter, in bytes.
const MAX_NAME: usize = 512;

/// The most default targets.
const MAX_TARGETS: usize = 256;

/// Ids are 32 bits wide, and the last of them marks positions without a label.
const MAX_VOCABULARY: u64 = u32::MAX as u64;

/// The most bytes that all parameters may take: what follows counts them in 64 bits, with room for a training's sums.
const MAX_BYTES: u64 = 1 << 60;

/// The bytes of an element as trained.
const ELEMENT: u64 = size_of::<f32>() as u64;

/// The key under which safetensors keeps what is no tensor.
const METADATA: &str = "__metadata__";

/// A normal number is hardly ever more than so many deviations from the mean.
const DEVIATIONS: f64 = 10.0;

/// Checks what a training backend said that a model consists of, before anything is made of it: after this no product
/// or sum of shapes overflows, names can be keys of a checkpoint, and every initial value is finite.
///
/// # Errors
/// Says what breaks the contract.
pub(crate) fn check_plan(plan: &Plan) -> Result<(), String> {
    let within = |what: &str, found: u64, least: u64, most: u64| match (least..=most).contains(&found) {
        true => Ok(()),
        false => Err(format!("its plan has {what} {found}; {least} to {most} are possible")),
    };
    within("`blocks`", plan.blocks.into(), 0, MAX_BLOCKS.into())?;
    within("`vocabulary`", plan.vocabulary, 1, MAX_VOCABULARY)?;
    within("`max-positions`", plan.max_positions, 1, u32::MAX.into())?;
    within("tensors:", plan.parameters.len() as u64, 0, MAX_PARAMETERS as u64)?;
    let mut names = HashSet::new();
    let mut bytes = 0u64;
    for parameter in &plan.parameters {
        check_name(&parameter.name)?;
        if !names.insert(parameter.name.as_str()) {
            return Err(format!("its plan has the parameter {} twice", parameter.name));
        }
        let size = check_parameter(parameter)
            .map_err(|what| format!("its plan has the parameter {} {what}", parameter.name))?;
        bytes = bytes.checked_add(size).filter(|bytes| *bytes <= MAX_BYTES).ok_or_else(|| {
            format!("the parameters of its plan take more than {} PiB together", MAX_BYTES >> 50)
        })?;
    }
    check_targets(plan)
}

/// How many bytes the parameters of a checked plan take as they are trained, in single precision.
pub fn plan_bytes(plan: &Plan) -> u64 {
    parameter_count(plan).saturating_mul(ELEMENT)
}

/// How many numbers the parameters of a plan hold.
pub fn parameter_count(plan: &Plan) -> u64 {
    let elements = |parameter: &Parameter| parameter.shape.iter().fold(1u64, |all, d| all.saturating_mul(*d));
    plan.parameters.iter().map(elements).fold(0, u64::saturating_add)
}

fn check_name(name: &str) -> Result<(), String> {
    if name == METADATA {
        return Err(format!(
            "its plan has a parameter named {METADATA}, which checkpoints keep for themselves"
        ));
    }
    match !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(()),
        false => {
            let shown: String = name.escape_default().take(80).collect();
            Err(format!(
                "its plan has a parameter named `{shown}`; 1 to {MAX_NAME} visible ASCII characters are possible"
            ))
        }
    }
}

/// The bytes of one parameter, or what is wrong with it.
fn check_parameter(parameter: &Parameter) -> Result<u64, String> {
    let rank = match parameter.role {
        Role::Linear | Role::Embedding => 2,
        Role::Bias | Role::Norm => 1,
    };
    let shape = &parameter.shape;
    if shape.len() != rank {
        let (role, found) = (parameter.role, shape.len());
        return Err(format!("with {found} dimensions; the role {role:?} has {rank}"));
    }
    if shape.contains(&0) {
        return Err(format!("of the shape {shape:?}, which holds nothing"));
    }
    let size = shape.iter().try_fold(ELEMENT, |size, dimension| size.checked_mul(*dimension));
    let size = size.filter(|size| *size <= MAX_BYTES && isize::try_from(*size).is_ok());
    let size = size.ok_or_else(|| format!("of the shape {shape:?}, which no machine holds"))?;
    match parameter.initializer {
        Initializer::Normal(deviation) if !(0.0..=f64::from(f32::MAX) / DEVIATIONS).contains(&deviation) => {
            Err(format!("with initial values of the deviation {deviation}"))
        }
        _ => Ok(size),
    }
}

/// A target has to name a projection, by its whole name or the last parts of it.
fn check_targets(plan: &Plan) -> Result<(), String> {
    if plan.default_targets.len() > MAX_TARGETS {
        let found = plan.default_targets.len();
        return Err(format!("its plan has {found} default targets; {MAX_TARGETS} are possible"));
    }
    let projections = plan
        .parameters
        .iter()
        .filter(|parameter| parameter.role == Role::Linear)
        .filter_map(|parameter| parameter.name.strip_suffix(".weight"))
        .collect::<Vec<_>>();
    let names = |target: &str, name: &&str| {
        name.strip_suffix(target).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    match plan.default_targets.iter().find(|target| !projections.iter().any(|name| names(target, name))) {
        None => Ok(()),
        Some(target) => {
            let shown: String = target.escape_default().take(80).collect();
            Err(format!("its plan has the default target `{shown}`, which no projection is named"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(change: impl FnOnce(&mut Plan)) -> Plan {
        let parameter = |name: &str, shape: &[u64], role| Parameter {
            name: name.into(),
            shape: shape.to_vec(),
            role,
            initializer: Initializer::Normal(0.02),
        };
        let mut plan = Plan {
            blocks: 2,
            vocabulary: 32,
            max_positions: 64,
            parameters: vec![
                parameter("embed.weight", &[32, 8], Role::Embedding),
                parameter("layers.0.q_proj.weight", &[8, 8], Role::Linear),
                parameter("norm.weight", &[8], Role::Norm),
            ],
            default_targets: vec!["q_proj".into()],
        };
        change(&mut plan);
        plan
    }

    fn refusal(change: impl FnOnce(&mut Plan)) -> String {
        check_plan(&plan(change)).unwrap_err()
    }

    #[test]
    fn a_sound_plan_passes_and_is_counted() {
        let plan = plan(|_| {});
        check_plan(&plan).unwrap();
        assert_eq!((parameter_count(&plan), plan_bytes(&plan)), (32 * 8 + 64 + 8, 4 * (32 * 8 + 64 + 8)));
        let nothing = Plan { blocks: 0, vocabulary: 1, max_positions: 1, ..Plan::default() };
        check_plan(&nothing).unwrap();
        assert_eq!(parameter_count(&nothing), 0);
    }

    #[test]
    fn shapes_whose_products_or_sums_overflow_are_refused() {
        for shape in [[1 << 40, 1 << 30], [1 << 60, 4], [u64::MAX, u64::MAX], [1 << 58, 2]] {
            let error = refusal(|plan| plan.parameters[1].shape = shape.to_vec());
            assert!(error.contains("q_proj.weight of the shape") && error.contains("no machine"), "{error}");
        }
        let error = refusal(|plan| {
            plan.parameters[0].shape = vec![1 << 57, 1];
            plan.parameters[1].shape = vec![1 << 57, 1];
            plan.parameters[2].shape = vec![1];
        });
        assert!(error.contains("take more than 1024 PiB together"), "{error}");
    }

    #[test]
    fn empty_shapes_and_those_of_another_role_are_refused() {
        let error = refusal(|plan| plan.parameters[1].shape = vec![8, 0]);
        assert!(error.contains("[8, 0], which holds nothing"), "{error}");
        let error = refusal(|plan| plan.parameters[1].shape = vec![8]);
        assert!(error.contains("with 1 dimensions; the role Linear has 2"), "{error}");
        let error = refusal(|plan| plan.parameters[2].shape = vec![]);
        assert!(error.contains("with 0 dimensions; the role Norm has 1"), "{error}");
    }

    #[test]
    fn names_that_no_checkpoint_can_hold_are_refused() {
        let bidi = format!("a{}b", char::from_u32(0x202E).unwrap());
        for name in ["__metadata__", "", "a b", "a\nb", "naïve", &bidi, &"x".repeat(600)] {
            let error = refusal(|plan| plan.parameters[0].name = name.into());
            assert!(error.contains("named") && error.is_ascii() && error.len() < 300, "{error}");
        }
        let error = refusal(|plan| plan.parameters[2].name = "embed.weight".into());
        assert!(error.ends_with("the parameter embed.weight twice"), "{error}");
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for deviation in [f64::NAN, f64::INFINITY, -0.1, 1e38] {
            let error = refusal(|plan| plan.parameters[0].initializer = Initializer::Normal(deviation));
            assert!(error.contains(&format!("deviation {deviation}")), "{error}");
        }
        for (change, expected) in [
            ((|plan| plan.vocabulary = u64::MAX) as fn(&mut Plan), "`vocabulary` 18446744073709551615"),
            (|plan| plan.vocabulary = 0, "`vocabulary` 0; 1 to 4294967295 are possible"),
            (|plan| plan.blocks = u32::MAX, "`blocks` 4294967295; 0 to 10000"),
            (|plan| plan.max_positions = 0, "`max-positions` 0"),
            (|plan| plan.max_positions = 1 << 40, "`max-positions` 1099511627776"),
            (|plan| plan.default_targets = vec!["roj".into()], "default target `roj`"),
            (|plan| plan.default_targets = vec!["embed".into()], "default target `embed`"),
            (|plan| plan.default_targets = vec![String::new(); 999], "999 default targets"),
        ] {
            let error = refusal(change);
            assert!(error.contains(expected), "{error}");
        }
    }
}
