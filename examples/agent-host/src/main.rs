//! `agent-host STORE [ADDRESS]`: serves the agents of a store that `mog grant` made, by default on 127.0.0.1:8080.

use std::path::Path;

use mog::policy::Grants;
use mog_agent_host_example::AgentHost;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let store = args.next().ok_or("usage: agent-host STORE [ADDRESS]")?;
    let address = args.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let host = AgentHost::new(Grants::open(Path::new(&store))?);
    let listener = tokio::net::TcpListener::bind(&address).await?;
    eprintln!("agents of {store} on http://{}", listener.local_addr()?);
    axum::serve(listener, host.router()).await?;
    Ok(())
}
