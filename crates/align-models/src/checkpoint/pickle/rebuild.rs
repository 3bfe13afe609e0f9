use super::globals::Global;
use super::value::{Heap, StorageRef, TensorRef, Value};
use super::{PickleError, Result, bad};
use crate::checkpoint::printable_name::printable_name;

/// Creates the value described by `callable(*args)`. `spend` counts the values that are copied.
pub(super) fn reduce(
    heap: &mut Heap,
    callable: Value,
    args: Value,
    spend: &mut impl FnMut(usize) -> Result<()>,
) -> Result<Value> {
    let Value::Global(global) = callable else {
        return Err(PickleError::Unsafe(format!("it would call {}", callable.describe())));
    };
    let Some(args) = heap.tuple(args) else {
        return bad(format!("{} is given {} as arguments", global.name(), args.describe()));
    };
    match (global, args) {
        (Global::OrderedDict, []) => Ok(heap.add_dict(Vec::new())),
        // The form of Python 2: a list of [key, value].
        (Global::OrderedDict, &[items]) => {
            let items = heap.list(items).unwrap_or_default();
            spend(items.len())?;
            let pair = |item: &Value| match heap.list(*item).or_else(|| heap.tuple(*item)) {
                Some(&[key, value]) => Ok((key, value)),
                _ => bad("an OrderedDict is built of something else than pairs"),
            };
            let pairs = items.iter().map(pair).collect::<Result<_>>()?;
            Ok(heap.add_dict(pairs))
        }
        (Global::RebuildTensor, &[storage, offset, shape, strides])
        | (
            Global::RebuildTensorV2,
            &[storage, offset, shape, strides, _, _] | &[storage, offset, shape, strides, _, _, _],
        ) => {
            let (Value::Storage(storage), Value::Int(offset)) = (storage, offset) else {
                return bad("a tensor is built of something else than a storage and an offset");
            };
            Ok(heap.add_tensor(TensorRef { storage, offset, shape, strides }))
        }
        (Global::RebuildParameter, &[tensor @ Value::Tensor(_), _, _]) => Ok(tensor),
        (Global::Storage(_), _) => Err(PickleError::Unsafe(format!("it would call {}", global.name()))),
        _ => bad(format!("{} is given {} arguments of kinds it does not take", global.name(), args.len())),
    }
}

/// The storage of a persistent id: `("storage", type, key, location, numel)`; in the older format with a sixth item, `None` or
/// `(view key, first element, elements)`.
pub(super) fn storage(heap: &mut Heap, id: Value) -> Result<Value> {
    let Some(items) = heap.tuple(id) else {
        return bad(format!("a persistent id is {}, not a tuple", id.describe()));
    };
    let what = items.first().and_then(|tag| heap.as_text(*tag));
    if what == Some("module") {
        let reason = "it holds a whole model with its code, not a state dict";
        return Err(PickleError::Unsafe(reason.to_owned()));
    }
    let (kind, key, numel, view) = match *items {
        [_, Value::Global(Global::Storage(kind)), Value::Text(key), Value::Text(_), Value::Int(numel)] => {
            (kind, key, numel, Value::None)
        }
        [_, Value::Global(Global::Storage(kind)), Value::Text(key), Value::Text(_), Value::Int(numel), view] => {
            (kind, key, numel, view)
        }
        _ => return bad(format!("a persistent id of {} items is not a storage's", items.len())),
    };
    if what != Some("storage") {
        return bad(format!(
            "a persistent id names `{}`, only storages are known",
            printable_name(what.unwrap_or_default())
        ));
    }
    let Ok(numel) = u64::try_from(numel) else {
        return bad(format!("a storage has {numel} elements"));
    };
    let view = match (view, heap.tuple(view)) {
        (Value::None, _) => None,
        (_, Some(&[_, Value::Int(first), Value::Int(count)])) => match (u64::try_from(first), u64::try_from(count)) {
            (Ok(first), Ok(count)) => Some((first, count)),
            _ => return bad("a storage's view has a negative size"),
        },
        _ => return bad(format!("a storage's view is {}", view.describe())),
    };
    Ok(heap.add_storage(StorageRef { key, kind, numel, view }))
}
