//! Checks a backward pass against central differences in `f64`.

use candle_core::{DType, Device, Tensor, Var};

use super::error::Result;

/// Step of the central difference: truncation grows with its square, cancellation with its inverse.
const STEP: f64 = 1e-5;

/// Maximum number of checked elements per argument; larger arguments are sampled evenly.
const SAMPLES: usize = 60;

/// Reproducible numbers in -1..1.
pub(super) fn random(shape: &[usize], seed: u64) -> Tensor {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let values: Vec<f64> = (0..shape.iter().product())
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        })
        .collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// All elements, as `f64`.
pub(super) fn values(tensor: &Tensor) -> Vec<f64> {
    tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Asserts equal shapes, and elements whose difference is at most `tolerance * max(1, |expected|)`.
pub(super) fn assert_close(got: &Tensor, expected: &Tensor, tolerance: f64) {
    assert_eq!(got.dims(), expected.dims());
    for (i, (a, b)) in values(got).into_iter().zip(values(expected)).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "element {i}: got {a}, expected {b}");
    }
}

/// A fixed weighting of all outputs, so that no gradient cancels.
fn objective(out: &Tensor) -> Tensor {
    let weights = random(out.dims(), 99).affine(1.0, 0.3).unwrap();
    (out * weights).unwrap().sum_all().unwrap()
}

/// Asserts that the gradient to every argument agrees with central differences to 1e-5 relative to its largest element.
pub(super) fn check(args: &[&Tensor], f: impl Fn(&[Tensor]) -> Result<Tensor>) {
    let vars: Vec<Var> = args.iter().map(|t| Var::from_tensor(&t.copy().unwrap()).unwrap()).collect();
    let tensors: Vec<Tensor> = vars.iter().map(|v| v.as_tensor().clone()).collect();
    let grads = objective(&f(&tensors).unwrap()).backward().unwrap();
    for (which, arg) in args.iter().enumerate() {
        let grad = grads.get(&tensors[which]).unwrap_or_else(|| panic!("argument {which} has no gradient"));
        assert_eq!(grad.dims(), arg.dims());
        let grad = values(grad);
        let scale = grad.iter().fold(1e-3f64, |m, g| m.max(g.abs()));
        let original = values(arg);
        for i in (0..original.len()).step_by(original.len().div_ceil(SAMPLES).max(1)) {
            let at = |delta: f64| {
                let mut moved = original.clone();
                moved[i] += delta;
                let mut plain: Vec<Tensor> = args.iter().map(|&t| t.clone()).collect();
                plain[which] = Tensor::from_vec(moved, arg.dims(), &Device::Cpu).unwrap();
                objective(&f(&plain).unwrap()).to_scalar::<f64>().unwrap()
            };
            let expected = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            assert!(
                (grad[i] - expected).abs() <= 1e-5 * expected.abs().max(scale * 0.1),
                "argument {which}, element {i}: backward {}, difference {expected}",
                grad[i]
            );
        }
    }
}

/// Asserts that `f` returns the same bits on one thread and on two.
pub(super) fn check_threads(f: impl Fn() -> Vec<Tensor> + Sync) {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| f().iter().flat_map(values).map(f64::to_bits).collect::<Vec<u64>>())
    };
    assert_eq!(on(1), on(2));
}
