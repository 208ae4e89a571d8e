//! Linker settings of the shared library.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // A plain cdylib has no SONAME.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libxgpush.so.0");
        // Thread-locals and threads make unloading a Rust library unsafe.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
