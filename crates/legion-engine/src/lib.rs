//! The keeper of each project, and the hands that carry out its steps.
