//! Trunkline: sms.
