//! Businesses, users, members, user sessions, sign-in links and API keys.

mod api_key;
mod api_keys;
mod business;
mod member;
mod password;
mod secret;
mod sign_in_link;
pub(crate) mod sql;
mod user_session;

pub use api_key::{
    ApiKey, MOST_KEYS, NewApiKey, api_key, api_key_by_id, create_api_key, key_used, revoke_api_key,
};
pub use api_keys::{ListedKey, api_keys};
pub use business::{
    Business, NewBusiness, User, business, create_business_with_owner, is_set_up, set_up,
};
pub use member::{NewMember, create_member, home, set_operator};
pub(crate) use member::{NewUser, insert_user};
pub use password::{Password, change_password, password};
pub(crate) use secret::generate_token;
pub use secret::{KEY_PREFIX, hash};
pub use sign_in_link::{create_sign_in_link, use_sign_in_link};
pub use user_session::{
    NewUserSession, Rotate, Rotation, UserSession, close_user_session, open_user_session, rotate,
    switch_business, user_session,
};
