//! The vault: the sealed keys and ratchets of a session.
