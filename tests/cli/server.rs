//! A real MLflow server for a test, and a proxy before it that loses requests and answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::python;

/// The version that the folders of `olist models export` are like, and the last one of the older API.
pub const NEW: &str = "3.17.2";
pub const OLD: &str = "2.22.5";

/// Generous: two cores share all tests.
const PATIENCE: Duration = Duration::from_secs(180);

/// A Python with this MLflow, and with what reads models and tables; `None` where there is no Python.
pub fn python(version: &str) -> Option<PathBuf> {
    let mlflow = format!("mlflow=={version}");
    // MLflow 2 takes any SQLAlchemy 2, and does not start with 2.1.
    let packages = [&mlflow, "sqlalchemy<2.1", "onnxruntime", "pandas", "duckdb"];
    python::with(&format!("mlflow-{version}"), &packages)
}

/// An MLflow server on a free port: a sqlite store, artifacts through the server.
pub struct Server {
    folder: TempDir,
    pub python: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Server {
    /// `None` where there is no Python.
    pub fn start(version: &str) -> Option<Self> {
        let python = python(version)?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { folder: tempfile::tempdir().unwrap(), python, port, child: None };
        server.restart();
        Some(server)
    }

    pub fn uri(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// As the machine does when it goes down: no goodbye to anyone.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let group = format!("-{}", child.id());
            Command::new("kill").args(["-9", "--", &group]).status().unwrap();
            child.wait().unwrap();
        }
    }

    /// On the same port, with the same store.
    pub fn restart(&mut self) {
        let folder = self.folder.path();
        let log = std::fs::File::create(folder.join("log.txt")).unwrap();
        let child = Command::new(&self.python)
            .args(["-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"])
            .args(["--port", &self.port.to_string()])
            .args(["--backend-store-uri", &format!("sqlite:///{}/mlflow.db", folder.display())])
            .arg("--artifacts-destination")
            .arg(folder.join("artifacts"))
            .current_dir(folder)
            .env_remove("MLFLOW_TRACKING_URI")
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let since = Instant::now();
        while !self.is_healthy() {
            assert!(
                since.elapsed() < PATIENCE,
                "MLflow does not start:\n{}",
                std::fs::read_to_string(folder.join("log.txt")).unwrap()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn is_healthy(&self) -> bool {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) else {
            return false;
        };
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let request = "GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let mut answer = String::new();
        let is_sent = stream.write_all(request.as_bytes()).is_ok();
        is_sent && stream.read_to_string(&mut answer).is_ok() && answer.contains(" 200 ")
    }

    /// What a script prints, given the server's address as first argument.
    #[track_caller]
    pub fn python(&self, folder: &Path, script: &str, arguments: &[&str]) -> String {
        let uri = self.uri();
        let arguments: Vec<&str> = std::iter::once(uri.as_str()).chain(arguments.iter().copied()).collect();
        python::prints(&self.python, folder, script, &arguments)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What the proxy does with the next requests.
#[derive(Clone, Copy)]
pub enum Fate {
    /// The first answer is lost on the way, the second arrives, and so on.
    LosesEverySecondAnswer { requests: u32 },
    /// As many requests pass; of the next one the answer is lost, or the request itself; then nothing passes.
    Dies { after: u32, is_request_done: bool },
    /// Files of this name are too large for it.
    Refuses { file: &'static str },
}

/// Stands between the tool and the server.
pub struct Proxy {
    pub uri: String,
    fate: Arc<Mutex<Fate>>,
}

impl Proxy {
    pub fn before(server: &Server, fate: Fate) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let fate = Arc::new(Mutex::new(fate));
        let (shared, port) = (Arc::clone(&fate), server.port);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || pass(stream, port, &shared));
            }
        });
        Self { uri, fate }
    }

    pub fn set(&self, fate: Fate) {
        *self.fate.lock().unwrap() = fate;
    }
}

/// One request of one connection.
fn pass(mut client: TcpStream, port: u16, fate: &Mutex<Fate>) -> Option<()> {
    let request = read_request(&mut client)?;
    let (is_request_done, is_answered) = match &mut *fate.lock().unwrap() {
        Fate::LosesEverySecondAnswer { requests } => {
            *requests += 1;
            (true, *requests % 2 == 0)
        }
        Fate::Dies { after: 0, is_request_done } => (std::mem::take(is_request_done), false),
        Fate::Dies { after, .. } => {
            *after -= 1;
            (true, true)
        }
        Fate::Refuses { file } => {
            let line = request.split(|byte| *byte == b'\r').next()?;
            if String::from_utf8_lossy(line).contains(&format!("/{file} ")) {
                let answer =
                    "HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                return client.write_all(answer.as_bytes()).ok();
            }
            (true, true)
        }
    };
    if is_request_done {
        let mut server = TcpStream::connect(("127.0.0.1", port)).ok()?;
        server.write_all(&request).ok()?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).ok()?;
        if is_answered {
            client.write_all(&answer).ok()?;
        }
    }
    Some(())
}

/// A whole request, asking for a connection of its own.
fn read_request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    let end = loop {
        let count = client.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .next()
    };
    let length: usize = header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    while bytes.len() < end + 4 + length {
        let count = client.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
    let kept = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let mut request = kept.flat_map(|line| [line, "\r\n"]).collect::<String>().into_bytes();
    request.extend_from_slice(b"connection: close\r\n\r\n");
    request.extend_from_slice(&bytes[end + 4..]);
    Some(request)
}

/// A server that gives one answer to everything, or none (`""`), and keeps the connection open.
pub fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                if read_request(&mut stream).is_some() && stream.write_all(answer.as_bytes()).is_ok() {
                    std::thread::sleep(PATIENCE);
                }
            });
        }
    });
    uri
}
