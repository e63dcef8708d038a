//! The stand-in as a program, for the guide that writes a channel.

#![allow(
    clippy::print_stdout,
    reason = "a command line tool talks on standard output"
)]

use std::process::ExitCode;

use clap::Parser;
use telegram_simulator::{TelegramConfig, TelegramSimulator};

#[derive(Parser)]
#[command(
    name = "telegram-simulator",
    about = "A stand-in for Telegram's Bot API on this machine"
)]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8081)]
    port: u16,
    /// Where updates are posted.
    #[arg(long)]
    webhook: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = TelegramConfig {
        port: arguments.port,
        webhook_url: arguments.webhook,
        ..TelegramConfig::default()
    };
    match TelegramSimulator::start(config).await {
        Ok(simulator) => {
            let config = simulator.config();
            println!("api_base     {}", simulator.base_url());
            println!("token        {}", config.token);
            println!("secret_token {}", config.secret_token);
            println!("bot          {}", config.username);
            // Ends with the process alone.
            std::future::pending().await
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
