use tch::Kind;

/// The Python globals that a state dict may use. None of them is called: [`super::rebuild`] returns a description instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Global {
    /// `collections.OrderedDict`
    OrderedDict,
    /// `torch._utils._rebuild_tensor`, before torch 0.4.
    RebuildTensor,
    /// `torch._utils._rebuild_tensor_v2`
    RebuildTensorV2,
    /// `torch._utils._rebuild_parameter`
    RebuildParameter,
    /// `torch.FloatStorage` and similar classes.
    Storage(Kind),
}

impl Global {
    pub(super) fn find(module: &str, name: &str) -> Option<Self> {
        match (module, name) {
            ("collections", "OrderedDict") => Some(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor") => Some(Self::RebuildTensor),
            ("torch._utils", "_rebuild_tensor_v2") => Some(Self::RebuildTensorV2),
            ("torch._utils", "_rebuild_parameter") => Some(Self::RebuildParameter),
            ("torch.storage" | "torch", "UntypedStorage") => Some(Self::Storage(Kind::Uint8)),
            // Files of torch before 0.2 use the storage types of the GPU.
            ("torch" | "torch.cuda", name) => storage_kind(name.strip_suffix("Storage")?).map(Self::Storage),
            _ => None,
        }
    }

    /// Its name in Python.
    pub(super) fn name(self) -> String {
        match self {
            Self::OrderedDict => "collections.OrderedDict".to_owned(),
            Self::RebuildTensor => "torch._utils._rebuild_tensor".to_owned(),
            Self::RebuildTensorV2 => "torch._utils._rebuild_tensor_v2".to_owned(),
            Self::RebuildParameter => "torch._utils._rebuild_parameter".to_owned(),
            Self::Storage(kind) => format!("torch storage of {kind:?}"),
        }
    }
}

fn storage_kind(name: &str) -> Option<Kind> {
    Some(match name {
        "Double" => Kind::Double,
        "Float" => Kind::Float,
        "Half" => Kind::Half,
        "BFloat16" => Kind::BFloat16,
        "Long" => Kind::Int64,
        "Int" => Kind::Int,
        "Short" => Kind::Int16,
        "Char" => Kind::Int8,
        "Byte" => Kind::Uint8,
        "Bool" => Kind::Bool,
        _ => return None,
    })
}
