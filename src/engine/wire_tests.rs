//! What the answer to a create says, and what it does not say.

use super::*;
use crate::cloud::ErrorClass;

#[test]
fn a_success_without_an_id_is_no_success() {
    let body = [("RequestId".to_owned(), json!("r"))].into_iter().collect();
    let answer = Answer { request_id: None, body };
    for dataset in [None, Some("d-1")] {
        let request = match dataset {
            Some(dataset) => Request::create_dataset_version(dataset, Fields::new()),
            None => Request::create_dataset(Fields::new()),
        };
        let made = created(&request, &answer, dataset);
        assert_eq!(made.unwrap_err().class, ErrorClass::Garbled);
    }
}

#[test]
fn of_a_version_all_labels_are_sent_and_of_a_dataset_those_that_are_set() {
    let labels = |pairs: &[(&str, &str)]| -> Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let (current, set) = (labels(&[("theirs", "1"), ("ours", "old")]), labels(&[("ours", "new"), ("more", "2")]));
    let sent = |id: &RemoteId, current: Option<&Labels>| labels_sent(id, current, set.clone());
    let (dataset, version) = (RemoteId::dataset("d-1"), RemoteId::version("d-1", "v2"));
    assert_eq!(sent(&dataset, Some(&current)), set);
    assert_eq!(sent(&version, Some(&current)), labels(&[("theirs", "1"), ("ours", "new"), ("more", "2")]));
    assert_eq!(sent(&version, None), set);
}
