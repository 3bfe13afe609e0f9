/// A task, as it began.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Task {
    pub name: String,
    pub unit: String,
    /// 0 if it is not known.
    pub total: u64,
    /// Whether the program logs the task line by line.
    pub logged: bool,
}
