//! Background jobs: pushed in the transaction of what they belong to.

pub(crate) mod push;

pub use push::push;
