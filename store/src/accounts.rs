//! Businesses, users, members, user sessions, sign-in links and API keys.
