"""Check an invoice against what it was made from, offline.

    python verify.py [FOLDER] [--key KEY_ID] …

FOLDER is where the bundle was unpacked, the folder of this file unless another is named. With --key
the register must have been signed by keys of these ids and by no other; ask the seller for them.
Needs Python 3.8 or later and nothing else. Ends with 0 when everything holds, with 1 when something
does not, naming the file.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from meterbook.invoice.offline.amounts import check_lines, check_totals
from meterbook.invoice.offline.evidence import (
    check_document,
    check_register,
    check_seal,
    check_sums,
)
from meterbook.invoice.offline.ground import DOCUMENT, EVENTS, PROOF, REGISTER, SUMS, Bundle, Wrong
from meterbook.invoice.offline.usage import check_usage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence


def verify(read: Callable[[str], bytes], keys: Collection[str] = ()) -> Iterator[str]:
    """Check a bundle; each answer is something that holds. Errors: `Wrong`."""
    bundle = Bundle(read)
    yield from _naming(SUMS, check_sums(bundle))
    yield from _naming(REGISTER, check_register(bundle, keys))
    yield from _naming(REGISTER, check_seal(bundle))
    yield from _naming(DOCUMENT, check_document(bundle))
    yield from _naming(PROOF, check_lines(bundle))
    yield from _naming(DOCUMENT, check_totals(bundle))
    yield from _naming(EVENTS, check_usage(bundle))


def _naming(file: str, found: Iterator[str]) -> Iterator[str]:
    """What cannot even be read is wrong too, and the file is named."""
    try:
        yield from found
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
        raise Wrong(file, f"cannot be read: {error!r}") from error


def main(arguments: Sequence[str]) -> int:
    """Check, and say what was checked."""
    folders, keys = [], []
    words = iter(arguments)
    for word in words:
        if word == "--key":
            keys.append(next(words, ""))
        else:
            folders.append(Path(word))
    folder = folders[0] if folders else Path(__file__).resolve().parent
    try:
        for held in verify(lambda name: (folder / name).read_bytes(), keys):
            print("holds  " + held)
    except Wrong as wrong:
        print(f"WRONG  {wrong}")
        return 1
    print("Everything holds.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
