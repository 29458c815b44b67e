//! Runs, configurations, metrics, artifacts and plugins over sqlx.
