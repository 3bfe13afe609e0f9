//! align-torch
