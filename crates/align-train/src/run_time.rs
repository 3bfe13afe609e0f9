/// The wall-clock time of a run's steps.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RunTime {
    /// Seconds from the start, or from the resume, to the last step, including evaluations and checkpoints.
    pub seconds: f64,
    /// The step after which the time starts: 0, or the step of the checkpoint from which the run was resumed.
    pub after_step: u64,
}
