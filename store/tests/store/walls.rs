//! Row-level security, the second wall between businesses: what it must be, and that it stands where a statement forgets
//! whose rows it is about.

#[path = "walls/catalogue.rs"]
mod catalogue;
#[path = "walls/statements.rs"]
mod statements;
