use std::path::Path;

use axum::Extension;
use reqwest::Method;

use super::*;
use crate::config::{Sources, parse};

/// A host without anything, in a folder of its own.
async fn host(folder: &Path) -> Arc<Host> {
    let sources = Sources {
        variable: &|_| None,
        folder: folder.to_owned(),
    };
    let config = parse("", &folder.join("trunkline.toml"), &sources).unwrap();
    Host::start(config).await.unwrap()
}

/// The routes for a caller with this role, behind no token.
async fn open_to(role: Role, host: &Arc<Host>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let caller = Extension(Caller { role });
    let router = routes().layer(caller).with_state(Arc::clone(host));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// Every method and path of the document with the role it names.
fn described() -> Vec<(Method, String, Role)> {
    let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let role = match operation["x-role"].as_str().unwrap() {
                "viewer" => Role::Viewer,
                "operator" => Role::Operator,
                "administrator" => Role::Administrator,
                other => panic!("{path} names the role {other}"),
            };
            let method = method.to_uppercase().parse().unwrap();
            let parts = ["{id}", "{hash}", "{name}"];
            let path = parts
                .iter()
                .fold(path.clone(), |path, part| path.replace(part, "7"));
            all.push((method, path, role));
        }
    }
    all
}

#[tokio::test]
async fn every_path_is_closed_to_a_lesser_role_than_the_document_names() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(folder.path()).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for role in [Role::Viewer, Role::Operator, Role::Administrator] {
        let base = open_to(role, &host).await;
        for (method, path, needed) in described() {
            let call = http.request(method.clone(), format!("{base}{path}"));
            let status = call.send().await.unwrap().status().as_u16();
            let closed = status == StatusCode::FORBIDDEN.as_u16();
            assert_eq!(
                closed,
                role < needed,
                "{method} {path} answers {role:?} with {status}"
            );
        }
    }
}
