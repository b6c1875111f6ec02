//! Messages: accepted, drained in order, moved forward.
