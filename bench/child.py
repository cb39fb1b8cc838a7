"""One job in a process of its own: `python -m bench.child bench.room:job '{"argument": …}'`.

What the job gives back, and the memory it took, is printed as one line of JSON. A peer's python
runs its jobs the same way.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Run the job that the command line names."""
    module, _, job = sys.argv[1].partition(":")
    answer = getattr(import_module(module), job)(**json.loads(sys.argv[2]))
    print(json.dumps({"answer": answer, "peak_bytes": _peak_bytes()}))


def _peak_bytes() -> int:
    """The most memory that this program has held; `ru_maxrss` begins with that of its parent."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    main()
