use candle_core::{D, DType, Device, Var};

use super::*;
use crate::finite_difference::{assert_close, check, check_threads, random};

/// The mask as a matrix of zeros and minus infinities, `[b, 1, s, t]`.
fn dense(mask: &AttentionMask, batch: usize, queries: usize, keys: usize) -> Tensor {
    let mut values = Vec::new();
    for b in 0..batch {
        for query in 0..queries {
            let (start, end) = mask.keys(b, query);
            values
                .extend((0..keys).map(|key| if key >= start && key < end { 0.0 } else { f64::NEG_INFINITY }));
        }
    }
    Tensor::from_vec(values, (batch, 1, queries, keys), &Device::Cpu).unwrap()
}

/// Attention out of plain candle operations, with repeated keys and values.
fn naive(q: &Tensor, k: &Tensor, v: &Tensor, mask: &AttentionMask, scale: f64) -> Result<Tensor> {
    let (batch, heads, queries, _) = q.dims4()?;
    let (_, groups, keys, width) = k.dims4()?;
    let repeat = |t: &Tensor| {
        let t = t.unsqueeze(2)?.broadcast_as((batch, groups, heads / groups, keys, width))?.contiguous()?;
        t.reshape((batch, heads, keys, width))
    };
    let scores = (q.contiguous()?.matmul(&repeat(k)?.t()?)? * scale)?;
    let scores = scores.broadcast_add(&dense(mask, batch, queries, keys).to_dtype(q.dtype())?)?;
    let exp = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
    Ok(exp.broadcast_div(&exp.sum_keepdim(D::Minus1)?)?.matmul(&repeat(v)?)?)
}

struct Case {
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: AttentionMask,
}

fn case([batch, heads, groups, queries, keys, width]: [usize; 6], mask: AttentionMask) -> Case {
    let q = random(&[batch, heads, queries, width], 1).affine(2.0, 0.0).unwrap();
    let k = random(&[batch, groups, keys, width], 2).affine(2.0, 0.0).unwrap();
    let v = random(&[batch, groups, keys, width], 3);
    Case { q, k, v, mask }
}

fn cases() -> Vec<Case> {
    let causal = AttentionMask::causal;
    let segments: Vec<u32> = (0..70)
        .map(|i| {
            if i < 3 {
                5
            } else if i < 41 {
                1
            } else {
                9
            }
        })
        .collect();
    let two: Vec<u32> = [0, 0, 1, 1, 1, 2, 2, 0, 0, 0, 0, 0, 1, 1].to_vec();
    vec![
        case([1, 1, 1, 1, 1, 1], causal()),
        case([2, 4, 2, 7, 7, 5], causal()),
        case([2, 3, 1, 7, 7, 4], causal().with_segments(&two, 2, 7).unwrap()),
        case([1, 6, 2, 70, 70, 8], causal().with_segments(&segments, 1, 70).unwrap()),
        case([1, 2, 2, 67, 67, 3], causal().with_window(5).unwrap()),
        case([1, 2, 1, 70, 70, 3], causal().with_segments(&segments, 1, 70).unwrap().with_window(4).unwrap()),
        case([2, 4, 2, 3, 9, 5], causal().with_offset(6)),
        case([1, 4, 2, 1, 9, 5], causal().with_offset(5).with_window(3).unwrap()),
    ]
}

#[test]
fn backward_agrees_with_finite_differences() {
    for Case { q, k, v, mask } in cases() {
        check(&[&q, &k, &v], |a| attention(&a[0], &a[1], &a[2], &mask, 0.5));
    }
}

#[test]
fn forward_agrees_with_the_naive_composition_in_both_precisions() -> Result<()> {
    for Case { q, k, v, mask } in cases() {
        assert_close(&attention(&q, &k, &v, &mask, 0.4)?, &naive(&q, &k, &v, &mask, 0.4)?, 1e-12);
        let [q, k, v] = [q, k, v].map(|t| t.to_dtype(DType::F32).unwrap());
        assert_close(&attention(&q, &k, &v, &mask, 0.4)?, &naive(&q, &k, &v, &mask, 0.4)?, 2e-6);
    }
    Ok(())
}

#[test]
fn strided_arguments_give_the_same_result_and_gradients() -> Result<()> {
    let Case { q, k, v, mask } = case([2, 4, 2, 7, 7, 5], AttentionMask::causal());
    let turned = |t: &Tensor| t.transpose(1, 2)?.contiguous()?.transpose(1, 2);
    let strided = attention(&turned(&q)?, &turned(&k)?, &turned(&v)?, &mask, 0.5)?;
    assert_close(&strided, &attention(&q, &k, &v, &mask, 0.5)?, 1e-14);
    let heads_last = |t: &Tensor| t.transpose(1, 2).unwrap().contiguous().unwrap();
    check(&[&heads_last(&q), &heads_last(&k), &heads_last(&v)], |a| {
        attention(&a[0].transpose(1, 2)?, &a[1].transpose(1, 2)?, &a[2].transpose(1, 2)?, &mask, 0.5)
    });
    Ok(())
}

#[test]
fn a_document_is_not_moved_by_its_neighbours() -> Result<()> {
    let segments: Vec<u32> = (0..20).map(|i| u32::from(i >= 8)).collect();
    let mask = AttentionMask::causal().with_segments(&segments, 1, 20)?;
    let Case { q, k, v, .. } = case([1, 2, 1, 20, 20, 6], AttentionMask::causal());
    let packed = attention(&q, &k, &v, &mask, 0.5)?.narrow(2, 8, 12)?;
    let part = |t: &Tensor| t.narrow(2, 8, 12);
    let alone = attention(&part(&q)?, &part(&k)?, &part(&v)?, &AttentionMask::causal(), 0.5)?;
    assert_close(&packed, &alone, 1e-14);
    Ok(())
}

#[test]
fn bits_do_not_depend_on_threads() {
    check_threads(|| {
        let mask = AttentionMask::causal();
        let case = case([1, 4, 1, 150, 150, 32], mask.clone());
        let [q, k, v] =
            [&case.q, &case.k, &case.v].map(|t| Var::from_tensor(&t.to_dtype(DType::F32).unwrap()).unwrap());
        let out = attention(&q, &k, &v, &mask, 0.2).unwrap();
        let grads = out.sqr().unwrap().sum_all().unwrap().backward().unwrap();
        [&q, &k, &v].iter().map(|x| grads.get(x).unwrap().clone()).chain([out]).collect()
    });
}

#[test]
fn constant_keys_get_no_gradient() -> Result<()> {
    let Case { q, k, v, mask } = case([1, 2, 1, 4, 4, 3], AttentionMask::causal());
    let q = Var::from_tensor(&q)?;
    let grads = attention(&q, &k, &v, &mask, 0.5)?.sum_all()?.backward()?;
    assert!(grads.get(&q).is_some() && grads.get(&k).is_none() && grads.get(&v).is_none());
    Ok(())
}

#[test]
fn refusal_names_the_operation_and_both_shapes() {
    let Case { q, k, v, mask } = case([1, 3, 2, 4, 4, 3], AttentionMask::causal());
    let error = attention(&q, &k, &v, &mask, 0.5).unwrap_err().to_string();
    assert!(
        error.contains("attention") && error.contains("[1, 3, 4, 3]") && error.contains("[1, 2, 4, 3]"),
        "{error}"
    );
    let Case { q, k, v, mask } = case([1, 2, 2, 4, 3, 3], AttentionMask::causal());
    assert!(attention(&q, &k, &v, &mask, 0.5).is_err());
    assert!(attention(&k, &k, &v, &mask, 0.0).is_err());
}
