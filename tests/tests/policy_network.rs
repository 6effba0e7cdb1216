//! Commands in the sandbox `standard`, and the whole runner in it: of the network they reach what the domain gate lets
//! through, by its proxy, and nothing else by any way.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use mog::policy::{Http, Policy, PolicyError, Resolver, Sandbox, Shell, Size, Time};
use mog::{AuditLog, CapabilitySet, Error, Event, Outcome, Replay, Runtime, compile_mog_source};
use mog_tests::place::{Place, has, same, text};
use mog_tests::process::Scratch;
use mog_tests::runner::CommandRunner;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

type Test = Result<(), Box<dyn std::error::Error>>;
type Anything<T> = Result<T, Box<dyn std::error::Error>>;

trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

/// A server on a port of its own, with TLS for `good.test` and `evil.test` and without.
struct Server {
    port: u16,
    /// Its certificate.
    certificate: String,
    connections: Arc<AtomicUsize>,
    /// Connections that the other side has ended.
    ended: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Anything<Self> {
        let made = rcgen::generate_simple_self_signed(["good.test", "evil.test"].map(str::to_owned))?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)?;
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let (connections, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, count_ended) = (Arc::clone(&connections), Arc::clone(&ended));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                let (config, ended) = (Arc::clone(&config), Arc::clone(&count_ended));
                thread::spawn(move || {
                    let _ = serve(stream, config);
                    ended.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Ok(Self { port, certificate: made.cert.pem(), connections, ended })
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Answers, and waits until the other side hangs up.
fn serve(stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
    // Without TLS a client says something readable.
    let mut first = [0];
    if stream.peek(&mut first)? == 1 && first == [0x16] {
        let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
        return answer(&mut StreamOwned::new(connection, stream));
    }
    answer(&mut &stream)
}

fn answer(stream: &mut dyn Wire) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let head: Vec<&str> = head.lines().collect();
    let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let host =
        head.iter().find_map(|line| line.to_ascii_lowercase().strip_prefix("host: ").map(str::to_owned));
    let body = match path {
        "/large" => "x".repeat(300_000),
        "/slow" => return stream.read(&mut byte).map(drop),
        "/redirect" => {
            return write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\nContent-Length: 0\r\n\r\n"
            );
        }
        "/head" => head.join("\n"),
        _ => format!("{path} of {}", host.unwrap_or_default()),
    };
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
    stream.flush()?;
    stream.read(&mut byte).map(drop)
}

/// Commands with a way out to a server, and what was told of them.
struct Ground {
    server: Server,
    policy: Policy,
    events: Arc<Mutex<Vec<(String, Outcome, String)>>>,
    _scratch: Scratch,
}

impl Ground {
    fn new() -> Anything<Self> {
        let (scratch, server) = (Scratch::new()?, Server::start()?);
        fs::create_dir(scratch.path().join("work"))?;
        scratch.write("work/ca.pem", &server.certificate)?;
        let mut shell = Shell::new(scratch.path().join("work"));
        shell.sandbox = Sandbox::Standard;
        shell.allow.insert("sh".to_owned(), vec!["-c *".to_owned()]);
        let mut http = Http::new(["good.test", "private.test"]);
        http.plain = true;
        http.ports = Some(vec![server.port]);
        http.addresses = vec!["127.0.0.1".to_owned()];
        http.timeout = Some(Time(Duration::from_secs(10)));
        http.resolver = Some(Resolver::new(|name| {
            let address: IpAddr =
                if name == "good.test" { [127, 0, 0, 1].into() } else { [127, 0, 0, 2].into() };
            Ok(vec![address])
        }));
        let mut policy = Policy::default();
        policy.grant = vec!["shell".to_owned(), "http".to_owned()];
        (policy.shell, policy.http) = (Some(shell), Some(http));
        policy.surroundings.forwarder =
            Some(CommandRunner::find(Duration::from_secs(20))?.path().to_path_buf());
        Ok(Self { server, policy, events: Arc::default(), _scratch: scratch })
    }

    fn http(&mut self) -> Anything<&mut Http> {
        self.policy.http.as_mut().ok_or_else(|| "no http".into())
    }

    /// What a script prints; `PORT` in it is the server's.
    fn script(&self, script: &str) -> Anything<String> {
        let script = script.replace("PORT", &self.server.port.to_string());
        let source =
            "pub async fn run(script: string) -> string { await shell.exec(\"sh\", [\"-c\", script]) }";
        let events = Arc::clone(&self.events);
        events.lock().map_err(|_| "poisoned")?.clear();
        let observer = move |event: &Event<'_>| {
            if let Ok(mut events) = events.lock()
                && event.nested
            {
                assert_eq!(event.capability, "http");
                let result = event.result.as_str().unwrap_or_default().to_owned();
                events.push((format!("{} {:?}", event.function, event.args), event.outcome, result));
            }
            Ok(())
        };
        let builder = Runtime::builder().memory(16 << 20).audit(observer);
        let mut runtime = builder.build(compile_mog_source(source)?, self.policy.capabilities()?)?;
        match runtime.call("run", (script,)) {
            Ok(value) => Ok(value.as_str().unwrap_or_default().to_owned()),
            Err(Error::Failed { message, .. }) => Err(message.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// How the requests of the last script ended.
    fn told(&self) -> Anything<Vec<(Outcome, String)>> {
        let events = self.events.lock().map_err(|_| "poisoned")?;
        Ok(events.iter().map(|(_, outcome, result)| (*outcome, result.clone())).collect())
    }

    /// A request that is refused, with one line that says so.
    fn refused(&self, script: &str, says: &str) -> Test {
        let printed = self.script(script)?;
        let told = self.told()?;
        match told.as_slice() {
            [(Outcome::Denied, reason)] if reason.contains(says) && printed.contains(says) => Ok(()),
            _ => Err(format!("{script}: {printed:?}, {told:?}").into()),
        }
    }
}

#[test]
fn what_is_listed_is_reached() -> Test {
    let ground = Ground::new()?;
    assert_eq!(
        ground.script("curl -sS http://good.test:PORT/a")?,
        format!("/a of good.test:{}", ground.server.port)
    );
    assert_eq!(ground.told()?, [(Outcome::Ok, String::new())]);
    // In a tunnel, as for TLS.
    assert_eq!(
        ground.script("curl -sS --cacert ca.pem https://good.test:PORT/b")?,
        format!("/b of good.test:{}", ground.server.port)
    );
    assert_eq!(ground.told()?, [(Outcome::Ok, String::new())]);
    // What is between neighbours stays there, and whom it is for is whom it was checked for.
    let head = ground.script(
        "curl -sS -H 'Host: evil.test' -H 'Proxy-Authorization: x' -H 'Connection: x-hop' -H 'X-Hop: 1' -H 'X-End: 2' http://good.test:PORT/head",
    )?;
    let head = head.to_ascii_lowercase();
    assert!(head.contains("x-end: 2") && head.contains("host: good.test"), "{head}");
    assert!(!["evil.test", "proxy-auth", "x-hop"].iter().any(|hop| head.contains(hop)), "{head}");
    // Many at once.
    let many = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do curl -sS http://good.test:PORT/$i & done; wait";
    assert_eq!(ground.script(many)?.matches("of good.test").count(), 20);
    assert_eq!(ground.told()?.len(), 20);
    Ok(())
}

#[test]
fn what_is_not_listed_is_not_connected_to() -> Test {
    let ground = Ground::new()?;
    let says = "Domain 'evil.test' not in domain allowlist";
    ground.refused("curl -sS http://evil.test:PORT/", says)?;
    ground.refused("curl -sS -w '%{http_code}' http://evil.test:PORT/ | grep 403 && echo \"Domain 'evil.test' not in domain allowlist\"", says)?;
    ground.refused("curl -vsSp http://evil.test:PORT/ 2>&1 | grep 'HTTP/1.1 403'", says)?;
    ground.refused("curl -sS http://good.test:PORT@evil.test/", says)?;
    ground.refused("curl -sS http://good.test.evil.test/", "Domain 'good.test.evil.test'")?;
    ground.refused("curl -sS http://127.0.0.1:PORT/", "Domain '127.0.0.1'")?;
    ground.refused("curl -vsSp http://127.0.0.1:PORT/ 2>&1; true", "Domain '127.0.0.1'")?;
    ground.refused("curl -sS http://good.test:1/", "Port 1 not allowed")?;
    ground.refused("curl -vsSp http://good.test:1/ 2>&1; true", "Port 1 not allowed")?;
    ground.refused("curl -sS -d x http://good.test:PORT/", "Method 'POST' not allowed")?;
    ground.refused("curl -sS --request-target ftp://good.test:PORT/ http://good.test/", "Scheme 'ftp'")?;
    // Past the process that takes connections, and as somebody who takes the proxy for a server.
    ground.refused("curl -sS --noproxy '*' --unix-socket /run/mog/proxy http://good.test/", "no URL")?;
    // What is in a tunnel is for whom it was opened: no other requests go past the gate.
    let connections = ground.server.connections();
    for (curl, says) in [
        ("-p http://good.test:PORT/", "what goes through a tunnel has to be TLS"),
        ("-p -d x http://good.test:PORT/", "what goes through a tunnel has to be TLS"),
        (
            "--cacert ca.pem --connect-to ::good.test:PORT https://evil.test/",
            "Domain 'evil.test' is not that",
        ),
        ("--cacert ca.pem --connect-to ::good.test:PORT https://127.0.0.1/", "Domain '' is not that"),
    ] {
        assert!(ground.script(&format!("curl -sS {curl}")).is_err(), "{curl}");
        let told = ground.told()?;
        let is_refused = matches!(told.as_slice(), [(Outcome::Denied, reason)] if reason.contains(says));
        assert!(is_refused, "{curl}: {told:?}");
    }
    assert_eq!(ground.server.connections(), connections + 4);
    // A redirect is for whoever asked, and then a request.
    ground.script("curl -sSL http://good.test:PORT/redirect")?;
    let told = ground.told()?;
    let [(Outcome::Ok, _), (Outcome::Denied, reason)] = told.as_slice() else {
        return Err(format!("{told:?}").into());
    };
    assert_eq!(reason, says);
    assert_eq!((connections, ground.server.connections()), (0, 5), "that of the redirect is one more");
    Ok(())
}

#[test]
fn there_is_no_other_way() -> Test {
    let ground = Ground::new()?;
    for script in [
        "curl -sS --noproxy '*' http://127.0.0.1:PORT/",
        "curl -sS --noproxy '*' http://good.test:PORT/",
        "curl -sS --noproxy '*' http://192.0.2.1:PORT/",
        "unset http_proxy; curl -sS http://127.0.0.1:PORT/",
        "curl -sS --proxy http://127.0.0.1:PORT http://good.test/",
        "curl -sS --socks5 127.0.0.1:PORT http://good.test/",
        "bash -c 'exec 3<>/dev/tcp/127.0.0.1/PORT'",
    ] {
        let ended = ground.script(script);
        assert!(ended.is_err(), "{script}: {ended:?}");
        assert_eq!(ground.told()?, [], "{script}");
    }
    assert_eq!(ground.server.connections(), 0);
    Ok(())
}

#[test]
fn private_addresses_are_not_connected_to() -> Test {
    let mut ground = Ground::new()?;
    let says = "Address 127.0.0.2 of 'private.test' not in address allowlist";
    ground.refused("curl -sS http://private.test:PORT/", says)?;
    ground.refused("curl -vsSp http://private.test:PORT/ 2>&1; true", says)?;
    ground.http()?.addresses.clear();
    ground.refused("curl -vsSp http://good.test:PORT/ 2>&1; true", "Address 127.0.0.1 of 'good.test'")?;
    ground.http()?.domains.push("127.0.0.1".to_owned());
    ground.refused("curl -vsSp http://127.0.0.1:PORT/ 2>&1; true", "Address 127.0.0.1 not in")?;
    assert_eq!(ground.server.connections(), 0);
    Ok(())
}

#[test]
fn requests_and_tunnels_are_bounded() -> Test {
    let mut ground = Ground::new()?;
    ground.http()?.response = Some(Size(100_000));
    let printed = ground.script("curl -sS http://good.test:PORT/large | head -c 1000")?;
    assert_eq!(printed, "the response has more than 100000 bytes\n");
    let printed = ground.script("curl -sS --cacert ca.pem https://good.test:PORT/large | wc -c")?;
    assert!(printed.trim().parse::<usize>()? <= 100_000, "{printed}");
    let told = ground.told()?;
    assert_eq!(
        told.last(),
        Some(&(Outcome::Error, "more than 100000 bytes in one direction".to_owned())),
        "{told:?}"
    );
    ground.http()?.body = Some(Size(1000));
    ground.http()?.methods = Some(vec!["POST".to_owned()]);
    let post = "head -c 5000 /dev/zero > body; curl -sS --data-binary @body http://good.test:PORT/";
    ground.refused(post, "a body of more than 1000 bytes is too large")?;
    ground.http()?.timeout = Some(Time(Duration::from_secs(1)));
    let start = Instant::now();
    assert!(ground.script("curl -sS --cacert ca.pem https://good.test:PORT/slow").is_err());
    ground.http()?.methods = None;
    assert!(ground.script("curl -sS http://good.test:PORT/slow").is_err());
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    Ok(())
}

#[test]
fn only_who_has_all_of_http_has_a_network() -> Test {
    let mut ground = Ground::new()?;
    let no_way = "env | grep -i proxy || ls /run 2>/dev/null || echo none";
    let whole = ground.policy.clone();
    ground.policy.grant = vec!["shell".to_owned()];
    assert_eq!(ground.script(no_way)?, "none\n");
    ground.policy.grant.push("http.get".to_owned());
    assert_eq!(ground.script(no_way)?, "none\n");
    ground.policy = whole.clone();
    ground.policy.deny = vec!["http.post".to_owned()];
    assert_eq!(ground.script(no_way)?, "none\n");
    ground.policy = whole.clone();
    if let Some(shell) = &mut ground.policy.shell {
        shell.sandbox = Sandbox::Strict;
    }
    assert_eq!(ground.script(no_way)?, "none\n");
    // Without the process inside there is none, and nobody goes on without.
    ground.policy = whole;
    ground.policy.surroundings.forwarder = Some("/nowhere/mog".into());
    let ended = ground.script("echo ran").map_err(|error| error.to_string());
    assert!(ended.as_ref().is_err_and(|error| error.contains("Failed to initialize sandbox")), "{ended:?}");
    ground.policy.surroundings.forwarder = None;
    let missing = ground.policy.capabilities().map(drop);
    assert!(
        matches!(&missing, Err(PolicyError::Section { message, .. }) if message.contains("forwarder")),
        "{missing:?}"
    );
    Ok(())
}

/// A command that is stopped hangs up, and a run is repeated without its requests.
#[test]
fn nothing_outlives_its_program() -> Test {
    let ground = Ground::new()?;
    let port = ground.server.port;
    let source = format!(
        "async fn main() {{ await shell.exec(\"sh\", [\"-c\", \"curl -sS --cacert ca.pem https://good.test:{port}/slow\"]) }}"
    );
    let builder = Runtime::builder().timeout(Duration::from_secs(2));
    let mut runtime = builder.build(compile_mog_source(source)?, ground.policy.capabilities()?)?;
    assert!(matches!(runtime.execute(), Err(Error::TimedOut { .. })));
    assert_eq!(ground.server.connections(), 1);
    drop(runtime);
    let start = Instant::now();
    while ground.server.ended.load(Ordering::SeqCst) == 0 && start.elapsed() < Duration::from_secs(30) {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(ground.server.ended.load(Ordering::SeqCst), 1);

    let source = format!(
        "async fn main() -> int {{ (await shell.exec(\"sh\", [\"-c\", \"curl -s http://good.test:{port}/x; curl -s http://evil.test/\"])).len }}"
    );
    let (program, file) = (compile_mog_source(source)?, ground._scratch.path().join("log"));
    let log = AuditLog::new(fs::File::create(&file)?);
    let mut runtime = Runtime::builder().audit(log).build(program.clone(), ground.policy.capabilities()?)?;
    let result = runtime.execute()?;
    drop(runtime);
    let log = fs::read_to_string(&file)?;
    assert_eq!(log.matches("\"nested\":true").count(), 2, "{log}");
    assert!(log.contains("\"http\",\"function\":\"request\",\"args\":[\"GET\",\"http://evil.test/\"],\"outcome\":\"denied\""), "{log}");
    let mut again = Replay::read(&log)?.builder().build(program, CapabilitySet::empty())?;
    assert_eq!(again.replay()?, result);
    Ok(())
}

#[test]
fn the_whole_runner_in_a_sandbox() -> Test {
    let server = Server::start()?;
    let port = server.port;
    let place = Place::with(&format!(
        "async fn get(host: string) {{\n  try {{ println(await http.get(\"http://\" + host + \":{port}/\")) }} catch(e) {{ println(e) }}\n}}\nasync fn main() {{\n  await get(\"localhost\")\n  await get(\"evil.test\")\n}}\n"
    ))?;
    let policy = |rest: &str| {
        format!(
            "grant = [\"http\"]\n[http]\ndomains = [\"localhost\"]\nplain = true\nports = [{port}]\n{rest}\n"
        )
    };
    place.write("p.toml", policy("addresses = [\"127.0.0.1\", \"::1\"]"))?;
    place.write("private.toml", policy(""))?;
    let evil = "Domain 'evil.test' not in domain allowlist\n";
    let run = |args: &str| -> Anything<String> { Ok(text(&place.exits(&format!("run {args} p.mog"), 0)?)) };
    same("standard", &format!("/ of localhost:{port}\n{evil}"), &run("--sandbox standard --policy p.toml")?)?;
    assert_eq!(server.connections(), 1);
    // What the outer one does not let through, the inner one cannot either.
    let refused = run("--sandbox standard --policy private.toml")?;
    assert!(refused.contains("403") && refused.ends_with(evil), "{refused}");
    // Nobody has a network who does not ask for one.
    let refused = run("--sandbox strict --policy p.toml")?;
    assert!(!refused.contains("of localhost") && refused.ends_with(evil), "{refused}");
    let cut = run("--sandbox standard --policy p.toml --deny http.post")?;
    assert!(!cut.contains("of localhost"), "{cut}");
    assert_eq!(server.connections(), 1);
    has(&place.exits("run --sandbox standard --policy missing.toml p.mog", 64)?, "missing.toml")
}
