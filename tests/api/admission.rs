//! Every case of `cases.yaml`, and every sample, against the local stand-in for the apiserver.

use std::collections::BTreeSet;

use dataset_operator::api::{
    dataset_definition, file_set_definition, job_config_definition, job_definition, media_dataset_definition,
    version_definition,
};

use crate::cases::{self, By};
use crate::check::problems;

#[test]
fn the_cases_end_as_the_table_says() {
    let mut wrong = Vec::new();
    for case in cases::load() {
        if let Some(old) = &case.old {
            let stored = problems(&case.kind, old, None);
            assert!(stored.is_empty(), "{}: the stored object is invalid: {stored:?}", case.name);
        }
        let found = problems(&case.kind, &case.object, case.old.as_ref());
        let as_said = match &case.refused {
            None => found.is_empty(),
            Some(refusal) => found.iter().any(|problem| {
                problem.by == refusal.by
                    && problem.field == refusal.field
                    && (refusal.by != By::Rule || problem.message.contains(&refusal.says))
            }),
        };
        if !as_said {
            wrong.push(format!("{}: expected {:?}, found {found:?}", case.name, case.refused));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn case_names_are_unique() {
    let cases = cases::load();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len());
}

/// A new immutable field needs cases too.
#[test]
fn every_immutable_field_has_cases() {
    let sorted = |fields: &[dataset_operator::api::rules::Immutable]| {
        let mut names: Vec<String> = fields.iter().map(|immutable| immutable.field.to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(cases::immutables("Dataset"), sorted(dataset_definition::IMMUTABLES));
    assert_eq!(cases::immutables("DatasetVersion"), sorted(version_definition::IMMUTABLES));
    assert_eq!(cases::immutables("DatasetJob"), sorted(job_definition::IMMUTABLES));
    assert_eq!(cases::immutables("DatasetJobConfig"), sorted(job_config_definition::IMMUTABLES));
    assert_eq!(cases::immutables("DatasetFileSet"), sorted(file_set_definition::IMMUTABLES));
    assert_eq!(cases::immutables("MediaDataset"), sorted(media_dataset_definition::IMMUTABLES));
}
