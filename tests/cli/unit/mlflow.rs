//! Where MLflow is, from its variables.

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use olist::mlflow::{Settings, is_direct};

fn read(variables: &[(&str, &str)]) -> Result<Option<Settings>> {
    Settings::read(|name| {
        variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn nothing_is_contacted_without_an_address() {
    assert!(read(&[("MLFLOW_TRACKING_USERNAME", "ana")]).unwrap().is_none());
}

#[test]
fn a_password_never_stays_in_the_address() {
    let settings = read(&[("MLFLOW_TRACKING_URI", "https://ana:pa@ss@mlflow.example/x/")]).unwrap().unwrap();
    assert_eq!(settings.uri, "https://mlflow.example/x");
    assert_eq!(settings.authorization.unwrap(), format!("Basic {}", BASE64_STANDARD.encode("ana:pa@ss")));
}

#[test]
fn the_user_comes_before_the_token() {
    let variables = [
        ("MLFLOW_TRACKING_URI", "http://localhost:5000"),
        ("MLFLOW_TRACKING_TOKEN", "t"),
        ("MLFLOW_TRACKING_USERNAME", "ana"),
        ("MLFLOW_TRACKING_PASSWORD", "secret"),
    ];
    let settings = read(&variables).unwrap().unwrap();
    assert_eq!(settings.authorization.unwrap(), "Basic YW5hOnNlY3JldA==");
    assert_eq!(read(&variables[..2]).unwrap().unwrap().authorization.unwrap(), "Bearer t");
}

#[test]
fn other_addresses_are_refused() {
    for uri in ["mlruns", "file:///tmp/mlruns", "sqlite:///mlflow.db", "databricks", "http://"] {
        let Err(error) = read(&[("MLFLOW_TRACKING_URI", uri)]) else { panic!("{uri} was taken") };
        assert!(error.to_string().contains("not an address of a server"), "{error}");
    }
}

#[test]
fn a_login_is_decoded_and_a_path_may_hold_an_at() {
    let settings = read(&[("MLFLOW_TRACKING_URI", "https://ana%40x.br:p%3A1@mlflow.example/u/ana@x")]);
    let settings = settings.unwrap().unwrap();
    assert_eq!(settings.uri, "https://mlflow.example/u/ana@x");
    assert_eq!(settings.authorization.unwrap(), format!("Basic {}", BASE64_STANDARD.encode("ana@x.br:p:1")));
}

#[test]
fn a_proxy_is_for_its_scheme() {
    let variables = [
        ("MLFLOW_TRACKING_URI", "http://mlflow.example:5000"),
        ("https_proxy", "http://secure:3128"),
        ("HTTP_PROXY", "http://plain:3128"),
        ("NO_PROXY", "localhost,.intern"),
    ];
    let proxy = |variables: &[(&str, &str)]| read(variables).unwrap().unwrap().proxy;
    assert_eq!(proxy(&variables).unwrap().host(), "plain");
    assert!(proxy(&[("MLFLOW_TRACKING_URI", "http://ml.intern"), variables[2], variables[3]]).is_none());
    assert!(proxy(&variables[..2]).is_none());
}

#[test]
fn no_proxy_has_many_forms() {
    for list in ["*", "example.br", ".example.br", "*.example.br", "a, ml.example.br:5000", "ml.Example.br"] {
        assert!(is_direct(list, "ml.example.br:5000"), "{list}");
    }
    for list in ["", "ample.br", "ml.example.br:80", "l.example.br"] {
        assert!(!is_direct(list, "ml.example.br:5000"), "{list}");
    }
    assert!(is_direct("10.0.0.0/8", "10.1.2.3:5000") && !is_direct("10.0.0.0/8", "11.1.2.3"));
}
