"""One machine stands in for the cloud: a DuckDB book, a folder of objects, an outbox file."""
