//! Which requests may be sent, as far as their URL and method say.

use reqwest::{Method, Url};
use url::Host;

use super::Http;
use super::addresses::Addresses;
use crate::CallError;

/// A host that is listed, as URLs have it.
#[derive(Debug)]
enum Domain {
    Exact(Host),
    /// All names that end with this, which begins with a dot.
    Below(String),
}

/// What requests are compared with.
#[derive(Debug)]
pub(super) struct Gate {
    domains: Vec<Domain>,
    methods: Vec<Method>,
    ports: Vec<u16>,
    plain: bool,
}

impl Gate {
    pub(super) fn new(section: &Http) -> Result<Self, String> {
        let domain = |text: &String| {
            let (below, name) = text.strip_prefix("*.").map_or((false, text.as_str()), |name| (true, name));
            match Host::parse(name) {
                // URLs may have stars in names.
                Ok(_) if name.contains('*') => None,
                Ok(Host::Domain(name)) if below => Some(Domain::Below(format!(".{name}"))),
                Ok(host) if !below => Some(Domain::Exact(host)),
                _ => None,
            }
            .ok_or_else(|| {
                format!("domains: {text:?} is no host; write example.com, *.example.com or an address")
            })
        };
        let methods = section.methods.as_deref();
        let method = |text: &String| {
            let known = text.bytes().all(|byte| byte.is_ascii_uppercase()) && text != "CONNECT";
            let method = Method::from_bytes(text.as_bytes()).ok().filter(|_| known);
            method.ok_or_else(|| format!("methods: {text:?} is none; write GET, POST and so on"))
        };
        Ok(Self {
            domains: section.domains.iter().map(domain).collect::<Result<_, _>>()?,
            methods: match methods {
                Some(methods) => methods.iter().map(method).collect::<Result<_, _>>()?,
                None => vec![Method::GET],
            },
            ports: section.ports.clone().unwrap_or_else(|| vec![443]),
            plain: section.plain,
        })
    }

    /// The method of a request, if it may be used.
    pub(super) fn method(&self, text: &str) -> Result<Method, CallError> {
        let method = self.methods.iter().find(|method| method.as_str() == text);
        method.cloned().ok_or_else(|| denied(format_args!("Method '{}' not allowed", shown(text))))
    }

    /// That a request may be sent there. The parser is the client's own, so that both see the same host.
    pub(super) fn check(&self, url: &Url, addresses: &Addresses) -> Result<(), CallError> {
        match url.scheme() {
            "https" => {}
            "http" if self.plain => {}
            other => return Err(denied(format_args!("Scheme '{}' not allowed", shown(other)))),
        }
        let host = url.host().ok_or_else(|| denied(format_args!("a URL without a host is not allowed")))?;
        if !self.domains.iter().any(|domain| domain.matches(&host)) {
            let host = host.to_string();
            return Err(denied(format_args!("Domain '{}' not in domain allowlist", shown(&host))));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(denied(format_args!("a URL with a user name or password is not allowed")));
        }
        let port = url.port_or_known_default();
        if !port.is_some_and(|port| self.ports.contains(&port)) {
            return Err(denied(format_args!("Port {} not allowed", port.unwrap_or(0))));
        }
        // Nobody looks these up.
        let address = match host {
            Host::Ipv4(address) => address.into(),
            Host::Ipv6(address) => address.into(),
            Host::Domain(_) => return Ok(()),
        };
        if addresses.allow(address) {
            return Ok(());
        }
        Err(denied(format_args!("Address {address} not in address allowlist")))
    }
}

impl Domain {
    fn matches(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Self::Exact(Host::Domain(known)), Host::Domain(name)) => known == name,
            (Self::Exact(Host::Ipv4(known)), Host::Ipv4(address)) => known == address,
            (Self::Exact(Host::Ipv6(known)), Host::Ipv6(address)) => known == address,
            (Self::Below(end), Host::Domain(name)) => name.len() > end.len() && name.ends_with(end.as_str()),
            _ => false,
        }
    }
}

fn denied(message: std::fmt::Arguments<'_>) -> CallError {
    CallError::denied(message)
}

/// The beginning of a text that the program made up.
fn shown(text: &str) -> &str {
    text.get(..text.floor_char_boundary(100)).unwrap_or_default()
}
