//! Moving house: everything that a store holds, in a form that every engine reads out and takes in.

pub(crate) mod digest;
pub(crate) mod row;
pub(crate) mod tables;
