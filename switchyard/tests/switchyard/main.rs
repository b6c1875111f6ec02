//! The product's own tests: the rules of the house, and the real program from outside.

mod faults;
mod house;
mod outside;
mod start_and_stop;
mod story;
