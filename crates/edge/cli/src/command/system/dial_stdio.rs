//! `system dial-stdio`: joins the standard streams to the daemon's socket, for clients that come by `ssh`.

use crate::exit::Exit;
use crate::stream::input;
use crate::stream::out::Stream;
use crate::tree::{Args, Command, Invocation};
use client::{ReadHalf, WriteHalf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What is copied at a time, in bytes.
const CHUNK: usize = 32 << 10;

/// The command.
pub static COMMAND: Command = Command {
    usage: "",
    about: "Proxy the stdio stream to the daemon connection. Should not be invoked manually.",
    aliases: &[],
    args: Args::None,
    flags: &[],
    interspersed: true,
    run: |invocation| Box::pin(run(invocation)),
};

async fn run(invocation: Invocation) -> Result<(), Exit> {
    let client = invocation.session.unconnected()?;
    let connected = client.dial().await;
    let (reader, writer) =
        connected.map_err(|why| Exit::failure(format!("failed to open the raw stream connection: {why}")))?;
    let sending = tokio::spawn(send(writer));
    let received = receive(reader).await;
    // Once the daemon has closed nothing more can be sent.
    sending.abort();
    received
}

/// Our input, then the end of this direction; what the daemon says goes on.
async fn send(mut writer: WriteHalf) {
    let mut chunks = input::stdin();
    while let Some(Ok(chunk)) = chunks.recv().await {
        if writer.write_all(&chunk).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
    let _ = writer.shutdown().await;
}

async fn receive(mut reader: ReadHalf) -> Result<(), Exit> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match reader.read(&mut chunk).await? {
            0 => return Ok(()),
            length => Stream::Out.write(&chunk[..length]).await?,
        }
    }
}
