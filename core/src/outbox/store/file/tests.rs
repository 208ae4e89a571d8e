//! The file against faults.
