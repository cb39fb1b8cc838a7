"""The verifier of a bundle as one file, put together from the modules that it is written in."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

_ROOM = Path(__file__).parent
# Each stands on those before it; the last is the program.
_PARTS = (
    "signature.py", "offline/ground.py", "offline/evidence.py", "offline/amounts.py",
    "offline/usage.py", "offline/program.py",
)  # fmt: skip


def single_file() -> str:
    """One module that imports nothing but the standard library."""
    texts = {part: (_ROOM / part).read_text("utf-8") for part in _PARTS}
    trees = {part: ast.parse(text) for part, text in texts.items()}
    nodes = [node for tree in trees.values() for node in tree.body]
    typing = [node for block in nodes if _is_typing(block) for node in ast.iter_child_nodes(block)]
    aliases = [ast.unparse(node) for node in typing if isinstance(node, ast.Assign)]
    opening = [
        f'"""{ast.get_docstring(trees[_PARTS[-1]], clean=False)}"""',
        "from __future__ import annotations",
        "\n".join(_imports(nodes)),
        "\n".join(["if TYPE_CHECKING:", *(f"    {t}" for t in (*_imports(typing), *aliases))]),
    ]
    return "\n\n".join([*opening, *(_body(part, texts[part], trees[part]) for part in _PARTS)])


def _is_typing(node: ast.stmt) -> bool:
    """Whether a statement holds names that only annotations use."""
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def _imports(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The imports among statements that are not of ours, each module's on one line."""
    whole: set[str] = set()
    names: set[tuple[str, str]] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            whole.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update((str(node.module), name.name) for name in node.names)
    yield from (f"import {name}" for name in sorted(whole))
    for module, of in groupby(sorted(names), key=lambda found: found[0]):
        if module.partition(".")[0] not in ("__future__", "meterbook"):
            yield f"from {module} import {', '.join(name for _, name in of)}"


def _body(part: str, text: str, tree: ast.Module) -> str:
    """What a module defines, below its imports."""
    *_, last = (n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom) or _is_typing(n))
    below = "\n".join(text.splitlines()[last.end_lineno :]).strip("\n")
    name = Path(part).stem
    return f"\n# ---- {name} {'-' * (92 - len(name))}\n\n{below}\n"
