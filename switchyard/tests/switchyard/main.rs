//! The product's own tests: the rules of the house, and the real program from outside.

mod house;
