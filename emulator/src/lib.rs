//! A local PAI dataset API.
