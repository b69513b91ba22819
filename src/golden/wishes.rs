//! Seeded specs, and remotes that are more or less like them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::dice::Dice;
use crate::plan::account::{AccountView, Caller};
use crate::plan::desired::{Deletion, Desired, FirstVersion, Policy};
use crate::plan::intent::Target;
use crate::plan::view::OperatorConfig;
use crate::remote::Remote;
use crate::remote::fields::Fields;
use crate::remote::id::RemoteId;
use crate::remote::mark::{Identity, Labels, Owner, RawMark};

pub(super) const UID: &str = "11111111-1111-1111-1111-111111111111";
pub(super) const DEAD: &str = "22222222-2222-2222-2222-222222222222";
pub(super) const LIVING: &str = "33333333-3333-3333-3333-333333333333";
const STRANGER: &str = "44444444-4444-4444-4444-444444444444";

/// An operator, and the other identities that write marks.
pub(super) struct Scene {
    pub(super) account: Arc<AccountView>,
    pub(super) config: Arc<OperatorConfig>,
    /// This identity writes with the older of our domains and keys, which only some operators here recognise.
    older: Identity,
    /// Our domain and key, another cluster.
    moved: Identity,
    foreign: Identity,
}

/// Operators of each configuration that decisions depend on.
pub(super) fn scenes() -> Vec<Scene> {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let scene = |identity: Identity, region: &str, default_deletion, list_lag| Scene {
        account: Arc::new(AccountView { alias: "default".into(), region: region.into(), caller: Caller::by_key("ak") }),
        config: Arc::new(OperatorConfig {
            identity,
            settle: Duration::from_secs(6),
            list_lag: Duration::from_secs(list_lag),
            default_deletion,
        }),
        older: Identity::new(&texts(&["older"]), &texts(&["older key"]), "cluster"),
        moved: Identity::new(&texts(&["domain"]), &[], "cluster-2"),
        foreign: Identity::new(&texts(&["foreign"]), &[], "cluster-2"),
    };
    let ours = || Identity::new(&texts(&["domain"]), &[], "cluster");
    let two = Identity::new(&texts(&["domain", "older"]), &texts(&["domain", "older key"]), "cluster");
    vec![
        scene(ours(), "", None, 1),
        scene(two, "cn-hangzhou", None, 1),
        scene(ours(), "cn-hangzhou", Some(Deletion::Retain), 1),
        scene(Identity::without_cluster(&texts(&["domain"]), &[]), "", Some(Deletion::Delete), 0),
    ]
}

/// How a remote is marked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mark {
    Mine,
    MineReleased,
    MineOlder,
    Predecessor,
    PredecessorMoved,
    Released,
    LivingHere,
    OfNeighbour,
    OfNeighbourReleased,
    OfDeadNeighbour,
    Foreign,
    ForeignReleased,
    Forged,
    Garbage,
    Nobody,
}

/// Every mark, rare ones too.
pub(super) const MARKS: [(u32, Mark); 15] = [
    (40, Mark::Mine),
    (12, Mark::MineReleased),
    (4, Mark::MineOlder),
    (9, Mark::Predecessor),
    (4, Mark::PredecessorMoved),
    (6, Mark::Released),
    (8, Mark::LivingHere),
    (5, Mark::OfNeighbour),
    (3, Mark::OfNeighbourReleased),
    (4, Mark::OfDeadNeighbour),
    (4, Mark::Foreign),
    (3, Mark::ForeignReleased),
    (6, Mark::Forged),
    (2, Mark::Garbage),
    (12, Mark::Nobody),
];

impl Scene {
    fn mark(&self, owner: &Owner, mark: Mark, nonce: &str) -> Option<RawMark> {
        let ours = &self.config.identity;
        let other = Owner { name: "other".into(), ..owner.clone() };
        let mut raw = match mark {
            Mark::Mine | Mark::MineReleased | Mark::Forged => ours.mark(owner, UID, nonce),
            Mark::MineOlder => self.older.mark(owner, UID, nonce),
            Mark::Predecessor | Mark::Released => ours.mark(owner, DEAD, nonce),
            Mark::PredecessorMoved => self.moved.mark(owner, DEAD, nonce),
            Mark::LivingHere => ours.mark(owner, LIVING, nonce),
            Mark::OfNeighbour | Mark::OfNeighbourReleased => ours.mark(&other, LIVING, nonce),
            Mark::OfDeadNeighbour => ours.mark(&other, DEAD, nonce),
            Mark::Foreign | Mark::ForeignReleased => self.foreign.mark(&other, STRANGER, nonce),
            Mark::Garbage => {
                let [domain, owner, attempt] = ["<b>x</b>", "x", "c1.u.`x`.m"].map(|text| Some(text.to_owned()));
                RawMark { domain, owner, attempt, released: None }
            }
            Mark::Nobody => RawMark::default(),
        };
        let released = [Mark::MineReleased, Mark::Released, Mark::OfNeighbourReleased, Mark::ForeignReleased];
        if released.contains(&mark) {
            raw = raw.into_released();
        }
        if mark == Mark::Forged {
            raw.attempt.iter_mut().for_each(|text| text.push('0'));
        }
        raw.present()
    }
}

/// A spec. Versions are of dataset d-1, or now and then of another one.
pub(super) fn desired(dice: &mut Dice, versioned: bool, account: &AccountView) -> Desired {
    let mut fixed = Fields::new();
    let mut mutable = Fields::new();
    let put = |fields: &mut Fields, name: &str, value: Option<Value>| {
        fields.extend(value.map(|value| (name.to_owned(), value)));
    };
    put(&mut fixed, "Uri", Some(json!("oss://b/")));
    put(&mut fixed, "DataSourceType", dice.maybe(30, json!("OSS")));
    put(&mut fixed, "ImportInfo", dice.maybe(10, json!("{\"region\": \"cn-hangzhou\", \"epochs\": 1}")));
    let description = dice.pick(&[(8, "new"), (1, ""), (2, " new ")]);
    put(&mut mutable, "Description", dice.maybe(75, json!(description)));
    let options = dice.one(&["{\"mountPath\": \"/mnt\"}", "{\"rate\": 1.0}"]);
    put(&mut mutable, "Options", dice.maybe(20, json!(options)));
    if versioned {
        let size = dice.one(&[5_i64, 9_007_199_254_740_993]);
        put(&mut mutable, "DataSize", dice.maybe(20, json!(size)));
    } else {
        put(&mut fixed, "Provider", dice.maybe(10, json!("team")));
        let name = dice.pick(&[(9, "o"), (1, "o-2")]);
        put(&mut mutable, "Name", dice.maybe(93, json!(name)));
        let access = dice.one(&["PRIVATE", "PUBLIC", "ROLE_PUBLIC"]);
        put(&mut mutable, "Accessibility", dice.maybe(40, json!(access)));
        put(&mut mutable, "AccessibleRoleIdList", dice.maybe(8, json!(["b", "a"])));
    }
    let mut create = fixed.clone();
    create.extend(mutable.clone());
    let mut first = FirstVersion::default();
    if !versioned {
        create.insert("WorkspaceId".into(), json!("478"));
        if dice.chance(45) {
            put(&mut first.fields, "Description", dice.maybe(70, json!("first")));
            put(&mut first.fields, "DataSize", dice.maybe(40, json!(7)));
            let labels = dice.one(&[&[][..], &[("light", "day")], &[("light", "day"), ("wind", "no")]]);
            first.labels = dice.maybe(60, pairs(labels));
            put(&mut create, "VersionDescription", first.fields.get("Description").cloned());
            put(&mut create, "DataSize", first.fields.get("DataSize").cloned());
        }
    }
    let labels = dice.one(&[&[][..], &[], &[("team", "vision")], &[("team", "vision"), ("stage", "train")]]);
    let dataset = dice.pick(&[(14, "d-1"), (1, "d-9")]);
    let bind = versioned && dice.chance(14);
    let named = if versioned {
        RemoteId::new(dataset).join(dice.one(&["v2", "v3"]))
    } else {
        RemoteId::new(dice.one(&["d-1", "d-2", "d-3"]))
    };
    let adopt = if bind { Some(RemoteId::new(dataset).join("v1")) } else { dice.maybe(15, named) };
    let policies = [(6, Policy::IfMarked), (8, Policy::CreateOnly), (4, Policy::ByName), (2, Policy::Only)];
    let policy = dice.pick(&policies);
    Desired {
        target: Target {
            account: account.alias.clone(),
            region: account.region.clone(),
            workspace: "478".into(),
            dataset_id: versioned.then(|| dataset.to_owned()),
            ..Target::default()
        },
        create,
        fixed,
        mutable,
        label_keys: label_keys(&pairs(labels), &first),
        labels: pairs(labels),
        first,
        adopt,
        policy: if versioned { Policy::IfMarked } else { policy },
        bind,
        recreate: dice.chance(35),
        run: None,
        secret: None,
    }
}

fn pairs(list: &[(&str, &str)]) -> Labels {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The pattern from which remotes of an object are made.
pub(super) struct Model<'a> {
    pub(super) scene: &'a Scene,
    pub(super) owner: &'a Owner,
    pub(super) desired: &'a Desired,
    /// The percentage of members and labels that are as the spec wants them.
    pub(super) alike: u32,
}

impl Model<'_> {
    /// A remote with this mark.
    pub(super) fn remote(&self, dice: &mut Dice, id: &RemoteId, mark: Mark, nonce: &str) -> Arc<Remote> {
        let mut remote = Remote {
            id: id.clone(),
            labels: self.labels(dice, &self.desired.labels),
            mark: self.scene.mark(self.owner, mark, nonce),
            fields: self.fields(dice, [&self.desired.fixed, &self.desired.mutable]),
            latest: None,
        };
        if id.child().is_none() {
            remote.fields.entry("Name").or_insert(json!("o"));
            remote.fields.insert("OwnerId".into(), json!("1"));
            let latest = dice.pick(&[(2, None), (6, Some("v1")), (3, Some("v2"))]);
            remote.latest = latest.map(|name| Box::new((*self.first(dice, id.root(), name)).clone()));
        }
        Arc::new(remote)
    }

    /// v1 of a dataset, or another version of it that no object stands for.
    pub(super) fn first(&self, dice: &mut Dice, dataset: &str, name: &str) -> Arc<Remote> {
        let wanted = &self.desired.first;
        let labels = self.labels(dice, wanted.labels.as_ref().unwrap_or(&BTreeMap::new()));
        let fields = self.fields(dice, [&wanted.fields, &Fields::new()]);
        Arc::new(Remote::labelled(RemoteId::new(dataset).join(name), labels, fields, None))
    }

    /// Fixed members differ less often than the others.
    fn fields(&self, dice: &mut Dice, [fixed, mutable]: [&Fields; 2]) -> Fields {
        let mut fields = Fields::new();
        for (of, alike) in [(fixed, 100 - (100 - self.alike) / 4), (mutable, self.alike)] {
            for (name, value) in of {
                let value = if dice.chance(alike) { spelled(dice, value) } else { otherwise(dice, value) };
                fields.extend(value.map(|value| (name.clone(), value)));
            }
        }
        fields
    }

    fn labels(&self, dice: &mut Dice, wanted: &Labels) -> Labels {
        let mut labels = Labels::new();
        for (key, value) in wanted {
            let value = if dice.chance(self.alike) { Some(value.as_str()) } else { dice.one(&[None, Some("else")]) };
            labels.extend(value.map(|value| (key.clone(), value.to_owned())));
        }
        labels.extend(dice.maybe(20, ("old".to_owned(), "1".to_owned())));
        labels.extend(dice.maybe(20, ("theirs".to_owned(), "1".to_owned())));
        labels
    }
}

/// The same value, now and then written in another way.
fn spelled(dice: &mut Dice, value: &Value) -> Option<Value> {
    if dice.chance(90) {
        return Some(value.clone());
    }
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) if text.starts_with("oss:") => Some(json!(text.replacen("oss:", "OSS:", 1))),
        Value::String(text) if text.starts_with('{') => Some(json!(text.replace(' ', ""))),
        Value::Array(items) => Some(items.iter().rev().cloned().collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => Some(value.clone()),
    }
}

fn otherwise(dice: &mut Dice, value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if text == "PUBLIC" || text == "PRIVATE" || text == "ROLE_PUBLIC" => {
            Some(json!(dice.one(&["PUBLIC", "PRIVATE", "PRIVATE", "ROLE_PUBLIC"])))
        }
        Value::String(text) if text == "o" || text == "o-2" => Some(json!(dice.one(&["before", "o-2"]))),
        Value::String(text) => dice.one(&[None, Some(json!("by hand")), Some(json!(text.trim()))]),
        Value::Number(number) => Some(json!(number.as_i64().unwrap() - 1)),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What `appliedLabelKeys` holds.
fn label_keys(own: &Labels, first: &FirstVersion) -> Vec<String> {
    let of_first = first.labels.iter().flatten().map(|(key, _)| format!("v1={key}"));
    own.keys().cloned().chain(of_first).collect()
}
