//! The C ABI of xgpush.
