"""Usage comes in: files and events become deliveries of CloudEvents."""
