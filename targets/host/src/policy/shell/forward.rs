//! The other end of the way out of a sandbox: a process inside that commands take for their proxy.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::Semaphore;

use super::bubblewrap::exit_code;

/// Connections at once; more wait.
const AT_ONCE: usize = 32;

/// Runs a command to its end with a proxy for HTTP in its environment, and gives its exit code: 128 and the number of the
/// signal if one ended it. The proxy is this process, which passes every connection on to a Unix socket, unread. Inside of a
/// sandbox without a network that socket is the only way out.
///
/// # Errors
/// If the command cannot be started, or no connections can be taken.
pub fn forward(socket: &Path, command: impl IntoIterator<Item = OsString>) -> io::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = runtime.block_on(TcpListener::bind(address))?;
    let proxy = format!("http://{}", listener.local_addr()?);
    let socket = socket.to_path_buf();
    thread::Builder::new()
        .name("mog-forward".to_owned())
        .spawn(move || runtime.block_on(accept(&listener, socket)))?;
    let mut words = command.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
        command.env(name, &proxy);
    }
    Ok(exit_code(command.status()?))
}

async fn accept(listener: &TcpListener, socket: PathBuf) {
    let (room, socket) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::new(socket));
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        let socket = Arc::clone(&socket);
        tokio::spawn(async move {
            if let Ok(mut out) = UnixStream::connect(&*socket).await {
                // That somebody hangs up is how connections end.
                let _ = copy_bidirectional(&mut stream, &mut out).await;
            }
            drop(place);
        });
    }
}
