//! Event files, the format that TensorBoard reads.
//!
//! An event file is a sequence of records with checksums (TFRecord), each a protobuf message `Event`. TensorBoard shows the event files of one
//! folder as one run. [`EventFile::create`] therefore continues a run in a new file of the same folder: the file begins with a session start at
//! the step where it goes on, and TensorBoard discards what earlier files have from this step on.
//!
//! Tags are those of transformers' `TensorBoardCallback`: see [`tag`].

mod event_file;
mod file_name;
mod histogram;
mod hyper_parameters;
mod messages;
mod record;
mod tag;
mod value;

pub use event_file::EventFile;
pub use file_name::has_event_files;
pub use histogram::MAX_BUCKETS;
pub use hyper_parameters::HyperParameter;
pub use tag::tag;
pub use value::Value;
