//! Tells the compiler of the condition that fuzzing engines set.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(fuzzing)");
}
