"""The verifier that travels in a bundle: Python 3.8, the standard library, nothing of ours."""
