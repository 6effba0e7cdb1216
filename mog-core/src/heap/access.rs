//! Objects: reading and making them.
