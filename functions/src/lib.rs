//! All input and output of All Clear.
