//! The options: one table with name, type, range, default and text. C setters,
//! Python keyword arguments, environment variables and the reference page come
//! from it.
//!
//! A new option is a row in `table.rs`, a field in `settings.rs`, and a row in
//! `core/tests/options.rs` that shows its effect.

mod config;
mod option;
mod reference;
mod service_link;
mod setters;
mod settings;
mod table;

pub use config::Config;
pub use option::ConfigOption;
pub use reference::reference;
pub use settings::{Durability, EngineDurability, OutboxRole};
pub(crate) use settings::{OutboxSettings, ReportsTo};
pub use table::OPTIONS;
