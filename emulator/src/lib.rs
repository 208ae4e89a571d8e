//! A Tencent Push Notification Service on localhost.
