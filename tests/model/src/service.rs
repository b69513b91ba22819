//! The remote side: what the service does with each call, and what reads and lists show.

use dataset_operator::cloud::ErrorClass;

use crate::properties::{self, Breach};
use crate::world::{Call, Doing, Id, Kin, Life, Look, Looks, Message, REMOTES, Remote, State, index};

/// The information that the sender of a call gets: the remote that a create made, or the error that production's client
/// would return.
pub type Answer = Result<Id, ErrorClass>;

/// Carries out a call.
pub fn execute(state: &mut State, message: &Message, unique_names: bool) -> Answer {
    match message.call {
        Call::Create(_) if state.kin == Kin::Gone => Err(ErrorClass::NotFound),
        Call::Create(look) => create(state, message, look, unique_names),
        // What has ended cannot be stopped.
        Call::Stop(id) if read(state, id).is_some_and(|look| look.doing != Doing::Runs) => Err(ErrorClass::Refused),
        Call::Update { id, .. } | Call::Mark(id, _) | Call::Release(id) | Call::Unrelease(id) | Call::Stop(id) => {
            change(state, id, |look| message.call.change(look))
        }
        Call::Delete(id) if read(state, id).is_some_and(|look| look.doing == Doing::Runs) => Err(ErrorClass::Refused),
        Call::Delete(id) => {
            let principal = state.principal;
            match state.remote_mut(id).filter(|remote| remote.lives() && remote.principal == principal) {
                Some(remote) => {
                    remote.life = Life::Ghost;
                    Ok(id)
                }
                None => Err(ErrorClass::NotFound),
            }
        }
    }
}

fn create(state: &mut State, message: &Message, look: Look, unique_names: bool) -> Answer {
    if unique_names && state.living().any(|(_, remote)| remote.look.name == look.name) {
        return Err(ErrorClass::NameTaken);
    }
    let remote = Remote { look, life: Life::Unlisted, maker: message.uid, principal: state.principal };
    let Some(id) = make(state, remote) else {
        properties::broke(state, Breach::TooManyRemotes);
        return Err(ErrorClass::Refused);
    };
    Ok(id)
}

/// Gives a new remote an id. Runs are told apart by their age, so that a younger one has a higher id.
pub fn make(state: &mut State, remote: Remote) -> Option<Id> {
    let place = match remote.look.doing {
        Doing::Nothing => state.remotes.iter().position(Option::is_none),
        _ => Some(state.remotes.iter().rposition(Option::is_some).map_or(0, |last| last + 1)),
    };
    let at = place.filter(|at| *at < REMOTES)?;
    state.remotes[at] = Some(remote);
    u8::try_from(at + 1).ok()
}

fn change(state: &mut State, id: Id, change: impl FnOnce(&mut Look)) -> Answer {
    let principal = state.principal;
    match state.remote_mut(id).filter(|remote| remote.lives() && remote.principal == principal) {
        Some(remote) => {
            change(&mut remote.look);
            Ok(id)
        }
        None => Err(ErrorClass::NotFound),
    }
}

/// What a read of one remote shows.
#[must_use]
pub fn read(state: &State, id: Id) -> Option<Look> {
    let remote = state.remote(id)?;
    (remote.lives() && remote.principal == state.principal).then_some(remote.look)
}

/// What a list shows.
#[must_use]
pub fn list(state: &State, filter: impl Fn(Id, &Look) -> bool) -> Looks {
    let mut looks = [None; REMOTES];
    for (id, remote) in crate::world::each(&state.remotes) {
        let shown = remote.is_listed() && remote.principal == state.principal && filter(id, &remote.look);
        if let (true, Some(at)) = (shown, index(id)) {
            looks[at] = Some(remote.look);
        }
    }
    looks
}
