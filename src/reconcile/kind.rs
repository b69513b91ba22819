//! What a kind of custom resource must answer: pure questions about its spec and its neighbours, no requests.

use std::fmt::Debug;
use std::time::Duration;

use k8s_openapi::Resource as _;
use k8s_openapi::api::core::v1::Secret;
use kube::core::object::HasStatus;
use kube::runtime::controller::Action;
use kube::{CustomResourceExt, Resource, core::NamespaceResourceScope};
use serde::Serialize;

use crate::accounts::Place;
use crate::api::{CommonStatus, ProviderConfigRef};
use crate::compressed::Compressible;
use crate::inventory::ObjectName;
use crate::plan::desired::{Deletion, Desired};
use crate::plan::object::ObjectFacts;
use crate::plan::profile::{Profile, Shape};
use crate::plan::recorded::Recorded;
use crate::plan::report::Blocked;
use crate::plan::view::{Hold, Relations};
use crate::reconcile::lookups::{Defaults, Lookups};
use crate::reconcile::parsed::Parsed;
use crate::reconcile::pass::{Pass, steps};
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
    /// The account in its spec.
    fn provider_config_ref(&self) -> Option<&ProviderConfigRef>;
}

/// A kind of custom resource, as far as all reconciles are alike: its objects are watched, have a finalizer, conditions and
/// a deletion policy, and refer to each other. A [`Kind`] is one; a kind that has no remote of its own says by itself how a
/// reconcile goes.
pub trait AnyKind: Sized + Send + Sync + 'static {
    /// The custom resource.
    type Object: Managed;
    /// `Dataset`
    const NAME: &'static str;

    /// Its names, and what its status holds.
    fn shape() -> Shape;
    /// The deletion policy of the spec, whatever else is wrong with it.
    fn deletion(object: &Self::Object) -> Option<Deletion>;
    /// The remote that the object recorded, and the workspace to list for it.
    fn remote(object: &Self::Object) -> Option<(RemoteId, Option<&str>)>;
    /// The objects that this one refers to, as far as it parses: it is woken when one of them comes, changes or goes.
    fn references(shown: &Parsed<Self::Object>) -> Vec<Reference>;
    /// What the object means for the deletion of the Dataset that it refers to; `None`: nothing.
    fn hold(object: &Self::Object, defaults: &Defaults) -> Option<Hold>;
    /// The objects to wake when this object changes or goes, besides those that refer to it.
    fn concerns(object: &Self::Object, lookups: &Lookups) -> Vec<ObjectName>;
    /// The entry of a Secret that the remote takes a text from, if it takes one.
    fn secret(_object: &Self::Object) -> Option<SecretKey> {
        None
    }
    /// The account of the Dataset that the object refers to, if that has one already.
    fn account_of_parent(_object: &Self::Object, _lookups: &Lookups) -> Option<Place> {
        None
    }
    /// The object names a dataset by its id, for which there is no Dataset here.
    fn names_a_stranger(_object: &Self::Object, _lookups: &Lookups) -> bool {
        false
    }
    /// Is the remote read once per resync, also without the annotation `poll-interval`?
    fn polls(_object: &Self::Object) -> bool {
        false
    }
    /// What the spec asks of the remote, if the object has one and can be worked on.
    fn desired<'p>(pass: &'p mut Pass<'_, Self>) -> Option<&'p Desired>;
    /// Takes the steps of one reconcile.
    fn steps(pass: &mut Pass<'_, Self>) -> impl Future<Output = Action> + Send;
}

impl<K: Kind> AnyKind for K {
    type Object = K::Object;

    const NAME: &'static str = K::PROFILE.name;

    fn shape() -> Shape {
        K::PROFILE.into()
    }

    fn deletion(object: &K::Object) -> Option<Deletion> {
        <K as Kind>::deletion(object)
    }

    fn remote(object: &K::Object) -> Option<(RemoteId, Option<&str>)> {
        <K as Kind>::remote(object)
    }

    fn references(shown: &Parsed<K::Object>) -> Vec<Reference> {
        <K as Kind>::references(shown)
    }

    fn hold(object: &K::Object, defaults: &Defaults) -> Option<Hold> {
        <K as Kind>::hold(object, defaults)
    }

    fn concerns(object: &K::Object, lookups: &Lookups) -> Vec<ObjectName> {
        <K as Kind>::concerns(object, lookups)
    }

    fn secret(object: &K::Object) -> Option<SecretKey> {
        <K as Kind>::secret(object)
    }

    fn account_of_parent(object: &K::Object, lookups: &Lookups) -> Option<Place> {
        <K as Kind>::account_of_parent(object, lookups)
    }

    fn names_a_stranger(object: &K::Object, lookups: &Lookups) -> bool {
        <K as Kind>::names_a_stranger(object, lookups)
    }

    fn polls(object: &K::Object) -> bool {
        K::PROFILE.polls || K::counts(object)
    }

    fn desired<'p>(pass: &'p mut Pass<'_, K>) -> Option<&'p Desired> {
        pass.wanted().0.as_ref().ok()
    }

    fn steps(pass: &mut Pass<'_, K>) -> impl Future<Output = Action> + Send {
        steps(pass)
    }
}

/// A kind of custom resource that stands for one remote: [`plan`](crate::plan::plan) decides for it.
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

    /// The entry of a Secret that the remote takes a text from, if it takes one.
    fn secret(_object: &Self::Object) -> Option<SecretKey> {
        None
    }

    /// The account of the Dataset that the object refers to, if that has one already.
    fn account_of_parent(_object: &Self::Object, _lookups: &Lookups) -> Option<Place> {
        None
    }

    /// The object names a dataset by its id, for which there is no Dataset here.
    fn names_a_stranger(_object: &Self::Object, _lookups: &Lookups) -> bool {
        false
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

/// One entry of a Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretKey {
    /// The Secret.
    pub object: ObjectName,
    /// The key of the entry in its `data`.
    pub key: String,
}

impl SecretKey {
    /// The entry of this key in a Secret.
    #[must_use]
    pub fn new(namespace: &str, name: &str, key: &str) -> Self {
        Self { object: ObjectName::new(Secret::KIND, namespace, name), key: key.to_owned() }
    }
}

/// The effective deletion policy of this object; `default` is the operator's.
#[must_use]
pub fn policy<K: AnyKind>(object: &K::Object, recorded: &Recorded, default: Option<Deletion>) -> Deletion {
    Deletion::effective(K::deletion(object), default, recorded.origin == Some(Origin::Adopted))
}

/// What decisions know of an object, besides its spec and status.
#[must_use]
pub fn facts<K: AnyKind>(object: &K::Object, resync: Duration) -> ObjectFacts {
    let facts = ObjectFacts::of(object.meta());
    let poll = facts.poll.or_else(|| K::polls(object).then_some(resync));
    ObjectFacts { poll, ..facts }
}

/// Reads an object's status.
#[must_use]
pub fn recorded<K: AnyKind>(object: &K::Object) -> Recorded {
    let status = object.status().and_then(|status| serde_json::to_value(status).ok()).unwrap_or_default();
    Recorded::of(&status, K::shape())
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
