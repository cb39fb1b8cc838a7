"""From a frozen period to a numbered, sealed document."""
