//! The process from outside: configuration files, the HTTP edge, the command line.

/// Configuration files, good and bad.
mod configuration;
