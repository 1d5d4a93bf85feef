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
from pages.parts.components import charts, downloads, gallery
from pages.parts.components.widgets import plain
from pages.parts.session import resources, tasks
from pages.parts.studies import studies
from pages.parts.studies.extremes import EVERY

TRAINED_ON = "scenes:1000000-1000799"  # some of the embedded networks' training scenes
MOST = 5000  # scenes
ENDS, EXAMPLES, WIDTH = 2, 5, 116  # classes of either end, photographs of each, pixels on screen
AXIS = "distance from the mean place (frames)"


@dataclass(frozen=True, eq=False)
class Boxes:
    """Places and sizes of boxes.

    ``classes`` is the table of ``bias.by_class``. ``photographer`` is None unless the boxes are of drawn scenes.
    ``sources`` maps the stem of a file name to its photograph.
    """

    places: Places
    classes: pd.DataFrame
    photographer: Photographer | None
    sources: Mapping[str, Source]


def section() -> Boxes | None:
    """Draw the chosen boxes: sentence, figures, table of classes, examples. Returns None if there are none."""
    task = _draw_choice()
    if task is None:
        return None
    tasks.draw_state(task, "The boxes")
    boxes: Boxes | None = task.result if task.state == "done" else None
    if boxes is None:
        return None
    st.caption(plain(_describe(boxes.places)))
    charts.draw_finding(bias_sentence(boxes.places, boxes.classes))
    _draw_figures(boxes)
    _draw_classes(boxes)
    return boxes


def _draw_choice() -> Task[Boxes] | None:
    """Draw the widgets and start reading the chosen boxes."""
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        text = st.text_input(
            "Boxes: files or folders on this server (separated by ;), or drawn scenes",
            TRAINED_ON,
            key="boxes",
            bind="query-params",
            placeholder="boxes.csv.gz; sizes.csv",
        ).strip()
        photos = st.text_input(
            "Photographs of the boxes, for examples: a folder on this server",
            key="box_photographs",
            bind="query-params",
            placeholder="not needed",
            disabled=text.startswith(SCHEME),
        ).strip()
    with right:
        dropped = st.file_uploader(
            "or drop annotation files here",
            accept_multiple_files=True,
            key="box_files",
            help="CSV (and sizes), ImageNet XML, COCO JSON, or YOLO text",
        )
    if dropped:
        data = {file.name: file.getvalue() for file in dropped}
        digest = hashlib.sha256(repr(sorted((n, hashlib.sha256(d).hexdigest()) for n, d in data.items())).encode())
        files = [File(name, partial(bytes, content)) for name, content in data.items()]
        return tasks.start_task(("boxes", digest.hexdigest(), photos), lambda *_: _read_files(files, photos))
    if not text:
        return None
    if text.startswith(SCHEME):
        return tasks.start_task(("boxes", text), lambda report, cancel: _read_scenes(text, report, cancel))
    paths = tuple(Path(typed(part.strip())) for part in text.split(";") if part.strip())
    key = ("boxes", text, photos, tuple(map(changed, paths)))
    return tasks.start_task(key, lambda *_: _read_files(files_at(paths), photos))


def _read_scenes(text: str, report: Report, cancel: Cancel) -> Boxes:
    files = scenes(text)
    if len(files) > MOST:
        raise BadAnnotations(f"These are {len(files):,} scenes.", f"The page takes at most {MOST:,}.", "Ask for fewer.")
    places = _measure_places(files, report, cancel)
    return Boxes(places, bias.by_class(places), files[0].photographer, {file.name: file for file in files})


def _measure_places(files: Sequence[SceneFile], report: Report, cancel: Cancel) -> Places:
    return bias.measure_places(scene_boxes(files, report, cancel))


def _read_files(files: Sequence[File], photos: str) -> Boxes:
    places = bias.measure_places(read(files))
    sources = find([Path(typed(photos))]) if photos else []
    return Boxes(places, bias.by_class(places), None, {stem(source.name): source for source in sources})


def _describe(places: Places) -> str:
    unknown = f"; {places.unknown:,} photographs without a known size are left out" if places.unknown else ""
    return (
        f"{places.kind}: {len(places.table):,} photographs of known size, {places.classes:,} classes{unknown}. Only "
        f"the largest box of each photograph counts. {places.filling('u'):,} boxes fill the frame's width and "
        f"{places.filling('v'):,} its height. Corners are {places.counted}. The test's null hypothesis is that "
        f"u = xmin / (W − w), and likewise v, is uniform over {bias.BINS} equal bins."
    )


def _draw_figures(boxes: Boxes) -> None:
    """Draw the figures of all classes, or of one class with its tests."""
    names = sorted(boxes.places.table["label"].dropna().unique())
    label = st.selectbox("Of class", [EVERY, *names], key="bias_class", bind="query-params", width=230)
    places, photographer = boxes.places if label == EVERY else boxes.places.of(label), boxes.photographer
    if label != EVERY:
        tests = [f"{AXES[test.axis]} {test}" for test in bias.over_all(places)]
        st.markdown(plain("; ".join(tests) or f"Fewer than {bias.LEAST} photographs of {label}, too few for a test."))
    pairs = {
        "centres of objects": figures.object_centres(places),
        "places of objects": figures.place_map(places, photographer),
    }
    histograms = {f"histogram of {axis}": figures.place_histogram(places, axis, photographer) for axis in AXES}
    histograms["histogram of sizes"] = figures.size_histogram(places, photographer)
    for row in (pairs, histograms):
        for column, (title, fig) in zip(st.columns(len(row)), row.items(), strict=True):
            with column:
                charts.draw(fig, f"bias {title}", title.capitalize(), select=False)


def _draw_classes(boxes: Boxes) -> None:
    """Draw a sortable table of all classes, and examples of both ends."""
    table = boxes.classes
    if table.empty:
        return
    st.subheader("Class by class (Figure 5, right)", anchor="classes")
    tests = int((table[list(AXES)] != bias.FEW).to_numpy().sum())
    st.caption(
        f"The class with the strongest horizontal bias comes first. p is corrected by Holm's method for all {tests:,} "
        f"tests of the table. Cramér's V is 0 for uniform places (by chance about 1 / √n) and 1 if all lie in one bin. "
        f"Classes with fewer than {bias.LEAST} photographs are not tested."
    )
    formats = {name: "scientific" if " p" in name else "%.3f" for name in table.select_dtypes(float).columns}
    numbers = {name: st.column_config.NumberColumn(format=form) for name, form in formats.items()}
    st.dataframe(table, hide_index=True, height=320, key="bias_classes", column_config=numbers)
    downloads.draw_button("Classes (CSV)", "classes.csv", "text/csv", lambda: table.to_csv(index=False))
    tested = table[table["u"] != bias.FEW]
    most, least = tested.head(ENDS), tested.iloc[ENDS:].tail(ENDS)
    for title, part in (("Most biased horizontally", most), ("Least biased horizontally", least)):
        for row in part.to_dict("records"):
            _draw_examples(boxes, f"{title}: {row['class']}, V {row['u V']:.2f} (n = {row['u n']})", str(row["class"]))


def _draw_examples(boxes: Boxes, title: str, label: str) -> None:
    images = boxes.places.of(label).table["image"]
    sources = [boxes.sources[image] for image in images if image in boxes.sources][:EXAMPLES]
    if not sources:
        return
    st.markdown(f"**{plain(title)}**")
    with st.container(horizontal=True):
        for source in sources:
            with st.container(width=WIDTH):
                picture = resources.load_picture(("bias", source.root, source.name), partial(_make_picture, source))
                gallery.draw_picture(picture, plain(source.name), label, gone="The photograph can no longer be read.")


def _make_picture(source: Source) -> bytes | None:
    try:
        return preview(source.read(), 2 * WIDTH)
    except PhotobiasError:
        return None


def draw_sensitivity(boxes: Boxes) -> None:
    """Draw a study's sensitivity against the distance of the object from the usual place."""
    st.subheader("Are photographs less sensitive if their object is at the usual place?", anchor="sensitivity")
    drawn = boxes.photographer is not None
    results = studies.section("protocols", prefer="embedded/protocols" if drawn else "")
    if results is None:
        return
    if results.manifest.photographs["drawn"] != drawn:
        st.info(
            "These boxes belong to other photographs than the study's: only one of them is of drawn scenes.",
            icon=":material/info:",
        )
        return
    places = _read_study_places(results, boxes)
    if places is None:
        return
    protocols = list(dict.fromkeys(results.pairs["protocol"].astype(str)))
    protocol = st.segmented_control("Protocol", protocols, default=protocols[0], required=True, key="bias_protocol")
    rows = results.pairs[results.pairs["protocol"] == protocol]
    photographs = bias.add_distance(
        studies.derive(results, f"photographs {protocol}", lambda _: per_photograph(rows)), places, boxes.places
    )
    if photographs["distance"].isna().all():
        st.info("None of these boxes is of a photograph of this study.", icon=":material/info:")
        return
    origin = f"from the mean centre of {len(boxes.places.table):,} boxes ({boxes.places.kind})"
    charts.draw_finding(distance_sentence(photographs, "distance", origin), "finding-sensitivity")
    charts.draw(
        curves(photographs, "distance", AXIS, "p_top1_change", of=f"distance {origin}"),
        "bias sensitivity",
        "P(top-1 change) against the distance of the object from the mean place",
        select=False,
    )


def _read_study_places(results: Results, boxes: Boxes) -> Places | None:
    """Return the places of objects in a study's photographs: known for scenes, else from these boxes."""
    if not results.manifest.photographs["drawn"]:
        return boxes.places
    roots = results.manifest.roots
    if len(roots) > 1:
        st.info(
            "This study has scenes by several photographers, and a scene's number does not say which one drew it.",
            icon=":material/info:",
        )
        return None
    files = [reopen(roots[0], str(name)) for name in results.pairs["name"].astype(str).unique()]
    task = tasks.start_task(
        ("boxes of study", *studies.key(results)), lambda report, cancel: _measure_places(files, report, cancel)
    )
    tasks.draw_state(task, "The boxes of the study")
    return task.result if task.state == "done" else None
