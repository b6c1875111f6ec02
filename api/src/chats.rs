//! Conversations: the list, the messages of one, and that it was read.

use utoipa_actix_web::service_config::ServiceConfig;

mod get;
mod list;
mod messages;
mod read;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_chats)
        .service(get::get_chat)
        .service(messages::list_chat_messages)
        .service(read::read_chat);
}
