//! A new attempt to create: the permit first, then the claim, which stores the intent.

use std::borrow::Cow;

use super::ends::{unwritable, working};
use crate::api::condition::Reason;
use crate::cloud::Request;
use crate::plan::desired::Desired;
use crate::plan::intent::{Attempt, Intent};
use crate::plan::recorded::Outcome;
use crate::plan::report::Next;
use crate::plan::step::{Flight, Step};
use crate::plan::view::View;
use crate::remote::carrier::Unwritable;
use crate::remote::fields::Fields;
use crate::remote::mark::Origin;

/// The permit comes first, then the claim. The create follows once the attempt is in flight (3.2).
pub(super) fn create(view: &View, desired: &Desired) -> Step {
    if view.profile.runs
        && let Err(dataset) = view.begun(desired)
    {
        return Step::Read(dataset);
    }
    if !view.observed.permit {
        return Step::Permit;
    }
    match next_intent(view, Origin::Created, desired.hash()) {
        Some((intent, nonce)) => match request(view, desired, &nonce) {
            Ok(_) => Step::Claim(Box::new(intent), Some(Flight::Create { nonce, landed: None })),
            Err(why) => unwritable(view, &why),
        },
        None => working(Reason::InternalError, "no target is known", Next::Backoff),
    }
}

/// The members that the create sends.
pub(super) fn members<'a>(view: &View, desired: &'a Desired) -> Cow<'a, Fields> {
    let begun = if view.profile.runs { view.begun(desired).ok() } else { None };
    begun.map_or(Cow::Borrowed(&desired.create), Cow::Owned)
}

/// The create request of this attempt; it fails if there is no room for our mark.
pub fn request(view: &View, desired: &Desired, nonce: &str) -> Result<Request, Unwritable> {
    let parent = desired.target.dataset_id.as_deref();
    let members = members(view, desired);
    view.profile.codec.create(parent, &members, &desired.labels, Some(&view.mark(nonce)))
}

/// The intent for a new attempt. It drops the attempt that was refused, or else the one known never executed.
pub(super) fn next_intent(view: &View, origin: Origin, hash: String) -> Option<(Intent, String)> {
    let nonce = format!("{}{}", origin.letter(), view.state.fresh);
    let previous = view.object.intent.own().cloned();
    let mut intent = previous.or_else(|| empty_intent(view))?;
    if let Ok(desired) = &view.desired {
        intent.target = desired.target.clone();
        intent.secret.clone_from(&desired.secret);
    }
    intent.principal.clone_from(&view.account.caller.principal);
    let refused = view.recorded.attempt.as_ref().filter(|attempt| attempt.outcome == Outcome::Refused);
    let forget = refused.map(|attempt| attempt.nonce.as_str()).or(view.state.never_executed.as_deref());
    Some((intent.with(Attempt { nonce: nonce.clone(), hash }, forget), nonce))
}

/// An intent of ours that lists no attempt.
pub(super) fn empty_intent(view: &View) -> Option<Intent> {
    Some(Intent {
        uid: view.object.uid.clone(),
        target: view.target()?,
        principal: view.account.caller.principal.clone(),
        attempts: Vec::new(),
        delete_sent: false,
        secret: None,
    })
}
