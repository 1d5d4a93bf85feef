"""Parameters of the pages' addresses, read from the source: widgets bound to them, and uses of ``st.query_params``.

Files are found by walking, constants by their name and arguments by the calls of their function, wherever these stand.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

BOUND = "query-params"
UNKNOWN = "*"  # a name that only a run of the page tells
Function = ast.FunctionDef


class Sources:
    """All modules of the dashboard, parsed."""

    def __init__(self, root: Path) -> None:
        files = [root / "app.py", *sorted((root / "pages").rglob("*.py"))]
        self._modules = [ast.parse(file.read_text("utf-8"), str(file)) for file in files]
        self._constants: dict[str, set[str]] = {}
        for module in self._modules:
            for node in module.body:
                for name, value in _assigned(node):
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        self._constants.setdefault(name, set()).add(value.value)

    def bound(self) -> dict[str, list[str]]:
        """Map the name of each parameter that is bound to a widget to the kinds of widget that it is bound to."""
        found: dict[str, set[str]] = {}
        for module in self._modules:
            shared = {name for node in ast.walk(module) for name, value in _assigned(node) if _binds(value)}
            for function, call in _calls(module):
                if any(_bound(keyword, shared) for keyword in call.keywords):
                    key = next((k.value for k in call.keywords if k.arg == "key"), None)
                    for name in self._names(key, function):
                        found.setdefault(name, set()).add(ast.unparse(call.func).split(".")[-1])
        return {name: sorted(kinds) for name, kinds in sorted(found.items())}

    def by_hand(self) -> dict[str, list[str]]:
        """Map each way in which ``st.query_params`` is used to the names that it is used for."""
        found: dict[str, set[str]] = {}
        for module in self._modules:
            for function, node in _within(module):
                match node:
                    case ast.Call(func=ast.Attribute(value=about, attr=how), args=[name, *_]) if _query(about):
                        found.setdefault(how, set()).update(self._names(name, function))
                    case ast.Subscript(value=about, slice=name) if _query(about):
                        how = "set" if isinstance(node.ctx, ast.Store) else type(node.ctx).__name__.lower()
                        found.setdefault(how, set()).update(self._names(name, function))
        return {how: sorted(names) for how, names in sorted(found.items())}

    def _names(self, value: ast.expr | None, function: Function | None) -> set[str]:
        """Every text that an expression can be, as far as the source tells."""
        match value:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.JoinedStr(values=parts):
                return {"".join(p.value if isinstance(p, ast.Constant) else UNKNOWN for p in parts)}  # type: ignore[misc]
            case ast.Attribute(attr=name):
                return self._constants.get(name, {UNKNOWN})
            case ast.Name(id=name):
                given = [] if function is None else [a.arg for a in (*function.args.args, *function.args.kwonlyargs)]
                if function is not None and name in given:
                    return self._arguments(function, name, given.index(name)) or {UNKNOWN}
                return self._constants.get(name, {UNKNOWN})
        return {UNKNOWN}

    def _arguments(self, function: Function, name: str, place: int) -> set[str]:
        """Give what that parameter of a function is in the calls of it."""
        found: set[str] = set()
        for module in self._modules:
            for outer, call in _calls(module):
                if ast.unparse(call.func).split(".")[-1] != function.name or outer is function:
                    continue
                named = next((k.value for k in call.keywords if k.arg == name), None)
                if named is not None or place < len(call.args):
                    found |= self._names(named or call.args[place], outer)
        return found


def _within(module: ast.AST, function: Function | None = None) -> Iterator[tuple[Function | None, ast.AST]]:
    """Every node, with the function that it stands in."""
    for node in ast.iter_child_nodes(module):
        yield function, node
        yield from _within(node, node if isinstance(node, Function) else function)


def _calls(module: ast.AST) -> Iterator[tuple[Function | None, ast.Call]]:
    return ((function, node) for function, node in _within(module) if isinstance(node, ast.Call))


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            yield name, value
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
            for target, value in zip(targets, values, strict=True):
                if isinstance(target, ast.Name):
                    yield target.id, value


def _binds(value: ast.expr) -> bool:
    """Tell whether it is a dictionary of keywords that bind."""
    if not isinstance(value, ast.Dict):
        return False
    pairs = zip(value.keys, value.values, strict=True)
    return any(_is(key, "bind") and _is(what, BOUND) for key, what in pairs)


def _bound(keyword: ast.keyword, shared: set[str]) -> bool:
    if keyword.arg == "bind":
        return _is(keyword.value, BOUND)
    return keyword.arg is None and ast.unparse(keyword.value).split(".")[-1] in shared


def _is(value: ast.expr | None, text: str) -> bool:
    return isinstance(value, ast.Constant) and value.value == text


def _query(value: ast.expr) -> bool:
    return ast.unparse(value) == "st.query_params"
