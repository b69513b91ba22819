//! Stories: the shipped operator, as its own process and with its own rights, on a real apiserver and the emulator.

mod adoption;
mod drift;
mod kills;
mod lifecycle;
mod lost;
mod meddling;
mod outage;
mod removal;
mod scene;
mod trouble;
