//! Exhaustive exploration of the production decisions: [`plan`](dataset_operator::plan::plan) and the protocol
//! memory run unchanged in a small world of objects, remotes, requests under way and operator processes. In this world
//! every fault happens, in every order.
//!
//! * [`world`] is the state, [`words`] translates it to production's terms and back.
//! * [`oracle`] asks `plan` each [`question`] and [`memory`] keeps the production memories; [`actor`] carries steps out,
//!   one effect at a time, and [`rows`] is the index; [`store`] is etcd, [`service`] the remote side.
//! * [`faults`], [`scenario`] and [`scenarios`] say what happens, [`model`] does it; [`properties`], [`audit`], [`compare`]
//!   and [`goal`] what must hold.
//! * [`graph`] looks for states that cannot come to rest, [`check`] runs it all, with stateright for the promises.
//!
//! A violation prints its shortest trace: in words, as actions, and as a story. `cargo run -p model -- --replay SCENARIO
//! FILE` steps through the actions in a file ([`replay`]) and prints each state. To make a test of one:
//!
//! * keep the actions in `tests/model/replays`, and name file and scenario in `tests/model/tests/explore/main.rs`;
//! * as a story (`tests/stories`) or a case of the simulation (`tests/simulation`): people's and the wire's lines are
//!   its steps and faults in the same order, and `DATASET_OPERATOR_CRASH="after X"` says where the operator ends.
//!
//! The remotes of a scenario are datasets, versions, or jobs, which carry their mark in a text, run and end.
//!
//! The model leaves out: remotes that are known by their names (`plan/marked/keyed.rs`) or carry no mark
//! (`plan/marked/unmarked.rs`), which have truth tables; deadlines and descriptions of jobs; the words of messages, labels of users, v1 of a dataset and its members, `PublishDataset`,
//! paging, the limiter, the events that wake an object (a pass may look at every object at any time), and the delay before
//! some reports are written.
#![allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::large_enum_variant,
    clippy::struct_excessive_bools,
    clippy::unnecessary_wraps,
    reason = "states are plain values, and all functions of a kind look alike"
)]
#![allow(clippy::wildcard_enum_match_arm, reason = "in a table of transitions the rest is what is not possible")]

pub mod actor;
pub mod answer;
pub mod audit;
pub mod check;
pub mod compare;
pub mod coverage;
pub mod faults;
pub mod goal;
pub mod graph;
pub mod look;
pub mod memory;
pub mod model;
pub mod oracle;
pub mod page;
pub mod properties;
pub mod question;
pub mod references;
pub mod replay;
pub mod rows;
pub mod scenario;
pub mod scenarios;
pub mod service;
pub mod store;
pub mod tell;
pub mod words;
pub mod world;
