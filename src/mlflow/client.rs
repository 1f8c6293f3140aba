//! Requests to MLflow: limits of time, retries with backoff, and what went wrong in the words of a user.

use std::fmt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::Agent;
use ureq::http::{Method, Request, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};

use super::Settings;

/// Tries of one request, with a pause between two that doubles.
const TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Answers of the tracking API are small.
const LARGEST_ANSWER: u64 = 64 << 20;

#[derive(Debug)]
pub struct Failure {
    pub message: String,
    pub hint: Option<String>,
    /// MLflow's own word for it, such as `RESOURCE_ALREADY_EXISTS`.
    pub code: Option<String>,
    /// Whether it may work later as it is.
    pub may_pass: bool,
}

impl Failure {
    /// One that stays.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()), code: None, may_pass: false }
    }

    fn passing(message: String, hint: &str) -> Self {
        Self { may_pass: true, ..Self::new(message, hint) }
    }

    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// The code of what is too large to be taken.
pub const TOO_LARGE: &str = "TOO_LARGE";
/// The code of what this server does not do at all; some say it in this word themselves.
pub const NO_ENDPOINT: &str = "ENDPOINT_NOT_FOUND";

pub type Answer<T> = Result<T, Failure>;

pub struct Client {
    agent: Agent,
    pub settings: Settings,
    /// No request is started after it, and none goes on beyond.
    deadline: Option<Instant>,
}

impl Client {
    pub fn new(settings: Settings, limit: Option<Duration>) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(settings.certificates.clone().map_or(RootCerts::PlatformVerifier, RootCerts::from))
            .disable_verification(settings.is_insecure)
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .proxy(settings.proxy.clone())
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .user_agent(concat!("olist/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Self { agent, settings, deadline: limit.map(|limit| Instant::now() + limit) }
    }

    /// A request to the tracking API that may be repeated without harm.
    pub fn call(&self, method: &Method, path: &str, body: &Value) -> Answer<Value> {
        self.again(|| self.once(method, path, body))
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer<Value> {
        self.call(&Method::POST, path, body)
    }

    /// A request to the tracking API that is sent once.
    pub fn once(&self, method: &Method, path: &str, body: &Value) -> Answer<Value> {
        // Fronts of servers refuse a GET with a body.
        let body = (method != Method::GET).then(|| ("application/json", body.to_string().into_bytes()));
        self.send(method, &format!("/api/2.0/mlflow/{path}"), body)
    }

    /// Writes an artifact through the server; the same again changes nothing.
    pub fn put(&self, path: &str, bytes: &[u8]) -> Answer<()> {
        let path = format!("/api/2.0/mlflow-artifacts/artifacts/{path}");
        let put = || self.send(&Method::PUT, &path, Some(("application/octet-stream", bytes.to_vec())));
        self.again(put).map(|_| ())
    }

    /// Repeats `work` while it fails in a way that may pass.
    pub fn again<T>(&self, work: impl Fn() -> Answer<T>) -> Answer<T> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            let is_over = || self.deadline.is_some_and(|deadline| Instant::now() + pause >= deadline);
            match work() {
                Err(failure) if failure.may_pass && !is_over() => sleep(pause),
                other => return other,
            }
            pause *= 2;
        }
        work()
    }

    fn send(&self, method: &Method, path: &str, body: Option<(&str, Vec<u8>)>) -> Answer<Value> {
        let uri = &self.settings.uri;
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            let message = format!("the time for sending to MLflow at {uri} is used up");
            return Err(Failure::passing(message, "what is left waits in registry.outbox"));
        }
        let timeout = left.map_or(self.settings.timeout, |left| left.min(self.settings.timeout));
        let request = Request::builder()
            .method(method)
            .uri(format!("{uri}{path}"))
            .header("accept", "application/json");
        let request = match &self.settings.authorization {
            Some(authorization) => request.header("authorization", authorization),
            None => request,
        };
        let unsendable = |error| {
            Failure::new(
                format!("MLFLOW_TRACKING_URI or a login of MLflow cannot be sent: {error}"),
                "look at MLFLOW_TRACKING_URI, MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_TOKEN",
            )
        };
        let response = if let Some((content, bytes)) = body {
            let request = request.header("content-type", content).body(bytes).map_err(unsendable)?;
            self.agent.run(self.agent.configure_request(request).timeout_global(Some(timeout)).build())
        } else {
            let request = request.body(()).map_err(unsendable)?;
            self.agent.run(self.agent.configure_request(request).timeout_global(Some(timeout)).build())
        };
        let mut response = response.map_err(|error| self.broken(&error, timeout))?;
        let status = response.status();
        let header = |name: &str| {
            let value = response.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (content, location) = (header("content-type"), header("location"));
        let text = response
            .body_mut()
            .with_config()
            .limit(LARGEST_ANSWER)
            .read_to_string()
            .map_err(|error| self.broken(&error, timeout))?;
        self.answer(status, &content, &location, &text)
    }

    /// What an answer means.
    fn answer(&self, status: StatusCode, content: &str, location: &str, text: &str) -> Answer<Value> {
        let uri = &self.settings.uri;
        let json: Option<Value> =
            if text.trim().is_empty() { Some(Value::Null) } else { serde_json::from_str(text).ok() };
        let refusal = json.as_ref().and_then(|value| {
            Some((value.get("error_code")?.as_str()?, value.get("message")?.as_str().unwrap_or_default()))
        });
        let (message, hint, code) = if matches!(status.as_u16(), 401 | 403) {
            let what =
                if self.settings.authorization.is_some() { "refuses this login" } else { "wants a login" };
            let hint = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, say who you are";
            (format!("MLflow at {uri} {what} ({status})"), Some(hint), None)
        } else if status.is_success()
            && let Some(value) = json
        {
            return Ok(value);
        } else if let Some((code, message)) = refusal {
            (format!("MLflow at {uri} refuses: {message} ({code})"), None, Some(code))
        } else if status == StatusCode::PAYLOAD_TOO_LARGE {
            let what = "what was sent is too large for MLflow at";
            let hint = "the server's own limit decides, such as nginx's client_max_body_size";
            let message = format!("{what} {uri}, or for what stands before it ({status})");
            (message, Some(hint), Some(TOO_LARGE))
        } else {
            let what = if status.is_redirection() {
                format!("sends us on to {location} ({status})")
            } else if content.contains("html") || text.trim_start().starts_with('<') {
                format!("answers with a web page{}, not as MLflow does ({status})", title(text))
            } else {
                let start: String = text.trim().chars().take(80).collect();
                format!("does not answer as MLflow does ({status}): {start}")
            };
            let hint = "MLFLOW_TRACKING_URI has to be the address of `mlflow server` itself; open it in a browser to see what answers there";
            let code = matches!(status.as_u16(), 404 | 405 | 501).then_some(NO_ENDPOINT);
            (format!("{uri} {what}"), Some(hint), code)
        };
        let (hint, code) = (hint.map(str::to_owned), code.map(str::to_owned));
        Err(Failure { message, hint, code, may_pass: is_passing(status) })
    }

    /// A request without an answer.
    fn broken(&self, error: &ureq::Error, timeout: Duration) -> Failure {
        let uri = &self.settings.uri;
        let no_host = || (format!("there is no such host: {uri}"), "look at MLFLOW_TRACKING_URI");
        let (message, hint) = match error {
            ureq::Error::Tls(_) | ureq::Error::Rustls(_) => {
                let hint = "MLFLOW_TRACKING_SERVER_CERT_PATH names a file of certificates to trust; MLFLOW_TRACKING_INSECURE_TLS=true sends without checking it";
                return Failure::new(format!("the certificate of {uri} is not accepted: {error}"), hint);
            }
            ureq::Error::Timeout(_) => (
                format!("MLflow at {uri} did not answer within {:.0} s", timeout.as_secs_f64().max(1.0)),
                "is the server busy? MLFLOW_HTTP_REQUEST_TIMEOUT sets the seconds that a request may take",
            ),
            // ureq gives the system's own words for an unknown host as an error of input and output.
            ureq::Error::Io(io) if io.to_string().contains("failed to lookup address") => no_host(),
            ureq::Error::HostNotFound => no_host(),
            _ => (
                format!("MLflow at {uri} cannot be reached: {error}"),
                "is the server running, and MLFLOW_TRACKING_URI its address?",
            ),
        };
        Failure::passing(message, hint)
    }
}

/// Whether the same request may work later: the server is busy or starting.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
}

/// ` "Sign in"`: the title of a web page, to recognise it by.
fn title(page: &str) -> String {
    let after = page.split_once("<title>").map(|(_, after)| after);
    let title = after.and_then(|after| after.split_once("</title>")).map(|(title, _)| title.trim());
    title.filter(|title| !title.is_empty()).map_or_else(String::new, |title| {
        let short: String = title.chars().take(60).collect();
        format!(" \"{short}\"")
    })
}
