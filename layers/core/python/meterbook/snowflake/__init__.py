"""The book on Snowflake. No account has seen this code yet: it has run against fakesnow only."""
