/// Whether a run may be resumed in an environment that rounds numbers differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
    /// No: the resumed run gives the same bytes as an uninterrupted one.
    #[default]
    Same,
    /// Yes, with a warning: processor, threads, device, matmul precision and versions may differ.
    MayDiffer,
}
