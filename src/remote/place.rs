//! Places: where remotes are that one list shows together. A place of PAI is a workspace, named by its id; a place of IMM
//! is a project, named by `imm:` and its name, so that the two never mix.

use std::time::Duration;

use super::id::RemoteId;

/// How long reads and lists may show what is in a project as it was before an update (source: the vendor's page of
/// `UpdateDataset`).
pub const UPDATE_LAG: Duration = Duration::from_secs(300);

const PROJECT: &str = "imm:";

/// The place of what is in this project.
#[must_use]
pub fn of_project(project: &str) -> String {
    format!("{PROJECT}{project}")
}

/// The project, if the place is one.
#[must_use]
pub fn project(place: &str) -> Option<&str> {
    place.strip_prefix(PROJECT)
}

/// The place of a remote whose id names it.
#[must_use]
pub fn of(id: &RemoteId) -> Option<String> {
    id.key().map(|(project, _)| of_project(project))
}

/// What messages call the place.
#[must_use]
pub fn words(place: &str) -> String {
    project(place).map_or_else(|| format!("workspace {place}"), |project| format!("IMM project {project}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_workspace_or_a_project() {
        let photos = of_project("photos");
        assert_eq!((project(&photos), project("12345")), (Some("photos"), None));
        assert_eq!([words(&photos), words("12345")], ["IMM project photos", "workspace 12345"]);
    }
}
