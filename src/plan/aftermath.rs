//! What follows from a step that was done: what the answer of the service or of the API server means for the object.
//!
//! [`plan`](crate::plan::plan) says what to do, these functions say what came of it. They take an answer and what is
//! known as values and return a value, which the reconcile applies. The model of `tests/model` applies the same values
//! to its own state, so a decision that changes here changes there.
//!
//! `cloud` is about calls of the service, `object` about writes to the object, `in_hand` about a remote whose object is
//! gone, `evidence` about what an observation proves.

mod cloud;
mod evidence;
mod in_hand;
mod object;

pub use cloud::{
    ChangeAfter, CreateAfter, DeleteAfter, after_change, after_create, after_delete, drift, has_stopped, is_late,
    leaves_a_doubt, left_unmarked, may_be_there, may_lack_its_parent, news_of, reads_first, says_gone,
};
pub use evidence::{names_another, place_is_swept, reads_shared, waits_for_a_delete};
pub use in_hand::{Unrecorded, after_unrecorded, in_hand, released};
pub use object::{
    ClaimAfter, FinalizerAfter, NotWritten, RECORD_TRIES, RefuseAfter, after_claim, after_finalizer, after_refuse,
    ends_with_its_record, records_again,
};

#[cfg(test)]
#[path = "aftermath/cloud_tests.rs"]
mod cloud_tests;
#[cfg(test)]
#[path = "aftermath/object_tests.rs"]
mod object_tests;
