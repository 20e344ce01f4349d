//! Starts the scripted model server for people: `legion-model-server [PORT] [--demo]`. With `--demo` it also answers the agents of
//! `legion demo --driver claude`.

use std::net::SocketAddr;

use legion_testkit::{ModelServer, demo_model};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let (flags, words): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word == "--demo");
    let port = match words.first() {
        Some(port) => port.parse().map_err(|error| anyhow::anyhow!("`{port}` is not a port: {error}"))?,
        None => 0,
    };
    let server = ModelServer::start_on(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    if !flags.is_empty() {
        server.answer_by(demo_model::answer);
    }
    println!("{}", server.url());
    eprintln!("scripted model server; to use it:");
    eprintln!("  export ANTHROPIC_BASE_URL={} ANTHROPIC_API_KEY=dummy", server.url());
    eprintln!("  or, of OpenAI: {} (Chat Completions and Responses)", server.openai_url());
    eprintln!("  claude -p 'say hello @@[{{\"text\":\"hello from the script\"}}]@@'");
    eprintln!("end it with Ctrl-C");
    tokio::signal::ctrl_c().await?;
    Ok(())
}
