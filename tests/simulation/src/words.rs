//! Calls in words, as histories have them: the same for simulated and for real connections.

use crate::history::Class;

/// A call to the API server in words.
pub fn kube_call(method: &str, path: &str, query: &str) -> (Class, String) {
    let short = path.rsplit("v1alpha1/").next().unwrap_or(path).trim_start_matches("namespaces/");
    let watch = query.split('&').any(|pair| pair == "watch=true");
    let class = match method {
        "GET" if watch => Class::KubeWatch,
        "GET" => Class::KubeRead,
        _ if path.contains("events.k8s.io") => Class::KubeEvent,
        _ => Class::KubeWrite,
    };
    // The names of events are made of the real time of day.
    let short = if class == Class::KubeEvent { "event" } else { short };
    let verb = if watch { "WATCH" } else { method };
    (class, format!("{verb} {short}"))
}

/// A call of the service in words. A list says what it is for: a sweep selects by the domain of the operator.
pub fn cloud_call(action: &str, path: &str, query: &str, domain: &str) -> (Class, String) {
    let reads = action.starts_with("Get") || action.starts_with("List");
    let class = if reads { Class::CloudRead } else { Class::CloudWrite };
    if let Some(path) = media_dataset(query) {
        return (class, format!("imm:{action} {path}"));
    }
    let mut what = format!("{action} {}", path.trim_start_matches("/api/v1/"));
    let member = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let selects = [
        ("?sweep", member("Label") == Some(domain)),
        ("?owner", member("Label").is_some_and(|label| label != domain)),
        ("?name", member("Name").is_some()),
        ("?ids", member("DatasetIds").is_some()),
    ];
    let by = selects.iter().find(|(_, selects)| *selects && action.starts_with("List"));
    what.push_str(by.map_or("", |(by, _)| by));
    (class, what)
}

/// The dataset, or all datasets of the project, that a call of IMM names in its query.
pub(crate) fn media_dataset(query: &str) -> Option<String> {
    let member = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let project = member("ProjectName")?;
    Some(member("DatasetName").map_or_else(|| project.to_owned(), |name| format!("{project}/{name}")))
}
