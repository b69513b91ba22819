//! Stories: the shipped operator, as its own process and with its own rights, on a real apiserver and the emulator.

mod apply;
mod controls;
mod edits;
mod lifecycle;
mod looks;
mod scene;
mod settled;
mod trees;
mod versions;
