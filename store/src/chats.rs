//! Chats: lists, reading, and what WhatsApp must still be told of it.
