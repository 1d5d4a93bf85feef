"""Studies of readouts: their rows, their training, and that nothing that happens changes either."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core import studies
from core.datasets import Source, listing
from core.errors import Cancelled
from core.inference import linear_probes
from core.inference.activations import ends
from core.inference.batching import redo
from core.inference.engine import Engine, Network
from core.inference.linear_probes import HEAD, Readout
from core.jobs.cancel import Cancel
from core.jobs.progress import Progress
from core.networks.card import NetworkCard
from core.statistics import tables
from core.studies import manifest, rows
from core.studies.summary import summary
from tests.support.counting import Counting
from tests.support.layered import NAMES
from tests.support.probed import study_of
from tests.support.runs import CENTRES, PAIRS, content, plain
from tests.support.stops import stopped_at

LAYERED = {"layer": "category", "depth": "float64"}

pytestmark = pytest.mark.usefixtures("one_thread")


def by_hand(engine: Engine, network: Network, frames: list[torch.Tensor]) -> dict[str, np.ndarray]:
    """Pooled features of every layer, by plain hooks on one frame at a time."""
    kept: dict[str, list[np.ndarray]] = {}
    for frame in frames:
        modules, hooks = network.watchable, []
        for deep in ends(network):

            def keep(_m: object, _i: object, maps: torch.Tensor, name: str = deep.layer.name) -> None:
                kept.setdefault(name, []).append(maps[0].double().mean((1, 2)).numpy())

            hooks.append(modules[deep.layer.name].register_forward_hook(keep))
        next(iter(engine.predict(network, [frame])))
        for hook in hooks:
            hook.remove()
    return {name: np.array(features, np.float32) for name, features in kept.items()}


def fitted(engine: Engine, network: Network, training: list[Source]) -> dict[str, Readout]:
    photos = [file.read() for file in training]
    labels = np.array([NAMES.index(str(photo.label)) for photo in photos])
    features = by_hand(engine, network, [network.card.preprocessing.centre(photo) for photo in photos])
    apart = linear_probes.held_out([photo.digest for photo in photos], labels, seed=0)
    return {
        deep.layer.name: linear_probes.fit(deep, features[deep.layer.name], labels, apart) for deep in ends(network)
    }


def test_rows_are_what_readouts_made_by_hand_say(
    whole: Path, place: Path, cards: list[NetworkCard], engine: Engine
) -> None:
    found = studies.read(whole)
    assert {name: str(kind) for name, kind in found.pairs.dtypes.items()} == PAIRS | LAYERED
    assert {name: str(kind) for name, kind in found.photographs.dtypes.items()} == CENTRES | LAYERED
    photos, protocol = {p.digest: p for p in (file.read() for file in listing(place / "test"))}, None
    for card in cards:
        network = engine.load(card)
        mine = found.pairs[found.pairs["network"] == card.key]
        made = fitted(engine, network, listing(place / "train"))
        layers = [*made, *([HEAD] if len(card.labels.names) == 3 else [])]  # type: ignore[union-attr]
        assert list(mine["layer"].astype(str)) == [name for _ in photos for name in layers for _ in range(2)]
        protocol = study_of(place).instances(card.size)[0]
        pairs = [(d, k, redo(p, protocol, network, seed=0, pair=k)) for d, p in photos.items() for k in range(2)]
        features = by_hand(engine, network, [f for *_, pair in pairs for f in (pair.before, pair.after)])
        for name, readout in made.items():
            p = readout.probabilities(features[name])
            before, after = p[0::2], p[1::2]
            shown = mine[mine["layer"] == name]
            assert list(zip(shown["digest"], shown["pair"], strict=True)) == [(d, k) for d, k, _ in pairs]
            assert list(shown["class_before"]) == before.argmax(1).tolist()
            assert list(shown["class_after"]) == after.argmax(1).tolist()
            led = np.arange(len(p) // 2), before.argmax(1)
            assert shown["p_before"].to_numpy() == pytest.approx(
                before[led], abs=1e-3
            )  # of features that round otherwise
            assert shown["p_after"].to_numpy() == pytest.approx(after[led], abs=1e-3)
            assert set(shown["depth"]) == {readout.deep.depth}
            names = [NAMES[k] for k in shown["label_index"]]
            assert names == [photos[d].label for d in shown["digest"]]
    record = found.readouts
    assert record is not None
    assert set(record["trained_on"]) == {24}
    assert set(record["held_out_n"]) == {3}
    assert set(found.manifest.files or {}) == {rows.RESULTS, rows.PHOTOGRAPHS, rows.READOUTS}
    assert found.manifest.training == {"used": 24, "skipped": []}
    assert found.manifest.photographs["training"]["given"] == 24


def test_an_own_head_answers_as_in_any_study(
    whole: Path, place: Path, cards: list[NetworkCard], engine: Engine, tmp_path: Path
) -> None:
    """The network that knows just these classes: the same pairs as of a study of protocols, its classes reordered."""
    study = studies.create("protocols", protocols=("crop",), pairs=2)
    studies.run(study, listing(place / "test"), cards[1:], tmp_path, engine=engine)
    plainly, found = studies.read(tmp_path).pairs, studies.read(whole).pairs
    own = found[found["layer"] == HEAD]
    assert set(own["network"]) == {cards[1].key}
    columns = ["digest", "pair", "x", "y", "p_before", "p_after", "changed", "kind", "feature_cosine"]
    assert plain(own[columns]) == plain(plainly[columns])
    assert list(own["class_before"]) == [2 - k for k in plainly["class_before"]]


def test_the_summary_has_a_record_a_layer(whole: Path) -> None:
    found = studies.read(whole)
    records = summary(found)
    assert [r["layer"] for r in records if r["network"] == "test/three"][-1] == HEAD
    right = tables.layer_accuracies(found.photographs)
    for r in records:
        mine = found.photographs[
            (found.photographs["network"] == r["network"]) & (found.photographs["layer"] == r["layer"])
        ]
        assert r["top1"] == pytest.approx(mine["right"].mean()) == right[r["network"], r["layer"]].top1
        assert (r["top1_n"], r["pairs"], r["photographs"]) == (18, 36, 18)
    assert max(r["top1"] for r in records if r["layer"] != HEAD) > 0.6  # they learned something


def test_fewer_photographs_are_a_prefix(
    whole: Path, place: Path, cards: list[NetworkCard], engine: Engine, tmp_path: Path
) -> None:
    studies.run(study_of(place), listing(place / "test")[:7], cards, tmp_path, engine=engine)
    part, full = studies.read(tmp_path), studies.read(whole)
    assert plain(part.pairs) == plain(full.pairs)[: len(part.pairs)]
    assert plain(part.photographs) == plain(full.photographs)[: len(part.photographs)]
    assert (tmp_path / rows.READOUTS).read_bytes() == (whole / rows.READOUTS).read_bytes()


def everything(folder: Path) -> dict[str, bytes]:
    return {**content(folder), rows.READOUTS: (folder / rows.READOUTS).read_bytes()}


def test_killed_at_every_file(
    whole: Path, place: Path, cards: list[NetworkCard], engine: Engine, tmp_path: Path
) -> None:
    for n in itertools.count():
        out = tmp_path / str(n)
        try:
            with stopped_at(n):
                studies.run(study_of(place), listing(place / "test"), cards, out, engine=engine)
            break
        except KeyboardInterrupt:
            pass
        studies.run(study_of(place), listing(place / "test"), cards, out, engine=engine)
        assert everything(out) == everything(whole), n
    # manifest; three parts of features; readouts of two networks; two files of two parts; three tables, manifest
    assert n == 1 + 3 + 2 + 2 * 2 + 3 + 1


def test_stopped_it_goes_on_and_computes_nothing_again(
    whole: Path, place: Path, cards: list[NetworkCard], tmp_path: Path
) -> None:
    cancel, told = Cancel(), list[Progress]()

    def stop(progress: Progress) -> None:
        told.append(progress)
        if progress.done >= 2 * 20:  # photographs of two blocks, on two networks
            cancel.request()

    sources = listing(place / "test")
    with pytest.raises(Cancelled):
        studies.run(study_of(place), sources, cards, tmp_path, engine=Engine("cpu"), progress=stop, cancel=cancel)
    assert told[-1].total == 2 * 24 + 2 * 2 * 18
    told.clear()
    studies.run(study_of(place), sources, cards, tmp_path, engine=Engine("cpu"), progress=told.append)
    assert told[0].done == 0
    assert told[1].done in (20, 40)  # of what is there, at once
    assert (told[-1].done, told[-1].total) == (2 * 24 + 2 * 2 * 18, 2 * 24 + 2 * 2 * 18)
    assert everything(tmp_path) == everything(whole)
    idle = Counting()
    studies.run(study_of(place), sources, cards, tmp_path, engine=idle)
    assert (idle.frames, idle.loads) == (0, 0)


def test_a_manifest_of_before_reads(whole: Path, tmp_path: Path) -> None:
    text = (whole / manifest.MANIFEST).read_text()
    held = manifest.read_manifest(whole)
    (tmp_path / manifest.MANIFEST).write_text(text.replace('"training": {\n  "used"', '"earlier": {\n  "used"'))
    assert manifest.read_manifest(tmp_path) == replace(held, training=None)
