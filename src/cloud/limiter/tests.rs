//! The limiter with tokio's clock, which the tests stop and advance.
