//! Tensors between host and program: typed, of any type, as `any`, and what does not fit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use common::{Test, output_of, runtime};
use mog::{AnyTensor, Bf16, CapabilitySet, Dtype, Element, F16, Runtime, Tensor, Value, compile_mog_source};

fn echo<T: Element + PartialEq + std::fmt::Debug>(data: Vec<T>) {
    let shape = vec![data.len() / 2, 2];
    let sent = Tensor::new(shape, data).unwrap();
    let source =
        format!("pub fn echo(t: tensor<{0}>) -> tensor<{0}> {{ t.transpose().transpose() }}", T::DTYPE);
    let came = runtime(&source, CapabilitySet::new()).unwrap().call("echo", (sent.clone(),)).unwrap();
    assert_eq!(came.to::<Tensor<T>>().unwrap(), sent);
}

#[test]
fn every_element_type_crosses_both_ways() {
    echo(vec![F16::from_f64(0.1), F16::from_f64(-2.0), F16(0x7c00), F16(1)]);
    echo(vec![Bf16::from_f64(0.1), Bf16::from_f64(-2.0), Bf16(0x7f80), Bf16(1)]);
    echo(vec![0.1f32, f32::MIN, f32::INFINITY, 1e-45]);
    echo(vec![0.1f64, f64::MIN, 5e-324, -0.0]);
    echo(vec![i8::MIN, i8::MAX, 0, -1]);
    echo(vec![i16::MIN, i16::MAX, 0, -1]);
    echo(vec![i32::MIN, i32::MAX, 0, -1]);
    echo(vec![i64::MIN, i64::MAX, 0, -1]);
    echo(vec![u8::MAX, 0]);
    echo(vec![u16::MAX, 0]);
    echo(vec![u32::MAX, 0]);
    echo(vec![u64::MAX, 0]);
    echo(Vec::<f32>::new());
}

fn multiply(a: &Tensor<f32>, b: &Tensor<f32>) -> Result<Tensor<f32>, String> {
    let (&[n, k], &[m, p]) = (a.shape(), b.shape()) else { return Err("two dimensions each".to_owned()) };
    if k != m {
        return Err(format!("{n}x{k} times {m}x{p}"));
    }
    let cell = |i: usize, j: usize| (0..k).map(|at| a.data()[i * k + at] * b.data()[at * p + j]).sum();
    let data = (0..n * p).map(|at| cell(at / p, at % p)).collect();
    Ok(Tensor::new(vec![n, p], data).unwrap())
}

fn with_multiply() -> CapabilitySet {
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("ml.matmul", |a: Tensor<f32>, b: Tensor<f32>| multiply(&a, &b));
    capabilities
}

#[test]
fn a_granted_function_computes() -> Test {
    let source = r#"
fn main() {
    a := tensor<f32>([2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    c := ml.matmul(a, a.transpose())
    println(c, c[1, 0])
    try { println(ml.matmul(a, a)) } catch(e) { println(e) }
    println(ml.matmul(tensor<f32>.ones([1, 2]), tensor([[0.5], [0.25]])))
}
"#;
    let expected =
        "tensor<f32>([2, 2], [14.0, 32.0, 32.0, 77.0]) 32.0\n2x3 times 2x3\ntensor<f32>([1, 1], [0.75])\n";
    assert_eq!(output_of(source, with_multiply())?, expected);
    Ok(())
}

#[test]
fn another_element_type_is_a_mistake_of_the_program() {
    let source = "fn main() { println(ml.matmul(tensor<f64>([1.0]), tensor<f64>([1.0]))) }";
    let error = output_of(source, with_multiply()).unwrap_err().to_string();
    assert!(error.contains("expected `tensor<f32>`, found `tensor<f64>`"), "{error}");
}

#[test]
fn an_undeclared_function_gets_a_tensor_as_any() -> Test {
    let mut capabilities = CapabilitySet::new();
    capabilities.grant("ml.double", |t: AnyTensor| {
        assert_eq!((t.dtype(), t.shape()), (Dtype::F16, &[2, 1][..]));
        let bytes =
            t.values().flat_map(|value| F16::from_f64(2.0 * value.to::<f64>().unwrap()).0.to_le_bytes());
        AnyTensor::new(t.dtype(), t.shape().to_vec(), bytes.collect()).unwrap()
    });
    let source = "pub fn run() -> tensor<f16> { ml.double(tensor<f16>([2, 1], [0.5, 3.0])) as tensor<f16> }";
    let came =
        Runtime::new(compile_mog_source(source)?, capabilities)?.call("run", ())?.to::<Tensor<F16>>()?;
    assert_eq!(came.map(F16::to_f64).data(), [1.0, 6.0]);
    assert_eq!(came.shape(), [2, 1]);
    Ok(())
}

#[test]
fn tensors_stand_inside_of_other_values() -> Test {
    let source = "struct Layer { w: tensor<f32>, b: ?tensor<u8> }
pub fn swap(l: Layer, all: [tensor<u8>]) -> [Layer] { [Layer { w: l.w.reshape([2, 1]), b: some(all[1]) }, l] }";
    let w = Tensor::new(vec![2], vec![0.5f32, 1.5]).unwrap();
    let bytes = |n: u8| Value::Tensor(AnyTensor::new(Dtype::U8, vec![1], vec![n]).unwrap());
    let layer = Value::record("Layer", [("w", mog::ToMog::to_mog(w.clone())), ("b", Value::Null)]);
    let came =
        runtime(source, CapabilitySet::new())?.call("swap", (layer, Value::array([bytes(1), bytes(2)])))?;
    let Value::Array(layers) = came else { panic!("{came}") };
    assert_eq!(layers[0].get("b"), Some(&bytes(2)));
    assert_eq!(layers[0].get("w").unwrap().clone().to::<Tensor<f32>>()?.shape(), [2, 1]);
    assert_eq!(layers[1].get("w").unwrap().clone().to::<Tensor<f32>>()?, w);
    assert_eq!(layers[1].to_string(), r#"{"w":{"dtype":"f32","shape":[2],"data":[0.5,1.5]},"b":null}"#);
    Ok(())
}

#[test]
fn a_map_stands_for_a_tensor() -> Test {
    let mut runtime =
        runtime("pub fn last(t: tensor<f32>) -> float { t[t.size - 1] }", CapabilitySet::new())?;
    let map = |shape: &[i64]| {
        let shape = Value::array(shape.iter().map(|&size| size.into()));
        Value::map([("shape", shape), ("data", Value::array([1.5.into(), Value::Int(2)]))])
    };
    assert_eq!(runtime.call("last", (map(&[2]),))?, Value::Float(2.0));
    for wrong in [&[3][..], &[-2, -1], &[], &[2, 0], &[1, 1, 1, 1, 1, 1, 1, 1, 2]] {
        let error = runtime.call("last", (map(wrong),)).unwrap_err().to_string();
        assert!(error.contains("expected tensor<f32>"), "{error}");
    }
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused() -> Test {
    assert_eq!(Tensor::new(vec![2, 2], vec![1u8, 2, 3]), None);
    assert_eq!(Tensor::<u8>::new(vec![usize::MAX, 2], vec![]), None);
    assert_eq!(AnyTensor::new(Dtype::F16, vec![2], vec![0; 3]), None);
    assert_eq!(Dtype::named("f8"), None);
    let mut runtime = runtime("pub fn dtype(t: tensor<f32>) -> string { t.dtype }", CapabilitySet::new())?;
    let deep = Tensor::new(vec![1; 9], vec![1.0f32]).unwrap();
    assert!(runtime.call("dtype", (deep,)).is_err());
    assert!(runtime.call("dtype", (Tensor::new(vec![1], vec![1.0f64]).unwrap(),)).is_err());
    assert_eq!(runtime.call("dtype", (Tensor::new(vec![1; 8], vec![1.0f32]).unwrap(),))?, "f32".into());
    Ok(())
}
