//! An HTTP service that runs programs of agents. A request names the agent and has the program and its input; the program
//! runs under that agent's grants and limits, and the answer has its result and its audit log.
//! That a client is the agent that it names, somebody in front of this service has to check.
//!
//! ```text
//! POST /run  {"agent": "ann", "program": "pub fn run(input: any) -> any { … }", "input": {…}}
//!       200  {"result", "output", "steps", "audit": [{…}]}, and "error" and "code" instead of "result" if it failed
//! ```

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use mog::policy::{Grants, Limits, Policy, PolicyError, Size, Time};
use mog::{AuditLog, CapabilitySet, Engine, Error, Runtime, Value};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// Programs that run at the same time; more of them wait.
const AT_ONCE: usize = 64;
/// The most bytes of a request, of what a program prints, and of its audit log.
const MAX_REQUEST: usize = 1 << 20;
const MAX_OUTPUT: u64 = 64 << 10;
const MAX_AUDIT: usize = 1 << 20;

/// What a request asks for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Who asks.
    pub agent: String,
    /// The source of the program, with a `pub fn run(input: any) -> any`.
    pub program: String,
    /// What `run` gets.
    #[serde(default)]
    pub input: Value,
}

/// What came of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Answer {
    /// What `run` returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why it did not return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The exit code that the `mog` command has for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
    /// What it printed.
    pub output: String,
    /// Steps that it took.
    pub steps: u64,
    /// The lines of its audit log.
    pub audit: Vec<Box<RawValue>>,
}

/// The service.
#[derive(Clone, Debug)]
pub struct AgentHost(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    grants: Grants,
    engine: Engine,
    limits: Limits,
    /// What was opened for each agent, under the policy that it had then.
    opened: Mutex<HashMap<String, (Policy, CapabilitySet)>>,
    places: Semaphore,
}

impl AgentHost {
    /// A service for the agents of a store.
    #[must_use]
    pub fn new(grants: Grants) -> Self {
        let mut limits = Limits::default();
        limits.memory = Some(Size(1 << 20));
        limits.steps = Some(10_000_000);
        limits.timeout = Some(Time(Duration::from_secs(10)));
        limits.output = Some(Size(MAX_OUTPUT));
        let (engine, opened) = (Engine::new(CapabilitySet::new()), Mutex::default());
        Self(Arc::new(Inner { grants, engine, limits, opened, places: Semaphore::new(AT_ONCE) }))
    }

    /// What answers requests.
    pub fn router(self) -> Router {
        let run = |State(host): State<Self>, Json(request): Json<Request>| async move {
            host.run(request).await.map(Json).map_err(|error| (StatusCode::FORBIDDEN, error.to_string()))
        };
        Router::new().route("/run", post(run)).layer(DefaultBodyLimit::max(MAX_REQUEST)).with_state(self)
    }

    /// Runs a program.
    ///
    /// # Errors
    /// If the agent's grants cannot be read: then it has none.
    pub async fn run(self, request: Request) -> Result<Answer, PolicyError> {
        let gone = |_| PolicyError::Grant("the service ends".to_owned());
        let _place = self.0.places.acquire().await.map_err(gone)?;
        let inner = Arc::clone(&self.0);
        // Compiling, and host functions that wait for a disk, keep a thread busy.
        let answer = tokio::task::spawn_blocking(move || inner.run(&request));
        answer.await.map_err(|error| PolicyError::Grant(error.to_string()))?
    }
}

impl Inner {
    fn run(&self, request: &Request) -> Result<Answer, PolicyError> {
        let (policy, capabilities) = self.granted(&request.agent)?;
        let (output, audit) = (Kept::default(), Kept::default());
        let mut answer = Answer::default();
        let ended = self.engine.compile(&request.program).map_err(Error::from).and_then(|program| {
            let limits = self.limits.lower(&policy.limits);
            let builder = Runtime::builder().policy(&policy).limits(&limits);
            let builder =
                builder.output(output.clone()).log(output.clone()).audit(AuditLog::new(audit.clone()));
            let mut runtime = builder.build(program, capabilities)?;
            let ended = Handle::current().block_on(runtime.call_async("run", (request.input.clone(),)));
            answer.steps = runtime.counters().steps;
            ended
        });
        match ended {
            Ok(value) => answer.result = Some(value),
            Err(error) => (answer.error, answer.code) = (Some(error.to_string()), Some(error.exit_code())),
        }
        answer.output = output.text();
        let line = |line: &str| RawValue::from_string(line.to_owned()).ok();
        answer.audit = audit.text().lines().filter_map(line).collect();
        Ok(answer)
    }

    /// What an agent is granted now. What was opened for it is opened again only if its policy has changed.
    fn granted(&self, agent: &str) -> Result<(Policy, CapabilitySet), PolicyError> {
        let policy = self.grants.agent(agent)?;
        if let Some((known, capabilities)) = lock(&self.opened).get(agent)
            && *known == policy
        {
            return Ok((policy, capabilities.clone()));
        }
        let capabilities = policy.capabilities()?;
        // Only known agents are kept, so that made-up names take no memory.
        if policy != Policy::default() && !policy.grant.is_empty() {
            lock(&self.opened).insert(agent.to_owned(), (policy.clone(), capabilities.clone()));
        }
        Ok((policy, capabilities))
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a run wrote, up to a limit. A program whose audit log would become longer is stopped.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.0)).into_owned()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = lock(&self.0);
        if kept.len() + bytes.len() > MAX_AUDIT {
            return Err(io::Error::other("more than is kept"));
        }
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
