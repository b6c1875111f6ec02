//! Attempts to link a session to a phone, with the present code.
