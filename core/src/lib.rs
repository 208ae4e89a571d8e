//! Tencent Push Notification Service (TPNS): account binding with honest outcomes.
