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
