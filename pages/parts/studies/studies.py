"""Studies of one kind: the list, the chosen study, its progress, and the form for a new one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import streamlit as st

from core.datasets import dataset_name
from core.errors import PhotobiasError
from core.experiments.figure_07_08_typicality.axis import describe_index
from core.experiments.study_results import StudyResults
from core.images.protocols.readings import TITLES
from core.storage.data_folder import EMBEDDED
from core.studies import Results, process, rows
from core.studies.config import get
from core.studies.manifest import MANIFEST, REDUCED, Manifest
from core.studies.process import Status
from pages.parts.components.widgets import plain
from pages.parts.session import resources, state
from pages.parts.studies import new_study, photograph_folder, process_progress

POLL_S, REDRAWN_S = 1.0, 4.0  # drawing a page takes computing time from the study
DATE = len("2026-11-25")
T = TypeVar("T")


@dataclass(frozen=True)
class ListedStudy:
    """A study in the list, and whether it ships with the project."""

    status: Status
    embedded: bool

    @property
    def name(self) -> str:
        """Return the name of its folder, unique among one's own studies and among shipped ones."""
        return f"{'embedded/' if self.embedded else ''}{self.status.folder.name}"

    @property
    def rank(self) -> tuple[bool, ...]:
        """Return its place in the list, by which the first study is chosen."""
        m, running = self.status.manifest, self.status.state == "running"
        if m is None:
            return not running, True
        return not running, False, self.embedded, bool(m.photographs["drawn"]), m.reading != "text"

    @property
    def label(self) -> str:
        """Return a label for people: networks, photographs, date."""
        m = self.status.manifest
        if m is None:
            return f"{self.name} ({self.status.state})"
        first, *more = (network["key"].split("/")[-1] for network in m.networks)
        networks = f"{first} and {len(more)} more" if more else first
        reading = "" if m.reading == "text" else f" · {TITLES[m.reading]}"
        return (
            f"{m.study}: {networks} · {_format_count(m)} · seed {m.config['seed']}{reading} · {m.started[:DATE]} · "
            f"{self.name}"
        )


def section(*kinds: str, slot: str | None = None, prefer: str = "") -> Results | None:
    """Draw the chosen study's settings and return its results so far. Returns None if there is no study.

    A finished study is read once for all visitors. While a study runs, its progress is polled, and the page is drawn
    again when there is more to see.

    Args:
        kinds: The kinds of study to list.
        slot: The name of a further section of the same kinds on one page. It has no form for a new study.
        prefer: The name of the study to show first.
    """
    available, slot_key = list_studies(kinds), slot or kinds[0]
    if not available and slot is not None:
        st.info("No such study on this machine yet. Run one above.", icon=":material/science:")
        return None
    if not available:
        st.info(
            "No such study on this machine yet. Run one. Over drawn scenes it takes minutes.", icon=":material/science:"
        )
        with st.container(border=True):
            new_study.form(kinds)
        return None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = _choose_study(slot_key, available, prefer)
        manifest = chosen.status.manifest
        if manifest is not None:
            with st.popover("About it", icon=":material/info:", key=f"about {slot_key}"):
                _draw_details(manifest)
        if slot is None:
            with st.popover("Run one", icon=":material/play_circle:", key=f"run {slot_key} {state.list_version()}"):
                new_study.form(kinds)
    results = read_results(chosen.status)
    _draw_state(slot_key, chosen, results, slot or "")
    if manifest is not None:
        _draw_warnings(manifest)
        st.caption(plain(_summarize(manifest)))
    return results if results is not None and len(results.pairs) else None


def derive(results: Results, what: str, make: Callable[[Results], T]) -> T:
    """Return ``make(results)``, computed once for all visitors. ``what`` names it and its settings."""
    return resources.compute_from_study(key(results), what, lambda: make(results))


def read_study_results(results: Results) -> StudyResults:
    """Return the rates, comparisons and findings of a study, computed once for all visitors."""
    return derive(results, "results", StudyResults.of)


def key(results: Results) -> tuple[str, str, str | None, int]:
    """Return a key of the study and of how far it was when it was read."""
    return photograph_folder.study_key(results)


def list_studies(kinds: tuple[str, ...]) -> list[ListedStudy]:
    """Return the shipped studies of these kinds, then one's own, the latest first."""
    listed = [ListedStudy(status, True) for status in process.list_studies(EMBEDDED.studies)]
    listed += [ListedStudy(status, False) for status in process.list_studies(resources.data().studies)]
    return [study for study in listed if _find_kind(study.status) in kinds]


def _find_kind(status: Status) -> str:
    """Return the kind of a study without a manifest, from the name that ``Request.slot_key`` gave its folder."""
    return status.manifest.study if status.manifest is not None else status.folder.name.rsplit("-", 1)[0]


def _choose_study(kind: str, studies: list[ListedStudy], prefer: str) -> ListedStudy:
    """Draw the list and return the chosen study.

    The first choice is the running study, then ``prefer``, then the visitor's latest, then a shipped one: first of
    real photographs by the paper's text.
    """
    names = [study.name for study in studies]
    requested = state.chosen_study(kind)
    order = sorted(studies, key=lambda s: (s.rank[0], s.name != prefer, *s.rank[1:]))
    first = names.index(requested if requested in names else order[0].name)
    labels = [study.label for study in studies]
    # A label changes when the manifest is written. The widget is then a new one and starts where the old one was.
    name = st.selectbox(
        "Study",
        names,
        first,
        format_func=dict(zip(names, labels, strict=True)).__getitem__,
        key=f"study {kind} {state.list_version()} {hash(tuple(labels))}",
    )
    if name != requested:
        state.choose_study(kind, name)
    return studies[names.index(name)]


def read_results(status: Status) -> Results | None:
    """Return the results of a study so far, read once for all visitors. Shows the error if it cannot be read."""
    if status.manifest is None:
        return None
    try:
        return photograph_folder.complete(resources.load_study(str(status.folder), _version(status)))
    except PhotobiasError as problem:
        st.error(plain(problem), icon=":material/error:")
        return None


def _version(status: Status) -> str:
    """Return a number that changes when there is more to read: with every part at first, then with every tenth."""
    if status.manifest is not None and status.manifest.finished:
        return f"{status.manifest.finished} {(status.folder / MANIFEST).stat().st_mtime_ns}"
    count = rows.parts(status.folder)
    started = "" if status.manifest is None else status.manifest.started
    return f"{started} {count - count % 2 ** max(0, count.bit_length() - 4)}"


def _draw_state(kind: str, chosen: ListedStudy, results: Results | None, section: str) -> None:
    """Draw the state of a study that is not finished, with buttons to stop and to resume it."""
    status = chosen.status
    if status.state == "running":
        st.fragment(_draw_progress, run_every=POLL_S)(status.folder, _version(status), time.monotonic(), section)
        return
    if status.error is not None:
        st.error(plain(status.error), icon=":material/error:")
    if status.state == "finished":
        return
    kept = 0 if results is None else len(results.pairs)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{'Failed' if status.state == 'failed' else 'Stopped'}. {kept:,} pairs were saved.")
        if status.manifest is not None:
            process_progress.draw_start(
                "Resume",
                f"go on {kind}",
                lambda: process.resume(status.folder, resources.data()),
                icon=":material/play_arrow:",
            )


def _draw_progress(folder: Path, version: str, since: float, section: str) -> None:
    """Draw the progress with the time left, and rerun the page when there is more to see."""
    status = process.status(folder)
    if status.state != "running" or (_version(status) != version and time.monotonic() - since > REDRAWN_S):
        st.rerun()
    counts = "pairs" if status.manifest is None else get(status.manifest.study).counts
    process_progress.draw_progress(status, lambda p: f"{p.done:,} of {p.total:,} {counts} · {p.rate:.0f}/s", section)


def _draw_warnings(m: Manifest) -> None:
    """Draw the warnings that belong above the numbers."""
    for text in m.warnings:
        st.warning(plain(f"{text}."), icon=":material/warning:")


def _summarize(m: Manifest) -> str:
    """Return one line about the photographs, the pairs and the machine."""
    c = m.config
    left_out = f" ({len(m.skipped):,} left out)" if m.skipped else ""
    of = "" if m.photographs["drawn"] else f" of {', '.join(dict.fromkeys(map(dataset_name, m.roots)))}"
    return (
        f"{_format_count(m)}{of}{left_out}, {c['pairs']} pair{'s' * (c['pairs'] > 1)} each, seed {c['seed']}; step "
        f"{c['step']} px {c['direction']}, by {TITLES[m.reading]}. {_format_date(m)}, on {m.device}, {m.precision}."
    )


def _format_date(m: Manifest) -> str:
    moment = f"{datetime.fromisoformat(m.finished or m.started):%Y-%m-%d %H:%M %Z}"
    return moment if m.finished else f"Not finished; started {moment}"


def _draw_details(m: Manifest) -> None:
    """Draw everything that the numbers depend on, by name."""
    c = m.config
    facts = {
        "Networks": "; ".join(f"{o['name']} (weights {(o['weights_digest'] or 'unknown')[:8]})" for o in m.networks),
        "Protocols": ", ".join(c["protocols"]),
        "Embedded sides": ", ".join(map(str, c.get("sides") or ())) + " px" * bool(c.get("sides")),
        "Reading": TITLES[m.reading],
        "Step": f"{c['step']} px {c['direction']}; crops in {c['unit']} pixels",
        "Photographs": f"{_format_count(m)}, {', '.join(m.roots)}",
        "Left out": "; ".join(f"{name}: {reason}" for name, reason in m.skipped or []),
        **_describe_training(m),
        "Reduced to": _describe_reduction(m),
        "Index": f"{describe_index(m.index)} ({m.index['network']})" if m.index else "",
        "Confidence": f"of {m.confidence['key']}" if m.confidence else "",
        "Started": m.started,
        "Finished": m.finished or "",
        "Software": ", ".join(f"{name} {version}" for name, version in m.software.items()),
    }
    st.markdown("  \n".join(f"**{name}**: {plain(text)}" for name, text in facts.items() if text))


def _describe_reduction(m: Manifest) -> str:
    """Return what was reduced before the protocols, or before everything in studies of earlier versions."""
    short_side = m.config.get("reduce_to")
    if short_side is None:
        return ""
    return f"short side {short_side} px, {m.photographs.get(REDUCED, 'before the centre crops too')}"


def _describe_training(m: Manifest) -> dict[str, str]:
    """Return what the readouts of a study were trained on."""
    given = m.photographs.get("training")
    if given is None:
        return {}
    used, left_out = given["given"], (m.training or {}).get("skipped", [])
    return {
        "Readouts trained on": f"{used - len(left_out):,} photographs of {len(m.config['classes'])} classes, "
        f"{', '.join(given['roots'])}",
        "Left out of training": "; ".join(f"{name}: {reason}" for name, reason in left_out),
        "Classes": ", ".join(m.config["classes"]),
    }


def _format_count(m: Manifest) -> str:
    """Return the number of photographs, as used or as given."""
    return f"{m.used if m.finished else m.photographs['given']:,} {'scenes' if m.photographs['drawn'] else 'photos'}"
