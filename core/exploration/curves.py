"""Answers along a path or a video, as curves for figures and as tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from ..experiments.figure_01_trajectories.figure import Curve
from ..images.video import corner
from ..networks.card import NetworkCard
from ..networks.probe import total_stride
from . import Answers, Exploration, Kind, VideoCurves


def curve(found: Exploration, kind: Kind, watched: str | None = None) -> list[Curve]:
    """Return the curves of one kind for a figure; ``watched`` None takes each network's own answer.

    That is its answer to the whole photograph.
    """
    return [c for c in _along(found, kind, watched) if c.watched]


def representations(found: Exploration, kind: Kind) -> list[Curve]:
    """Return, for networks without classes, the cosine of each frame's feature to the first frame's."""
    return [c for c in _along(found, kind, None) if not c.watched]


def _along(found: Exploration, kind: Kind, watched: str | None) -> Iterator[Curve]:
    for place, card in enumerate(found.cards):
        trace = found.traces.get((card.key, kind))
        if trace is not None:
            in_frame = trace.path.unit == "network" and trace.path.kind == "shift"
            stride = total_stride(found.networks[card.key].known_layers) if in_frame else None
            yield from _drawn(card, place, trace, trace.path.values, watched, stride)


def video_curves(found: VideoCurves, watched: str | None = None) -> dict[str, Curve]:
    """Return the curve of each network along a video, by its key: P of the class, or the cosine without classes."""
    return {
        card.key: drawn
        for place, card in enumerate(found.cards)
        if (track := found.tracks.get(card.key)) is not None
        for drawn in _drawn(card, place, track, track.times, watched)
    }


def _drawn(
    card: NetworkCard,
    place: int,
    answers: Answers,
    values: Sequence[float],
    watched: str | None,
    stride: int | None = None,
) -> Iterator[Curve]:
    """Yield the one curve of a network's answers; nothing before the first answer."""
    if card.labels is None:
        cosines = answers.cosines.tolist()
        if cosines:
            yield Curve(card.name, place, "", values[: len(cosines)], cosines, (), stride)
    elif len(p := answers.probabilities):  # read once: p may grow meanwhile
        top = p.argmax(1).tolist()
        own = card.labels.find(watched)
        index, names = answers.followed_class if own is None else own, card.labels.names
        yield Curve(
            card.name, place, names[index], values[: len(top)], p[:, index].tolist(), [names[k] for k in top], stride
        )


def curves_csv(found: Exploration) -> str:
    """Return one row for each frame of each curve, as CSV."""
    rows = []
    for (key, kind), trace in found.traces.items():
        for k, answer in enumerate(_frame_by_frame(found.networks[key].card, trace)):
            where = {"path": kind, "pixels": trace.path.values[k], "unit": trace.path.unit}
            rows.append({"photograph": found.photograph.digest, "network": key, **where, **answer})
    return as_csv(rows)


def video_csv(found: VideoCurves) -> str:
    """Return one row for each frame of a video and each network, as CSV."""
    rows = []
    for card in found.cards:
        if (track := found.tracks.get(card.key)) is not None:
            x, y = corner(found.clip, card.size, found.centre)
            where = {"x": x, "y": y, "side": card.size}
            for k, answer in enumerate(_frame_by_frame(card, track)):
                frame = {"frame": k, "seconds": track.times[k]}
                rows.append({"video": found.clip.digest, "network": card.key, **where, **frame, **answer})
    return as_csv(rows)


def _frame_by_frame(card: NetworkCard, answers: Answers) -> Iterator[dict[str, Any]]:
    """Yield a frame's arg-max, P of the class that is followed, and the cosine of its feature to the first frame's.

    A network without classes has the cosine alone.
    """
    labels, probabilities = card.labels, answers.probabilities
    for k, cosine in enumerate(answers.cosines.tolist()):
        row = {"class": "", "p": "", "top1": "", "p_top1": "", "feature_cosine": cosine}
        if labels is not None and k < len(probabilities):
            p, followed, top = probabilities[k], answers.followed_class, int(probabilities[k].argmax())
            row |= {"class": labels.names[followed], "p": float(p[followed])}
            row |= {"top1": labels.names[top], "p_top1": float(p[top])}
        yield row


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Return rows with the same keys as CSV; empty without rows."""
    buffer = io.StringIO()
    if rows:
        writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return buffer.getvalue()
