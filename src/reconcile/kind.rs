//! What a kind of custom resource must answer: pure questions about its spec and its neighbours, no requests.

use std::fmt::Debug;

use kube::core::object::HasStatus;
use kube::{CustomResourceExt, Resource, core::NamespaceResourceScope};
use serde::Serialize;

use crate::api::CommonStatus;
use crate::compressed::Compressible;
use crate::inventory::ObjectName;
use crate::plan::desired::{Deletion, Desired};
use crate::plan::object::ObjectFacts;
use crate::plan::profile::Profile;
use crate::plan::recorded::Recorded;
use crate::plan::report::Blocked;
use crate::plan::view::{Hold, Relations};
use crate::reconcile::lookups::{Defaults, Lookups};
use crate::reconcile::parsed::Parsed;
use crate::reconcile::references::Reference;
use crate::remote::id::RemoteId;
use crate::remote::mark::Origin;

/// The bounds that every managed custom resource fulfils, in one place so that no other bound has to repeat them.
pub trait Managed:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + CustomResourceExt
    + HasStatus<Status: Serialize + Send + Sync>
    + Compressible
    + Clone
    + Debug
    + Send
    + Sync
    + 'static
{
    /// The part of its status that all kinds have.
    fn common(&self) -> Option<&CommonStatus>;
}

/// A kind of custom resource and its remote.
pub trait Kind: Sized + Send + Sync + 'static {
    /// The custom resource.
    type Object: Managed;
    /// What decisions know of the kind.
    const PROFILE: &'static Profile;

    /// What the spec asks for; [`Blocked`] if the spec is wrong or a reference is not ready.
    fn desire(object: &Self::Object, recorded: &Recorded, lookups: &Lookups) -> Result<Desired, Blocked>;
    /// The deletion policy of the spec, whatever else is wrong with it.
    fn deletion(object: &Self::Object) -> Option<Deletion>;
    /// What other objects mean for this one, asked when it is being deleted.
    fn relations(object: &Self::Object, recorded: &Recorded, lookups: &Lookups) -> Relations;
    /// The remote that the object recorded, and the workspace to list for it.
    fn remote(object: &Self::Object) -> Option<(RemoteId, Option<&str>)>;

    /// The objects that this one refers to, as far as it parses: it is woken when one of them comes, changes or goes.
    fn references(_shown: &Parsed<Self::Object>) -> Vec<Reference> {
        Vec::new()
    }

    /// What the object means for the deletion of the Dataset that it refers to; `None`: nothing.
    fn hold(_object: &Self::Object, _defaults: &Defaults) -> Option<Hold> {
        None
    }

    /// Does the object ask for numbers that the service counts only when a read asks for them? Its remote is then read once
    /// per resync.
    fn counts(_object: &Self::Object) -> bool {
        false
    }

    /// The objects to wake when this object changes or goes, besides those that refer to it.
    fn concerns(_object: &Self::Object, _lookups: &Lookups) -> Vec<ObjectName> {
        Vec::new()
    }
}

/// The effective deletion policy of this object; `default` is the operator's.
#[must_use]
pub fn policy<K: Kind>(object: &K::Object, recorded: &Recorded, default: Option<Deletion>) -> Deletion {
    Deletion::effective(K::deletion(object), default, recorded.origin == Some(Origin::Adopted))
}

/// What decisions know of an object, besides its spec and status.
#[must_use]
pub fn facts<K: Kind>(object: &K::Object, defaults: &Defaults) -> ObjectFacts {
    let facts = ObjectFacts::of(object.meta());
    let poll = facts.poll.or_else(|| K::counts(object).then_some(defaults.resync));
    ObjectFacts { poll, ..facts }
}

/// Reads an object's status.
#[must_use]
pub fn recorded<K: Kind>(object: &K::Object) -> Recorded {
    let status = object.status().and_then(|status| serde_json::to_value(status).ok()).unwrap_or_default();
    Recorded::of(&status, K::PROFILE)
}

/// The body of an implementation of [`Resource`] for a wrapper: its kind is that of the object inside.
macro_rules! resource_of {
    ($object:ident) => {
        type DynamicType = ();
        type Scope = kube::core::NamespaceResourceScope;

        fn kind((): &()) -> std::borrow::Cow<'_, str> {
            $object::kind(&())
        }

        fn group((): &()) -> std::borrow::Cow<'_, str> {
            $object::group(&())
        }

        fn version((): &()) -> std::borrow::Cow<'_, str> {
            $object::version(&())
        }

        fn plural((): &()) -> std::borrow::Cow<'_, str> {
            $object::plural(&())
        }
    };
}
pub(super) use resource_of;
