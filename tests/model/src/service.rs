//! The remote side: what the service does with each call, and what reads and lists show.

use dataset_operator::cloud::ErrorClass;

use crate::properties::{self, Breach};
use crate::world::{Call, Id, Kin, Life, Look, Looks, Message, REMOTES, Remote, State, index};

/// The information that the sender of a call gets: the remote that a create made, or the error that production's client
/// would return.
pub type Answer = Result<Id, ErrorClass>;

/// Carries out a call.
pub fn execute(state: &mut State, message: &Message, unique_names: bool) -> Answer {
    match message.call {
        Call::Create(_) if state.kin == Kin::Gone => Err(ErrorClass::NotFound),
        Call::Create(look) => create(state, message, look, unique_names),
        Call::Update { id, mutable, name } => change(state, id, |look| {
            look.mutable = mutable.unwrap_or(look.mutable);
            look.name = name.unwrap_or(look.name);
        }),
        Call::Mark(id, mark) => change(state, id, |look| look.mark = Some(mark)),
        Call::Release(id) => change(state, id, |look| look.released = true),
        Call::Unrelease(id) => change(state, id, |look| look.released = false),
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
    let Some(at) = state.remotes.iter().position(Option::is_none) else {
        properties::broke(state, Breach::TooManyRemotes);
        return Err(ErrorClass::Refused);
    };
    state.remotes[at] = Some(Remote { look, life: Life::Unlisted, maker: message.uid, principal: state.principal });
    u8::try_from(at + 1).map_err(|_| ErrorClass::Refused)
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
