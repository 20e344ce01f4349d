//! The gateway's books: cases, and properties over random histories with crashes.

mod books;
mod cases;
mod metered;
mod money;
