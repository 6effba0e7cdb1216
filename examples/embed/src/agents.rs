//! Several programs at once on tokio, each with limits of its own; what they wait for, they wait for side by side.
#![allow(clippy::print_stdout, reason = "printing is what this host does with results")]

use std::time::Duration;

use mog::{CapabilitySet, Compiler, Runtime};
use tokio::time::sleep;

const AGENT: &str = r#"
pub async fn best_offer(item: string) -> string {
    offers := await all([market.offer("north", item), market.offer("south", item)])
    if offers[0] < offers[1] { f"north: {offers[0]}" } else { f"south: {offers[1]}" }
}
"#;

/// Stands for a request over the network.
async fn offer(market: String, item: String) -> Result<f64, String> {
    match item.as_str() {
        "unicorn" => return Err(format!("nobody in the {market} sells a unicorn")),
        "antique" => sleep(Duration::from_secs(3600)).await,
        _ => sleep(Duration::from_millis(50)).await,
    }
    Ok((market.len() * item.len()) as f64 + if market == "north" { 0.5 } else { 0.0 })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut capabilities = CapabilitySet::new();
    capabilities.grant_async("market.offer", offer);
    let program = Compiler::with(&capabilities).compile(AGENT)?;

    let mut agents = Vec::new();
    for item in ["desk", "unicorn", "antique"] {
        let limits = Runtime::builder().memory(64 << 10).steps(100_000).timeout(Duration::from_millis(500));
        let mut runtime = limits.build(program.clone(), capabilities.clone())?;
        agents.push(tokio::spawn(async move { (item, runtime.call_async("best_offer", (item,)).await) }));
    }
    for agent in agents {
        match agent.await? {
            (item, Ok(offer)) => println!("{item}: {}", offer.as_str().unwrap_or_default()),
            (item, Err(error)) => {
                println!("{item}: {}", error.to_string().lines().next().unwrap_or_default())
            }
        }
    }
    Ok(())
}
