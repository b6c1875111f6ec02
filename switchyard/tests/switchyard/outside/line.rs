//! A line to a server that can be made slow, narrow, silent or dead, or forget connections, while they go over it.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the line does with what goes over it, each way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Manner {
    /// Carries it.
    Clear,
    /// Each piece takes so much longer.
    Slow(Duration),
    /// So many bytes a second.
    Narrow(u32),
    /// Nothing arrives and nobody is told: what is sent now is carried when this is over.
    Silent,
    /// Every connection is reset, and a new one as soon as it is made.
    Dead,
}

/// After so long a server finds that the client of a forgotten connection is gone.
const MISSED: Duration = Duration::from_secs(10);

/// A line on loopback; no new connection passes once the test ends.
pub(crate) struct Line {
    port: u16,
    state: watch::Sender<State>,
}

/// How a line is now, and how often it did what is done once to every connection that there is.
#[derive(Clone, Copy)]
struct State {
    manner: Manner,
    resets: u32,
    forgettings: u32,
}

impl Line {
    /// A line to a port of this machine, clear.
    pub(crate) async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, now) = watch::channel(State {
            manner: Manner::Clear,
            resets: 0,
            forgettings: 0,
        });
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(connection(near, server, now.clone()));
            }
        });
        Self { port, state }
    }

    /// Where it begins.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on.
    pub(crate) fn is(&self, manner: Manner) {
        self.state.send_modify(|state| state.manner = manner);
    }

    /// Resets every connection that there is; new ones pass.
    pub(crate) fn reset(&self) {
        self.state.send_modify(|state| state.resets += 1);
    }

    /// Forgets every connection that there is, as a firewall does: what either side sends is dropped for ever, and
    /// neither is told; new ones pass.
    pub(crate) fn forget(&self) {
        self.state.send_modify(|state| state.forgettings += 1);
    }
}

type Now = watch::Receiver<State>;

/// How carrying ended.
enum End {
    Closed,
    Reset,
    Forgotten,
}

async fn connection(mut near: TcpStream, server: u16, now: Now) {
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    let end = {
        let (near_in, near_out) = near.split();
        let (far_in, far_out) = far.split();
        let both = async {
            tokio::join!(
                carry(near_in, far_out, now.clone()),
                carry(far_in, near_out, now.clone())
            );
        };
        tokio::select! {
            () = both => End::Closed,
            end = ended(now.clone()) => end,
        }
    };
    match end {
        End::Closed => return,
        End::Reset => {}
        End::Forgotten => forgotten(&mut near, &mut far).await,
    }
    // A close that sends RST in place of FIN.
    near.set_zero_linger().unwrap();
    far.set_zero_linger().unwrap();
}

/// Drops what either side sends until the near one has given up and the far one has missed it.
async fn forgotten(near: &mut TcpStream, far: &mut TcpStream) {
    let given_up = async {
        dropped(near).await;
        tokio::time::sleep(MISSED).await;
    };
    let missed = async {
        dropped(far).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = given_up => {}
        () = missed => {}
    }
}

async fn dropped(side: &mut TcpStream) {
    tokio::io::copy(side, &mut tokio::io::sink()).await.ok();
}

/// Waits until the connections that there are shall be reset or forgotten.
async fn ended(mut now: Now) -> End {
    let before = *now.borrow_and_update();
    let is_reset = |now: &State| now.manner == Manner::Dead || now.resets != before.resets;
    let is_forgotten = |now: &State| now.forgettings != before.forgettings;
    // The line's end is the end of the test.
    match now.wait_for(|now| is_reset(now) || is_forgotten(now)).await {
        Ok(now) if is_forgotten(&now) => End::Forgotten,
        _ => End::Reset,
    }
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut now: Now) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let heard = now.wait_for(|now| now.manner != Manner::Silent).await;
        let manner = heard.map_or(Manner::Clear, |now| now.manner);
        // The delay itself is the fault.
        match manner {
            Manner::Slow(delay) => tokio::time::sleep(delay).await,
            Manner::Narrow(rate) => {
                let seconds = f64::from(u32::try_from(length).unwrap()) / f64::from(rate);
                tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            }
            Manner::Clear | Manner::Silent | Manner::Dead => {}
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
    to.shutdown().await.ok();
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::time::timeout;

    use super::*;

    /// A connection over a line to a server that sends back what it hears.
    async fn echo() -> (Line, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Line::to(listener.local_addr().unwrap().port()).await;
        tokio::spawn(async move {
            let (mut server, _) = listener.accept().await.unwrap();
            let (mut from, mut to) = server.split();
            tokio::io::copy(&mut from, &mut to).await.ok();
        });
        let client = TcpStream::connect(("127.0.0.1", line.port()))
            .await
            .unwrap();
        (line, client)
    }

    async fn asked(client: &mut TcpStream) -> std::io::Result<Duration> {
        let start = Instant::now();
        client.write_all(b"are you there").await?;
        let mut answer = [0; 13];
        client.read_exact(&mut answer).await?;
        assert_eq!(&answer, b"are you there");
        Ok(start.elapsed())
    }

    #[tokio::test]
    async fn a_line_is_clear_slow_and_narrow() {
        let (line, mut client) = echo().await;
        asked(&mut client).await.unwrap();
        line.is(Manner::Slow(Duration::from_millis(60)));
        assert!(asked(&mut client).await.unwrap() > Duration::from_millis(120));
        line.is(Manner::Narrow(130));
        assert!(asked(&mut client).await.unwrap() > Duration::from_millis(200));
    }

    #[tokio::test]
    async fn nothing_passes_a_silent_line_and_nothing_is_lost_on_it() {
        let (line, mut client) = echo().await;
        line.is(Manner::Silent);
        client.write_all(b"hello").await.unwrap();
        let mut answer = [0; 5];
        let waiting = timeout(Duration::from_millis(150), client.read_exact(&mut answer)).await;
        assert!(waiting.is_err());
        line.is(Manner::Clear);
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"hello");
    }

    #[tokio::test]
    async fn a_line_forgets_the_connections_that_there_are_and_tells_nobody() {
        let (line, mut client) = echo().await;
        asked(&mut client).await.unwrap();
        line.forget();
        client.write_all(b"hello").await.unwrap();
        let mut answer = [0; 5];
        let waiting = timeout(Duration::from_millis(150), client.read(&mut answer)).await;
        assert!(waiting.is_err());
    }

    #[tokio::test]
    async fn a_dead_line_and_a_reset_are_heard_at_once() {
        let (line, mut client) = echo().await;
        asked(&mut client).await.unwrap();
        line.reset();
        let mut end = [0; 1];
        let error = client.read(&mut end).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);

        line.is(Manner::Dead);
        let mut late = TcpStream::connect(("127.0.0.1", line.port()))
            .await
            .unwrap();
        asked(&mut late).await.unwrap_err();
    }
}
