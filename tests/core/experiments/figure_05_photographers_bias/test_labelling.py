"""Labelling: nothing clicked is lost, and what follows from it equals slow references."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.stats import binom

from core.errors import BadFolder, BadLabels
from core.experiments.figure_05_photographers_bias.eyes_figure import distance_histogram, point_places
from core.experiments.figure_05_photographers_bias.labelling import (
    Event,
    Key,
    Labels,
    Log,
    Store,
    counts,
    file_name,
    fold,
    live,
    next_of,
    placed,
    points,
)
from core.experiments.figure_05_photographers_bias.labelling.events import AGAIN, NEXT, POINT, SKIP, UNDO, parsed
from core.experiments.figure_05_photographers_bias.labelling.places import (
    COLUMNS,
    LEAST,
    agreements,
    distances,
    median_interval,
    sentence,
    table,
)
from core.images.photographs import photograph
from core.images.png import dotted
from core.jobs.cancel import Cancel
from core.statistics.intervals import bootstrap
from core.storage.atomic_files import locked
from tests.support.basics import ROOT
from tests.support.drawn import text_below

EYES = ("left eye", "right eye")
_NUMBERS = count()


def event(kind: str = POINT, name: str = "a.png", point: str = "", **more: Any) -> Event:
    """One that nobody else has."""
    about = {"digest": f"of {name}", "width": 200, "height": 100, "labeller": "me", "root": "/d"}
    if kind == POINT:
        about["point"] = point or EYES[0]
    return Event(kind=kind, id=f"id {next(_NUMBERS)}", time="2026-11-30T12:00:00+00:00", name=name, **about | more)


def undo(of: Event) -> Event:
    return event(UNDO, of.name, undone=of.id)


def clicked(name: str, *at: tuple[float, float], labeller: str = "me", **more: Any) -> list[Event]:
    return [
        event(name=name, point=point, x=x, y=y, labeller=labeller, **more)
        for point, (x, y) in zip(EYES, at, strict=False)
    ]


# Names


def test_points_have_names() -> None:
    assert points("left eye, right eye") == EYES
    assert points(" nose ") == ("nose",)
    assert points("œil gauche,左目, ear (tip)") == ("œil gauche", "左目", "ear (tip)")


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "a point without a name"),
        ("left,,right", "a point without a name"),
        ("eye, eye", "the point 'eye' twice"),
        ("<b>", "a point named '<b>'"),
        (41 * "x", "a point named"),
        (",".join(map(str, range(13))), "13 points"),
    ],
)
def test_points_that_cannot_be_clicked_are_refused(text: str, got: str) -> None:
    with pytest.raises(BadLabels, match=got):
        points(text)


def test_people_are_files() -> None:
    assert file_name(" Anna B. Smith-Jones ", "a labeller") == "anna b. smith-jones"
    composed, apart = (file_name(unicodedata.normalize(form, "Zoë"), "a labeller") for form in ("NFC", "NFD"))
    assert composed == apart


@pytest.mark.parametrize(
    "text",
    ["", "  ", "..", ".", "../x", "a/b", "a\\b", "/etc", ".hidden", "a\0b", "a\nb", "x.", "x ." + " y/", 41 * "x"],
)
def test_no_name_leads_out_of_its_folder(text: str, tmp_path: Path) -> None:
    store = Store(tmp_path / "set")
    for use in (lambda: Store.named(tmp_path, text), lambda: store.path(text), lambda: store.append(text, [event()])):
        with pytest.raises(BadLabels, match="Choose another name"):
            use()
    assert not list(tmp_path.iterdir())


# The store


def test_what_is_appended_is_read_by_whoever_comes(tmp_path: Path) -> None:
    store = Store.named(tmp_path, "Eyes")
    assert store.read("me") == Log()
    assert (store.labellers(), store.size("me")) == ([], 0)
    events = [event(name="ü/ä.png", label="dog", x=1 / 3, y=99.999), event(SKIP), event(NEXT, label=None)]
    store.append("me", events[:1])
    store.append("ME", events[1:])
    assert Store(tmp_path / "eyes").read("me") == Log(tuple(events))
    assert store.size("me") == store.path("me").stat().st_size


def test_labellers_are_kept_apart(tmp_path: Path) -> None:
    store, mine, hers = Store(tmp_path), clicked("a.png", (1, 2)), clicked("a.png", (3, 4), labeller="anna")
    store.append("me", mine)
    store.append("anna", hers)
    store.append("anna", [undo(hers[0])])
    assert store.labellers() == ["anna", "me"]
    assert fold(store.read("me").events)["/d", "a.png"].points[EYES[0]].x == 1
    assert not fold(store.read("anna").events)


def test_a_line_torn_at_any_byte_costs_itself_alone(tmp_path: Path) -> None:
    store, path = Store(tmp_path), tmp_path / "me.jsonl"
    first, torn, later = event(), event(name="ü.png"), event(name="c.png")
    store.append("me", [first])
    start = store.size("me")
    line = torn.line()
    for cut in range(len(line)):
        path.write_bytes(first.line() + line[:cut])
        whole = cut == len(line) - 1  # but for the line's end
        kept = (first, torn) if whole else (first,)
        assert store.read("me") == Log(kept, int(cut > 0 and not whole))
        store.append("me", [later])
        assert store.read("me") == Log((*kept, later), int(cut > 0 and not whole))
        assert path.read_bytes().startswith(first.line() + line[:cut])  # nothing is rewritten
        assert path.read_bytes().endswith(b"\n" + later.line())
    assert start == len(first.line())


def test_a_process_that_dies_has_saved_what_it_said(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib\n"
        "from core.experiments.figure_05_photographers_bias.labelling import Event, Store\n"
        "one = Event(kind='skip', id='1', labeller='me', time='', root='/d', name='a.png')\n"
        f"Store(pathlib.Path({str(tmp_path)!r})).append('me', [one])\n"
        "os.write(1, b'saved')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (-9, b"saved"), done.stderr
    assert [one.kind for one in Store(tmp_path).read("me").events] == [SKIP]
    Store(tmp_path).append("me", [event()])  # its lock died with it
    assert len(Store(tmp_path).read("me").events) == 2


def test_tabs_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    events = [[event(name=f"{tab} {k}.png", point="x" * 3000) for k in range(8)] for tab in range(3)]

    def write(mine: Sequence[Event]) -> None:
        for one in mine:
            store.append("me", [one])

    with ThreadPoolExecutor(3) as tabs:
        list(tabs.map(write, events))
    log = store.read("me")
    assert log.broken == 0
    for mine in events:
        assert [one for one in log.events if one in mine] == mine
    assert len(log.events) == 24


def test_who_comes_second_waits(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.append("me", [event()])
    before = store.size("me")
    second = threading.Thread(target=lambda: store.append("me", [event()]))
    with locked(store.path("me"), Cancel(), "the test"):
        second.start()
        second.join(0.3)
        assert second.is_alive()
        assert store.size("me") == before
    second.join(10)
    assert len(store.read("me").events) == 2


def test_a_disk_that_does_not_take_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "set")
    store.append("me", [event()])

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(BadFolder, match="No space left on device"):
            store.append("me", [event()])
    store.append("me", [event()])  # and the lock is free
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFolder, match="wanted to save what was clicked"):
        Store(tmp_path / "file").append("me", [event()])
    (tmp_path / "set" / "folder.jsonl").mkdir()
    with pytest.raises(BadFolder, match="wanted to read the labels"):
        store.read("folder")


GOOD = event(x=3.5, y=2, label="dog")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "jump"},
        {"x": "3"},
        {"x": -0.1},
        {"x": 200.1},
        {"y": 100.5},
        {"x": float("nan")},
        {"y": float("inf")},
        {"point": ""},
        {"width": 2.5},
        {"name": None},
        {"label": 3},
    ],
)
def test_what_no_labeller_wrote_is_no_event(change: dict[str, Any]) -> None:
    assert parsed(GOOD.line()) == GOOD
    assert parsed(replace(GOOD, **change).line()) is None


@pytest.mark.parametrize(
    "line", [b"3", b"[]", b"{}", b"\xff\xfe", b"null", 5000 * b"[", GOOD.line().replace(b'"x"', b'"z"')]
)
def test_other_lines_are_passed_over(line: bytes, tmp_path: Path) -> None:
    (tmp_path / "me.jsonl").write_bytes(line + b"\n" + GOOD.line() + line)
    assert Store(tmp_path).read("me") == Log((GOOD,), 2)


# What follows from events


def slow(acts: Sequence[Event]) -> dict[Key, tuple[dict[str, float], str]]:
    """Acts that were not undone → photograph → x by point, and how it was closed: step by step."""
    state: dict[Key, tuple[dict[str, float], str]] = {}
    for act in acts:
        xs, closed = state.get(act.key, ({}, ""))
        if act.kind == POINT:
            state[act.key] = {**xs, act.point: act.x}, closed
        elif act.kind == AGAIN:
            state.pop(act.key, None)
        else:
            state[act.key] = xs, act.kind
    return state


def test_events_fold_as_they_were_done() -> None:
    rng = np.random.default_rng(1)
    undone = 0
    for _ in range(200):
        events, acts = list[Event](), list[Event]()
        for _ in range(rng.integers(25)):
            kind = str(rng.choice([POINT, POINT, POINT, NEXT, SKIP, AGAIN, UNDO]))
            if kind == UNDO:
                if acts:
                    events.append(undo(acts.pop()))
                    undone += 1
                continue
            one = event(kind, f"{rng.integers(3)}.png", str(rng.choice(EYES)), x=float(rng.uniform(0, 200)))
            acts.append(one)
            events.append(one)
        found = {key: ({n: e.x for n, e in one.points.items()}, one.closed) for key, one in fold(events).items()}
        assert found == slow(acts)
        assert live(events) == acts
        again = [*events, *events[len(events) // 2 :]]  # what arrives twice counts once
        assert live(again) == acts
    assert undone > 100


def test_the_next_photograph_is_the_first_with_something_left() -> None:
    order = [("/d", f"{k}.png") for k in range(5)]
    left = clicked("0.png", (1, 1))
    both, skip, rest = clicked("1.png", (1, 1), (2, 2)), event(SKIP, "2.png"), event(NEXT, "3.png")
    labels = fold([*left, *both, skip, rest])
    assert next_of(order, labels, EYES) == order[0]
    assert next_of(order, labels, EYES[:1]) == order[4]
    assert next_of(order, labels, EYES, {order[0]}) == order[4]
    assert next_of(order[1:4], labels, EYES) is None
    assert next_of(order, fold([*left, *both, skip, rest, undo(both[1])]), EYES, {order[0]}) == order[1]
    assert next_of(order, {}, EYES) == order[0]
    assert counts(set(order), labels, EYES) == (2, 1)
    assert counts(set(order), labels, EYES[:1]) == (3, 1)
    assert counts({order[3]}, labels, EYES) == (1, 0)
    assert Labels().ended(EYES) is False


def test_a_click_is_a_place_in_the_photograph() -> None:
    assert [placed(share, 480) for share in (0, 0.5, 1, 1 / 3)] == [0, 240, 480, 160]
    for share in (-0.01, 1.01, float("nan"), float("inf"), "0.5", None):
        with pytest.raises(BadLabels, match="a share of the picture"):
            placed(share, 480)


# Tables


def invented(photographs: int = 12, labellers: Sequence[str] = ("me",), seed: int = 0) -> pd.DataFrame:
    """Points of so many photographs, by each labeller."""
    rng = np.random.default_rng(seed)
    said = {
        who: fold(
            [
                one
                for k in range(photographs)
                for one in clicked(f"{k}.png", *rng.uniform((20, 20), (180, 80), (2, 2)), labeller=who, label="dog")
            ]
        )
        for who in labellers
    }
    return table(said)


def test_a_row_a_point_and_none_of_skipped_photographs() -> None:
    mine = [*clicked("a.png", (50, 25), (100, 30)), *clicked("b.png", (1, 2)), event(SKIP, "b.png")]
    found = table({"me": fold(mine), "anna": fold(clicked("c.png", (20, 75), labeller="anna", label="dog"))})
    assert tuple(found.columns) == COLUMNS
    again = pd.read_csv(io.StringIO(found.to_csv(index=False)))
    assert again[["photograph", "labeller", "point", "x", "y", "x_share", "y_share"]].to_numpy().tolist() == [
        ["a.png", "me", "left eye", 50, 25, 0.25, 0.25],
        ["a.png", "me", "right eye", 100, 30, 0.5, 0.3],
        ["c.png", "anna", "left eye", 20, 75, 0.1, 0.75],
    ]
    assert again[["width", "height"]].drop_duplicates().to_numpy().tolist() == [[200, 100]]
    assert table({}).empty


def test_distances_and_agreement_are_those_of_a_slow_loop() -> None:
    found = invented(9, ("me", "anna"))
    at = {(r.labeller, r.photograph, r.point): (r.x, r.y) for r in found.itertuples()}
    apart = distances(found, *EYES)
    assert len(apart) == 18
    for row in apart.itertuples():
        (x, y), (u, v) = (at[row.labeller, row.photograph, eye] for eye in EYES)
        assert row.distance == pytest.approx(((x - u) ** 2 + (y - v) ** 2) ** 0.5 / 200)
    (one,) = agreements(found)
    means = []
    for k in range(9):
        mine, hers = ([at[who, f"{k}.png", eye] for eye in EYES] for who in ("me", "anna"))
        means.append(np.mean([np.hypot(a[0] - b[0], a[1] - b[1]) for a, b in zip(mine, hers, strict=True)]))
    ordered = sorted(means)
    assert (one.first, one.second, one.n) == ("anna", "me", 9)
    assert one.median == pytest.approx(ordered[4])
    assert one.interval == pytest.approx((ordered[1], ordered[7]))  # n = 9: the second and the second last
    alone = found[(found["labeller"] == "me") | (found["photograph"] == "3.png")]
    assert [(a.n, a.interval) for a in agreements(alone)] == [(1, None)]
    assert not agreements(found[found["labeller"] == "me"])


def test_the_interval_of_a_median_holds_it_often_enough() -> None:
    for n in range(1, 60):
        interval = median_interval(np.arange(n, dtype=float)[::-1].copy())
        holds = [1 - 2 * binom.cdf(k, n, 0.5) for k in range((n + 1) // 2)]  # when k are left out at either end
        enough = [k for k, chance in enumerate(holds) if chance >= 0.95]
        assert interval == ((enough[-1], n - 1 - enough[-1]) if enough else None)


def test_the_sentence_follows_the_numbers() -> None:
    assert sentence(table({}), EYES) == "Nothing is labelled yet."
    few = invented(LEAST - 1)
    assert f"over n = {LEAST - 1} photographs (means; an interval needs {LEAST} photographs): " in sentence(few, EYES)
    assert "[" not in sentence(few, EYES)
    one = invented(1)
    assert "over n = 1 photograph (" in sentence(one, EYES)
    found = invented(40, ("me", "anna"))
    said, left = sentence(found, EYES), found[found["point"] == "left eye"]
    units = pd.factorize(left["digest"])[0]
    low, high = bootstrap(left["x_share"].to_numpy(float), units, seed=0) or (0, 0)
    assert "over n = 40 photographs (means with 95 % intervals, a bootstrap of photographs): " in said
    assert f"the left eye lies at {left['x_share'].mean():.2f} [{low:.2f}, {high:.2f}] across and " in said
    assert f"the right eye are {distances(found, *EYES)['distance'].mean():.2f} [" in said
    (pair,) = agreements(found)
    assert said.endswith(f" On the same photographs {pair}.")
    assert f"anna and me click {pair.median:.1f} px apart (median; 95 % interval " in said
    assert "right eye" not in sentence(found, EYES[:1])
    assert "apart" not in sentence(found[found["labeller"] == "me"], EYES[:1])


# Figures


def test_figures_hold_the_points() -> None:
    found = invented(15, ("me", "anna"))
    fig = point_places(found, EYES)
    for trace, eye in zip(fig.data, EYES, strict=True):
        mine = found[found["point"] == eye]
        assert (trace.name, list(trace.x), list(trace.y)) == (eye, list(mine["x_share"]), list(mine["y_share"]))
    assert tuple(fig.layout.yaxis.range) == (1, 0)  # down is down
    mine = found[found["point"] == "left eye"]
    assert f"left eye: standard deviation {mine['x_share'].std(ddof=0):.2f} across" in text_below(fig)
    assert "n = 15 photographs, labelled 30 times." in text_below(fig)
    fig, apart = distance_histogram(found, *EYES), distances(found, *EYES)["distance"]
    assert list(fig.data[0].y) == np.histogram(apart, 20, (0, 1))[0].tolist()
    assert f"mean {apart.mean():.2f}" in text_below(fig)


def test_no_distance_is_beyond_the_histogram() -> None:
    upright = {"width": 20, "height": 100}
    found = table({"me": fold(clicked("a.png", (10, 5), (10, 95), **upright))})  # 4.5 widths apart
    (bars,) = distance_histogram(found, *EYES).data
    assert (sum(bars.y), bars.x[list(bars.y).index(1)]) == (1, pytest.approx(4.475))
    (empty,) = distance_histogram(found[:1], *EYES).data
    assert sum(empty.y) == 0


def test_dots_stand_where_points_are() -> None:
    grey = photograph(Image.new("RGB", (400, 200), "#777777"), "grey")
    shown = Image.open(io.BytesIO(dotted(grey, [(100, 50, "#0072b2"), (300, 150, "#e69f00")], 200)))
    assert (shown.size, shown.format) == ((200, 100), "PNG")
    assert shown.getpixel((50, 25)) == (0, 0x72, 0xB2)
    assert shown.getpixel((150, 75)) == (0xE6, 0x9F, 0)
    assert shown.getpixel((100, 50)) == (0x77, 0x77, 0x77)
