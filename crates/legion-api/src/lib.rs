//! Wire types of the REST interface.
