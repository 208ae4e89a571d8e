//! Tables for the authors of bindings: names of numbers, return codes.

mod names;

mod codes;
