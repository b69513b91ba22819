//! IMM: media datasets in projects, and the buckets that are bound to them. All parameters come in the query.

pub(super) mod bindings;
pub(super) mod datasets;
mod input;

use super::{Context, Done, Members, Touched};
use crate::refusal::Refusal;
use crate::store::Text;

/// The project that a call names.
fn project(context: &Context) -> Result<Text, Refusal> {
    let name = input::required(context.request, "ProjectName")?;
    if name.contains('/') || !context.knobs.knows_project(name) {
        return Err(Refusal::MediaNotFound(format!("Project {name}")));
    }
    Ok(name.into())
}

/// A call that has this answer; the log knows it by the name of its dataset.
fn done(answer: Members, changed: bool, name: &str) -> Done {
    Done { answer, changed, touched: Touched { name: Some(name.into()), ..Touched::default() } }
}
