"""The command line: ``python -m core …``. Results on stdout, progress on stderr, exit status 0, 1 (known error), 2."""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import BadFolder, BadProtocol, PhotobiasError
from core.folders import DataFolder

if TYPE_CHECKING:
    from PIL import Image

    from core.networks.card import NetworkCard


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a known error is one line on stderr."""
    chosen = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], None] = chosen.run
    try:
        run(chosen)
    except PhotobiasError as error:
        _say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        _say("stopped; what was finished is kept")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description="Photographer's Bias on the command line.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], None], about: str, where: Any = commands) -> Any:
        one = where.add_parser(name, help=about, description=about)
        one.set_defaults(run=run)
        one.add_argument("--data", type=Path, help="the data folder (default: PHOTOBIAS_DATA, else data/)")
        one.add_argument("--json", action="store_true", help="for machines")
        return one

    one = command("networks", _networks, "List the networks: key, whether the weights are here, MB, license, source.")
    what = one.add_mutually_exclusive_group()
    what.add_argument("--search", metavar="TEXT", help="list timm's networks whose names hold all these words")
    what.add_argument("--fetch", metavar="KEY", help="download the weights of one network")
    what.add_argument("--layers", metavar="KEY", help="name, kind, map and total stride of a network's layers")

    one = command("measure", _measure, "Sensitivity to a small step: P(top-1 change), mean absolute change, intervals.")
    one.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="photographs, folders of them, scenes:0-99")
    one.add_argument("--network", required=True, help="one key, or several with commas")
    one.add_argument("--protocol", default="all", help="crop, black, inpaint, scale, several with commas, or all")
    one.add_argument("--pairs", type=_whole, default=16, help="random pairs for each photograph (16)")
    one.add_argument("--seed", type=partial(_whole, least=0), default=0)
    one.add_argument("--step", type=_whole, help="pixels, 1 to 32 (1)")
    one.add_argument("--direction", choices=("diagonal", "right", "down"))
    one.add_argument("--unit", choices=("source", "network"), help="pixels that crop moves in (source)")
    one.add_argument("--side", type=_whole, help="embedded short side in network pixels (100 · S / 224)")
    one.add_argument("--reduce-to", type=_whole, metavar="PIXELS", help="first reduce the short side to this (375)")
    one.add_argument("--limit", type=_whole, help="only the first photographs")

    one = command("consistency", _consistency, "Adobe's consistency: how often two random crops of 224 agree.")
    one.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="photographs, folders of them, scenes:0-99")
    one.add_argument("--network", required=True, help="one key, or several with commas")
    one.add_argument("--seed", type=partial(_whole, least=0), default=0)
    one.add_argument("--limit", type=_whole, help="only the first photographs")

    one = command("typicality", _typicality, "Mean cosine to the nearest photographs of an index, and its percentile.")
    one.add_argument("photo", type=Path, metavar="PHOTO")
    one.add_argument("--index", type=Path, required=True, metavar="DIR")
    _query_options(one)

    index = commands.add_parser("index", help="Build, verify or search an index of features.")
    parts = index.add_subparsers(required=True, metavar="ACTION")
    one = command("build", _index_build, "Build an index from a folder; starting again goes on.", parts)
    one.add_argument("--photos", type=Path, required=True, metavar="DIR", help="a folder, or scenes:0-9999")
    one.add_argument("--network", required=True)
    one.add_argument("--out", type=Path, required=True, metavar="DIR")
    one.add_argument("--reference", type=Path, metavar="DIR", help="held-out photographs, for percentiles")
    one = command("verify", _index_verify, "Check every file of an index against its checksums.", parts)
    one.add_argument("index", type=Path, metavar="DIR")
    one = command("search", _index_search, "The nearest photographs of an index, the query's own included.", parts)
    one.add_argument("index", type=Path, metavar="DIR")
    one.add_argument("photo", type=Path, metavar="PHOTO")
    _query_options(one)

    scenes = commands.add_parser("scenes", help="Drawn photographs whose photographer's bias is known.")
    parts = scenes.add_subparsers(required=True, metavar="ACTION")
    one = command("render", _scenes_render, "One scene, as PNG.", parts)
    one.add_argument("--seed", type=partial(_whole, least=0), default=0)
    one.add_argument("--label", help="the class (default: drawn by the seed)")
    one.add_argument("--out", type=Path, required=True, metavar="FILE")
    one = command("sheet", _scenes_sheet, "A contact sheet of all classes, as PNG.", parts)
    one.add_argument("--seed", type=partial(_whole, least=0), default=0)
    one.add_argument("--per-class", type=_whole, default=8)
    one.add_argument("--out", type=Path, required=True, metavar="FILE")

    one = command("train", _train, "Train networks by a recipe; stopped, it goes on after the last whole epoch.")
    one.add_argument("recipes", nargs="+", metavar="RECIPE", help="names (resnet10.scenes, …) or TOML files")
    one.add_argument("--seeds", type=_seeds, default=(0,), help="one network for each: 0, or 0,1,2 (0)")
    one.add_argument("--small", action="store_true", help="a trial in under a minute: few scenes, two epochs")
    one.add_argument("--family", default="own", help="the key's first part (own)")

    one = command("bench", _bench, "Throughput, as ratios to raw forward passes measured in the same run.")
    one.add_argument("--network", help="a key whose weights are here (default: ResNet-50's architecture)")
    one.add_argument("--photos", type=Path, metavar="DIR", help="photographs for end to end (default: made for it)")
    one.add_argument("--rounds", type=_whole, default=5)
    return parser


def _query_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--k", type=_whole, default=10)
    one.add_argument("--network", help="refuse the index unless it was built with this network")


def _whole(text: str, least: int = 1) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"got {text!r}; wanted a whole number of at least {least}")
    return int(text)


def _seeds(text: str) -> tuple[int, ...]:
    return tuple(_whole(part, least=0) for part in text.split(","))


def _data(chosen: argparse.Namespace) -> DataFolder:
    return DataFolder(chosen.data) if chosen.data else DataFolder.default()


def _print(chosen: argparse.Namespace, value: Any, lines: Iterable[str]) -> None:
    """JSON in ASCII, so that no terminal, pipe or file name can spoil it; or lines for people."""
    print(json.dumps(value, indent=1) if chosen.json else "\n".join(lines))


def _say(text: str) -> None:
    """One line on stderr; on a terminal it takes the place of a progress line."""
    print(("\r\033[K" if sys.stderr.isatty() else "") + " ".join(text.splitlines()), file=sys.stderr)


def _networks(chosen: argparse.Namespace) -> None:
    from core.networks import listing, registry

    data = _data(chosen)
    if chosen.fetch:
        return _fetch(chosen, registry.get(chosen.fetch, data))
    if chosen.layers:
        rows = listing.layer_rows(registry.get(chosen.layers, data))
        return _print(chosen, rows, map(listing.layer_line, rows))
    if chosen.search is not None:
        rows = listing.found(chosen.search, data.weights)
        if not rows:
            _say(f"none of timm's names holds: {chosen.search}")
        return _print(chosen, rows, map(listing.line, rows))
    found, problems = registry.readable(data)
    for problem in problems:
        _say(f"warning: {problem}")
    rows = [listing.row(card) for card in found.values()]
    return _print(chosen, rows, map(listing.line, rows))


def _fetch(chosen: argparse.Namespace, card: NetworkCard) -> None:
    from core.downloads import digest_of
    from core.progress import Progress
    from core.provision import fetch_weights

    show = _Progress()

    def report(told: Progress | str) -> None:
        if isinstance(told, Progress):
            done, total = (round((n or 0) / 2**20) for n in (told.done, told.total))
            show("MB", done, total, told.rate / 2**20, told.seconds_left)

    file = fetch_weights(card)(report, threading.Event())
    digest = digest_of(card.remote, card.weights.parent) if card.remote else card.weights_digest
    _print(chosen, {"key": card.key, "file": str(file), "digest": digest}, [f"{card.key}: {file}"])


def _measure(chosen: argparse.Namespace) -> None:
    from core import measurements
    from core.networks import registry

    data = _data(chosen)
    cards = [registry.get(key, data) for key in chosen.network.split(",")]
    results = measurements.run(
        chosen.photos, cards, _protocols(chosen), pairs=chosen.pairs, seed=chosen.seed, short_side=chosen.reduce_to,
        limit=chosen.limit, progress=_Progress(), warn=lambda text: _say(f"warning: {text}"),
    )  # fmt: skip
    _print(chosen, results, map(_measure_line, results))


def _consistency(chosen: argparse.Namespace) -> None:
    from core import measurements
    from core.networks import registry

    data = _data(chosen)
    cards = [registry.get(key, data) for key in chosen.network.split(",")]
    results = measurements.consistencies(
        chosen.photos, cards, seed=chosen.seed, limit=chosen.limit, warn=lambda text: _say(f"warning: {text}")
    )
    lines = (
        f"{r['network']}  consistency {r['consistency']:.3f} [{r['consistency_interval'][0]:.3f}, "
        f"{r['consistency_interval'][1]:.3f}]  ({r['photographs']} photographs, two random crops of {r['size']} px "
        f"from the centre {r['resized_to']}; not a one-pixel rate)"
        for r in results
    )
    _print(chosen, results, lines)


def _measure_line(r: dict[str, Any]) -> str:
    measures = {"P(top-1 change)": ("p_top1_change", 3), "MAC": ("mean_absolute_change", 3)}
    if r["p_top1_change"] is None:  # a representation without classes
        measures = {"representation change": ("representation_change", 5)}
    texts = []
    for title, (name, digits) in measures.items():
        span = r[f"{name}_interval"]
        between = f" [{span[0]:.{digits}f}, {span[1]:.{digits}f}]" if span else ""
        texts.append(f"{title} {r[name]:.{digits}f}{between}")
    n = f"({r['pairs']} pairs, {r['photographs']} photographs, step {r['step']} {r['unit']} px {r['direction']})"
    return f"{r['network']}  {r['protocol']:8} {'  '.join(texts)}  {n}"


def _protocols(chosen: argparse.Namespace) -> list[Any]:
    from core import protocols

    names = protocols.names() if chosen.protocol == "all" else tuple(chosen.protocol.split(","))
    given = {k: v for k in ("step", "direction", "unit", "side") if (v := getattr(chosen, k)) is not None}
    used: set[str] = set()
    made = []
    for name in names:
        has = {field.name for field in fields(type(protocols.create(name)))}  # type: ignore[arg-type]
        used |= has & set(given)
        made.append(protocols.create(name, **{k: v for k, v in given.items() if k in has}))
    for unknown in sorted(set(given) - used):
        raise BadProtocol(
            got=f"--{unknown} {given[unknown]} with {', '.join(names)}", wanted="a setting that the protocol has",
            remedy=f"Leave --{unknown} out.",
        )  # fmt: skip
    return made


def _typicality(chosen: argparse.Namespace) -> None:
    from core import measurements

    result = measurements.typicality_of(chosen.photo, chosen.index, _data(chosen), k=chosen.k, network=chosen.network)
    if result["warning"]:
        _say(f"warning: {result['warning']}")
    place = "no reference queries" if result["percentile"] is None else (
        f"more typical than {result['percentile']:.0f} % of {result['references']} reference photographs"
    )  # fmt: skip
    lines = [
        f"typicality {result['typicality']:.4f} ({place}); {result['network']}, {result['rows']} photographs indexed",
        f"predicted {result['predicted']}: {result['indexed_of_predicted']} indexed photographs of that class",
        *(f"  {_neighbour_line(n)}" for n in result["neighbours"]),
    ]
    _print(chosen, result, lines)


def _neighbour_line(n: dict[str, Any]) -> str:
    return f"{n['cosine']:.4f}  {n['label'] or '':24} {n['path']}"


def _index_build(chosen: argparse.Namespace) -> None:
    from core.engine import Engine
    from core.index.build import build
    from core.networks import registry

    card, show = registry.get(chosen.network, _data(chosen)), _Progress()
    made = build(
        chosen.photos, card, Engine(), chosen.out, reference=chosen.reference,
        progress=lambda p: show("photographs", p.done, p.total, p.rate, p.seconds_left),
    )  # fmt: skip
    summary = {"index": str(chosen.out), "network": made.network, "rows": made.rows, "bad": made.bad,
               "reference": len(made.reference)}  # fmt: skip
    _print(chosen, summary, [", ".join(f"{name} {value}" for name, value in summary.items())])


def _index_verify(chosen: argparse.Namespace) -> None:
    from core.errors import IndexBroken
    from core.index.verify import verify

    problems = verify(chosen.index)
    _print(chosen, {"index": str(chosen.index), "problems": problems}, problems or ["whole"])
    if problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise IndexBroken(got=problems[0] + more, wanted="a whole index", remedy="Build it again to mend it.")


def _index_search(chosen: argparse.Namespace) -> None:
    from core import measurements

    found = measurements.search(chosen.photo, chosen.index, _data(chosen), k=chosen.k, network=chosen.network)
    _print(chosen, found, map(_neighbour_line, found))


def _scenes_render(chosen: argparse.Namespace) -> None:
    from core.scenes import render

    scene = render(chosen.seed, label=chosen.label)
    _save(scene.image(), chosen.out)
    _wrote(chosen, {"file": str(chosen.out), "seed": chosen.seed, "label": scene.label, "digest": scene.digest})


def _scenes_sheet(chosen: argparse.Namespace) -> None:
    from core.scenes import sheet

    _save(sheet(chosen.seed, per_class=chosen.per_class), chosen.out)
    _wrote(chosen, {"file": str(chosen.out), "seed": chosen.seed, "per_class": chosen.per_class})


def _train(chosen: argparse.Namespace) -> None:
    from core.training import recipe
    from core.training.make import make

    recipes = [recipe.get(name) for name in chosen.recipes]
    recipes = [one.small() for one in recipes] if chosen.small else recipes
    watch = _Watch(_Progress())
    made = []
    for card in make(recipes, chosen.seeds, _data(chosen), family=chosen.family, told=watch):
        made.append({"key": card.key, "top1": card.published["top1"], "weights": str(card.weights)})
        _say(f"{card.key}: top-1 {card.published['top1']:.3f} on held-out scenes")
    _print(chosen, made, (f"{m['key']:42} top-1 {m['top1']:.3f}  {m['weights']}" for m in made))


def _save(image: Image.Image, file: Path) -> None:
    try:
        image.save(file, "PNG")
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadFolder(got=f"{file} ({reason})", wanted="a file that can be written", remedy="Check --out.") from None


def _wrote(chosen: argparse.Namespace, what: dict[str, Any]) -> None:
    _print(chosen, what, [", ".join(f"{name} {value}" for name, value in what.items())])


def _bench(chosen: argparse.Namespace) -> None:
    from core import bench

    result = bench.run(_data(chosen), network=chosen.network, photos=chosen.photos, rounds=chosen.rounds)
    lines = (f"{k:32} {v:.3f}" if isinstance(v, float) else f"{k:32} {v}" for k, v in result.items())
    _print(chosen, result, lines)


class _Watch:
    """Turns bare counts into rate and time left, anew for each kind of work."""

    def __init__(self, show: _Progress) -> None:
        self._show, self._what, self._began, self._first = show, "", 0.0, 0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if what != self._what:
            self._what, self._began, self._first = what, now, done
        rate = (done - self._first) / max(now - self._began, 1e-9)
        self._show(what, done, total, rate, (total - done) / rate if rate else None)


class _Progress:
    """One line that is written over on a terminal; elsewhere a line at each tenth."""

    def __init__(self) -> None:
        self._last: tuple[str, int] | None = None

    def __call__(self, what: str, done: int, total: int, rate: float, left: float | None) -> None:
        now = what, 10 * done // max(total, 1)
        terminal = sys.stderr.isatty()
        if not total or (now == self._last and not terminal):
            return
        self._last = now
        remaining = "" if left is None else f", {left:.0f} s left"
        text = f"{what}: {done}/{total} ({rate:.1f}/s{remaining})"
        if terminal:
            print(f"\r\033[K{text}", end="\n" if done >= total else "", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr)
