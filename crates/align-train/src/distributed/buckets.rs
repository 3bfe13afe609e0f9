use tch::Tensor;

/// Bytes of small tensors that are sent together.
const BUCKET_BYTES: usize = 25 << 20;

/// Groups tensors of one dtype that are sent together, in their order. A larger tensor is sent alone. `tensors` have their numbers.
pub(crate) fn buckets<'a>(tensors: impl Iterator<Item = (usize, &'a Tensor)>) -> Vec<Vec<usize>> {
    let mut buckets: Vec<Vec<usize>> = Vec::new();
    let mut last = None;
    for (number, tensor) in tensors {
        let (kind, size) = (tensor.kind(), tensor.numel() * tensor.kind().elt_size_in_bytes());
        match (&mut last, buckets.last_mut()) {
            (Some((last_kind, bytes)), Some(bucket)) if *last_kind == kind && *bytes + size <= BUCKET_BYTES => {
                *bytes += size;
                bucket.push(number);
            }
            _ => {
                last = Some((kind, size));
                buckets.push(vec![number]);
            }
        }
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    #[test]
    fn large_tensors_and_other_dtypes_are_sent_alone() {
        let of = |kind, count| Tensor::empty([count], (kind, Device::Cpu));
        let (small, half, large) = (of(Kind::Float, 10), of(Kind::BFloat16, 10), of(Kind::Float, 7 << 20));
        let all = [&small, &small, &large, &small, &half, &half, &small];
        assert_eq!(buckets(all.into_iter().enumerate()), [vec![0, 1], vec![2], vec![3], vec![4, 5], vec![6]]);
        assert_eq!(buckets(std::iter::empty()), Vec::<Vec<usize>>::new());
    }
}
