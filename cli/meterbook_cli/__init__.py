"""The way in for a person: `meterbook …`."""
