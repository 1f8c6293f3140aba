//! A real Spark Connect server for a test: pinned, in a virtual environment, on a free port.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::python;

/// Generous: two cores share all tests.
const PATIENCE: Duration = Duration::from_secs(180);

/// `spark-submit`, and whoever it becomes, ends when this process does: then its stdin is closed.
const TIED: &str = r#""$@" </dev/null & spark=$!; read -r _; kill -9 $spark"#;

pub struct Server {
    folder: TempDir,
    python: PathBuf,
    master: &'static str,
    port: u16,
    child: Option<Child>,
}

impl Server {
    /// `None`, told loudly, without what it needs: the feature, Java, Python. With the feature, and under `CI`, that is a
    /// failure.
    pub fn start(master: &'static str) -> Option<Self> {
        if cfg!(not(feature = "spark")) {
            eprintln!("SKIPPED: olist is built without Spark: `cargo test --release --features spark`");
            return None;
        }
        let python = python::with_java("pyspark-4.3.0", &[python::PYSPARK])?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { folder: tempfile::tempdir().unwrap(), python, master, port, child: None };
        server.restart();
        Some(server)
    }

    /// One for all tests that leave it as it is.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Server>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start("local[2]")).as_ref()
    }

    pub fn address(&self) -> String {
        format!("sc://127.0.0.1:{}", self.port)
    }

    /// As when the machine goes down.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.stdin.take());
            child.wait().unwrap();
        }
    }

    /// On the same port; nothing of its sessions is left.
    pub fn restart(&mut self) {
        let folder = self.folder.path();
        let home = python::prints(
            &self.python,
            folder,
            "import os, pyspark; print(os.path.dirname(pyspark.__file__), end='')",
            &[],
        );
        let log = std::fs::File::create(folder.join("log.txt")).unwrap();
        let child = Command::new("sh")
            .args(["-c", TIED, "sh", &format!("{home}/bin/spark-submit")])
            .args(["--class", "org.apache.spark.sql.connect.service.SparkConnectServer"])
            .args(["--master", self.master, "--driver-memory", "1g"])
            .args(["--conf", "spark.ui.enabled=false"])
            .args(["--conf", "spark.connect.grpc.binding.address=127.0.0.1"])
            .args(["--conf", &format!("spark.connect.grpc.binding.port={}", self.port)])
            .arg("spark-internal")
            .current_dir(folder)
            .env("SPARK_HOME", &home)
            .env("SPARK_LOCAL_IP", "127.0.0.1")
            .env("PYSPARK_PYTHON", &self.python)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let since = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let log = || std::fs::read_to_string(self.folder.path().join("log.txt")).unwrap_or_default();
            assert!(since.elapsed() < PATIENCE, "Spark did not start:\n{}", log());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The processes of its executors, where its master has some.
    pub fn executors(&self) -> Vec<u32> {
        let children = |parent: u32| -> Vec<(u32, String)> {
            let parent = parent.to_string();
            let ran =
                Command::new("ps").args(["-o", "pid=,args=", "-ww", "--ppid", &parent]).output().unwrap();
            let text = String::from_utf8_lossy(&ran.stdout).into_owned();
            let rows = text.lines().filter_map(|line| line.trim().split_once(' '));
            rows.map(|(pid, args)| (pid.parse().unwrap(), args.to_owned())).collect()
        };
        let submitted = self.child.as_ref().map(|child| children(child.id())).unwrap_or_default();
        let all = submitted.into_iter().flat_map(|(pid, _)| children(pid));
        all.filter(|(_, args)| args.contains("ExecutorBackend")).map(|(pid, _)| pid).collect()
    }

    /// What its log says.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log.txt")).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
