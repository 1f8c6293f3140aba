//! Where MLflow is and how to enter: its own environment variables, so that what works for Python works here.

use std::time::Duration;

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::problem::Problem;
use crate::secret::without_login;

/// Seconds that one request may take, unless `MLFLOW_HTTP_REQUEST_TIMEOUT` says otherwise.
const TIMEOUT: u64 = 15;

/// What the environment says of MLflow.
#[derive(Clone)]
pub struct Settings {
    /// Without a slash at the end, without a password.
    pub uri: String,
    /// Experiments are called `<prefix>.<model>`.
    pub prefix: String,
    /// The value of the header `Authorization`.
    pub authorization: Option<String>,
    /// Certificates are not checked.
    pub is_insecure: bool,
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

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
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
        let (login, rest) = rest.rsplit_once('@').map_or((None, rest), |(login, rest)| (Some(login), rest));
        let named = variable("MLFLOW_TRACKING_USERNAME")
            .map(|user| format!("{user}:{}", variable("MLFLOW_TRACKING_PASSWORD").unwrap_or_default()));
        let login = named.or(login.map(str::to_owned));
        let basic = login.map(|login| format!("Basic {}", BASE64_STANDARD.encode(login)));
        let bearer = variable("MLFLOW_TRACKING_TOKEN").map(|token| format!("Bearer {token}"));
        let timeout = match variable("MLFLOW_HTTP_REQUEST_TIMEOUT") {
            None => TIMEOUT,
            Some(value) => value.trim().parse().ok().filter(|seconds| *seconds > 0).ok_or_else(|| {
                Problem::usage(format!("MLFLOW_HTTP_REQUEST_TIMEOUT is `{value}`, not a number of seconds"))
            })?,
        };
        Ok(Some(Self {
            uri: format!("{scheme}://{rest}"),
            prefix: variable("MLFLOW_EXPERIMENT_NAME").unwrap_or_else(|| "olist".to_owned()),
            authorization: basic.or(bearer),
            is_insecure: variable("MLFLOW_TRACKING_INSECURE_TLS")
                .is_some_and(|value| matches!(value.trim(), "true" | "True" | "TRUE" | "1")),
            timeout: Duration::from_secs(timeout),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let settings =
            read(&[("MLFLOW_TRACKING_URI", "https://ana:pa@ss@mlflow.example/x/")]).unwrap().unwrap();
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
}
