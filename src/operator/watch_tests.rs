//! When an object is passed on to its controller.

use kube::runtime::reflector;

use super::*;
use crate::api::{Dataset, DatasetSpec};

type Error = std::convert::Infallible;

#[tokio::test]
async fn objects_of_a_list_are_passed_on_once_all_of_it_is_in_the_store() {
    let (store, mut writer) = reflector::store::<StoredObject<Dataset>>();
    let object = |name: &str| {
        let mut dataset = Dataset::new(name, DatasetSpec::default());
        dataset.metadata.namespace = Some("ns".to_owned());
        StoredObject::new(dataset)
    };
    let mut shown = async |event: Event<StoredObject<Dataset>>| {
        writer.apply_watcher_event(&event);
        let passed: Vec<_> = applied::<Dataset, Error>(Ok(event), &store).collect().await;
        let mut names: Vec<_> = passed.into_iter().map(|object| object.unwrap().name_any()).collect();
        names.sort();
        names
    };
    let none: [&str; 0] = [];
    assert_eq!(shown(Event::Init).await, none);
    assert_eq!(shown(Event::InitApply(object("a"))).await, none, "a pass would not find it, or an old copy");
    assert_eq!(shown(Event::InitApply(object("b"))).await, none);
    assert_eq!(shown(Event::InitDone).await, ["a", "b"]);
    assert_eq!(shown(Event::Apply(object("c"))).await, ["c"]);
    assert_eq!(shown(Event::Delete(object("a"))).await, none, "the passes of what is gone are over");
}
