//! The way out of a sandbox that has no network: a proxy on a Unix socket, which lets through what the requests of programs may
//! reach too.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use rustls::server::Acceptor;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, split};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use super::client::{Client, Inner, failed, runtime};
use crate::{CallError, Notes, Value};

/// Connections at once; more wait.
const AT_ONCE: usize = 16;
/// Connections in all, each of which is a line of the audit log.
const CONNECTIONS: usize = 1000;
/// Bytes of the head of a request.
const HEAD: usize = 64 << 10;
/// What is between two neighbours, and not for those behind them.
const HOP_BY_HOP: [&str; 8] = [
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A proxy for HTTP on a socket of its own, until it is dropped. A connection is for one request or tunnel, within the limits
/// of requests. A tunnel is for TLS with the host that it is asked for; what is in it the gate does not see.
#[derive(Debug)]
pub(in crate::policy) struct Proxy {
    folder: TempDir,
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Begins to listen. Each request is noted when it is let through or refused.
    pub(in crate::policy) fn start(client: &Client, notes: Notes) -> Result<Self, String> {
        let runtime = runtime().map_err(|error| error.to_string())?;
        // Nobody else may enter it.
        let folder = tempfile::Builder::new().prefix("mog-proxy-").tempdir();
        let folder = folder.map_err(|error| error.to_string())?;
        let context = runtime.enter();
        let listener = UnixListener::bind(socket(folder.path())).map_err(|error| error.to_string())?;
        drop(context);
        let (stop, stopped) = oneshot::channel();
        let gate = Arc::new(Gate { inner: client.inner(), notes });
        let accepting = runtime.spawn(accept(listener, gate, stopped));
        Ok(Self { folder, stop, accepting })
    }

    /// Where it listens.
    pub(in crate::policy) fn socket(&self) -> PathBuf {
        socket(self.folder.path())
    }

    /// Ends it with all its connections, and waits for that.
    pub(in crate::policy) async fn close(self) {
        drop(self.stop);
        // It has ended either way.
        let _ = self.accepting.await;
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("socket")
}

async fn accept(listener: UnixListener, gate: Arc<Gate>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let accepting = async {
        for _ in 0..CONNECTIONS {
            let (Ok(place), Ok((stream, _))) =
                (Arc::clone(&room).acquire_owned().await, listener.accept().await)
            else {
                break;
            };
            while connections.try_join_next().is_some() {}
            let gate = Arc::clone(&gate);
            connections.spawn(async move {
                let serving = tokio::time::timeout(gate.inner.limits.timeout, serve(&gate, stream));
                // Whoever was too slow is cut off.
                let _ = serving.await;
                drop(place);
            });
        }
        drop(listener);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = &mut stopped => {}
        () = accepting => {}
    }
    connections.shutdown().await;
}

/// What a proxy lets through, and where it says so.
struct Gate {
    inner: Arc<Inner>,
    notes: Notes,
}

/// A tunnel that is opened once its request was answered.
struct Tunnel {
    upgrade: OnUpgrade,
    server: TcpStream,
    /// Whom it is for; none if that is an address.
    name: Option<String>,
    line: Line,
}

/// Serves one connection.
async fn serve(gate: &Gate, stream: UnixStream) {
    let opened: Mutex<Option<Tunnel>> = Mutex::new(None);
    let service = service_fn(|request| {
        let opened = &opened;
        async move {
            let answer = gate.answer(request, opened).await;
            Ok::<_, Infallible>(answer.unwrap_or_else(|error| refusal(&error)))
        }
    });
    let serving = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if serving.await.is_err() {
        return;
    }
    if let Some(tunnel) = opened.into_inner().unwrap_or_else(PoisonError::into_inner) {
        gate.relay(tunnel).await;
    }
}

/// A line of the audit log, which is written whatever becomes of its request.
struct Line {
    notes: Notes,
    function: &'static str,
    args: Vec<Value>,
    start: Instant,
    ended: Result<(), CallError>,
}

impl Drop for Line {
    fn drop(&mut self) {
        let args = std::mem::take(&mut self.args);
        self.notes.add(("http", self.function), args, &self.ended, self.start.elapsed());
    }
}

impl Gate {
    fn line(&self, function: &'static str, args: Vec<Value>) -> Line {
        let ended = Err(CallError::failed("the request was cut off"));
        Line { notes: self.notes.clone(), function, args, start: Instant::now(), ended }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        opened: &Mutex<Option<Tunnel>>,
    ) -> Result<Response<Full<Bytes>>, CallError> {
        if request.method() == Method::CONNECT {
            let target = request.uri().to_string();
            let mut line = self.line("connect", vec![Value::from(target.as_str())]);
            let connected = self.connect(&target).await;
            let (server, name) = connected.inspect_err(|error| line.ended = Err(error.clone()))?;
            let tunnel = Tunnel { upgrade: hyper::upgrade::on(request), server, name, line };
            *opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(tunnel);
            return Ok(Response::new(Full::default()));
        }
        let (method, url) = (request.method().as_str(), request.uri().to_string());
        let mut line = self.line("request", vec![Value::from(method), Value::from(url.as_str())]);
        let answered = self.forward(request, &url).await;
        line.ended = answered.as_ref().map(drop).map_err(Clone::clone);
        answered
    }

    /// Connects to a host and port, and gives the host's name.
    async fn connect(&self, target: &str) -> Result<(TcpStream, Option<String>), CallError> {
        let url = Url::parse(&format!("https://{target}/"));
        let url = url.map_err(|error| CallError::denied(format_args!("no host and port: {error}")))?;
        let server = self.inner.connect(&url).await?;
        Ok((server, url.domain().map(str::to_owned)))
    }

    /// Sends a request that is not in a tunnel, and gives its answer; redirects are for whoever asked.
    async fn forward(
        &self,
        request: Request<Incoming>,
        url: &str,
    ) -> Result<Response<Full<Bytes>>, CallError> {
        let Inner { gate, addresses, limits, client, .. } = &*self.inner;
        let method = gate.method(request.method().as_str())?;
        let url = Url::parse(url).map_err(|error| CallError::denied(format_args!("no URL: {error}")))?;
        gate.check(&url, addresses)?;
        let headers = end_to_end(request.headers());
        let body =
            Limited::new(request.into_body(), limits.body).collect().await.map_err(|error| {
                match error.downcast_ref::<LengthLimitError>() {
                    Some(_) => CallError::denied(format_args!(
                        "a body of more than {} bytes is too large",
                        limits.body
                    )),
                    None => CallError::failed(error),
                }
            })?;
        let sent = client.request(method, url).headers(headers).body(body.to_bytes()).send().await;
        let answer = sent.map_err(|error| failed(&error))?;
        let (status, headers) = (answer.status(), end_to_end(answer.headers()));
        let mut response = Response::new(Full::from(self.inner.receive(answer).await?));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// Passes bytes on in both directions until both have ended.
    async fn relay(&self, tunnel: Tunnel) {
        let Tunnel { upgrade, mut server, name, mut line } = tunnel;
        let Ok(client) = upgrade.await else { return };
        let mut client = TokioIo::new(client);
        let begun = hello(&mut client, name.as_deref()).await;
        line.ended = begun.as_ref().map(drop).map_err(Clone::clone);
        let Ok(begun) = begun else { return };
        let (start, args) = (line.start, line.args.clone());
        drop(line);
        let limits = &self.inner.limits;
        let (from_client, to_client) = split(client);
        let (from_server, to_server) = server.split();
        let up = pass(begun.chain(from_client), to_server, limits.body);
        let down = pass(from_server, to_client, limits.response);
        if let Err(error) = tokio::try_join!(up, down) {
            self.notes.add(("http", "connect"), args, &Err(error), start.elapsed());
        }
    }
}

/// The first bytes of a tunnel: those of TLS with the host that it is for, or else requests could go past the gate.
async fn hello(
    client: &mut (impl AsyncRead + Unpin),
    name: Option<&str>,
) -> Result<io::Cursor<Vec<u8>>, CallError> {
    let other = || CallError::denied("what goes through a tunnel has to be TLS");
    let (mut acceptor, mut begun, mut chunk) = (Acceptor::default(), Vec::new(), [0; 4096]);
    while begun.len() < HEAD {
        let count = client.read(&mut chunk).await.map_err(CallError::failed)?;
        let mut fresh = chunk.get(..count).unwrap_or_default();
        begun.extend_from_slice(fresh);
        if fresh.is_empty() {
            return Err(CallError::failed("the tunnel ended before it began"));
        }
        while !fresh.is_empty() {
            acceptor.read_tls(&mut fresh).map_err(|_| other())?;
        }
        let Some(accepted) = acceptor.accept().map_err(|_| other())? else { continue };
        let hello = accepted.client_hello();
        return match (hello.server_name(), name) {
            (None, None) => Ok(io::Cursor::new(begun)),
            (Some(said), Some(name)) if said.eq_ignore_ascii_case(name) => Ok(io::Cursor::new(begun)),
            (said, _) => {
                let said = said.unwrap_or_default();
                Err(CallError::denied(format_args!("Domain '{said}' is not that of the tunnel")))
            }
        };
    }
    Err(other())
}

/// Passes on what one side says, up to a limit.
async fn pass(
    from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    limit: usize,
) -> Result<(), CallError> {
    let mut limited = from.take(limit as u64);
    // That somebody hangs up is how tunnels end.
    let passed = copy(&mut limited, &mut to).await.unwrap_or(0);
    if passed == limit as u64 && limited.into_inner().read(&mut [0]).await.is_ok_and(|more| more > 0) {
        return Err(CallError::failed(format_args!("more than {limit} bytes in one direction")));
    }
    let _ = to.shutdown().await;
    Ok(())
}

/// Headers without those between neighbours; host and length are the client's own.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named = |name: &HeaderName| {
        let listed = headers.get_all(CONNECTION).into_iter().filter_map(|value| value.to_str().ok());
        listed
            .flat_map(|list| list.split(','))
            .any(|listed| listed.trim().eq_ignore_ascii_case(name.as_str()))
    };
    let kept = headers.iter().filter(|(name, _)| {
        ![CONNECTION, CONTENT_LENGTH, HOST].contains(name)
            && !HOP_BY_HOP.contains(&name.as_str())
            && !named(name)
    });
    // Each value for itself: a name may have several.
    kept.fold(HeaderMap::new(), |mut all, (name, value)| {
        all.append(name.clone(), value.clone());
        all
    })
}

/// The answer to what is not let through. The reason stands behind the status too, where clients show it for a tunnel.
fn refusal(error: &CallError) -> Response<Full<Bytes>> {
    let status =
        if matches!(error, CallError::Denied(_)) { StatusCode::FORBIDDEN } else { StatusCode::BAD_GATEWAY };
    let mut response = Response::new(Full::from(format!("{error}\n")));
    *response.status_mut() = status;
    let shown: Vec<u8> = error.to_string().bytes().filter(|byte| matches!(byte, b' '..=b'~')).collect();
    if let Ok(reason) = ReasonPhrase::try_from(shown) {
        response.extensions_mut().insert(reason);
    }
    response
}
