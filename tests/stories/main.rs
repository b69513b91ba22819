//! Stories on a real apiserver.
