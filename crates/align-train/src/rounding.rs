/// Whether a run may go on where numbers are rounded in another way than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
    /// No: the run that goes on is the uninterrupted one, byte for byte.
    #[default]
    Same,
    /// Yes, with a warning: processor, threads, device, matmul precision and versions may be others.
    MayDiffer,
}
