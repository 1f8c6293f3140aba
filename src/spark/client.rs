//! A session with a Spark Connect server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use arrow_ipc::reader::StreamReader;
use duckdb::arrow::array::RecordBatch;
use spark_connect_core::error::SparkErrorKind;
use spark_connect_core::{
    ChannelBuilder, ExecutePlanResponseReattachableIterator as Operation, SparkConnectClient, SparkError,
    block_on,
};
use spark_connect_proto::execute_plan_response::ResponseType;
use spark_connect_proto::{
    ExecutePlanRequest, ExecutePlanResponse, Plan, Relation, Sql, UserContext, plan, relation,
};
use tokio::time::{sleep, timeout};
use tonic::Streaming;

use super::SESSIONS;
use super::failure::{Failure, Why};
use crate::interrupt;
use crate::problem::Problem;
use crate::secret;

/// How often, and after how long, a server that went away is asked again.
const PAUSES: [u64; 5] = [1, 2, 4, 8, 16];
/// Between two times that the server is asked to stop what is at work.
const AGAIN: Duration = Duration::from_secs(1);
/// For what is asked of it besides queries.
const PATIENCE: Duration = Duration::from_secs(2);

/// A session on a server; queries of several threads run side by side in it.
pub struct Spark {
    client: SparkConnectClient,
    /// Without what is secret.
    address: String,
    /// As the server calls the session: another one, after a restart, has lost settings and views.
    session: OnceLock<String>,
    at_work: AtomicUsize,
    stopped: Mutex<Option<Instant>>,
}

impl Spark {
    /// Opens a session, with `settings`.
    ///
    /// # Errors
    /// An address that is none; a server that does not answer, or refuses.
    pub fn connect(remote: &str, settings: &[(&str, &str)]) -> Result<Arc<Self>> {
        let address = secret::without_login(remote);
        // What the crate says of it shows all of it.
        let mut builder = ChannelBuilder::parse(remote).map_err(|_| {
            Problem::usage(format!("`{address}` is no address of Spark Connect"))
                .hint("it is sc://HOST:PORT, or sc://HOST:PORT/;use_ssl=true;token=TOKEN")
        })?;
        builder.set("user_agent", concat!("olist/", env!("CARGO_PKG_VERSION")));
        let client = block_on(SparkConnectClient::connect(&builder));
        let client = client.map_err(|error| Failure::new(Why::Refused, &error.message).problem(&address))?;
        let spark = Arc::new(Self {
            client,
            address,
            session: OnceLock::new(),
            at_work: AtomicUsize::new(0),
            stopped: Mutex::default(),
        });
        SESSIONS.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&spark));
        for (name, value) in settings {
            let set = block_on(spark.read(&format!("set {name}={value}"), &[], None));
            set.map_err(|failure| failure.problem(&spark.address))?;
        }
        Ok(spark)
    }

    /// The address, without what is secret.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Runs a query or a command; its rows. `limit` is how long it may take.
    pub fn run(&self, sql: &str, limit: Option<Duration>) -> Result<Vec<RecordBatch>, Failure> {
        if interrupt::is_raised() {
            return Err(Failure::new(Why::Stopped, "not begun"));
        }
        self.at_work.fetch_add(1, Ordering::SeqCst);
        let done = block_on(self.read(sql, &PAUSES, limit));
        self.at_work.fetch_sub(1, Ordering::SeqCst);
        done
    }

    /// Asks the server to stop what is at work in the session; does not wait for it.
    pub fn stop(self: Arc<Self>) {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = stopped.is_none_or(|since| since.elapsed() >= AGAIN);
        if is_due && self.at_work.load(Ordering::SeqCst) > 0 {
            *stopped = Some(Instant::now());
            drop(stopped);
            std::thread::spawn(move || {
                block_on(async { timeout(PATIENCE, self.client.interrupt_all()).await })
            });
        }
    }

    async fn read(
        &self,
        sql: &str,
        pauses: &[u64],
        limit: Option<Duration>,
    ) -> Result<Vec<RecordBatch>, Failure> {
        let operation = Operation::new(self.request(sql));
        let reading = self.batches(&operation, pauses);
        let read = match limit {
            None => reading.await,
            Some(limit) => timeout(limit, reading).await.unwrap_or_else(|_| {
                Err(Failure::new(Why::Late, &format!("this takes longer than {} s", limit.as_secs())))
            }),
        };
        if read.as_ref().is_err_and(|failure| failure.why == Why::Late) {
            let _ = timeout(PATIENCE, self.client.interrupt_operation(operation.operation_id())).await;
        }
        let release = operation.create_release_request(true).await;
        let _ = timeout(PATIENCE, self.client.release_execute(release)).await;
        read
    }

    /// All that an operation gives. A server ends a stream after minutes, and a network whenever it likes: until the
    /// operation says that it is complete, there is more.
    async fn batches(&self, operation: &Operation, pauses: &[u64]) -> Result<Vec<RecordBatch>, Failure> {
        let (mut batches, mut pauses, mut stream) = (Vec::new(), pauses.iter(), None);
        loop {
            let response = match &mut stream {
                None => self.open(operation).await.map(|opened| {
                    stream = Some(opened);
                    None
                }),
                Some(open) => open.message().await.map_err(SparkError::from_grpc_status).map(Some),
            };
            match response {
                Ok(None) => {}
                Ok(Some(Some(response))) => {
                    operation.set_last_response_id(&response).await;
                    self.session.get_or_init(|| response.server_side_session_id.clone());
                    if let Some(ResponseType::ArrowBatch(batch)) = response.response_type {
                        let rows = StreamReader::try_new(&batch.data[..], None).and_then(Iterator::collect);
                        let rows: Vec<RecordBatch> =
                            rows.map_err(|error| Failure::new(Why::Failed, &error.to_string()))?;
                        batches.extend(rows);
                    }
                }
                Ok(Some(None)) if operation.is_completed().await => return Ok(batches),
                Ok(Some(None)) => stream = None,
                Err(error) => {
                    let pause = pauses.next().filter(|_| is_away(&error) && !interrupt::is_raised());
                    let Some(pause) = pause else { return Err(failed(&error)) };
                    sleep(Duration::from_secs(*pause)).await;
                    stream = None;
                }
            }
        }
    }

    /// Begins an operation, or goes on with it behind the last response.
    async fn open(&self, operation: &Operation) -> Result<Streaming<ExecutePlanResponse>, SparkError> {
        if operation.last_response_id().await.is_none() {
            let begun = self.client.execute_plan(operation.request().clone()).await;
            // It was, and its first response was lost.
            let is_there = |error: &SparkError| error.error_class.ends_with("OPERATION_ALREADY_EXISTS");
            if !begun.as_ref().is_err_and(is_there) {
                return begun;
            }
        }
        self.client.reattach_execute(operation.create_reattach_request().await).await
    }

    fn request(&self, sql: &str) -> ExecutePlanRequest {
        let sql = Sql { query: sql.to_owned(), ..Sql::default() };
        let relation = Relation { rel_type: Some(relation::RelType::Sql(sql)), ..Relation::default() };
        let user_id = self.client.user_id().unwrap_or_default().to_owned();
        ExecutePlanRequest {
            session_id: self.client.session_id().to_owned(),
            client_observed_server_side_session_id: self.session.get().cloned(),
            user_context: Some(UserContext { user_id, ..UserContext::default() }),
            plan: Some(Plan { op_type: Some(plan::OpType::Root(relation)) }),
            ..ExecutePlanRequest::default()
        }
    }
}

impl Drop for Spark {
    fn drop(&mut self) {
        // A clock runs inside the runtime alone.
        let _ = block_on(async { timeout(PATIENCE, self.client.release_session()).await });
    }
}

/// gRPC's codes.
const CANCELLED: i32 = 1;
const UNKNOWN: i32 = 2;
const PERMISSION_DENIED: i32 = 7;
const INTERNAL: i32 = 13;
const UNAVAILABLE: i32 = 14;
const UNAUTHENTICATED: i32 = 16;

/// Whether the server may answer later.
fn is_away(error: &SparkError) -> bool {
    match error.grpc_code {
        Some(UNAVAILABLE) => true,
        Some(INTERNAL) => error.message.contains("INVALID_CURSOR.DISCONNECTED"),
        // The connection broke under a stream.
        Some(UNKNOWN) => {
            ["h2 protocol error", "transport error"].iter().any(|sign| error.message.contains(sign))
        }
        _ => false,
    }
}

fn failed(error: &SparkError) -> Failure {
    let (class, said) = (error.error_class.as_str(), error.message.as_str());
    let why = match (error.grpc_code, error.kind) {
        _ if is_away(error) || class.starts_with("INVALID_HANDLE") => Why::Gone,
        (Some(PERMISSION_DENIED | UNAUTHENTICATED), _) => Why::Refused,
        (Some(CANCELLED), _) => Why::Stopped,
        _ if class.starts_with("OPERATION_CANCEL") => Why::Stopped,
        _ if ["OutOfMemory", "Java heap space", "OUT_OF_MEMORY"].iter().any(|sign| said.contains(sign)) => {
            Why::OutOfMemory
        }
        (_, SparkErrorKind::Analysis | SparkErrorKind::Parse) => Why::Query,
        (_, SparkErrorKind::Connect | SparkErrorKind::ConnectGrpc) => Why::Failed,
        _ if class.is_empty() || class == "INTERNAL_ERROR" => Why::Failed,
        _ => Why::Rows,
    };
    Failure::new(why, said)
}
