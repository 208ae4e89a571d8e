//! Prints the reference page of the return codes: `make docs` writes it to `docs/`.

#![allow(clippy::print_stdout, reason = "it is what it is for")]

fn main() {
    print!("{}", xgpush::codes::reference());
}
