//! Contacts: people on WhatsApp, as one business knows them.
