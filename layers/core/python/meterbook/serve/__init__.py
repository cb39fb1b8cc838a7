"""Serve: requests in, answers out. Who asks, what they may see, and how it is said in HTTP."""
