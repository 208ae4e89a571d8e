//! The values of the API: tokens and accounts, operations, outcomes, return codes, errors.

#[macro_use]
pub(crate) mod named;

pub(crate) mod account;
pub mod codes;
pub(crate) mod desired;
pub(crate) mod encoded;
pub(crate) mod error;
pub(crate) mod key;
pub(crate) mod operation;
pub(crate) mod operator;
pub(crate) mod outcome;
pub(crate) mod request;
pub(crate) mod row;
pub(crate) mod text;
pub(crate) mod token;
