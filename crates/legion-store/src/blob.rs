//! Large bodies in files that are named by their content.
