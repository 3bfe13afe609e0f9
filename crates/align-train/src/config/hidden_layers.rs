use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Layers of a model whose hidden states are compared, written `all`, `last` or `4,8,12`.
///
/// Layers are numbered as in transformers' `hidden_states`: 0 is the embeddings, 1 the output of the first block, and the last one is the final
/// hidden states, after the norm.
///
/// ```
/// use align_train::HiddenLayers;
/// let layers: HiddenLayers = "4,8".parse()?;
/// assert_eq!((layers.to_string(), layers), ("4,8".to_owned(), HiddenLayers::Listed(vec![4, 8])));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum HiddenLayers {
    /// The output of every block, which is every layer but 0, the embeddings.
    #[default]
    All,
    /// The final hidden states.
    Last,
    /// These layers: at least one, and each once.
    Listed(Vec<usize>),
}

impl HiddenLayers {
    /// Checks that there are layers, each once.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let Self::Listed(layers) = self else { return Ok(()) };
        if layers.is_empty() {
            return Err("names no layer, expected at least one".to_owned());
        }
        match layers.iter().enumerate().find(|(at, layer)| layers.iter().take(*at).any(|other| other == *layer)) {
            None => Ok(()),
            Some((_, layer)) => Err(format!("names layer {layer} twice: give each layer once")),
        }
    }

    /// The indices of the layers in the hidden states of a model with this number of blocks, or a layer that it does not have.
    pub(crate) fn indices(&self, blocks: usize) -> Result<Vec<usize>, usize> {
        match self {
            Self::All => Ok((1..=blocks).collect()),
            Self::Last => Ok(vec![blocks]),
            Self::Listed(layers) => match layers.iter().find(|layer| **layer > blocks) {
                None => Ok(layers.clone()),
                Some(layer) => Err(*layer),
            },
        }
    }
}

impl FromStr for HiddenLayers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("found {text:?}, expected all, last, or numbers of layers with commas between them, such as 4,8")
        };
        match text {
            "all" => Ok(Self::All),
            "last" => Ok(Self::Last),
            _ => {
                let layers = text.split(',').map(|layer| layer.trim().parse().map_err(|_| wrong()));
                let layers = layers.collect::<Result<Vec<usize>, String>>()?;
                let layers = Self::Listed(layers);
                layers.validate().map_err(|problem| format!("{text:?} {problem}"))?;
                Ok(layers)
            }
        }
    }
}

impl fmt::Display for HiddenLayers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Last => f.write_str("last"),
            Self::Listed(layers) => f.write_str(&layers.iter().map(usize::to_string).collect::<Vec<_>>().join(",")),
        }
    }
}

impl TryFrom<String> for HiddenLayers {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<HiddenLayers> for String {
    fn from(layers: HiddenLayers) -> Self {
        layers.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_read_and_checked() {
        for (text, blocks, expected) in
            [("all", 3, Ok(vec![1, 2, 3])), ("last", 3, Ok(vec![3])), ("0, 3", 3, Ok(vec![0, 3])), ("4", 3, Err(4))]
        {
            assert_eq!(text.parse::<HiddenLayers>().map(|layers| layers.indices(blocks)), Ok(expected), "{text}");
        }
        for text in ["", "first", "1,", "-1", "1.5", "2,2"] {
            assert!(text.parse::<HiddenLayers>().is_err(), "{text}");
        }
    }
}
