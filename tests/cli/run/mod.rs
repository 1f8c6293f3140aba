//! `olist run`: the main job, again and the same, all or nothing.

mod databases;
mod history;
mod newcomer;
mod partitions;
mod printed;
