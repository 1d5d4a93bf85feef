"""The labelling tool without a browser: what was saved is found; what its buttons save. (Clicks: in tests/browser.)"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.datasets import listing
from core.experiments.figure_05_photographers_bias.labelling import Event, Key, Log, Store, fold
from core.experiments.figure_05_photographers_bias.labelling.events import AGAIN, NEXT, POINT, SKIP, UNDO
from core.experiments.figure_05_photographers_bias.labelling.places import table
from core.experiments.figure_05_photographers_bias.labelling.sentence import sentence
from core.storage.data_folder import DataFolder
from pages.parts.photographers_bias.label_actions import TROUBLE, LabellingTask, format_key
from pages.parts.session import state
from tests.support.framed import app, read_out, settled, texts

pytestmark = pytest.mark.usefixtures("one_thread")
EYES = ("left eye", "right eye")
SCENES = "scenes:0-4,label=dog"
VIEW = "Label photographs"


def opened(said: str = "Photograph 1 of", **settings: str) -> AppTest:
    at = app("photographers_bias")
    at.query_params["bias_view"] = VIEW
    for name, value in {"label_photos": SCENES, **settings}.items():
        at.query_params[name] = value
    return settled(at.run(), said)


def store(data: DataFolder) -> Store:
    return Store.named(data.labels, "eyes")


def log(data: DataFolder, labeller: str = "me") -> Log:
    return store(data).read(labeller)


def keys(photographs: str = SCENES) -> list[Key]:
    return [(source.root, source.name) for source in listing(photographs)]


def kinds(data: DataFolder) -> list[tuple[str, str]]:
    return [(event.kind, event.name) for event in log(data).events]


def label(data: DataFolder, places: dict[int, tuple[float, float]], labeller: str = "me", **more: Any) -> None:
    """Both eyes of these scenes, 20 px apart, as clicks save them."""
    for number, (x, y) in places.items():
        photograph = listing(SCENES)[number].read()
        root, name = keys()[number]
        about = {"digest": photograph.digest, "width": photograph.width, "height": photograph.height}
        store(data).append(
            labeller,
            [
                Event(
                    kind=POINT,
                    id=f"{labeller} {number} {eye}",
                    labeller=labeller,
                    time="",
                    root=root,
                    name=name,
                    point=eye,
                    x=x + 20 * k,
                    y=y,
                    **about,
                    **more,
                )
                for k, eye in enumerate(EYES)
            ],
        )


def test_what_is_saved_is_found(fresh: DataFolder) -> None:
    label(fresh, {0: (60, 70), 2: (80, 90.5)})
    label(fresh, {0: (63, 74)}, "anna")
    at = opened("Photograph 2 of 5: 1, dog")
    assert "Labelled by you: 2" in texts(at)
    assert [(one.kind, one.name) for one in log(fresh).events][-1] == (POINT, "2")
    logs = {who: log(fresh, who) for who in ("anna", "me")}
    found = table({who: fold(one.events) for who, one in logs.items()})
    assert sentence(found, EYES) in read_out(at.markdown)
    assert "anna and me click 5.0 px apart (median; too few for an interval, n = 1)." in texts(at)
    assert len(at.get("plotly_chart")) == 2
    at.selectbox(key="labels_of").set_value("anna").run()
    settled(at, sentence(found[found["labeller"] == "anna"], EYES))
    at.text_input(key="labeller").set_value("Anna").run()
    settled(at, "Labelled by you: 1")
    at.text_input(key="label_set").set_value("noses").run()
    settled(at, "Photograph 1 of 5")
    assert not at.get("plotly_chart")


def test_buttons_save_and_undo_goes_back(fresh: DataFolder) -> None:
    at = opened()
    assert at.button(key="label_undo").disabled
    at.button(key="label_skip").click().run()
    settled(at, "Photograph 2 of 5")
    at.button(key="label_next").click().run()
    settled(at, "Photograph 3 of 5")
    assert kinds(fresh) == [(SKIP, "0"), (NEXT, "1")]
    at.button(key="label_undo").click().run()
    settled(at, "Photograph 2 of 5")
    at.button(key="label_undo").click().run()
    settled(at, "Photograph 1 of 5")
    assert [event.kind for event in log(fresh).events] == [SKIP, NEXT, UNDO, UNDO]
    assert fold(log(fresh).events) == {}
    assert at.button(key="label_undo").disabled


def test_one_can_come_back_to_the_skipped_and_to_the_labelled(fresh: DataFolder) -> None:
    label(fresh, dict.fromkeys(range(5), (50, 50)))
    at = opened("Labelled by you: 5")
    assert "All photographs are labelled or skipped." in [one.value for one in at.success]
    assert at.button(key="label_next").disabled
    at.button(key="again " + "\n".join(keys()[3])).click().run()
    settled(at, "Photograph 4 of 5")
    assert kinds(fresh)[-1] == (AGAIN, "3")
    at.button(key="label_skip").click().run()
    settled(at, "Labelled by you: 4")
    (again,) = [one for one in at.button if one.label == "Label the 1 skipped photographs again"]
    again.click().run()
    settled(at, "Photograph 4 of 5")
    assert kinds(fresh)[-2:] == [(SKIP, "3"), (AGAIN, "3")]


def test_only_what_is_asked_for_is_undone(fresh: DataFolder) -> None:
    """One set of labels, two lists of the same photographs: what is not in this list stays."""
    label(fresh, {0: (50, 50), 4: (50, 50)})
    at = opened("Labelled by you: 1", label_photos="scenes:0-2,label=dog")
    at.button(key="label_undo").click().run()
    settled(at, "Photograph 1 of 3")
    assert {key[1]: sorted(one.points) for key, one in fold(log(fresh).events).items()} == {
        "0": ["left eye"],
        "4": ["left eye", "right eye"],
    }


def test_photographs_that_cannot_be_read_are_passed_over(fresh: DataFolder, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"no picture")
    Image.new("RGB", (90, 60), "#888888").save(folder / "b.png")
    at = opened("Photograph 2 of 2: b.png", label_photos=str(folder))
    assert "1 of 2 photographs could not be read and were skipped." in texts(at)
    assert "'a.png' is a text file" in texts(at)
    Image.new("RGB", (90, 60), "#999999").save(folder / "a.png")
    (again,) = [one for one in at.button if one.label == "Try to read again"]
    again.click().run()
    settled(at, "Photograph 1 of 2: a.png")
    assert not at.warning


def test_a_photograph_that_has_changed_is_not_shown_as_labelled(fresh: DataFolder) -> None:
    root, name = keys()[0]
    label(fresh, {1: (50, 50)})
    store(fresh).append(
        "me",
        [
            Event(
                kind=POINT,
                id=eye,
                labeller="me",
                time="",
                root=root,
                name=name,
                digest="another",
                point=eye,
                x=9,
                y=9,
                width=192,
                height=192,
            )
            for eye in EYES
        ],
    )
    at = opened("Labelled by you: 2")
    assert read_out(at.caption).count("The photograph is no longer where it was, or has changed.") == 1


def test_a_torn_line_is_said_and_the_others_count(fresh: DataFolder) -> None:
    label(fresh, {0: (50, 50)})
    with store(fresh).path("me").open("ab") as file:
        file.write(b'{"kind": "poi')
    at = opened("1 line of me's labels cannot be read")
    assert "Photograph 2 of 5" in texts(at)


def test_what_is_not_saved_is_said(fresh: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        at.button(key="label_skip").click().run()
    settled(at, "No space left on device")
    at.button(key="label_skip").click().run()
    assert not at.error


def test_clicks_are_saved_once_and_only_on_the_photograph_that_they_are_of(fresh: DataFolder) -> None:
    """Send as a browser does: all that it does not know to be saved, and perhaps a click on the photograph before."""
    photographs = {(source.root, source.name): source for source in listing(SCENES)}
    asked = LabellingTask(photographs, EYES, store(fresh), "me")
    key, other = keys()[:2]
    about = {"digest": "d", "label": "dog", "width": 200, "height": 100}
    left = {"id": "1", "photo": format_key(key), "point": EYES[0], "x": 0.25, "y": 0.5}
    right = {**left, "id": "2", "point": EYES[1], "x": 1}
    asked.click(key, about, [left])
    asked.click(key, about, [left, right])
    asked.click(key, about, [left, right, {**left, "id": "3", "photo": format_key(other)}])
    assert state.last_problem(TROUBLE) is None
    found = [(e.id, e.key, e.point, e.x, e.y, e.label) for e in log(fresh).events]
    assert found == [("1", key, EYES[0], 50, 50, "dog"), ("2", key, EYES[1], 200, 50, "dog")]
    for wrong, said in (({"point": "nose"}, "A click was for 'nose'"), ({"x": 1.5}, "A click was at 1.5")):
        asked.click(key, about, [{**left, "id": "4", **wrong}])
        assert said in str(state.last_problem(TROUBLE))
    assert len(log(fresh).events) == 2
    asked.close(SKIP, key, about)
    assert state.last_problem(TROUBLE) is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"label_photos": "/nowhere"}, "/nowhere is not a folder"),
        ({"label_photos": "~nobody-of-that-name/x"}, "nobody-of-that-name/x is not a folder"),
        ({"label_photos": "scenes:0-9,label=cow"}, "the class 'cow'"),
        ({"label_points": "eye,eye"}, "The point 'eye' occurs twice"),
        ({"label_set": "../eyes"}, "A set of labels cannot be named '../eyes'"),
        ({"labeller": "a/b"}, "A labeller cannot be named 'a/b'"),
    ],
)
def test_what_cannot_be_used_gets_a_sentence(fresh: DataFolder, settings: dict[str, str], said: str) -> None:
    opened(said, **settings)
    assert not fresh.labels.exists()


def test_only_the_chosen_view_is_made(fresh: DataFolder) -> None:
    at = opened()
    assert not [one for one in at.text_input if one.key == "boxes"]
    at.segmented_control(key="bias_view").set_value("Places and sizes").run()
    assert [one for one in at.text_input if one.key == "boxes"]
    assert not [one for one in at.text_input if one.key == "label_photos"]
