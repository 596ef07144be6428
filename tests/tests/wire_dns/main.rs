//! The DNS hands against a strict Route 53, an S3, five ARC endpoints and a real name server, all on loopback.

mod drivers;
mod faults;
mod halfway;
mod scene;
mod setup;
mod switches;
mod traces;
