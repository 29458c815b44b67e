//! Rates of the heavy tensor operations, forward alone and with their backward pass.
//!
//! Throughput counts multiply-adds as two operations each; attention counts the half of the scores that a causal mask
//! keeps.

use std::hint::black_box;

use candle_core::{DType, Device, Tensor, Var};
use codetune_tensor::{
    AdamW, AttentionMask, Moments, adamw_step, attention, cross_entropy, frozen_linear, lora_linear,
    rms_norm, swiglu, trained_linear,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn random(shape: &[usize]) -> Var {
    let tensor = Tensor::randn(0f32, 1.0, shape, &Device::Cpu).and_then(|t| Var::from_tensor(&t));
    tensor.expect("a tensor of normal numbers")
}

/// Measures `forward` over variables, and the same with the backward pass of its sum.
fn measure(criterion: &mut Criterion, name: &str, operations: [u64; 2], forward: impl Fn() -> Tensor) {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10);
    group.throughput(Throughput::Elements(operations[0]));
    group.bench_function("forward", |b| b.iter(|| black_box(forward())));
    group.throughput(Throughput::Elements(operations[1]));
    group.bench_function("forward and backward", |b| {
        b.iter(|| black_box(forward().sum_all().and_then(|sum| sum.backward()).expect("a backward pass")));
    });
    group.finish();
}

fn operations(criterion: &mut Criterion) {
    let (batch, heads, seq, width) = (4, 8, 512, 64);
    let [q, k, v] = [8, 2, 2].map(|heads| random(&[batch, heads, seq, width]));
    let product = (2 * batch * heads * seq * seq * width / 2) as u64;
    measure(criterion, "attention 4x8x512x64, 2 key heads", [2 * product, 7 * product], || {
        attention(&q, &k, &v, &AttentionMask::causal(), 0.125).expect("attention")
    });

    let hidden = heads * width;
    let x = random(&[batch, seq, hidden]);
    let weight = random(&[hidden, hidden]);
    let product = (2 * batch * seq * hidden * hidden) as u64;
    measure(criterion, "trained linear 2048x512x512", [product, 3 * product], || {
        trained_linear(&x, &weight, None).expect("linear")
    });
    measure(criterion, "frozen linear 2048x512x512", [product, 2 * product], || {
        frozen_linear(&x, &weight, None).expect("linear")
    });
    let (a, b) = (random(&[16, hidden]), random(&[hidden, 16]));
    measure(criterion, "lora linear 2048x512x512 rank 16", [product, 2 * product], || {
        lora_linear(&x, &weight, None, &a, &b, 2.0, None).expect("lora")
    });

    let elements = (batch * seq * hidden) as u64;
    let (scale, up) = (random(&[hidden]), random(&[batch, seq, hidden]));
    measure(criterion, "rms_norm 2048x512", [elements; 2], || rms_norm(&x, &scale, 1e-6).expect("norm"));
    measure(criterion, "swiglu 2048x512", [elements; 2], || swiglu(&x, &up).expect("swiglu"));
    let logits = random(&[512, 8192]);
    let targets = Tensor::zeros(512, DType::U32, &Device::Cpu).expect("targets");
    measure(criterion, "cross_entropy 512x8192", [512 * 8192; 2], || {
        cross_entropy(&logits, &targets).expect("loss").sum
    });

    let grad = logits.copy().expect("a gradient of its own").detach();
    let mut moments = Moments::zeros(&logits).expect("moments");
    let mut group = criterion.benchmark_group("adamw 4M");
    group.throughput(Throughput::Elements(512 * 8192));
    group.bench_function("step", |bencher| {
        bencher.iter(|| {
            adamw_step(&logits, &grad, &mut moments, &AdamW { lr: 1e-9, ..AdamW::default() }, 1)
                .expect("a step");
        });
    });
    group.finish();
}

criterion_group!(benches, operations);
criterion_main!(benches);
