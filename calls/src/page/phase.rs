//! What a call is doing on a page, as the slots keep it.

/// It is asked for at the provider.
pub(crate) const PLACE: &str = "place";
/// It hears something that ends by itself, or is asked for a digit.
pub(crate) const TALK: &str = "talk";
/// Somebody is rung, or speaks to the caller.
pub(crate) const DIAL: &str = "dial";
/// It records.
pub(crate) const RECORD: &str = "record";
/// Its audio is about to go to a socket.
pub(crate) const STREAM: &str = "stream";
/// It does.
pub(crate) const STREAMING: &str = "streaming";
/// That ended as it should.
pub(crate) const STREAM_DONE: &str = "stream_done";
/// The program at the other end could not be reached, or broke off.
pub(crate) const STREAM_FAILED: &str = "stream_failed";
/// This replica goes; another one takes the socket.
pub(crate) const STREAM_MOVED: &str = "stream_moved";
