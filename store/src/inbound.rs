//! Inbound messages: recorded once, whatever arrives how often.
