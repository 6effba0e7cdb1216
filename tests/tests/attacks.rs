//! Programs that break sandboxes, each a test of its own name: the answer must be a typed exit, in time.

fn main() {}
