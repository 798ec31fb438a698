//! A connection through `ssh`: the program's standard streams, joined to the daemon by `docker system dial-stdio` on the
//! other machine.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::process::{ChildStdin, ChildStdout, Command};

/// How much of what ssh complains is told, in bytes; docker's bound.
const COMPLAINT: u64 = 4096;

/// An address `ssh://[user@]host[:port][/path of the socket]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssh {
    user: String,
    host: String,
    port: String,
    path: String,
}

/// An address that is none; the texts are docker's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("ssh host connection is not valid: invalid SSH URL: {0}")]
pub struct SshError(String);

impl Ssh {
    /// Reads what stands behind `ssh://`.
    pub(crate) fn parse(rest: &str) -> Result<Ssh, SshError> {
        let refused = |text: String| Err(SshError(text));
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        if user.contains(':') {
            return refused("plain-text password is not supported".into());
        }
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (host, ""),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return refused("hostname is empty".into());
        }
        if !query.is_empty() {
            return refused(format!("query parameters are not allowed: {query:?}"));
        }
        if !fragment.is_empty() {
            return refused(format!("fragments are not allowed: {fragment:?}"));
        }
        if port.bytes().any(|byte| !byte.is_ascii_digit()) || authority.contains(char::is_whitespace) {
            return refused(format!("invalid address {authority:?}"));
        }
        Ok(Ssh { user: user.into(), host: host.into(), port: port.into(), path: path.into() })
    }

    /// The program's arguments, as docker's client gives them.
    fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> = ["-o ConnectTimeout=30", "-T"].map(String::from).into();
        for (flag, value) in [("-l", &self.user), ("-p", &self.port)] {
            if !value.is_empty() {
                arguments.extend([flag.into(), value.clone()]);
            }
        }
        arguments.extend(["--".into(), self.host.clone(), "docker".into()]);
        if !self.path.is_empty() {
            arguments.extend(["--host".into(), quoted(&format!("unix://{}", self.path))]);
        }
        arguments.extend(["system".into(), "dial-stdio".into()]);
        arguments
    }
}

/// The other machine's shell reads this.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/:._-+@%,=".contains(&byte);
    if text.bytes().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

impl fmt::Display for Ssh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ssh://")?;
        if !self.user.is_empty() {
            write!(f, "{}@", self.user)?;
        }
        if self.host.contains(':') { write!(f, "[{}]", self.host) } else { f.write_str(&self.host) }?;
        if !self.port.is_empty() {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

/// Makes a program the leader of a session of its own when it starts; the caller lends this.
pub type OwnSession = fn(&mut std::process::Command);

/// The running program. It ends with this.
pub(crate) struct Tunnel {
    /// Gone once our half is closed.
    input: Option<ChildStdin>,
    output: ChildStdout,
    /// How it ended: an error where it failed. Gone once that is told.
    ending: Option<Pin<Box<dyn Future<Output = io::Result<()>> + Send>>>,
}

impl Tunnel {
    pub(crate) fn open(ssh: &Ssh, own_session: Option<OwnSession>) -> io::Result<Tunnel> {
        let arguments = ssh.arguments();
        let mut command = std::process::Command::new("ssh");
        command.args(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C is the container's, not the connection's.
        if let Some(own_session) = own_session {
            own_session(&mut command);
        }
        let mut child = Command::from(command).kill_on_drop(true).spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::other("exec: \"ssh\": executable file not found in $PATH"),
            _ => io::Error::other(format!("exec: \"ssh\": {error}")),
        })?;
        let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("exec: \"ssh\": no streams"));
        };
        let complaint = tokio::spawn(async move {
            let mut text = Vec::new();
            let mut limited = errors.take(COMPLAINT);
            let _ = limited.read_to_end(&mut text).await;
            // What is beyond must not stop the program.
            let _ = tokio::io::copy(&mut limited.into_inner(), &mut tokio::io::sink()).await;
            String::from_utf8_lossy(&text).into_owned()
        });
        let ending = async move {
            let status = child.wait().await?;
            let complaint = complaint.await.unwrap_or_default();
            if status.success() {
                return Ok(());
            }
            let how = status.code().map_or_else(|| status.to_string(), |code| format!("exit status {code}"));
            Err(io::Error::other(format!(
                "command [ssh {}] has exited with {how}, make sure the URL is valid, and Docker 18.09 or later is \
                 installed on the remote host: stderr={complaint}",
                arguments.join(" ")
            )))
        };
        Ok(Tunnel { input: Some(input), output, ending: Some(Box::pin(ending)) })
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.output).poll_read(cx, buf))?;
        if buf.filled().len() > before || buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        // The output has ended: the program ends too, and its status says whether this is the end of the stream.
        self.poll_ending(cx)
    }
}

impl Tunnel {
    fn poll_ending(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(ending) = &mut self.ending else { return Poll::Ready(Ok(())) };
        let end = ready!(ending.as_mut().poll(cx));
        self.ending = None;
        Poll::Ready(end)
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        let Some(input) = &mut self.input else { return Poll::Ready(Err(broken())) };
        match ready!(Pin::new(input).poll_write(cx, data)) {
            // The program has gone; why is worth more than that.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                Poll::Ready(ready!(self.poll_ending(cx)).and(Err(broken())))
            }
            written => Poll::Ready(written),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.input {
            Some(input) => Pin::new(input).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.input = None;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_gets_dockers_arguments() {
        let arguments = |address: &str| Ssh::parse(address).unwrap().arguments().join("|");
        assert_eq!(arguments("h"), "-o ConnectTimeout=30|-T|--|h|docker|system|dial-stdio");
        assert_eq!(
            arguments("u@h:2222/run/x.sock"),
            "-o ConnectTimeout=30|-T|-l|u|-p|2222|--|h|docker|--host|unix:///run/x.sock|system|dial-stdio"
        );
        assert!(arguments("u@[::1]:5").contains("-p|5|--|::1|docker"));
        assert!(arguments("h/a;rm -rf '").contains(r"|'unix:///a;rm -rf '\'''|"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let refusal = |address: &str| Ssh::parse(address).unwrap_err().0;
        assert_eq!(refusal("u:p@h"), "plain-text password is not supported");
        assert_eq!(refusal(""), "hostname is empty");
        assert_eq!(refusal("u@:22"), "hostname is empty");
        assert_eq!(refusal("h?x=1"), "query parameters are not allowed: \"x=1\"");
        assert_eq!(refusal("h#f"), "fragments are not allowed: \"f\"");
        assert_eq!(refusal("h:x"), "invalid address \"h:x\"");
    }

    #[test]
    fn addresses_are_printed_as_given() {
        for address in ["h", "u@h:22/run/x.sock", "u@[::1]:5"] {
            assert_eq!(Ssh::parse(address).unwrap().to_string(), format!("ssh://{address}"));
        }
    }
}
