//! The client of the dataset API.
