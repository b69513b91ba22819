//! Many small remotes of one object at once: the metadata of files, which the service takes in batches.
//!
//! The Uri is the key of a file, so nothing has to be claimed and no two can be made: what is wanted is compared with what
//! the service shows, and the difference is sent, again and again, until there is none. A lost answer is answered by the
//! next walk. [`diff`] decides, without calls; [`run`] sends one batch.
//!
//! Promises: a file or a tag that belongs to somebody else is never changed or deleted; nothing is removed unless a complete
//! walk, or an answer to this process, shows that this set made it. Of each file at rest only 48 bytes are kept. Rules:
//! `docs/protocol.md`, section 14.

pub mod diff;
pub mod item;
pub mod memory;
pub mod pack;
pub mod refusals;
pub mod run;
pub mod shown;
pub mod tags;
pub mod walk;

#[cfg(test)]
mod model_tests;

pub use diff::{Guard, Rules, Todo, diff};
pub use item::{Item, Wanted};
pub use pack::{Act, Batch, Limits};
pub use refusals::Refusals;
pub use shown::Shown;
pub use tags::{SetTags, Whose};
pub use walk::{Page, Walk};
