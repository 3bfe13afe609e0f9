use super::globals::Global;
use tch::Kind;

/// A pickled value. Larger values are in the [`Heap`] and are referred to by number.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float,
    Text(usize),
    /// Bytes, or an integer of more than 64 bits. The content is not needed for tensors.
    Bytes,
    Tuple(usize),
    List(usize),
    Dict(usize),
    Global(Global),
    Storage(usize),
    Tensor(usize),
}

impl Value {
    /// The kind of the value, for messages.
    pub(in super::super) fn describe(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a bool",
            Self::Int(_) => "an integer",
            Self::Float => "a float",
            Self::Text(_) => "a string",
            Self::Bytes => "bytes",
            Self::Tuple(_) => "a tuple",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dict",
            Self::Global(_) => "a class or function",
            Self::Storage(_) => "a storage",
            Self::Tensor(_) => "a tensor",
        }
    }
}

/// A storage as described in the pickle. It has not been checked that the file contains it.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct StorageRef {
    /// The number of the text of its key.
    pub key: usize,
    pub kind: Kind,
    /// Number of elements.
    pub numel: u64,
    /// `(first element, number of elements)` if it is a part of the storage with this key.
    pub view: Option<(u64, u64)>,
}

/// A tensor as described in the pickle, unchecked.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct TensorRef {
    /// The number of its storage.
    pub storage: usize,
    pub offset: i64,
    pub shape: Value,
    pub strides: Value,
}

/// The values of a pickle. The numbers in [`Value`]s are returned by the `add` functions of the same heap. They stay valid, because nothing
/// is removed.
#[derive(Debug, Default)]
pub(in super::super) struct Heap {
    texts: Vec<String>,
    sequences: Vec<Vec<Value>>,
    dicts: Vec<Vec<(Value, Value)>>,
    storages: Vec<StorageRef>,
    tensors: Vec<TensorRef>,
    /// Approximate size of all values in bytes.
    memory: usize,
}

fn add<T>(items: &mut Vec<T>, item: T) -> usize {
    items.push(item);
    items.len() - 1
}

impl Heap {
    /// Approximate size of all values in bytes.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    /// Counts `items` values that were added to a list or dict.
    pub(super) fn grew(&mut self, items: usize) {
        self.memory += items * size_of::<Value>();
    }

    pub(super) fn add_text(&mut self, text: String) -> Value {
        self.memory += size_of::<String>() + text.len();
        Value::Text(add(&mut self.texts, text))
    }

    pub(super) fn add_tuple(&mut self, items: Vec<Value>) -> Value {
        self.memory += size_of::<Vec<Value>>();
        self.grew(items.len());
        Value::Tuple(add(&mut self.sequences, items))
    }

    pub(super) fn add_list(&mut self, items: Vec<Value>) -> Value {
        self.memory += size_of::<Vec<Value>>();
        self.grew(items.len());
        Value::List(add(&mut self.sequences, items))
    }

    pub(super) fn add_dict(&mut self, pairs: Vec<(Value, Value)>) -> Value {
        self.memory += size_of::<Vec<(Value, Value)>>();
        self.grew(2 * pairs.len());
        Value::Dict(add(&mut self.dicts, pairs))
    }

    pub(super) fn add_storage(&mut self, storage: StorageRef) -> Value {
        self.memory += size_of::<StorageRef>();
        Value::Storage(add(&mut self.storages, storage))
    }

    pub(super) fn add_tensor(&mut self, tensor: TensorRef) -> Value {
        self.memory += size_of::<TensorRef>();
        Value::Tensor(add(&mut self.tensors, tensor))
    }

    pub(super) fn list_mut(&mut self, value: Value) -> Option<&mut Vec<Value>> {
        match value {
            Value::List(i) => self.sequences.get_mut(i),
            _ => None,
        }
    }

    pub(super) fn dict_mut(&mut self, value: Value) -> Option<&mut Vec<(Value, Value)>> {
        match value {
            Value::Dict(i) => self.dicts.get_mut(i),
            _ => None,
        }
    }

    /// The text with this number.
    pub(in super::super) fn text(&self, number: usize) -> &str {
        &self.texts[number]
    }

    /// The storage with this number.
    pub(in super::super) fn storage(&self, number: usize) -> &StorageRef {
        &self.storages[number]
    }

    /// All storages in the pickle, in order.
    pub(in super::super) fn storages(&self) -> &[StorageRef] {
        &self.storages
    }

    pub(in super::super) fn as_text(&self, value: Value) -> Option<&str> {
        match value {
            Value::Text(i) => Some(&self.texts[i]),
            _ => None,
        }
    }

    pub(in super::super) fn tuple(&self, value: Value) -> Option<&[Value]> {
        match value {
            Value::Tuple(i) => Some(&self.sequences[i]),
            _ => None,
        }
    }

    pub(in super::super) fn list(&self, value: Value) -> Option<&[Value]> {
        match value {
            Value::List(i) => Some(&self.sequences[i]),
            _ => None,
        }
    }

    pub(in super::super) fn dict(&self, value: Value) -> Option<&[(Value, Value)]> {
        match value {
            Value::Dict(i) => Some(&self.dicts[i]),
            _ => None,
        }
    }

    pub(in super::super) fn tensor(&self, value: Value) -> Option<&TensorRef> {
        match value {
            Value::Tensor(i) => Some(&self.tensors[i]),
            _ => None,
        }
    }

    /// The value of a text key in a dict.
    pub(in super::super) fn item(&self, dict: Value, key: &str) -> Option<Value> {
        let pairs = self.dict(dict)?;
        pairs.iter().find(|(k, _)| self.as_text(*k) == Some(key)).map(|(_, value)| *value)
    }
}
