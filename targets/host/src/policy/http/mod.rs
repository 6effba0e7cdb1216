//! `[http]`: which hosts a program may send requests to.

mod addresses;
mod client;
mod domains;
#[cfg(all(feature = "shell", target_os = "linux"))]
mod proxy;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, fs};

use serde::{Deserialize, Serialize};

use super::{Section, Size, Surroundings, Time};
use crate::{CallError, Function, Value};

use addresses::Addresses;
use domains::Gate;

pub(super) use client::Client;
#[cfg(all(feature = "shell", target_os = "linux"))]
pub(super) use proxy::Proxy;

/// The requests that `http.get`, `http.post` and `http.request` send: to hosts that are listed and to no private address,
/// over TLS. Each redirect is a request like any other. The body of a response is the result.
///
/// ```toml
/// [http]
/// domains = ["api.example.com", "*.example.org"]    # the second: any host below example.org
/// methods = ["GET", "POST"]
/// timeout = "5s"
/// ```
/// Commands that run in the sandbox `standard` reach the same hosts, through a proxy, if all of `http` is granted and nothing
/// of it denied. Of what they send by TLS only host, port, address, size and time are checked, as methods are not seen there.
///
/// A name is looked up once for a request; all addresses that it has are checked, and one of these is connected to. No proxy
/// of the environment is used, and no cookie kept.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Http {
    /// Hosts: names, `*.` before a name for all those below it, IP addresses. None by default.
    pub domains: Vec<String>,
    /// Methods: GET alone if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    /// Ports: 443 alone if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<u16>>,
    /// Whether requests may go without TLS, by `http:`. Port 80 has to be listed for that too.
    pub plain: bool,
    /// Addresses and networks (`10.1.0.0/16`) that may be connected to although they are private, local or otherwise special.
    pub addresses: Vec<String>,
    /// The largest body of a response: 1 MiB if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Size>,
    /// The largest body of a request: 1 MiB if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Size>,
    /// The longest that a request may take, with its redirects: 30 seconds if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Time>,
    /// How many redirects are followed: 5 if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirects: Option<u32>,
    /// Files with certificates (PEM) that are trusted beside those of the system.
    pub certificates: Vec<PathBuf>,
    /// What looks names up; the system if not given.
    #[serde(skip)]
    pub resolver: Option<Resolver>,
}

impl Http {
    /// Requests to these hosts.
    pub fn new<N: Into<String>>(domains: impl IntoIterator<Item = N>) -> Self {
        Self { domains: domains.into_iter().map(Into::into).collect(), ..Self::default() }
    }
}

/// Looks up the addresses of names, on a thread that may block.
#[derive(Clone)]
pub struct Resolver(Arc<Lookup>);

type Lookup = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

impl Resolver {
    /// Looks names up by a function.
    pub fn new(lookup: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(lookup))
    }

    /// By the system.
    fn system() -> Self {
        use std::net::ToSocketAddrs;
        Self::new(|name| Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect()))
    }

    fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        (self.0)(name)
    }
}

impl PartialEq for Resolver {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Resolver {}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

/// What bounds a request.
#[derive(Clone, Copy, Debug)]
struct Limits {
    response: usize,
    body: usize,
    timeout: Duration,
    redirects: u32,
}

impl Section for Http {
    fn resolve(&mut self, folder: &Path) {
        self.certificates.iter_mut().for_each(|file| *file = folder.join(&*file));
    }

    fn functions(&self, surroundings: &Surroundings) -> Result<Vec<(&'static str, Function)>, String> {
        let client = Arc::new(self.client(surroundings.proxy)?);
        let function = |method: Option<&'static str>, names: &[&str]| {
            let client = Arc::clone(&client);
            let send = Function::dynamic_async(move |args| {
                let client = Arc::clone(&client);
                async move {
                    let (method, url, body) = arguments(method, args)?;
                    client.send(&method, &url, body).await.map(Value::from)
                }
            });
            send.named(names.iter().copied())
        };
        Ok(vec![
            ("get", function(Some("GET"), &["url"])),
            ("post", function(Some("POST"), &["url", "body"])),
            ("request", function(None, &["method", "url", "body"])),
        ])
    }
}

impl Http {
    /// What sends the requests, through a proxy if there is one.
    pub(super) fn client(&self, proxy: Option<SocketAddr>) -> Result<Client, String> {
        let bytes =
            |size: Option<Size>| size.map_or(1 << 20, |size| usize::try_from(size.0).unwrap_or(usize::MAX));
        let limits = Limits {
            response: bytes(self.response),
            body: bytes(self.body),
            timeout: self.timeout.map_or(Duration::from_secs(30), |time| time.0),
            redirects: self.redirects.unwrap_or(5),
        };
        let mut certificates = Vec::new();
        for file in &self.certificates {
            let read =
                fs::read(file).map_err(|error| format!("certificates: {}: {error}", file.display()))?;
            certificates.push((file.clone(), read));
        }
        Client::new(
            Gate::new(self)?,
            Addresses::new(&self.addresses)?,
            self.resolver.clone().unwrap_or_else(Resolver::system),
            certificates,
            limits,
            proxy,
        )
    }
}

/// Method, URL and body.
fn arguments(method: Option<&str>, args: Vec<Value>) -> Result<(String, String, String), CallError> {
    let mut args = args.into_iter();
    let mut text = |what: &str| match args.next() {
        Some(Value::Str(text)) => Ok(text),
        None | Some(Value::Null) if what == "body" => Ok(String::new()),
        _ => Err(CallError::failed(format_args!("the {what} is no text"))),
    };
    let method = match method {
        Some(method) => method.to_owned(),
        None => text("method")?,
    };
    Ok((method, text("URL")?, text("body")?))
}
