//! Where MLflow is and how to enter: its own environment variables, so that what works for Python works here.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use ureq::Proxy;
use ureq::tls::{Certificate, PemItem, parse_pem};

use crate::problem::Problem;
use crate::secret::without_login;

/// Seconds that one request may take, unless `MLFLOW_HTTP_REQUEST_TIMEOUT` says otherwise.
const TIMEOUT: u64 = 15;

#[derive(Clone)]
pub struct Settings {
    /// Without a slash at the end, without a password.
    pub uri: String,
    /// Experiments are called `<prefix>.<model>`.
    pub prefix: String,
    /// The value of the header `Authorization`.
    pub authorization: Option<String>,
    pub is_insecure: bool,
    /// What is trusted instead of the system's certificates.
    pub certificates: Option<Vec<Certificate<'static>>>,
    pub proxy: Option<Proxy>,
    /// Of one request.
    pub timeout: Duration,
}

impl Settings {
    /// `None` where `MLFLOW_TRACKING_URI` is not set: then nothing is contacted.
    ///
    /// # Errors
    /// An address that is neither http nor https; a timeout that is no number of seconds.
    pub fn from_environment() -> Result<Option<Self>> {
        Self::read(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
    }

    /// As `from_environment`, from any variables.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let Some(uri) = variable("MLFLOW_TRACKING_URI") else { return Ok(None) };
        let uri = uri.split(['?', '#']).next().unwrap_or_default().trim().trim_end_matches('/');
        let (scheme, rest) = uri.split_once("://").unwrap_or_default();
        if !matches!(scheme, "http" | "https") || rest.is_empty() {
            return Err(Problem::usage(format!(
                "MLFLOW_TRACKING_URI is `{}`, not an address of a server",
                without_login(uri)
            ))
            .hint("for example MLFLOW_TRACKING_URI=http://127.0.0.1:5000, with `mlflow server` running there")
            .into());
        }
        // A password in the address goes to the header, and never into a message.
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (login, host) =
            authority.rsplit_once('@').map_or((None, authority), |(login, host)| (Some(login), host));
        let named = variable("MLFLOW_TRACKING_USERNAME")
            .map(|user| format!("{user}:{}", variable("MLFLOW_TRACKING_PASSWORD").unwrap_or_default()));
        let decoded = |login: &str| percent_decode_str(login).decode_utf8_lossy().into_owned();
        let login = named.or(login.map(decoded));
        let basic = login.map(|login| format!("Basic {}", BASE64_STANDARD.encode(login)));
        let bearer = variable("MLFLOW_TRACKING_TOKEN").map(|token| format!("Bearer {token}"));
        let timeout = match variable("MLFLOW_HTTP_REQUEST_TIMEOUT") {
            None => TIMEOUT,
            Some(value) => value.trim().parse().ok().filter(|seconds| *seconds > 0).ok_or_else(|| {
                Problem::usage(format!("MLFLOW_HTTP_REQUEST_TIMEOUT is `{value}`, not a number of seconds"))
            })?,
        };
        Ok(Some(Self {
            uri: format!("{scheme}://{host}{path}"),
            proxy: proxy(scheme, host, &variable)?,
            certificates: certificates(&variable)?,
            prefix: variable("MLFLOW_EXPERIMENT_NAME").unwrap_or_else(|| "olist".to_owned()),
            authorization: basic.or(bearer),
            is_insecure: variable("MLFLOW_TRACKING_INSECURE_TLS")
                .is_some_and(|value| matches!(value.trim(), "true" | "True" | "TRUE" | "1")),
            timeout: Duration::from_secs(timeout),
        }))
    }
}

/// The certificates of `MLFLOW_TRACKING_SERVER_CERT_PATH`, a PEM file.
fn certificates(variable: &impl Fn(&str) -> Option<String>) -> Result<Option<Vec<Certificate<'static>>>> {
    const NAME: &str = "MLFLOW_TRACKING_SERVER_CERT_PATH";
    let Some(path) = variable(NAME) else { return Ok(None) };
    let pem = std::fs::read(&path)
        .map_err(|error| Problem::usage(format!("{NAME}: could not read `{path}`: {error}")))?;
    let certificate =
        |item| if let Ok(PemItem::Certificate(certificate)) = item { Some(certificate) } else { None };
    let found: Vec<Certificate<'static>> = parse_pem(&pem).filter_map(certificate).collect();
    if found.is_empty() {
        return Err(Problem::usage(format!("{NAME}: there is no certificate in `{path}`"))
            .hint("it is a PEM file: -----BEGIN CERTIFICATE-----")
            .into());
    }
    Ok(Some(found))
}

/// The proxy for a scheme, as Python takes it: `https_proxy` for https, `http_proxy` for http, else `all_proxy`.
fn proxy(scheme: &str, host: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<Option<Proxy>> {
    let either = |name: &str| variable(name).or_else(|| variable(&name.to_uppercase()));
    let Some(proxy) = either(&format!("{scheme}_proxy")).or_else(|| either("all_proxy")) else {
        return Ok(None);
    };
    if either("no_proxy").is_some_and(|list| is_direct(&list, host)) {
        return Ok(None);
    }
    let proxy = Proxy::new(proxy.trim());
    Ok(Some(proxy.map_err(|_| Problem::usage(format!("{scheme}_proxy is no address of a proxy")))?))
}

/// Whether `host`, perhaps with a port, is on a list of `NO_PROXY`: `*`, a host or a domain, with a dot before it or not,
/// one with a port, or a network such as `10.0.0.0/8`.
pub fn is_direct(list: &str, host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_matches(['[', ']']).to_lowercase();
    list.split(',').map(|entry| entry.trim().to_lowercase()).filter(|entry| !entry.is_empty()).any(|entry| {
        let domain = entry.trim_start_matches("*.").trim_start_matches('.');
        let is_below = |name: &str| name == domain || name.ends_with(&format!(".{domain}"));
        entry == "*" || is_below(&name) || is_below(&host.to_lowercase()) || is_in_network(&entry, &name)
    })
}

fn is_in_network(network: &str, host: &str) -> bool {
    let bits = |address: &str| address.parse::<Ipv4Addr>().ok().map(u32::from);
    let Some((address, length)) = network.split_once('/') else { return false };
    match (bits(address), bits(host), length.parse::<u32>()) {
        (Some(address), Some(host), Ok(length @ 0..=32)) => (u64::from(address ^ host) >> (32 - length)) == 0,
        _ => false,
    }
}
