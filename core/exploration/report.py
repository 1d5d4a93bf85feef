"""Downloads of an exploration: tables, a record that reproduces every number, a self-contained page."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from ..experiments.figure_01_trajectories.figure import COSINE, P_CLASS, trajectory
from ..experiments.figure_02_protocols.figure import Bar, measures
from ..experiments.figure_07_08_typicality.axis import axis_name
from ..experiments.figure_07_08_typicality.figure import among_references
from ..images import protocols
from ..images.paths import way
from ..images.png import preview
from ..images.reduction import describe_reduction
from ..index.search import FeatureIndex
from ..index.typicality import Rating
from ..networks.card import Labels, NetworkCard
from ..studies.choices import interval_choices
from ..versions import software
from . import Exploration, Kind, Trace, measurements
from .curves import as_csv, curve, representations
from .summary import sentence

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;background:#fff;"
    "color:#1a1f27}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.2rem .7rem;text-align:left;"
    "border-bottom:1px solid #d9dee6}img{max-width:100%;height:auto}small{color:#555}"
)

HEADS = ("network", "protocol", "n pairs", "P(top-1 change)", "95 %", "mean |Δp|", "95 %", "representation change")


def stem(found: Exploration) -> str:
    """Return a file name for downloads: the photograph's name and the first digits of its digest."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", found.photograph.name.rsplit(".", 1)[0]).strip("-") or "photograph"
    return f"{name[:40]}-{found.photograph.digest[:8]}"


def pairs_csv(found: Exploration) -> str:
    """Return one row for each pair, as CSV."""
    rows = []
    for (key, name), outcomes in found.pairs.items():
        network = found.networks[key]
        labels = network.card.labels
        for o in outcomes:
            rows.append(
                {
                    "photograph": o.photograph,
                    "network": key,
                    "protocol": name,
                    "pair": o.pair,
                    "class_before": _name(labels, o.class_before),
                    "class_after": _name(labels, o.class_after),
                    "p_before": o.p_before,
                    "p_after": o.p_after,
                    "changed": "" if o.classless else int(o.changed),
                    "flip": o.flip or "",
                    "feature_cosine": o.feature_cosine,
                    "seed": found.settings.seed,
                    "step": found.settings.step,
                    "direction": found.settings.pair_direction,
                    "unit": found.settings.unit if name == "crop" else "network",
                }
            )
    return as_csv(rows)


def _name(labels: Labels | None, place: int | None) -> str:
    return "" if labels is None or place is None else labels.names[place]


def record(found: Exploration) -> dict[str, Any]:
    """Return settings, digests, software and results; sensitivities as ``core measure --json`` prints them."""
    s = found.settings
    note = describe_reduction([(found.photograph.width, found.photograph.height)], s.reduce_to)
    rating = found.rating
    return {
        "photograph": {
            "name": found.photograph.name,
            "digest": found.photograph.digest,
            "width": found.photograph.width,
            "height": found.photograph.height,
            "notes": [*found.photograph.notes, *filter(None, [note])],
        },
        "settings": {name: getattr(s, name) for name in s.__slots__},
        "networks": [_network(card) for card in found.cards],
        "complete": found.state == "done",
        "warnings": list(found.strange),
        "finding": sentence(found),
        "sensitivity": [
            measurements.record(
                found.engine,
                found.networks[key],
                s.protocol(name),
                measured,
                seed=s.seed,
                pairs=s.pairs,
                reduced_to=s.reduce_to if note else None,
            )
            for key, name in found.pairs
            if (measured := found.measured(key, name))
        ],
        "curves": [
            {"network": key, "path": kind, **_curve(trace)}
            for (key, kind), trace in found.traces.items()
            if len(trace.probabilities)
        ],
        "typicality": None if rating is None or found.index is None else _typicality(rating, found.index),
        "problems": {part: str(problem) for part, problem in found.problems.items()},
        "choices": interval_choices(),
        "device": found.engine.device_name,
        "precision": found.engine.precision,
        "software": software("faiss-gpu", "faiss-cpu"),
    }


def _network(card: NetworkCard) -> dict[str, Any]:
    return {
        "key": card.key,
        "weights_digest": card.weights_digest,
        "source": card.source,
        "license": card.license,
        "trained_on": card.trained_on,
        "preprocessing": card.preprocessing.as_dict(),
    }


def _curve(trace: Trace) -> dict[str, Any]:
    p, cosines = trace.probabilities, trace.cosines  # read once: they may grow meanwhile
    plain = {
        "unit": trace.path.unit,
        "description": trace.path.description,
        "pixels": list(trace.path.values[: len(p)]),
        "cosine_to_first": cosines[: len(p)].tolist(),
    }
    if not p.shape[1]:
        return plain
    return plain | {"top1": p.argmax(1).tolist(), "p_of_first_top1": p[:, p[0].argmax()].tolist()}


def _typicality(rating: Rating, index: FeatureIndex) -> dict[str, Any]:
    t, held = rating.typicality, index.manifest
    return {
        "typicality": t.value,
        "percentile": t.percentile,
        "other_classes": t.other_classes,
        "warnings": list(t.warnings),
        "k": t.k,
        "references": t.references,
        "predicted": rating.predicted,
        "confidence": rating.confidence,
        "indexed_of_predicted": rating.indexed_of_predicted,
        "neighbours": [{"label": n.label, "cosine": n.cosine, "path": n.path} for n in t.neighbours],
        "index": {
            "path": str(index.path),
            "plan": held.plan,
            "network": held.network,
            "weights_digest": held.weights_digest,
            "rows": held.rows,
            "dataset": held.dataset,
            **({"sample": str(held.sample)} if held.sample else {}),
        },
    }


def record_json(found: Exploration) -> str:
    """Return the record as JSON text."""
    return json.dumps(record(found), indent=1, ensure_ascii=False)


def html(found: Exploration) -> str:
    """Return one file with the photograph, every figure (interactive, savable as SVG), the tables and the record."""
    picture = base64.b64encode(preview(found.photograph, 480)).decode()
    parts = [
        f"<h1>{escape(found.photograph.name)}</h1>",
        *(f"<p><b>{escape(text)}.</b></p>" for text in found.strange),
        f"<p>{escape(sentence(found))}</p>",
        f'<img alt="the photograph" src="data:image/png;base64,{picture}">',
        *_figures(found),
        _table(found),
        _neighbours(found.rating),
        f"<details><summary>Record (enough to reproduce every number)</summary><pre>{escape(record_json(found))}</pre>"
        "</details>",
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
    title = f"<title>{escape(found.photograph.name)}: Photographer's Bias</title>"
    return f"<!doctype html><html lang=en><head>{head}{title}</head><body>{''.join(parts)}</body></html>"


def bars(found: Exploration) -> list[Bar]:
    """Return the measures so far, in the order of networks and protocols."""
    return [
        Bar(card.name, place, name, measured)
        for place, card in enumerate(found.cards)
        for name in protocols.names()
        if (measured := found.measured(card.key, name))
    ]


def _figures(found: Exploration) -> Iterable[str]:
    figures: list[tuple[str, Any]] = []
    axes: tuple[tuple[Kind, str], ...] = (
        ("shift", f"shift {way(found.settings.direction)} (px)"),
        ("size", "size (px)"),
    )
    for kind, axis in axes:
        for name, curves, measure in (
            (kind, curve(found, kind), P_CLASS),
            (f"{kind}, representation", representations(found, kind), COSINE),
        ):
            if curves:
                span = (curves[0].values[0], curves[0].values[-1])
                fig = trajectory(curves, axis=axis, span=span, strides=kind == "shift", measure=measure)
                figures.append((name, fig))
    measured = bars(found)
    figures += [(name, draw(measured, protocols.names())) for name, draw in measures(measured).items()]
    if found.index is not None and found.rating is not None and found.rating.typicality.percentile is not None:
        reference = [r.typicality for r in found.index.manifest.reference]
        by = axis_name(found.index.manifest.network)
        figures.append(("Typicality", among_references(found.rating.typicality.value, reference, by)))
    for number, (name, fig) in enumerate(figures):
        fig.update_layout(template="plotly_white")
        config = {"displaylogo": False, "toImageButtonOptions": {"format": "svg", "filename": f"{stem(found)}-{name}"}}
        yield f"<h2>{escape(name.capitalize())}</h2>"
        yield fig.to_html(full_html=False, include_plotlyjs=number == 0, config=config)


def _table(found: Exploration) -> str:
    rows = "".join(
        f"<tr><td>{escape(b.title)}<td>{b.protocol}<td>{b.measured.pairs}<td>{_number(b.measured.p_top1_change, 3)}"
        f"<td>{_span(b.measured.p_top1_change_interval)}<td>{_number(b.measured.mean_absolute_change, 4)}"
        f"<td>{_span(b.measured.mean_absolute_change_interval)}<td>{b.measured.representation_change:.5f}"
        for b in bars(found)
    )
    heads = "".join(f"<th>{escape(head)}" for head in HEADS)
    return f"<table><tr>{heads}</tr>{rows}</table>"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _neighbours(rating: Rating | None) -> str:
    if rating is None:
        return ""
    t = rating.typicality
    rows = "".join(
        f"<tr><td>{escape(n.label or '–')}<td>{n.cosine:.4f}<td>{escape(Path(n.path).name)}" for n in t.neighbours
    )
    text = " ".join([f"Mean cosine {t.value:.4f} to the {t.k} nearest indexed photographs.", *map(escape, t.warnings)])
    return f"<h2>Nearest photographs</h2><p>{text}</p><table><tr><th>label<th>cosine<th>file</tr>{rows}</table>"


def _span(interval: tuple[float, float] | None) -> str:
    return "–" if interval is None else f"{interval[0]:.3f} – {interval[1]:.3f}"
