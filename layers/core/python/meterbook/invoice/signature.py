"""Whether a signature of the register is true, with the standard library alone.

The text of this module also stands in the verifier of a bundle, which runs without us: so it keeps
to Python 3.8 and imports nothing of ours.
"""

from __future__ import annotations

import hashlib

# A public key of RSA-3072 with the exponent 65537 has one form in DER (SubjectPublicKeyInfo): what
# stands before the 384 bytes of the modulus, and the exponent after them.
_BEFORE = bytes.fromhex("308201a2300d06092a864886f70d01010105000382018f003082018a0282018100")
_AFTER = bytes.fromhex("0203010001")
_MODULUS_BYTES = 384
_EXPONENT = 65537
# What PKCS#1 v1.5 puts before a SHA-256: the name of the algorithm.
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


def key_id(public_key: bytes) -> str:
    """By what a key is known, and what one compares with somebody: the sha256 of its DER."""
    return hashlib.sha256(public_key).hexdigest()


def is_signed(digest: bytes, signature: bytes, public_key: bytes) -> bool:
    """Say whether the signature over a message with this SHA-256 was made by the key's owner.

    RSASSA-PKCS1-v1_5 with SHA-256; anything but a key of RSA-3072 has signed nothing.
    """
    modulus = _modulus(public_key)
    number = int.from_bytes(signature, "big")
    if len(signature) != _MODULUS_BYTES or number >= modulus:
        return False
    told = b"\x00" + _SHA256 + digest
    padded = b"\x00\x01" + b"\xff" * (_MODULUS_BYTES - 2 - len(told)) + told
    return pow(number, _EXPONENT, modulus).to_bytes(_MODULUS_BYTES, "big") == padded


def _modulus(public_key: bytes) -> int:
    """The modulus, 0 for what is no such key."""
    modulus = public_key[len(_BEFORE) : -len(_AFTER)]
    known = public_key == _BEFORE + modulus + _AFTER and len(modulus) == _MODULUS_BYTES
    return int.from_bytes(modulus, "big") if known and modulus[0] >= 0x80 else 0
