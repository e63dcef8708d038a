//! Connections that the stand-in can break: a listener whose streams close on demand.
//!
//! A real provider fails on the wire, not only by status code. A handler that took [`Connection`]
//! can cut it instead of answering, and a whole stand-in can have an [`Outage`], in which even the
//! port may be closed: only then does a client know for certain that nothing arrived.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Between attempts to get the port back after an outage.
const REBIND_PAUSE: Duration = Duration::from_millis(20);

/// Whether the stand-in can be reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// It can.
    #[default]
    None,
    /// Every request is answered 503.
    Unavailable,
    /// Requests are read and the connection is closed without an answer.
    Closes,
    /// The port is closed; connections kept open from before close at their next request.
    Refuses,
}

/// Accepts on a TCP listener, which is closed while the outage [`Outage::Refuses`].
pub struct BreakableListener {
    tcp: Option<TcpListener>,
    address: SocketAddr,
    outage: watch::Receiver<Outage>,
}

impl BreakableListener {
    /// Takes over a bound listener.
    ///
    /// # Errors
    /// The listener has no local address.
    pub fn new(tcp: TcpListener, outage: watch::Receiver<Outage>) -> io::Result<Self> {
        let address = tcp.local_addr()?;
        Ok(Self {
            tcp: Some(tcp),
            address,
            outage,
        })
    }

    /// Keeps the port closed as long as the outage says so, then takes it back.
    async fn sit_out(&mut self) {
        if *self.outage.borrow_and_update() != Outage::Refuses {
            return;
        }
        self.tcp = None;
        // An error means that the stand-in is going away, and the caller with it.
        let _ = self
            .outage
            .wait_for(|outage| *outage != Outage::Refuses)
            .await;
    }

    async fn listening(&mut self) -> &mut TcpListener {
        while self.tcp.is_none() {
            match TcpListener::bind(self.address).await {
                Ok(tcp) => self.tcp = Some(tcp),
                Err(_) => tokio::time::sleep(REBIND_PAUSE).await,
            }
        }
        match &mut self.tcp {
            Some(tcp) => tcp,
            None => unreachable!("bound just above"),
        }
    }
}

/// A TCP stream that fails once its [`Connection`] was cut.
pub struct BreakableStream {
    tcp: TcpStream,
    cut: Arc<AtomicBool>,
}

/// The handle by which a request's handler breaks the connection it came on.
#[derive(Clone)]
pub struct Connection {
    cut: Arc<AtomicBool>,
}

impl Connection {
    /// Whatever is written from now on does not leave, and the client sees the connection close.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, BreakableListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, BreakableListener>) -> Self {
        Self {
            cut: Arc::clone(&stream.io().cut),
        }
    }
}

impl Listener for BreakableListener {
    type Io = BreakableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (BreakableStream, SocketAddr) {
        loop {
            self.sit_out().await;
            let mut outage = self.outage.clone();
            let tcp = self.listening().await;
            let (tcp, address) = tokio::select! {
                accepted = Listener::accept(tcp) => accepted,
                changed = outage.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => std::future::pending().await,
                },
            };
            // Without it small answers wait for the client's delayed acknowledgement.
            let _ = tcp.set_nodelay(true);
            return (
                BreakableStream {
                    tcp,
                    cut: Arc::default(),
                },
                address,
            );
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl BreakableStream {
    fn check(&self) -> io::Result<()> {
        match self.cut.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::ConnectionAborted.into()),
            false => Ok(()),
        }
    }
}

impl AsyncRead for BreakableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for BreakableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
