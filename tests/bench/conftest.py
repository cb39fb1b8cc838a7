"""The benchmark lies beside the tests, not in the installed package: here it is found."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
