"""Boxes of scenes or of annotations: places, sizes, the test of each class, and flips."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from core.datasets import SceneFile, Source, find
from core.datasets.annotations import File, files_at, read, scene_boxes, stem
from core.datasets.scenes import Photographer
from core.datasets.scenes.source import SCHEME, reopen, scenes
from core.errors import BadAnnotations, PhotobiasError
from core.experiments.drawing.scatter import curves
from core.experiments.figure_05_photographers_bias import bias
from core.experiments.figure_05_photographers_bias import figure as figures
from core.experiments.figure_05_photographers_bias.bias import AXES, Places
from core.experiments.figure_05_photographers_bias.sentence import sentence as bias_sentence
from core.experiments.figure_07_08_typicality.sentence import sentence as distance_sentence
from core.images.png import preview
from core.jobs.cancel import Cancel
from core.jobs.job import Task
from core.jobs.progress import Report
from core.statistics.tables import per_photograph
from core.storage.atomic_files import changed
from core.storage.data_folder import typed
from core.studies import Results
from pages.parts.components import charts, gallery, save
from pages.parts.components.widgets import plain
from pages.parts.session import resources, tasks
from pages.parts.studies import studies
from pages.parts.studies.extremes import EVERY

TRAINED_ON = "scenes:1000000-1000799"  # some of those that the embedded networks learned from
MOST = 5000  # scenes
ENDS, EXAMPLES, WIDTH = 2, 5, 116  # classes of either end, photographs of each, pixels on screen
AXIS = "distance from the mean place (frames)"


@dataclass(frozen=True, eq=False)
class Found:
    """Places of boxes.

    ``classes``: the table of ``bias.by_class``; ``photographer``: of scenes; ``sources``: photographs by stem.

    ``classes``: the table of ``bias.by_class``; ``photographer``: of scenes; ``sources``: photographs by stem.
    """

    places: Places
    classes: pd.DataFrame
    photographer: Photographer | None
    sources: Mapping[str, Source]


def section() -> Found | None:
    """Draw the chosen boxes: sentence, figures, table of classes, examples. Returns None if there are none."""
    asked = _asked()
    if asked is None:
        return None
    tasks.state(asked, "The boxes")
    found: Found | None = asked.result if asked.state == "done" else None
    if found is None:
        return None
    st.caption(plain(_about(found.places)))
    charts.finding(bias_sentence(found.places, found.classes))
    _figures(found)
    _classes(found)
    return found


def _asked() -> Task[Found] | None:
    """Draw the widgets and start the work that they ask for."""
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        text = st.text_input(
            "Boxes: files or folders on this server (several with ; between them), or drawn scenes",
            TRAINED_ON,
            key="boxes",
            bind="query-params",
            placeholder="boxes.csv.gz; sizes.csv",
        ).strip()
        photos = st.text_input(
            "Their photographs, for examples: a folder on this server",
            key="box_photographs",
            bind="query-params",
            placeholder="not needed",
            disabled=text.startswith(SCHEME),
        ).strip()
    with right:
        dropped = st.file_uploader(
            "or drop annotations in",
            accept_multiple_files=True,
            key="box_files",
            help="CSV (and sizes), XML as ImageNet's, JSON as COCO's, text as YOLO's",
        )
    if dropped:
        data = {file.name: file.getvalue() for file in dropped}
        digest = hashlib.sha256(repr(sorted((n, hashlib.sha256(d).hexdigest()) for n, d in data.items())).encode())
        files = [File(name, partial(bytes, content)) for name, content in data.items()]
        return tasks.ask(("boxes", digest.hexdigest(), photos), lambda *_: _read(files, photos))
    if not text:
        return None
    if text.startswith(SCHEME):
        return tasks.ask(("boxes", text), lambda report, cancel: _drawn(text, report, cancel))
    paths = tuple(Path(typed(part.strip())) for part in text.split(";") if part.strip())
    key = ("boxes", text, photos, tuple(map(changed, paths)))
    return tasks.ask(key, lambda *_: _read(files_at(paths), photos))


def _drawn(text: str, report: Report, cancel: Cancel) -> Found:
    files = scenes(text)
    if len(files) > MOST:
        raise BadAnnotations(got=f"{len(files):,} scenes", wanted=f"at most {MOST:,}", remedy="Ask for fewer.")
    places = _described(files, report, cancel)
    return Found(places, bias.by_class(places), files[0].photographer, {file.name: file for file in files})


def _described(files: Sequence[SceneFile], report: Report, cancel: Cancel) -> Places:
    return bias.measure_places(scene_boxes(files, report, cancel))


def _read(files: Sequence[File], photos: str) -> Found:
    places = bias.measure_places(read(files))
    there = find([Path(typed(photos))]) if photos else []
    return Found(places, bias.by_class(places), None, {stem(source.name): source for source in there})


def _about(found: Places) -> str:
    unknown = f"; {found.unknown:,} photographs without a known size are left out" if found.unknown else ""
    return (
        f"{found.kind}: {len(found.table):,} photographs of known size, {found.classes:,} classes{unknown}. The "
        f"largest box of each; {found.filling('u'):,} fill the frame's width and {found.filling('v'):,} its height. "
        f"Corners are {found.counted}. The test's null: u = xmin / (W − w), and v likewise, are uniform, over "
        f"{bias.BINS} equal bins."
    )


def _figures(found: Found) -> None:
    """Draw the figures of all classes, or of one class with its tests."""
    names = sorted(found.places.table["label"].dropna().unique())
    label = st.selectbox("Of class", [EVERY, *names], key="bias_class", bind="query-params", width=230)
    shown, who = found.places if label == EVERY else found.places.of(label), found.photographer
    if label != EVERY:
        told = [f"{AXES[test.axis]} {test}" for test in bias.over_all(shown)]
        st.markdown(plain("; ".join(told) or f"Under {bias.LEAST} photographs of {label}: too few for a test."))
    pairs = {"centres of objects": figures.object_centres(shown), "places of objects": figures.place_map(shown, who)}
    histograms = {f"histogram of {axis}": figures.place_histogram(shown, axis, who) for axis in AXES}
    histograms["histogram of sizes"] = figures.size_histogram(shown, who)
    for row in (pairs, histograms):
        for column, (title, fig) in zip(st.columns(len(row)), row.items(), strict=True):
            with column:
                charts.draw(fig, f"bias {title}", title.capitalize(), select=False)


def _classes(found: Found) -> None:
    """Draw a sortable table of all classes, and examples of both ends."""
    table = found.classes
    if table.empty:
        return
    st.subheader("Class by class (Figure 5, right)", anchor="classes")
    tests = int((table[list(AXES)] != bias.FEW).to_numpy().sum())
    st.caption(
        f"Most biased across first; p is corrected by Holm's method for all {tests:,} tests of the table; "
        f"Cramér's V is 0 where places are uniform (by chance about 1 / √n) and 1 where all lie in one bin; under "
        f"{bias.LEAST} photographs are too few."
    )
    formats = {name: "scientific" if " p" in name else "%.3f" for name in table.select_dtypes(float).columns}
    numbers = {name: st.column_config.NumberColumn(format=form) for name, form in formats.items()}
    st.dataframe(table, hide_index=True, height=320, key="bias_classes", column_config=numbers)
    save.button("Classes (CSV)", "classes.csv", "text/csv", lambda: table.to_csv(index=False))
    tested = table[table["u"] != bias.FEW]
    most, least = tested.head(ENDS), tested.iloc[ENDS:].tail(ENDS)
    for title, part in (("Most biased across", most), ("Least biased across", least)):
        for row in part.to_dict("records"):
            _examples(found, f"{title}: {row['class']}, V {row['u V']:.2f} (n = {row['u n']})", str(row["class"]))


def _examples(found: Found, title: str, label: str) -> None:
    images = found.places.of(label).table["image"]
    there = [found.sources[image] for image in images if image in found.sources][:EXAMPLES]
    if not there:
        return
    st.markdown(f"**{plain(title)}**")
    with st.container(horizontal=True):
        for source in there:
            with st.container(width=WIDTH):
                picture = resources.picture(("bias", source.root, source.name), partial(_picture, source))
                gallery.shown(picture, plain(source.name), label, gone="The photograph cannot be read any more.")


def _picture(source: Source) -> bytes | None:
    try:
        return preview(source.read(), 2 * WIDTH)
    except PhotobiasError:
        return None


def joined(found: Found) -> None:
    """Draw a study's sensitivity against the distance of the object from the usual place."""
    st.subheader("Are photographs whose object sits where the bias puts it less sensitive?", anchor="sensitivity")
    results = studies.section("protocols")
    if results is None:
        return
    if results.manifest.photographs["drawn"] != (found.photographer is not None):
        st.info(
            "Of this study's photographs these boxes say nothing: one are drawn scenes, the other are not.",
            icon=":material/info:",
        )
        return
    mine = _of_study(results, found)
    if mine is None:
        return
    protocols = list(dict.fromkeys(results.pairs["protocol"].astype(str)))
    protocol = st.segmented_control("Protocol", protocols, default=protocols[0], required=True, key="bias_protocol")
    rows = results.pairs[results.pairs["protocol"] == protocol]
    photographs = bias.add_distance(
        studies.derive(results, f"photographs {protocol}", lambda _: per_photograph(rows)), mine, found.places
    )
    if photographs["distance"].isna().all():
        st.info("No photograph of this study has a box among these.", icon=":material/info:")
        return
    of = f"from the mean centre of {len(found.places.table):,} boxes ({found.places.kind})"
    charts.finding(distance_sentence(photographs, "distance", of), "finding-sensitivity")
    charts.draw(
        curves(photographs, "distance", AXIS, "p_top1_change", of=f"distance {of}"),
        "bias sensitivity",
        "P(top-1 change) against the distance of the object from the mean place",
        select=False,
    )


def _of_study(results: Results, found: Found) -> Places | None:
    """Return the places of objects in a study's photographs: known for scenes, else from these boxes."""
    if not results.manifest.photographs["drawn"]:
        return found.places
    roots = results.manifest.roots
    if len(roots) > 1:
        st.info("Scenes by several photographers: their numbers do not tell whose they are.", icon=":material/info:")
        return None
    files = [reopen(roots[0], str(name)) for name in results.pairs["name"].astype(str).unique()]
    asked = tasks.ask(
        ("boxes of study", *studies.key(results)), lambda report, cancel: _described(files, report, cancel)
    )
    tasks.state(asked, "The boxes of the study")
    return asked.result if asked.state == "done" else None
