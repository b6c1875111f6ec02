//! Frames on the WebSocket: the opening bytes, the length prefixes, and their sealing.

use anyhow::{Context as _, bail};
use bytes::BytesMut;
use tokio::net::TcpStream;
use tokio_websockets::WebSocketStream;
use wacore_binary::consts::WA_CONN_HEADER;
use wacore_binary::{Node, marshal, util};
use wacore_noise::NoiseCipher;
use wacore_noise::framing::{FrameDecoder, append_frame_into};

/// The connection under everything.
pub(crate) type Stream = WebSocketStream<TcpStream>;

/// Two bytes that announce routing information before the header, and the version byte after them.
const ROUTING_INTRO: [u8; 2] = *b"ED";

/// The longest opening that is read: routing information has some tens of bytes.
const LONGEST_INTRO: usize = 64 * 1024;

/// Cuts what arrives into frames, after the opening bytes are gone.
pub(crate) struct Incoming {
    intro: Option<Vec<u8>>,
    frames: FrameDecoder,
}

impl Incoming {
    /// For a connection that has said nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            intro: Some(Vec::new()),
            frames: FrameDecoder::new(),
        }
    }

    /// Takes bytes in; fails when a connection does not open like a WhatsApp client.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let Some(intro) = self.intro.as_mut() else {
            self.frames.feed(bytes);
            return Ok(());
        };
        intro.extend_from_slice(bytes);
        if intro.len() > LONGEST_INTRO {
            bail!("the connection does not come to its point");
        }
        let Some(rest) = after_intro(intro)? else {
            return Ok(());
        };
        self.frames.feed(rest);
        self.intro = None;
        Ok(())
    }

    /// The next whole frame.
    pub(crate) fn next(&mut self) -> Option<BytesMut> {
        self.frames.decode_frame()
    }
}

/// What follows the opening bytes; nothing while they are not whole.
fn after_intro(bytes: &[u8]) -> anyhow::Result<Option<&[u8]>> {
    let mut rest = bytes;
    if let Some(after) = rest.strip_prefix(&ROUTING_INTRO) {
        // A version of two bytes, a length of three, the routing information.
        let Some((length, after)) = after.get(2..).and_then(<[u8]>::split_first_chunk::<3>) else {
            return Ok(None);
        };
        let [high, middle, low] = *length;
        let length = usize::try_from(u32::from_be_bytes([0, high, middle, low]))?;
        let Some(after) = after.get(length..) else {
            return Ok(None);
        };
        rest = after;
    }
    if rest.len() < WA_CONN_HEADER.len() {
        return Ok(None);
    }
    let Some(rest) = rest.strip_prefix(&WA_CONN_HEADER) else {
        bail!("the connection does not open like a WhatsApp client");
    };
    Ok(Some(rest))
}

/// Opens frames in their order.
pub(crate) struct Opener {
    cipher: NoiseCipher,
    counter: u32,
}

impl Opener {
    /// Starts at the first frame after the handshake.
    pub(crate) fn new(cipher: NoiseCipher) -> Self {
        Self { cipher, counter: 0 }
    }

    /// The node in a frame; nothing when the frame is genuine and holds no node.
    pub(crate) fn open(&mut self, mut frame: BytesMut) -> anyhow::Result<Option<Node>> {
        self.cipher
            .decrypt_in_place_with_counter(self.counter, &mut frame)?;
        self.counter = self.counter.checked_add(1).context("too many frames")?;
        let Ok(bytes) = util::unpack_bytes(frame) else {
            return Ok(None);
        };
        Ok(marshal::unmarshal_ref(&bytes)
            .ok()
            .map(|node| node.to_owned()))
    }
}

/// Seals nodes in their order.
pub(crate) struct Sealer {
    cipher: NoiseCipher,
    counter: u32,
}

impl Sealer {
    /// Starts at the first frame after the handshake.
    pub(crate) fn new(cipher: NoiseCipher) -> Self {
        Self { cipher, counter: 0 }
    }

    /// Appends the frame of `node` to `out`.
    pub(crate) fn seal(&mut self, node: &Node, out: &mut Vec<u8>) -> anyhow::Result<()> {
        self.seal_bytes(&marshal(node)?, out)
    }

    /// Appends the frame of `plain`, which need not be a node, to `out`.
    pub(crate) fn seal_bytes(&mut self, plain: &[u8], out: &mut Vec<u8>) -> anyhow::Result<()> {
        let sealed = self.cipher.encrypt_with_counter(self.counter, plain)?;
        self.counter = self.counter.checked_add(1).context("too many frames")?;
        append_frame_into(&sealed, None, out)
    }
}

/// The opening bytes and length prefix for one frame of the handshake.
pub(crate) fn bare_frame(payload: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut frame = Vec::new();
    append_frame_into(payload, None, &mut frame)?;
    Ok(frame)
}
