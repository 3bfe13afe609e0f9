//! What a round measured.

use crate::TextGroup;
use align_base::mean_and_standard_error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
