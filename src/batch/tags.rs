//! Whose a file is, by the tags of its user group: `dso-c-<owner>` on what a set made, `dso-a-<owner>` on what it adopted.
//!
//! The owner is told by 8 digits of the owner domain and a MAC of group, kind, namespace and name. There is no uid in it: an
//! object that is deleted and made again under its name goes on with its files.

use crate::remote::mark::{Identity, Owner};

/// What our tags begin with.
const PREFIX: &str = "dso-";
/// Digits of the owner domain in a tag.
const DOMAIN_DIGITS: usize = 8;

/// The tags of one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetTags {
    /// The owner as we write it, and as earlier keys and domains wrote it.
    owners: Vec<String>,
    /// The domains that are ours.
    domains: Vec<String>,
}

/// Whose a file is, seen from one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// The set's own. `created`: it made it. `others`: tags of sets that do not live any more.
    Mine {
        /// The set made it, and may delete it.
        created: bool,
    },
    /// That of another set, by the owner in its tag. `mine`: our own tag is there too, and is taken away.
    Others {
        /// The owner, as the tag names it.
        owner: String,
        /// The set's own tags, which stand there too.
        mine: Vec<String>,
    },
    /// That of sets that do not live any more. `created`: one of them made it.
    Left {
        /// A set made it.
        created: bool,
        /// Their tags.
        tags: Vec<String>,
    },
    /// That of nobody with a tag of ours.
    Nobody,
}

impl SetTags {
    /// The tags of this owner.
    #[must_use]
    pub fn of(identity: &Identity, owner: &Owner) -> Self {
        let short = |domain: &String| domain.chars().take(DOMAIN_DIGITS).collect::<String>();
        let domains: Vec<String> = identity.domains().iter().map(short).collect();
        let values = identity.owner_values_in_text(owner);
        let owners = domains.iter().flat_map(|domain| values.iter().map(move |value| format!("{domain}.{value}")));
        Self { owners: owners.collect(), domains }
    }

    /// The tag that is written on a file that the set made, or else adopted.
    #[must_use]
    pub fn own(&self, created: bool) -> String {
        let owner = self.owners.first().map(String::as_str).unwrap_or_default();
        tag(created, owner)
    }

    /// Every tag that is the set's own.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.owners.iter().flat_map(|owner| [true, false].map(|created| tag(created, owner))).collect()
    }

    /// Every tag that means that the set made the file, or else adopted it.
    #[must_use]
    pub fn written(&self, created: bool) -> Vec<String> {
        self.owners.iter().map(|owner| tag(created, owner)).collect()
    }

    /// Does a tag name this owner?
    #[must_use]
    pub fn is(&self, owner: &str) -> bool {
        self.owners.iter().any(|own| own == owner)
    }

    /// Whose a file with these tags is. `lives`: does the set with this owner live, as far as this operator can tell?
    ///
    /// If several living sets have their tags on one file, the one that made it has it, and otherwise the one whose owner
    /// comes first: all of them decide alike.
    #[must_use]
    pub fn whose(&self, tags: &[String], mut lives: impl FnMut(&str) -> bool) -> Whose {
        let marks: Vec<(bool, &str, &String)> = tags
            .iter()
            .filter_map(|text| {
                let rest = text.strip_prefix(PREFIX)?;
                let (created, owner) = match rest.split_once('-') {
                    Some(("c", owner)) => (true, owner),
                    Some(("a", owner)) => (false, owner),
                    // A tag under our prefix that is not understood is somebody's.
                    Some(_) | None => (true, rest),
                };
                Some((created, owner, text))
            })
            .collect();
        let mine = || marks.iter().filter(|(_, owner, _)| self.is(owner));
        let mut living = |owner: &str| {
            let ours = self.domains.iter().any(|domain| owner.split_once('.').is_some_and(|(of, _)| of == domain));
            !ours || lives(owner)
        };
        let others: Vec<_> = marks.iter().filter(|(_, owner, _)| !self.is(owner)).collect();
        let first = others.iter().filter(|(_, owner, _)| living(owner)).min_by_key(|(made, owner, _)| (!made, *owner));
        let own = mine().min_by_key(|(made, owner, _)| (!made, *owner));
        match (own, first) {
            (Some((made, owner, _)), Some((other, before, _))) if (!other, *before) < (!made, *owner) => {
                Whose::Others {
                    owner: (*before).to_owned(),
                    mine: mine().map(|(_, _, text)| (*text).clone()).collect(),
                }
            }
            (Some(_), _) => Whose::Mine { created: mine().any(|(made, _, _)| *made) },
            (None, Some((_, owner, _))) => Whose::Others { owner: (*owner).to_owned(), mine: Vec::new() },
            (None, None) if others.is_empty() => Whose::Nobody,
            (None, None) => Whose::Left {
                created: others.iter().any(|(made, _, _)| *made),
                tags: others.iter().map(|(_, _, text)| (*text).clone()).collect(),
            },
        }
    }
}

fn tag(created: bool, owner: &str) -> String {
    format!("{PREFIX}{}-{owner}", if created { 'c' } else { 'a' })
}

/// Is this tag one of the operator's?
#[must_use]
pub fn is_ours(tag: &str) -> bool {
    tag.starts_with(PREFIX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::batch) fn set(name: &str) -> SetTags {
        let identity = Identity::new(&[], &[], "cluster");
        let (kind, namespace) = ("DatasetFileSet.pai.dataset-operator.dev".to_owned(), "ns".to_owned());
        SetTags::of(&identity, &Owner { kind, namespace, name: name.to_owned() })
    }

    #[test]
    fn a_file_is_told_by_its_tags() {
        let (us, them) = (set("us"), set("them"));
        let (ours, theirs) = ([true, false].map(|made| us.own(made)), [true, false].map(|made| them.own(made)));
        let owner = theirs[0].trim_start_matches("dso-c-").to_owned();
        let whose = |tags: &[&String], lives: bool| {
            us.whose(&tags.iter().map(|tag| (*tag).clone()).collect::<Vec<_>>(), |_| lives)
        };
        let others = |mine: &[&String]| Whose::Others {
            owner: owner.clone(),
            mine: mine.iter().map(|tag| (*tag).clone()).collect(),
        };
        let left = |created: bool, tag: &String| Whose::Left { created, tags: vec![tag.clone()] };
        for (tags, lives, expected) in [
            (vec![], true, Whose::Nobody),
            (vec![&ours[0]], true, Whose::Mine { created: true }),
            (vec![&ours[1]], true, Whose::Mine { created: false }),
            (vec![&ours[0], &ours[1]], true, Whose::Mine { created: true }),
            (vec![&theirs[0]], true, others(&[])),
            (vec![&theirs[1]], true, others(&[])),
            (vec![&theirs[0]], false, left(true, &theirs[0])),
            (vec![&theirs[1]], false, left(false, &theirs[1])),
            (vec![&ours[1], &theirs[0]], true, others(&[&ours[1]])),
            (vec![&ours[1], &theirs[0]], false, Whose::Mine { created: false }),
            (vec![&ours[0], &theirs[1]], true, Whose::Mine { created: true }),
        ] {
            assert_eq!(whose(&tags, lives), expected, "{tags:?} {lives}");
        }
        let plain = "red".to_owned();
        assert_eq!(whose(&[&plain], true), Whose::Nobody);
        for odd in ["dso-", "dso-x", "dso-c-elsewhere.abc", "dso-c-nodot"] {
            assert!(matches!(whose(&[&odd.to_owned()], false), Whose::Others { .. }), "{odd}: nobody here can tell");
        }
    }

    #[test]
    fn of_two_that_adopted_at_once_both_say_the_same_one_has_it() {
        let (one, two) = (set("one"), set("two"));
        let tags = vec![one.own(false), two.own(false)];
        let mine = |set: &SetTags| matches!(set.whose(&tags, |_| true), Whose::Mine { .. });
        assert!(mine(&one) != mine(&two));
    }
}
