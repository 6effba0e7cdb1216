//! `load [REQUESTS]`: the service under load, on loopback in one process. First 50 agents at once, each with a request that
//! waits; then so many requests, 10,000 by default, from 50 connections. Every answer is checked.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use mog::policy::{Grants, Policy};
use mog_agent_host_example::{AgentHost, Answer, Request};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const AGENTS: usize = 50;
const WAIT: &str = "pub fn run(input: any) -> any { time.sleep(500); input }";
/// A program, what it gets, and its result; none if its limit ends it.
const PROGRAMS: [(&str, &str, Option<&str>); 4] = [
    (include_str!("../../programs/risk.mog"), r#"{"balance": 1500.0, "threshold": 1000.0}"#, Some("\"low\"")),
    (
        include_str!("../../programs/notes.mog"),
        r#"{"text": "a note"}"#,
        Some(r#"{"text":"a note","files":["last"]}"#),
    ),
    (include_str!("../../programs/nosy.mog"), "null", Some("4")),
    (include_str!("../../programs/greedy.mog"), "null", None),
];
const COUNT: &str = include_str!("../../programs/count.mog");

/// A connection that is kept.
struct Client(BufReader<TcpStream>);

impl Client {
    async fn connect(address: &str) -> Outcome<Self> {
        Ok(Self(BufReader::new(TcpStream::connect(address).await?)))
    }

    async fn run(&mut self, agent: &str, program: &str, input: &str) -> Outcome<Answer> {
        let input = serde_json::from_str(input)?;
        let body =
            serde_json::to_string(&Request { agent: agent.to_owned(), program: program.to_owned(), input })?;
        let head = format!(
            "POST /run HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.0.write_all((head + &body).as_bytes()).await?;
        let (mut status, mut length) = (String::new(), 0);
        self.0.read_line(&mut status).await?;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse()?
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        if !status.contains(" 200 ") {
            return Err(format!("{status}{}", String::from_utf8_lossy(&body)).into());
        }
        Ok(serde_json::from_slice(&body)?)
    }
}

/// Checks an answer.
fn check(answer: &Answer, due: Option<&str>) -> Outcome<()> {
    let came = answer.result.as_ref().map(serde_json::to_string).transpose()?;
    let limited = due.is_none() && answer.code == Some(124);
    if limited || (due.is_some() && came.as_deref() == due) {
        Ok(())
    } else {
        Err(format!("{due:?}: {answer:?}").into())
    }
}

/// Memory of this process: now, and the most that it was, in MB.
fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

fn agents(folder: &Path) -> Outcome<Grants> {
    let grants = Grants::open_or_make(&folder.join("store"))?;
    for number in 0..AGENTS {
        let own = folder.join(format!("agent{number}"));
        fs::create_dir_all(own.join("work"))?;
        fs::write(own.join("agent.toml"), include_str!("../../agent.toml"))?;
        grants.change(&format!("agent{number}"), |policy| {
            *policy = Policy::read(&own.join("agent.toml"))?;
            Ok(())
        })?;
    }
    Ok(grants)
}

/// One client's share of the requests. Gives how long each took.
async fn share(address: String, number: usize, requests: usize) -> Outcome<Vec<Duration>> {
    let (agent, mut client) = (format!("agent{number}"), Client::connect(&address).await?);
    let (mut took, mut counted) = (Vec::new(), 0);
    for request in 0..requests {
        let start = Instant::now();
        // Most compute; what waits for a disk, and what must be stopped, are between them.
        match request % 40 {
            10 => {
                counted += 1;
                check(&client.run(&agent, COUNT, "null").await?, Some(&counted.to_string()))?;
            }
            kind => {
                let which = match kind {
                    0 => 1,
                    20 => 3,
                    5 | 15 | 25 | 35 => 2,
                    _ => 0,
                };
                let (program, input, due) = PROGRAMS[which];
                check(&client.run(&agent, program, input).await?, due)?;
            }
        }
        took.push(start.elapsed());
    }
    Ok(took)
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let requests: usize = std::env::args().nth(1).map_or(Ok(10_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let host = AgentHost::new(agents(folder.path())?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(async move { axum::serve(listener, host.router()).await });
    let (idle, _) = memory();

    let start = Instant::now();
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..AGENTS {
        let address = address.clone();
        waiting.spawn(async move {
            let answer = Client::connect(&address)
                .await?
                .run(&format!("agent{number}"), WAIT, &number.to_string())
                .await?;
            check(&answer, Some(&number.to_string()))
        });
    }
    while let Some(ended) = waiting.join_next().await {
        ended??;
    }
    let (now, _) = memory();
    println!(
        "{AGENTS} agents at once, each waiting for 500 ms: all done after {} ms; memory {idle} MB before, {now} MB after",
        start.elapsed().as_millis()
    );

    let start = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..AGENTS {
        clients.spawn(share(address.clone(), number, requests / AGENTS));
    }
    let mut took = Vec::new();
    while let Some(share) = clients.join_next().await {
        took.extend(share??);
    }
    took.sort();
    let at = |part: f64| {
        took.get((took.len() as f64 * part) as usize)
            .or(took.last())
            .copied()
            .unwrap_or_default()
            .as_secs_f64()
            * 1e3
    };
    let (now, most) = memory();
    println!(
        "{} requests from {AGENTS} connections in {:.1} s, every answer right: half within {:.1} ms, 99 of 100 within {:.1} ms, the slowest {:.1} ms; memory {now} MB after, {most} MB at most",
        took.len(),
        start.elapsed().as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    Ok(())
}
