//! `testbed rights`: fails if the operator has a right that it never used, or used one that it does not have.

use std::path::Path;

use testbed::{Error, Result, Rights, TEST_KUBECONFIG};

pub(crate) fn run(logs: &Path) -> Result<()> {
    let rights = Rights::compare(logs)?;
    if rights.requests == 0 && std::env::var_os(TEST_KUBECONFIG).is_some() {
        println!("rights: nobody here can read the audit log of an existing cluster, so they are not compared");
        return Ok(());
    }
    let granted = rights.used.len() + rights.unused.len();
    println!(
        "rights: {granted} are granted, {} of them were used, {} more were asked for",
        rights.used.len(),
        rights.missing.len()
    );
    for (what, list) in [("granted and never used", &rights.unused), ("asked for and not granted", &rights.missing)] {
        for right in list {
            println!("  {what}: {right}");
        }
    }
    if rights.used.is_empty() || !rights.unused.is_empty() || !rights.missing.is_empty() {
        return Err(Error::new("deploy/kustomize/base/rbac.yaml and the operator's requests differ"));
    }
    Ok(())
}
