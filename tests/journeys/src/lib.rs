//! Journeys of customers over the built host: everything is in `tests/journeys`. Nothing is in here.
