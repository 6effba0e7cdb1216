//! Sends requests that the gate lets through.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use reqwest::{Method, Proxy, Response, StatusCode, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::addresses::Addresses;
use super::domains::Gate;
use super::{Limits, Resolver};
use crate::CallError;

/// Where connections are driven, whatever executor drives the program.
pub(super) fn runtime() -> Result<&'static Runtime, CallError> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let made = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("mog-http").enable_all();
        builder.build().map_err(|error| error.to_string())
    });
    made.as_ref().map_err(CallError::failed)
}

/// What sends requests for one policy.
pub(in crate::policy) struct Client(Arc<Inner>);

pub(super) struct Inner {
    pub(super) gate: Gate,
    pub(super) addresses: Arc<Addresses>,
    pub(super) limits: Limits,
    pub(super) client: reqwest::Client,
    pinned: Pinned,
    proxied: bool,
}

impl Client {
    pub(super) fn new(
        gate: Gate,
        addresses: Addresses,
        resolver: Resolver,
        certificates: Vec<(PathBuf, Vec<u8>)>,
        limits: Limits,
        proxy: Option<SocketAddr>,
    ) -> Result<Self, String> {
        let addresses = Arc::new(addresses);
        let pinned = Pinned { resolver, addresses: Arc::clone(&addresses) };
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(certificates)?)
            .dns_resolver(pinned.clone())
            .redirect(Policy::none())
            .referer(false)
            .http1_only()
            // Each request is connected, and so checked, by itself.
            .pool_max_idle_per_host(0);
        let builder = match proxy {
            Some(proxy) => {
                builder.proxy(Proxy::all(format!("http://{proxy}")).map_err(|error| reason(&error))?)
            }
            None => builder.no_proxy(),
        };
        let client = builder.build().map_err(|error| reason(&error))?;
        let proxied = proxy.is_some();
        Ok(Self(Arc::new(Inner { gate, addresses, limits, client, pinned, proxied })))
    }

    #[cfg(all(feature = "shell", target_os = "linux"))]
    pub(super) fn inner(&self) -> Arc<Inner> {
        Arc::clone(&self.0)
    }

    /// Sends a request and gives the body of the response. Dropped, this ends the connection.
    pub(super) async fn send(&self, method: &str, url: &str, body: String) -> Result<String, CallError> {
        let inner = Arc::clone(&self.0);
        let method = inner.gate.method(method)?;
        let url = Url::parse(url).map_err(|error| CallError::denied(format_args!("no URL: {error}")))?;
        inner.gate.check(&url, &inner.addresses)?;
        if body.len() > inner.limits.body {
            return Err(CallError::denied(format_args!("a body of {} bytes is too large", body.len())));
        }
        let timeout = inner.limits.timeout;
        let work = async move {
            let done = tokio::time::timeout(timeout, inner.follow(method, url, body)).await;
            let late = format_args!("the request took more than {} s", timeout.as_secs_f64());
            done.unwrap_or_else(|_| Err(CallError::failed(late)))
        };
        let mut task = Task(runtime()?.spawn(work));
        match (&mut task.0).await {
            Ok(result) => result,
            Err(error) => Err(CallError::failed(error)),
        }
    }
}

/// A task that ends when nobody waits for it.
struct Task(JoinHandle<Result<String, CallError>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Inner {
    /// Sends a request, and those that the answers redirect to.
    async fn follow(&self, mut method: Method, mut url: Url, mut body: String) -> Result<String, CallError> {
        for _ in 0..=self.limits.redirects {
            let mut request = self.client.request(method.clone(), url.clone());
            if !body.is_empty() {
                request = request.body(body.clone());
            }
            let response = request.send().await.map_err(|error| self.failed(&error, &url))?;
            let status = response.status();
            let Some(next) = redirect(&response, &url) else { return self.finish(response).await };
            url = next?;
            self.gate.check(&url, &self.addresses)?;
            let becomes_get = match status {
                StatusCode::SEE_OTHER => method != Method::HEAD,
                StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => method == Method::POST,
                _ => false,
            };
            if becomes_get {
                method = self.gate.method("GET")?;
                body.clear();
            }
        }
        Err(CallError::failed(format_args!("more than {} redirects", self.limits.redirects)))
    }

    /// The body of the last response.
    async fn finish(&self, response: Response) -> Result<String, CallError> {
        let status = response.status();
        if !status.is_success() {
            return Err(CallError::failed(format_args!("HTTP status {status}")));
        }
        String::from_utf8(self.receive(response).await?)
            .map_err(|_| CallError::failed("the response is not UTF-8"))
    }

    /// Why a request failed. Addresses are another's business where there is a proxy.
    fn failed(&self, error: &reqwest::Error, url: &Url) -> CallError {
        let failed = failed(error);
        match &failed {
            CallError::Failed(message) if self.proxied && message.contains("unsuccessful") => {
                let host = url.host_str().unwrap_or_default();
                CallError::failed(format_args!(
                    "there is no way to '{host}' out of the sandbox: its address is not in address allowlist, or nobody answers"
                ))
            }
            _ => failed,
        }
    }

    /// Connects to where a request may be sent.
    #[cfg(all(feature = "shell", target_os = "linux"))]
    pub(super) async fn connect(&self, url: &Url) -> Result<tokio::net::TcpStream, CallError> {
        self.gate.check(url, &self.addresses)?;
        let port = url.port_or_known_default().unwrap_or(0);
        let found = match url.host() {
            Some(url::Host::Domain(name)) => {
                let found = self.pinned.lookup(name.to_owned()).await;
                found.map_err(|error| match error.downcast_ref::<Refused>() {
                    Some(refused) => CallError::denied(refused),
                    None => CallError::failed(error),
                })?
            }
            Some(url::Host::Ipv4(address)) => vec![address.into()],
            Some(url::Host::Ipv6(address)) => vec![address.into()],
            None => Vec::new(),
        };
        let found: Vec<_> = found.into_iter().map(|address| SocketAddr::new(address, port)).collect();
        tokio::net::TcpStream::connect(&*found).await.map_err(CallError::failed)
    }

    /// A body within its size.
    pub(super) async fn receive(&self, mut response: Response) -> Result<Vec<u8>, CallError> {
        let limit = self.limits.response;
        let too_large = || CallError::failed(format_args!("the response has more than {limit} bytes"));
        if response.content_length().is_some_and(|length| length > limit as u64) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            if chunk.len() > limit - bytes.len() {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// Where a response redirects to, if it does.
fn redirect(response: &Response, url: &Url) -> Option<Result<Url, CallError>> {
    let redirects = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    if !redirects.contains(&response.status()) {
        return None;
    }
    let location = response.headers().get(LOCATION)?;
    let next = location.to_str().ok().and_then(|text| url.join(text).ok());
    Some(next.ok_or_else(|| CallError::denied("a redirect to what is no URL")))
}

/// TLS with the system's certificates and these.
fn tls(certificates: Vec<(PathBuf, Vec<u8>)>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    // A system without any has only those of the policy.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for (file, pem) in certificates {
        let wrong = |error: &dyn fmt::Display| format!("certificates: {}: {error}", file.display());
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let read = read.map_err(|error| wrong(&error))?;
        if read.is_empty() {
            return Err(wrong(&"no certificate in PEM"));
        }
        for certificate in read {
            roots.add(certificate).map_err(|error| wrong(&error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Looks a name up and lets through what may be connected to: the client has no other way to come by an address.
#[derive(Clone)]
struct Pinned {
    resolver: Resolver,
    addresses: Arc<Addresses>,
}

impl Pinned {
    async fn lookup(&self, name: String) -> Result<Vec<IpAddr>, Box<dyn Error + Send + Sync>> {
        let resolver = self.resolver.clone();
        let lookup = tokio::task::spawn_blocking(move || (resolver.lookup(&name), name));
        let (found, name) = lookup.await?;
        let found = found?;
        // Whoever has one address among us is not to be trusted with the others.
        if let Some(&address) = found.iter().find(|address| !self.addresses.allow(**address)) {
            return Err(Refused { name, address }.into());
        }
        Ok(found)
    }
}

impl Resolve for Pinned {
    fn resolve(&self, name: Name) -> Resolving {
        let pinned = self.clone();
        Box::pin(async move {
            let found = pinned.lookup(name.as_str().to_owned()).await?;
            let found: Vec<_> = found.into_iter().map(|address| SocketAddr::new(address, 0)).collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// A name has an address that may not be connected to.
#[derive(Debug)]
struct Refused {
    name: String,
    address: IpAddr,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address {} of '{}' not in address allowlist", self.address, self.name)
    }
}

impl Error for Refused {}

/// Why a request failed, or was refused on the way.
pub(super) fn failed(error: &reqwest::Error) -> CallError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return CallError::denied(refused);
        }
        cause = error.source();
    }
    CallError::failed(reason(error))
}

/// The last cause says most.
fn reason(error: &reqwest::Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
