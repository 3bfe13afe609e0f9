use super::messages::{Content, Dimension, Histogram, PluginData, SummaryMetadata, SummaryValue, Tensor, TensorShape};

/// A value of a step in an event file.
#[derive(Debug, Clone, PartialEq)]
pub struct Value(pub(super) SummaryValue);

/// TensorFlow's number for strings.
const DT_STRING: i32 = 7;

impl Value {
    /// A number. Event files have 32-bit floats, so it is rounded.
    #[must_use]
    pub fn scalar(tag: impl Into<String>, value: f64) -> Self {
        Self(SummaryValue { tag: tag.into(), metadata: None, content: Some(Content::SimpleValue(value as f32)) })
    }

    /// A text, which TensorBoard shows as Markdown. As in PyTorch, its tag ends in `/text_summary`.
    #[must_use]
    pub fn text(tag: &str, text: &str) -> Self {
        let tensor = Tensor {
            dtype: DT_STRING,
            tensor_shape: Some(TensorShape { dim: vec![Dimension { size: 1 }] }),
            string_val: vec![text.as_bytes().to_vec()],
        };
        Self::of_plugin(format!("{tag}/text_summary"), "text", Vec::new(), tensor)
    }

    /// The histogram of values, in at most [`MAX_BUCKETS`](super::MAX_BUCKETS) buckets of equal width. Values that are not finite are left out;
    /// `None` if no value is left.
    #[must_use]
    pub fn histogram(tag: impl Into<String>, values: &[f64]) -> Option<Self> {
        let content = Some(Content::Histogram(Histogram::of(values)?));
        Some(Self(SummaryValue { tag: tag.into(), metadata: None, content }))
    }

    /// A tensor with data for a plugin of TensorBoard.
    pub(super) fn of_plugin(tag: String, plugin: &str, data: Vec<u8>, tensor: Tensor) -> Self {
        let plugin_data = Some(PluginData { plugin_name: plugin.to_owned(), content: data });
        Self(SummaryValue {
            tag,
            metadata: Some(SummaryMetadata { plugin_data }),
            content: Some(Content::Tensor(tensor)),
        })
    }
}
