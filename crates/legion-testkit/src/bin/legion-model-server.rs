//! Starts the scripted model server for people: `legion-model-server [PORT]`.

use std::net::SocketAddr;

use legion_testkit::ModelServer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let port = match std::env::args().nth(1) {
        Some(port) => port.parse().map_err(|error| anyhow::anyhow!("`{port}` is not a port: {error}"))?,
        None => 0,
    };
    let server = ModelServer::start_on(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("{}", server.url());
    eprintln!("scripted model server; to use it:");
    eprintln!("  export ANTHROPIC_BASE_URL={} ANTHROPIC_API_KEY=dummy", server.url());
    eprintln!("  or, of OpenAI: {} (Chat Completions and Responses)", server.openai_url());
    eprintln!("  claude -p 'say hello @@[{{\"text\":\"hello from the script\"}}]@@'");
    eprintln!("end it with Ctrl-C");
    tokio::signal::ctrl_c().await?;
    Ok(())
}
