"""The cloud's half of the ports: one module per AWS service, on clients that the plugs hand in.

All of it has run against moto alone; where moto lets pass what AWS refuses, a test says so.
"""

from __future__ import annotations

from botocore.config import Config

CLIENT_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=60
)
"""For every client: a request is repeated four times at most, and only where AWS allows it."""
