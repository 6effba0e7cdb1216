//! Requests under a policy, to a hostile server: what is refused is one denied call and connects to nothing; what is sent
//! ends in its time and within its size.

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use mog::policy::{Http, Policy, Resolver, Size, Time};
use mog::{Error, Event, Outcome, Runtime, compile_mog_source};
use mog_tests::place::{Place, has};
use mog_tests::process::Scratch;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

type Test = Result<(), Box<dyn std::error::Error>>;
type Anything<T> = Result<T, Box<dyn std::error::Error>>;

trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

/// What the server does with a request: its first line, and the way back.
type Handler = dyn Fn(&str, &mut dyn Wire) -> io::Result<()> + Send + Sync;

/// A server with TLS for `good.test`, `other.test` and `wild.test`, on a port of its own.
struct Server {
    port: u16,
    /// Connections so far, whether or not a request came.
    connections: Arc<AtomicUsize>,
    scratch: Scratch,
    _ended: Receiver<String>,
}

impl Server {
    fn start(
        handler: impl Fn(&str, &mut dyn Wire) -> io::Result<()> + Send + Sync + 'static,
    ) -> Anything<Self> {
        let names = ["good.test", "other.test", "a.wild.test", "wild.test", "127.0.0.1"].map(str::to_owned);
        let made = rcgen::generate_simple_self_signed(names)?;
        let scratch = Scratch::new()?;
        scratch.write("ca.pem", made.cert.pem())?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config =
            Arc::new(config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)?);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, handler): (_, Arc<Handler>) = (Arc::clone(&connections), Arc::new(handler));
        let (sender, ended) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                let (config, handler, sender) = (Arc::clone(&config), Arc::clone(&handler), sender.clone());
                thread::spawn(move || {
                    let how = serve(stream, config, &*handler)
                        .map_or_else(|error| error.to_string(), |()| String::new());
                    let _ = sender.send(how);
                });
            }
        });
        Ok(Self { port, connections, scratch, _ended: ended })
    }

    /// A policy that lets everything through to this server by its names.
    fn policy(&self) -> Http {
        let mut http = Http::new(["good.test", "other.test", "*.wild.test"]);
        http.methods = Some(vec!["GET".to_owned(), "POST".to_owned()]);
        http.ports = Some(vec![self.port]);
        http.addresses = vec!["127.0.0.1".to_owned()];
        http.timeout = Some(Time(Duration::from_secs(5)));
        http.certificates = vec![self.scratch.path().join("ca.pem")];
        http.resolver = Some(Resolver::new(|_| Ok(vec![[127, 0, 0, 1].into()])));
        http
    }

    fn url(&self, rest: &str) -> String {
        format!("https://good.test:{}{rest}", self.port)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads the head of a request, and answers.
fn serve(mut stream: TcpStream, config: Arc<ServerConfig>, handler: &Handler) -> io::Result<()> {
    // Without TLS a client says something readable.
    let mut first = [0];
    stream.peek(&mut first)?;
    if first == [0x16] {
        let connection = ServerConnection::new(config).map_err(io::Error::other)?;
        return answer(&mut StreamOwned::new(connection, stream), handler);
    }
    answer(&mut stream, handler)
}

fn answer(wire: &mut dyn Wire, handler: &Handler) -> io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        wire.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    handler(&head, wire)?;
    wire.flush()
}

fn reply(wire: &mut dyn Wire, status: &str, headers: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    write!(wire, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}")
}

/// Answers with the request's first line.
fn echo(head: &str, wire: &mut dyn Wire) -> io::Result<()> {
    reply(wire, "200 OK", "", head.lines().next().unwrap_or_default())
}

type Ended = (Outcome, String);

/// One statement that calls once.
fn call(http: &Http, expression: &str, args: &[&str]) -> Anything<Ended> {
    let mut policy = Policy::default();
    policy.grant = vec!["http".to_owned()];
    policy.http = Some(http.clone());
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let observer = move |event: &Event<'_>| {
        if let Ok(mut seen) = seen.lock()
            && event.outcome != Outcome::Pending
        {
            seen.push(event.outcome);
        }
        Ok(())
    };
    let params: Vec<_> = (0..args.len()).map(|n| format!("{}: string", char::from(b'a' + n as u8))).collect();
    let source = format!("pub async fn run({}) -> string {{ await {expression} }}", params.join(", "));
    let capabilities = policy.capabilities()?;
    let mut runtime = Runtime::builder()
        .memory(16 << 20)
        .audit(observer)
        .build(compile_mog_source(source)?, capabilities)?;
    let args: Vec<_> = args.iter().map(|arg| mog::Value::from(*arg)).collect();
    let result = runtime.call("run", args);
    drop(runtime);
    let events = Arc::into_inner(events).ok_or("the observer is still there")?.into_inner()?;
    let [outcome] = events.as_slice() else {
        return Err(format!("not one call: {events:?}, {result:?}").into());
    };
    match result {
        Ok(value) => Ok((*outcome, value.as_str().unwrap_or_default().to_owned())),
        Err(Error::Failed { message, .. } | Error::Denied { message, .. }) => Ok((*outcome, message)),
        Err(error) => Err(error.into()),
    }
}

fn get(http: &Http, url: &str) -> Anything<Ended> {
    call(http, "http.get(a)", &[url])
}

fn denied(ended: &Ended, says: &str) -> Test {
    if ended.0 == Outcome::Denied && ended.1.contains(says) {
        Ok(())
    } else {
        Err(format!("{says}: {ended:?}").into())
    }
}

fn failed(ended: &Ended, says: &str) -> Test {
    if ended.0 == Outcome::Error && ended.1.contains(says) {
        Ok(())
    } else {
        Err(format!("{says}: {ended:?}").into())
    }
}

#[test]
fn what_is_listed_is_reached() -> Test {
    let server = Server::start(|head, wire| {
        assert!(!head.to_ascii_lowercase().contains("cookie"), "{head}");
        echo(head, wire)
    })?;
    let http = server.policy();
    assert_eq!(get(&http, &server.url("/a?b#c"))?, (Outcome::Ok, "GET /a?b HTTP/1.1".to_owned()));
    let wild = format!("https://a.wild.test:{}/", server.port);
    assert_eq!(get(&http, &wild)?.0, Outcome::Ok);
    let posted = call(&http, "http.post(a, b)", &[&server.url("/p"), "body"])?;
    assert_eq!(posted, (Outcome::Ok, "POST /p HTTP/1.1".to_owned()));
    let requested = call(&http, "http.request(a, b)", &["GET", &server.url("/r")])?;
    assert_eq!(requested, (Outcome::Ok, "GET /r HTTP/1.1".to_owned()));
    Ok(())
}

#[test]
fn what_is_not_listed_is_not_connected_to() -> Test {
    let server = Server::start(echo)?;
    let http = server.policy();
    let port = server.port;
    for (url, says) in [
        (format!("https://evil.test:{port}/"), "Domain 'evil.test' not in domain allowlist"),
        (format!("https://good.test.evil.test:{port}/"), "Domain 'good.test.evil.test' not"),
        (format!("https://evilgood.test:{port}/"), "Domain 'evilgood.test' not"),
        (format!("https://wild.test:{port}/"), "Domain 'wild.test' not"),
        (format!("https://awild.test:{port}/"), "Domain 'awild.test' not"),
        (format!("https://good.test.:{port}/"), "Domain 'good.test.' not"),
        (format!("https://good.test@evil.test:{port}/"), "Domain 'evil.test' not"),
        (format!("https://good.test:{port}@evil.test/"), "Domain 'evil.test' not"),
        (format!("https://evil.test:{port}#@good.test/"), "Domain 'evil.test' not"),
        (format!("https://evil.test:{port}?@good.test/"), "Domain 'evil.test' not"),
        (format!("https://evil.test:{port}\\@good.test/"), "Domain 'evil.test' not"),
        (format!("https:\\\\evil.test:{port}/"), "Domain 'evil.test' not"),
        (format!("https://ev\til.te\nst:{port}/"), "Domain 'evil.test' not"),
        (format!("https://gооd.test:{port}/"), "not in domain allowlist"),
        (format!("https://user@good.test:{port}/"), "user name"),
        (format!("https://:pw@good.test:{port}/"), "user name"),
        (format!("https://127.0.0.1:{port}/"), "Domain '127.0.0.1' not"),
        (format!("https://2130706433:{port}/"), "Domain '127.0.0.1' not"),
        (format!("https://0x7f.1:{port}/"), "Domain '127.0.0.1' not"),
        (format!("https://0177.0.0.1:{port}/"), "Domain '127.0.0.1' not"),
        (format!("https://１２７.0.0.1:{port}/"), "Domain '127.0.0.1' not"),
        (format!("https://[::1]:{port}/"), "Domain '[::1]' not"),
        (format!("https://[::ffff:127.0.0.1]:{port}/"), "Domain '[::ffff:7f00:1]' not"),
        (format!("https://localhost:{port}/"), "Domain 'localhost' not"),
        ("https://good.test/".to_owned(), "Port 443 not allowed"),
        ("https://good.test:22/".to_owned(), "Port 22 not allowed"),
        (format!("http://good.test:{port}/"), "Scheme 'http' not allowed"),
        (format!("ftp://good.test:{port}/"), "Scheme 'ftp' not allowed"),
        ("file:///etc/passwd".to_owned(), "Scheme 'file' not allowed"),
        ("data:text/plain,x".to_owned(), "Scheme 'data' not allowed"),
        (format!("good.test:{port}/"), "not allowed"),
        ("/etc/passwd".to_owned(), "no URL"),
        (String::new(), "no URL"),
    ] {
        denied(&get(&http, &url)?, says).map_err(|error| format!("{url}: {error}"))?;
    }
    for method in ["DELETE", "get", "", "GET / HTTP/1.1\r\nX: y", "CONNECT"] {
        denied(&call(&http, "http.request(a, b)", &[method, &server.url("/")])?, "Method")?;
    }
    let large = "x".repeat((1 << 20) + 1);
    denied(&call(&http, "http.post(a, b)", &[&server.url("/"), &large])?, "too large")?;
    // By default: no host at all, and nothing but GET over TLS to port 443.
    denied(&get(&Http::default(), "https://good.test/")?, "not in domain allowlist")?;
    denied(
        &call(&Http::new(["good.test"]), "http.post(a, b)", &["https://good.test/", ""])?,
        "Method 'POST'",
    )?;
    assert_eq!(server.connections(), 0);
    Ok(())
}

fn resolves_to(http: &Http, addresses: &[&str]) -> Anything<Http> {
    let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let mut http = http.clone();
    http.resolver = Some(Resolver::new(move |_| Ok(addresses.clone())));
    Ok(http)
}

#[test]
fn private_addresses_are_not_connected_to() -> Test {
    let server = Server::start(echo)?;
    let mut http = server.policy();
    http.addresses.clear();
    for address in [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
    ] {
        let says = "of 'good.test' not in address allowlist";
        denied(&get(&resolves_to(&http, &[address])?, &server.url("/"))?, says)?;
        // Not beside a public one either.
        denied(&get(&resolves_to(&http, &["1.1.1.1", address])?, &server.url("/"))?, says)?;
    }
    // An address in the URL, although it is listed as a host, is an address.
    http.domains = vec!["127.0.0.1".to_owned(), "[::1]".to_owned(), "[::ffff:127.0.0.1]".to_owned()];
    for host in ["127.0.0.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"] {
        let url = format!("https://{host}:{}/", server.port);
        denied(&get(&http, &url)?, "not in address allowlist")?;
    }
    assert_eq!(server.connections(), 0);
    // And once that is listed as well, it is reached.
    http.addresses = vec!["127.0.0.0/8".to_owned()];
    assert_eq!(get(&http, &format!("https://127.0.0.1:{}/", server.port))?.0, Outcome::Ok);
    Ok(())
}

/// A name that is looked up a second time leads elsewhere: nobody looks it up a second time within a request.
#[test]
fn a_name_is_looked_up_once() -> Test {
    let server = Server::start(echo)?;
    let mut http = server.policy();
    let lookups = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&lookups);
    http.resolver = Some(Resolver::new(move |_| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(vec![if first { [127, 0, 0, 1].into() } else { [127, 0, 0, 2].into() }])
    }));
    assert_eq!(get(&http, &server.url("/"))?.0, Outcome::Ok);
    assert_eq!(lookups.load(Ordering::SeqCst), 1);
    // In the next request it is, and what it leads to is looked at again.
    denied(&get(&http, &server.url("/"))?, "Address 127.0.0.2 of 'good.test'")?;
    assert_eq!((lookups.load(Ordering::SeqCst), server.connections()), (2, 1));
    http.resolver = Some(Resolver::new(|_| Err(io::Error::other("no such name"))));
    failed(&get(&http, &server.url("/"))?, "no such name")?;
    http.resolver = Some(Resolver::new(|_| Ok(Vec::new())));
    assert_eq!(get(&http, &server.url("/"))?.0, Outcome::Error);
    Ok(())
}

#[test]
fn redirects_are_requests() -> Test {
    let server = Server::start(|head, wire| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        match path.strip_prefix("/to?") {
            Some(target) => reply(wire, "302 Found", &format!("Location: {target}\r\n"), "not this"),
            None if path == "/see" => reply(wire, "303 See Other", "Location: /end\r\n", ""),
            None if path == "/same" => reply(wire, "307 Temporary Redirect", "Location: /end\r\n", ""),
            None if path == "/loop" => reply(wire, "301 Moved", "Location: /loop\r\n", ""),
            None if path == "/odd" => reply(wire, "302 Found", "Location: https://[oops/\r\n", ""),
            None => echo(head, wire),
        }
    })?;
    let http = server.policy();
    let port = server.port;
    for (target, says) in [
        (format!("https://evil.test:{port}/"), "Domain 'evil.test' not in domain allowlist"),
        (format!("//evil.test:{port}/"), "Domain 'evil.test' not"),
        (format!("https://good.test@evil.test:{port}/"), "Domain 'evil.test' not"),
        (format!("https://127.0.0.1:{port}/"), "Domain '127.0.0.1' not"),
        ("https://169.254.169.254/latest/meta-data".to_owned(), "Domain '169.254.169.254' not"),
        (format!("http://good.test:{port}/"), "Scheme 'http' not allowed"),
        ("file:///etc/passwd".to_owned(), "Scheme 'file' not allowed"),
        ("https://good.test:22/".to_owned(), "Port 22 not allowed"),
        (format!("https://user:pw@good.test:{port}/"), "user name"),
    ] {
        let before = server.connections();
        denied(&get(&http, &server.url(&format!("/to?{target}")))?, says)?;
        assert_eq!(server.connections(), before + 1, "{target}");
    }
    denied(&get(&http, &server.url("/odd"))?, "no URL")?;
    // A name that is listed, and resolves to what is not.
    let mut elsewhere = http.clone();
    elsewhere.resolver = Some(Resolver::new(|name| {
        Ok(vec![if name == "good.test" { [127, 0, 0, 1].into() } else { [10, 0, 0, 1].into() }])
    }));
    let other = server.url(&format!("/to?https://other.test:{port}/"));
    denied(&get(&elsewhere, &other)?, "Address 10.0.0.1 of 'other.test'")?;
    assert_eq!(get(&http, &other)?, (Outcome::Ok, "GET / HTTP/1.1".to_owned()));
    // A loop ends.
    let before = server.connections();
    failed(&get(&http, &server.url("/loop"))?, "more than 5 redirects")?;
    assert_eq!(server.connections(), before + 6);
    // The method changes as browsers change it, if the other one is allowed.
    let see = call(&http, "http.post(a, b)", &[&server.url("/see"), "x"])?;
    assert_eq!(see, (Outcome::Ok, "GET /end HTTP/1.1".to_owned()));
    let same = call(&http, "http.post(a, b)", &[&server.url("/same"), "x"])?;
    assert_eq!(same, (Outcome::Ok, "POST /end HTTP/1.1".to_owned()));
    let mut post = http.clone();
    post.methods = Some(vec!["POST".to_owned()]);
    denied(&call(&post, "http.post(a, b)", &[&server.url("/see"), "x"])?, "Method 'GET' not allowed")
}

#[test]
fn slow_answers_end_in_time() -> Test {
    let server = Server::start(|head, wire| {
        if head.starts_with("GET /head") {
            // A byte of the head at a time, for ever.
            write!(wire, "HTTP/1.1 200 OK\r\nX: ")?;
            loop {
                wire.write_all(b"x")?;
                wire.flush()?;
                thread::sleep(Duration::from_millis(50));
            }
        }
        if head.starts_with("GET /nothing") {
            thread::sleep(Duration::from_secs(20));
        }
        write!(wire, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")?;
        loop {
            wire.write_all(b"x")?;
            wire.flush()?;
            thread::sleep(Duration::from_millis(50));
        }
    })?;
    let mut http = server.policy();
    http.timeout = Some(Time(Duration::from_millis(700)));
    for path in ["/head", "/nothing", "/body"] {
        let start = Instant::now();
        failed(&get(&http, &server.url(path))?, "the request took more than 0.7 s")?;
        assert!(start.elapsed() < Duration::from_secs(4), "{path}: {:?}", start.elapsed());
    }
    // Nor does a lookup that takes its time hold anybody up.
    http.resolver = Some(Resolver::new(|_| {
        thread::sleep(Duration::from_secs(3));
        Err(io::Error::other("late"))
    }));
    let start = Instant::now();
    failed(&get(&http, &server.url("/"))?, "the request took more than 0.7 s")?;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    Ok(())
}

#[test]
fn large_answers_end_in_size() -> Test {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let server = Server::start(move |head, wire| {
        let chunk = [b'x'; 8192];
        if head.starts_with("GET /claims") {
            return write!(wire, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx");
        }
        if head.starts_with("GET /exact") {
            return reply(wire, "200 OK", "", &"x".repeat(100_000));
        }
        if head.starts_with("GET /head") {
            write!(wire, "HTTP/1.1 200 OK\r\n")?;
            loop {
                wire.write_all(b"X-Many: ")?;
                wire.write_all(&chunk)?;
                wire.write_all(b"\r\n")?;
                count.fetch_add(chunk.len(), Ordering::SeqCst);
            }
        }
        write!(wire, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n")?;
        loop {
            write!(wire, "2000\r\n")?;
            wire.write_all(&chunk)?;
            write!(wire, "\r\n")?;
            count.fetch_add(chunk.len(), Ordering::SeqCst);
        }
    })?;
    let mut http = server.policy();
    http.response = Some(Size(100_000));
    failed(&get(&http, &server.url("/claims"))?, "more than 100000 bytes")?;
    failed(&get(&http, &server.url("/chunks"))?, "more than 100000 bytes")?;
    let headed = get(&http, &server.url("/head"))?;
    assert_eq!(headed.0, Outcome::Error, "{headed:?}");
    assert!(sent.load(Ordering::SeqCst) < 32 << 20, "it read {} bytes", sent.load(Ordering::SeqCst));
    assert_eq!(get(&http, &server.url("/exact"))?.1.len(), 100_000);
    Ok(())
}

#[test]
fn answers_that_are_none() -> Test {
    let server = Server::start(|head, wire| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        match path {
            "/missing" => reply(wire, "404 Not Found", "", "secret"),
            "/bytes" => wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe"),
            "/short" => write!(wire, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"),
            "/garbage" => write!(wire, "garbage\r\n\r\n"),
            _ => Ok(()),
        }
    })?;
    let http = server.policy();
    failed(&get(&http, &server.url("/missing"))?, "HTTP status 404")?;
    failed(&get(&http, &server.url("/bytes"))?, "not UTF-8")?;
    for path in ["/short", "/garbage", "/nothing"] {
        failed(&get(&http, &server.url(path))?, "")?;
    }
    Ok(())
}

#[test]
fn certificates_are_verified() -> Test {
    let server = Server::start(echo)?;
    let mut http = server.policy();
    http.domains.push("unnamed.test".to_owned());
    let unnamed = format!("https://unnamed.test:{}/", server.port);
    failed(&get(&http, &unnamed)?, "certificate")?;
    http.certificates.clear();
    failed(&get(&http, &server.url("/"))?, "certificate")?;
    // Without TLS only if that is asked for.
    http.plain = true;
    let plain = format!("http://good.test:{}/", server.port);
    assert_eq!(get(&http, &plain)?.0, Outcome::Ok);
    Ok(())
}

/// A program that is stopped hangs up.
#[test]
fn nothing_outlives_its_program() -> Test {
    let (sender, hung_up) = channel();
    let server = Server::start(move |_, wire| {
        let ended = wire.read(&mut [0]);
        let _ = sender.send(ended.map_err(|error| error.kind()));
        Ok(())
    })?;
    let mut policy = Policy::default();
    policy.grant = vec!["http".to_owned()];
    policy.http = Some(server.policy());
    let source = format!("async fn main() {{ await http.get(\"{}\") }}", server.url("/"));
    let builder = Runtime::builder().timeout(Duration::from_millis(500));
    let mut runtime = builder.build(compile_mog_source(source)?, policy.capabilities()?)?;
    let start = Instant::now();
    assert!(matches!(runtime.execute(), Err(Error::TimedOut { .. })));
    drop(runtime);
    let ended = hung_up.recv_timeout(Duration::from_secs(3))?;
    assert!(!matches!(ended, Ok(1..)), "{ended:?}");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    Ok(())
}

#[test]
fn from_a_file() -> Test {
    let place = Place::with(
        "async fn main() {\n  try { await http.get(\"https://evil.test/\") } catch(e) { println(e) }\n}\n",
    )?;
    place.write("p.toml", "grant = [\"http.get\"]\n[http]\ndomains = [\"good.test\", \"*.good.test\"]\n")?;
    place.prints("run --policy p.toml p.mog", "Domain 'evil.test' not in domain allowlist\n")?;
    for (policy, says) in [
        ("domains = [\"*\"]", "no host"),
        ("domains = [\"a.*.test\"]", "no host"),
        ("domains = [\"https://good.test\"]", "no host"),
        ("domains = [\"*.10.0.0.1\"]", "no host"),
        ("methods = [\"get\"]", "methods"),
        ("addresses = [\"localhost\"]", "addresses"),
        ("certificates = [\"missing.pem\"]", "missing.pem"),
        ("certificates = [\"p.mog\"]", "no certificate"),
        ("ports = [70000]", "ports"),
        ("follow = true", "follow"),
    ] {
        place.write("bad.toml", format!("grant = [\"http\"]\n[http]\n{policy}\n"))?;
        has(&place.exits("run --policy bad.toml p.mog", 64)?, says)?;
    }
    Ok(())
}
