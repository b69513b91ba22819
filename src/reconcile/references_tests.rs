//! References between objects, for kinds that are only names here.

use super::*;

fn named(kind: &'static str, name: &str) -> Reference {
    Reference::Name(ObjectName::new(kind, "ns", name))
}

fn job(name: &str) -> ObjectName {
    ObjectName::new("DatasetJob", "ns", name)
}

fn names(references: &References, of: &[Reference]) -> Vec<String> {
    references.referrers(of).iter().map(|object| format!("{} {}", object.kind, object.place().1)).collect()
}

#[test]
fn objects_of_any_kind_are_found_by_what_they_refer_to() {
    let references = References::default();
    let id = RemoteId::new("d-1");
    let by_id = Reference::Id("Dataset", id.clone());
    let version = ObjectName::new("DatasetVersion", "ns", "v");
    let config = ObjectName::new("DatasetJobConfig", "ns", "c");
    references.set(&version, vec![by_id.clone()]);
    references.set(&job("b"), vec![named("Dataset", "flowers"), named("DatasetVersion", "v")]);
    references.set(&job("a"), vec![named("Dataset", "flowers")]);
    references.set(&config, vec![named("Dataset", "flowers"), named("Secret", "key")]);
    let flowers = Reference::all_to(ObjectName::new("Dataset", "ns", "flowers"), Some(&id));
    let all = ["DatasetJob a", "DatasetJob b", "DatasetJobConfig c", "DatasetVersion v"];
    assert_eq!(names(&references, &flowers), all, "each once, in the order of kinds and names");
    assert_eq!(names(&references, &[named("Secret", "key")]), ["DatasetJobConfig c"], "a kind that is not ours");
    assert_eq!(names(&references, &[named("DatasetVersion", "v")]), ["DatasetJob b"]);
    let none: [&str; 0] = [];
    assert_eq!(names(&references, &[named("MediaDataset", "flowers"), named("Dataset", "v")]), none, "another kind");
    let elsewhere = Reference::Name(ObjectName::new("Dataset", "other", "flowers"));
    assert_eq!(names(&references, &[elsewhere]), none, "another namespace");
    assert_eq!(names(&references, &[Reference::Id("MediaDataset", id)]), none, "another kind's id");
}

#[test]
fn what_an_object_refers_to_now_counts() {
    let (references, none): (References, [&str; 0]) = (References::default(), []);
    let (old, new) = ([named("Dataset", "old")], [named("Dataset", "new")]);
    references.set(&job("a"), old.to_vec());
    references.set(&job("a"), old.to_vec());
    references.set(&job("a"), new.to_vec());
    assert_eq!((names(&references, &old).len(), names(&references, &new)), (0, vec!["DatasetJob a".to_owned()]));
    references.add(&job("a"), old.to_vec());
    references.add(&job("a"), old.to_vec());
    assert_eq!(names(&references, &[old[0].clone(), new[0].clone()]), ["DatasetJob a"], "both, found once");
    references.set(&job("b"), new.to_vec());
    references.remove(&job("a"));
    assert_eq!(names(&references, &old), none);
    assert_eq!(names(&references, &new), ["DatasetJob b"]);
    references.set(&job("b"), Vec::new());
    references.remove(&job("b"));
    let tables = crate::lock::lock(&references.0);
    assert!(tables.references.is_empty() && tables.referrers.is_empty(), "nothing is left of them: {tables:?}");
}

#[test]
fn what_went_unseen_is_forgotten_kind_by_kind() {
    let references = References::default();
    let flowers = [named("Dataset", "flowers")];
    let version = ObjectName::new("DatasetVersion", "ns", "a");
    for object in [job("a"), job("b"), version] {
        references.set(&object, flowers.to_vec());
    }
    references.retain("DatasetJob", |object| object.place().1 == "b");
    assert_eq!(names(&references, &flowers), ["DatasetJob b", "DatasetVersion a"]);
}

#[test]
fn a_name_goes_before_an_id_and_means_the_same_namespace() {
    let from = ObjectMeta { namespace: Some("ns".into()), name: Some("v".into()), ..ObjectMeta::default() };
    let read = |name, id| Reference::read("Dataset", &from, name, id);
    assert_eq!(read(Some("flowers"), Some("d-1")), Some(named("Dataset", "flowers")));
    assert_eq!(read(None, Some("d-1")), Some(Reference::Id("Dataset", RemoteId::new("d-1"))));
    assert_eq!(read(None, None), None);
}

#[test]
fn who_follows_a_kind_learns_which_names_begin_or_cease_to_be_mentioned() {
    let references = References::default();
    references.set(&job("a"), vec![named("Secret", "old"), named("Dataset", "flowers")]);
    let mut names = references.follow("Secret");
    let mut told = || std::iter::from_fn(|| names.try_recv().ok()).map(|name| name.place().1.to_owned()).collect();
    let none: [&str; 0] = [];
    let all: Vec<String> = told();
    assert_eq!(all, ["old"], "what was there");
    references.set(&job("b"), vec![named("Secret", "old"), named("Secret", "new")]);
    let all: Vec<String> = told();
    assert_eq!(all, ["new"], "each name once");
    references.remove(&job("a"));
    let all: Vec<String> = told();
    assert_eq!(all, none, "another object mentions it");
    references.remove(&job("b"));
    let all: Vec<String> = told();
    assert_eq!(all, ["old", "new"]);
    assert!(references.named("Secret", "ns").is_empty());
    references.set(&job("a"), vec![named("Secret", "x"), named("Dataset", "y")]);
    let mentioned = |namespace| references.named("Secret", namespace).into_iter().collect::<Vec<_>>();
    assert_eq!((mentioned("ns"), mentioned("other")), (vec!["x".to_owned()], vec![]));
}
