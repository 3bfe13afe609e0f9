/// Whether a run may be resumed in an environment in which floating-point results differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResumeMode {
    /// Only in the same environment: the resumed run gives the same bytes as an uninterrupted one.
    #[default]
    Exact,
    /// Also with another processor, number of threads, device, matmul precision or library version, with a warning.
    Inexact,
}
