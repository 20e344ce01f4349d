//! The real agent programs complete their tool loops through the gateway, whatever dialect the provider speaks.

mod claude;
mod codex;
mod directory;
mod opencode;
mod script;
mod through;
