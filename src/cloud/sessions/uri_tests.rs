//! Which URIs are taken, and that nothing but the host of one is told. What they answer is tested beside the machine's role,
//! as both have the same answer.

use super::*;
use crate::cloud::fake_server::{FakeServer, Scene};
use crate::cloud::network;
use crate::cloud::settings::Settings;
use crate::fence::Fence;

fn at(uri: &str) -> Result<Uri, CredentialError> {
    let settings = Settings::for_endpoint("http://127.0.0.1:9", Duration::from_secs(2)).unwrap();
    Uri::new(&Secret::new(uri), network(&settings, Fence::open()).unwrap(), settings.request_timeout)
}

#[test]
fn a_uri_has_a_host_and_no_user() {
    for (uri, shown) in [
        ("http://127.0.0.1:1/canary?a=b", "the credentials URI at 127.0.0.1:1"),
        ("https://example.test/canary", "the credentials URI at example.test"),
    ] {
        assert_eq!(at(uri).ok().unwrap().subject(), shown);
    }
    for uri in ["", "canary", "/canary", "file:///canary", "http://canary@127.0.0.1/", "http://u:canary@127.0.0.1/"] {
        let told = at(uri).err().unwrap().to_string();
        assert!(told.contains("http:// or https://") && !told.contains("canary"), "{told}");
    }
}

#[tokio::test]
async fn a_uri_that_gives_nothing_is_told_by_its_host() {
    let moved = Scene::answer(302, "Location: http://127.0.0.1:9/\r\n", "");
    for (scene, unavailable) in
        [(Scene::answer(404, "", "canary"), false), (moved, false), (Scene::answer(500, "", "canary"), true)]
    {
        let server = FakeServer::start([scene]).await;
        let error = at(&format!("{}/canary", server.url())).ok().unwrap().issue().await.err().unwrap();
        let told = error.to_string();
        assert!(told.contains(&server.address.to_string()) && !told.contains("canary"), "{told}");
        assert_eq!(matches!(error, CredentialError::Unavailable(_)), unavailable, "{told}");
    }
    let error = at("http://127.0.0.1:9/canary").ok().unwrap().issue().await.err().unwrap();
    assert!(matches!(&error, CredentialError::Unavailable(told) if !told.contains("canary")), "{error}");
}
