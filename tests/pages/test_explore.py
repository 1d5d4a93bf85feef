"""Explore without a browser: act, run, assert (AppTest). What AppTest cannot see is in tests/browser."""

from __future__ import annotations

import io
import itertools
import json
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.cli import main
from core.datasets.scenes import USUAL, render
from core.exploration import Exploration
from core.images.photographs import Photograph, read
from core.images.protocols import create, names
from core.index.build import build
from core.inference.batching import redo
from core.inference.engine import Engine
from core.inference.pairs import outcomes
from core.networks import registry
from core.networks.architectures.small import ResNet10
from core.networks.card import NetworkCard
from core.statistics.sensitivity import sensitivity
from core.storage.data_folder import DataFolder
from pages.parts.sidebar.networks import OPENING, PREFERRED
from pages.parts.sidebar.photograph import EXAMPLES
from tests.support import cheap
from tests.support.basics import Randomise
from tests.support.framed import app, read_out, texts
from tests.support.libraries import publish


@pytest.fixture
def equipped(fresh: DataFolder, randomise: Randomise, tmp_path: Path) -> DataFolder:
    """A server with a cheap network and an index of a dozen pictures that have reference queries."""
    cheap.write_card(fresh.networks, randomise(cheap.architecture(), cheap.SIZE))
    rng = np.random.default_rng(0)
    for part, count in (("train", 14), ("val", 5)):
        for k in range(count):
            folder = tmp_path / "pictures" / part / cheap.NAMES[k % 3]
            folder.mkdir(parents=True, exist_ok=True)
            noise = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
            Image.fromarray(noise).resize((90, 80)).save(folder / f"{k}.png")
    card = registry.get(cheap.KEY, fresh)
    root = tmp_path / "pictures"
    build(root / "train", card, Engine("cpu"), fresh.indexes / "pictures", reference=root / "val")
    return fresh


def finish(at: AppTest, seconds: float = 60) -> Exploration:
    """Run until the exploration has ended, as the page's own polling does, though not as often."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found: Exploration = at.session_state["exploration"]
        if found.finished:
            at.run()
            assert not at.exception
            return found
        wait = time.monotonic() + 2  # a page that is drawn takes its time from the network
        while not found.finished and time.monotonic() < wait:
            time.sleep(0.05)
        at.run()
    raise AssertionError(f"not finished within {seconds} s")


def test_a_fresh_server_opens_on_scenes(fresh: DataFolder) -> None:
    at = app().run()
    assert at.multiselect(key="networks").value == list(OPENING)
    found = finish(at)
    assert (found.state, found.problems, found.strange) == ("done", {}, ())
    assert found.original.digest == render(7, label="cat").digest
    table = at.table[0].value
    assert list(table.index) == [(registry.get(key, fresh).name, name) for key in OPENING for name in names()]
    for key in OPENING:
        holds_what_core_measures(table, registry.get(key, fresh), found.photograph)
    value, percentile = (metric.value for metric in at.metric)
    assert found.rating is not None
    assert (value, percentile) == (
        f"{found.rating.typicality.value:.3f}",
        f"{found.rating.typicality.percentile:.0f}",
    )
    assert not at.warning
    assert not at.error


def test_a_fresh_server_says_what_is_missing_and_offers_it(fresh: DataFolder) -> None:
    at = app().run()
    labels = [button.label for button in at.button]
    assert {"Fetch ResNet-50 (98 MB)", "Fetch and index Imagenette (424 MB)"} <= set(labels)
    at.multiselect(key="networks").set_value([PREFERRED]).run()
    assert not at.exception
    assert "The weights of ResNet-50 (torchvision, IMAGENET1K_V1) are not on this machine" in texts(at)
    assert [button.label for button in at.button].count("Fetch ResNet-50 (98 MB)") == 1
    assert not at.metric  # no number without weights
    assert not at.table
    assert at.slider(key="cursor").max == 32  # what a network would be shown is there all the same


def test_what_a_scenes_network_says_of_a_real_photograph_is_labelled(fresh: DataFolder) -> None:
    at = app().run()
    finish(at)
    at.selectbox(key="source").set_value("Example").run()
    found = finish(at)
    assert len(found.strange) == len(OPENING)
    above = read_out(at.warning)
    assert above == [f"{text}." for text in found.strange]
    assert all("trained on drawn scenes" in text for text in above)
    at.selectbox(key="source").set_value("Scene").run()
    assert not finish(at).strange
    assert not at.warning


def test_the_photographers_dials_move_the_same_scene(fresh: DataFolder) -> None:
    at = app().run()
    at.slider(key="spread").set_value(1.0).run()
    at.slider(key="subject").set_value(0.4).run()
    photographer = replace(USUAL, spread=1.0, size_mean=0.4)
    assert finish(at).original.digest == render(7, photographer, label="cat").digest


def holds_what_core_measures(table: pd.DataFrame, card: NetworkCard, photograph: Photograph) -> None:
    """The rows of that network, measured again without the page: 16 pairs a protocol, seed 0."""
    engine = Engine("cpu")
    network = engine.load(card)
    for name in names():
        parts = outcomes(engine, network, [photograph], create(name), pairs=16, seed=0)
        slow = sensitivity(outcome for part in parts for outcome in part)
        row = table.loc[(card.name, name)]
        assert row["n pairs"] == slow.pairs == 16
        assert row["P(top-1 change)"] == f"{slow.p_top1_change:.3f}"
        assert row["mean |Δp|"] == f"{slow.mean_absolute_change:.4f}"
        low, high = slow.p_top1_change_interval
        assert row["95 % (P)"] == f"{low:.3f} – {high:.3f}"


def test_every_number_is_the_one_that_core_measures(equipped: DataFolder) -> None:
    at = app().run()
    found = finish(at)
    assert found.state == "done"
    assert not found.problems
    holds_what_core_measures(at.table[0].value, registry.get(cheap.KEY, equipped), found.photograph)
    value, percentile = (metric.value for metric in at.metric)
    assert found.rating is not None
    assert value == f"{found.rating.typicality.value:.3f}"
    assert percentile == f"{found.rating.typicality.percentile:.0f}"
    gallery = [text for text in read_out(at.caption) if text.startswith(("bowl", "cat", "cup"))]
    assert [c.split()[-1] for c in gallery] == [f"{n.cosine:.3f}" for n in found.rating.typicality.neighbours]


def test_a_changed_setting_computes_only_what_is_new(equipped: DataFolder) -> None:
    at = app().run()
    first = finish(at)
    at.number_input(key="seed").set_value(7).run()
    second = finish(at)
    assert second is not first
    key = (cheap.KEY, "shift")
    assert second.traces[key] is first.traces[key]  # the curve does not depend on the seed
    pairs = (cheap.KEY, "crop")
    assert second.pairs[pairs] != first.pairs[pairs]


@pytest.mark.parametrize(
    ("key", "value"),
    [("view", "crop"), ("direction", "diagonal"), ("step", 3), ("unit", "network"), ("pair_direction", "down")],
)
def test_every_setting_leads_to_a_whole_page(equipped: DataFolder, key: str, value: object) -> None:
    at = app().run()
    widgets = {
        "view": at.segmented_control,
        "direction": at.segmented_control,
        "unit": at.segmented_control,
        "pair_direction": at.segmented_control,
        "step": at.number_input,
    }
    widgets[key](key=key).set_value(value).run()
    found = finish(at)
    assert getattr(found.settings, key) == value
    assert found.state == "done"
    assert not found.problems


def test_placed_by_hand(equipped: DataFolder) -> None:
    at = app().run()
    at.toggle(key="by_hand").set_value(True).run()
    at.slider(key="y").set_value(0).run()
    found = finish(at)
    assert (found.settings.y, found.settings.side) == (0, at.slider(key="side").value)
    assert ", 0)" in texts(at)


def test_the_class_is_the_users_choice(equipped: DataFolder) -> None:
    at = app().run()
    found = finish(at)
    at.selectbox(key="watched").set_value("rocket").run()
    assert not at.exception
    assert at.session_state["exploration"] is found  # nothing is computed again for it


def test_arrow_buttons_move_one_pixel_and_stay_on_the_path(equipped: DataFolder) -> None:
    at = app().run()
    finish(at)
    at.button(key="back").click().run()
    assert at.slider(key="cursor").value == 0
    at.button(key="on").click().run()
    at.button(key="on").click().run()
    assert at.slider(key="cursor").value == 2
    at.slider(key="cursor").set_value(1)  # a browser whose slider has not followed yet sends the value before
    at.button(key="back").click().run()
    assert at.slider(key="cursor").value == 1  # one back from 2, where the frame shown was
    at.slider(key="cursor").set_value(at.slider(key="cursor").max).run()
    at.button(key="on").click().run()
    assert at.slider(key="cursor").value == at.slider(key="cursor").max


def test_the_largest_jump_is_one_click_away(equipped: DataFolder) -> None:
    at = app().run()
    finish(at)
    found = at.session_state["exploration"]
    p = found.traces[found.cards[0].key, "shift"].probabilities
    own = p[:, p[0].argmax()].tolist()
    steps = [abs(after - before) for before, after in itertools.pairwise(own)]
    assert at.slider(key="cursor").value == 1  # a pixel is what is shown at first
    at.button(key="jump").click().run()
    assert at.slider(key="cursor").value == steps.index(max(steps)) + 1 > 1
    at.button(key="back").click().run()
    assert at.slider(key="cursor").value == steps.index(max(steps))
    assert not at.exception


def test_cancel_stops_and_go_on_goes_on(equipped: DataFolder) -> None:
    at = app().run()
    finish(at)
    at.number_input(key="pairs").set_value(512).run()
    at.button(key="cancel").click().run()
    found = finish(at)
    assert found.state == "cancelled"
    assert found.done < found.total
    assert "Stopped after" in texts(at)
    at.number_input(key="pairs").set_value(16)
    at.button(key="go_on").click().run()
    assert finish(at).state == "done"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("text.jpg", b"not a picture at all", "a text file"),
        ("empty.png", b"", "empty file"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
    ],
)
def test_a_bad_upload_is_one_sentence_and_the_page_stays_alive(
    equipped: DataFolder, name: str, content: bytes, said: str
) -> None:
    at = app().run()
    at.file_uploader(key="upload").set_value((name, content, "image/jpeg")).run()
    assert not at.exception
    assert any(said in error and name in error for error in read_out(at.error))
    buffer = io.BytesIO()
    Image.fromarray(np.full((90, 120, 3), 90, np.uint8)).save(buffer, "PNG")
    at.file_uploader(key="upload").set_value(("good.png", buffer.getvalue(), "image/png")).run()
    assert not at.error
    assert finish(at).original.name == "good.png"


def test_a_missing_folder_is_said_and_a_tar_is_one(equipped: DataFolder, tmp_path: Path) -> None:
    at = app().run()
    at.selectbox(key="source").set_value("Folder").run()
    at.text_input(key="folder").set_value(str(tmp_path / "nowhere")).run()
    assert any("nowhere" in error for error in read_out(at.error))
    at.text_input(key="folder").set_value(str(tmp_path / "pictures" / "val")).run()
    assert not at.error
    assert finish(at).original.label == "bowl"
    with tarfile.open(tmp_path / "val.tar", "w") as tar:
        tar.add(tmp_path / "pictures" / "val", ".")
    at.text_input(key="folder").set_value(str(tmp_path / "val.tar")).run()
    assert (list(at.exception), list(at.error)) == ([], [])
    assert finish(at).original.label == "bowl"


def test_a_broken_card_is_named_and_hides_nothing(equipped: DataFolder) -> None:
    (equipped.networks / "broken.toml").write_text("key = 3 =")
    at = app().run()
    assert any("broken.toml" in warning for warning in read_out(at.warning))
    assert cheap.KEY in at.multiselect(key="networks").value


def test_an_index_of_another_network_is_refused(equipped: DataFolder) -> None:
    card = equipped.networks / f"{cheap.KEY}.toml"
    card.write_text(card.read_text().replace("resize = 72", "resize = 80"))
    at = app().run()
    found = finish(at)
    assert found.rating is None
    assert any("Build one with" in error for error in read_out(at.error))


def test_every_example_decodes(fresh: DataFolder) -> None:
    import skimage

    for file in EXAMPLES.values():
        assert min(read(Path(skimage.__file__).parent / "data" / file).pixels.shape[1:]) >= 200


def test_a_scene_is_measured_and_its_unknown_class_is_said(equipped: DataFolder) -> None:
    at = app().run()
    at.selectbox(key="source").set_value("Scene").run()
    at.selectbox(key="scene").set_value("owl").run()
    found = finish(at)
    assert found.original.label == "owl"
    assert any("does not know the class “owl”" in info for info in read_out(at.info))


def test_a_variant_is_added_beside_its_original(fresh: DataFolder) -> None:
    at = app().run()
    first = finish(at)
    at.selectbox(key="variant").set_value("ensemble").run()
    key = f"{OPENING[0]}~ensemble"
    at.button(key=f"add {key}").click().run()
    found = finish(at)
    assert [card.key for card in found.cards] == [*OPENING, key]
    assert found.problems == {}
    for one in OPENING:  # what is known is not computed again
        assert found.traces[one, "shift"] is first.traces[one, "shift"]
        assert found.pairs[one, "crop"] is first.pairs[one, "crop"]
    assert "9 forward passes" in texts(at)
    holds_what_core_measures(at.table[0].value, registry.get(key, fresh), found.photograph)


def test_a_network_that_cannot_be_changed_says_why(fresh: DataFolder) -> None:
    at = app().run()
    at.selectbox(key="variant").set_value("bin2").run()
    at.button(key=f"add {OPENING[0]}~bin2").click().run()
    found = finish(at)
    assert found.strange[0].startswith("resnet10.scenes-0~bin2 was not trained for this change")
    assert f"{found.strange[0]}." in read_out(at.warning)
    assert any("torchvision" in str(problem) for problem in found.problems.values())
    assert {key for key, _ in found.pairs} == set(OPENING)  # the others are measured all the same


def test_a_batch_that_was_halved_for_memory_is_said(equipped: DataFolder) -> None:
    at = app().run()
    found = finish(at)
    assert "halved" not in texts(at)
    found.networks[cheap.KEY].batch //= 2  # as the engine does when memory runs out
    at.run()
    assert (
        f"{cheap.KEY}: the device's memory ran out, so its batches were halved to {found.engine.batch // 2}"
        in texts(at)
    )


def test_the_names_of_variants_are_not_read_as_markup(fresh: DataFolder) -> None:
    """Two with a tilde each in one sentence would strike through what stands between them."""
    at = app().run()
    first, second = (f"{OPENING[0]}~{name}" for name in ("ensemble", "contentcrop"))
    at.session_state["networks"] = [first, second]
    finish(at.run())
    (finding,) = (e.value for e in at.markdown if "changes its answer" in e.value)
    assert finding.count("\\~") == finding.count("~") >= 2


def test_timms_networks_are_found_by_name(fresh: DataFolder) -> None:
    at = app().run()
    at.text_input(key="timm").set_value("resnetblur50").run()
    name = at.selectbox(key="timm_name").options[0]
    at.button(key=f"add timm/{name}").click().run()
    assert not at.exception
    assert f"timm/{name}" in at.multiselect(key="networks").value
    assert "are not on this machine" in texts(at)
    at.text_input(key="timm").set_value("no such words").run()
    assert "No network of timm's" in texts(at)


PAPERS = (
    "torchvision/vgg16.imagenet1k_v1",
    "torchvision/resnet50.imagenet1k_v1",
    "torchvision/densenet121.imagenet1k_v1",
    "keras/vgg16.imagenet",
    "keras/resnet50.imagenet",
    "keras/inceptionresnetv2.imagenet",
    "antialiased/vgg16.bin5",
    "antialiased/resnet50.bin5",
    "antialiased/densenet121.bin5",
)
TODAYS = ("timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k", "timm/convnext_atto.d2_in1k")


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras, in predict_on_batch
@pytest.mark.parametrize("key", [*TODAYS, *(pytest.param(key, marks=pytest.mark.full) for key in PAPERS)])
def test_a_librarys_network_from_file_to_page(
    key: str, fresh: DataFolder, randomise: Randomise, natural: list[Photograph], capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights as the library publishes them; what `measure` and the page say, asked of the library's own network."""
    own = publish(key, fresh.weights, randomise, natural)
    photo = render(7, label="cat")
    photo.image().save(fresh.root / "photo.png")
    assert (
        main(
            [
                "measure",
                str(fresh.root / "photo.png"),
                "--network",
                key,
                "--protocol",
                "crop,black",
                "--pairs",
                "4",
                "--json",
            ]
        )
        == 0
    )
    network = Engine("cpu").prepare(own.card, own.card.build())
    for record in json.loads(capsys.readouterr().out):
        made = [redo(photo, create(record["protocol"]), network, seed=0, pair=n) for n in range(4)]
        before, after = (
            own.answer(own.of_frames(frames))
            for frames in ([pair.before for pair in made], [pair.after for pair in made])
        )
        first = before.argmax(1)
        change = (after - before)[torch.arange(4), first].abs()
        assert change.max() > 1e-4  # else nothing would be told apart
        assert record["mean_absolute_change"] == pytest.approx(float(change.mean()), abs=1e-5)
        assert record["p_top1_change"] == float((after.argmax(1) != first).double().mean())

    at = app().run()
    at.multiselect(key="networks").set_value([key]).run()
    at.number_input(key="pairs").set_value(4).run()
    found = finish(at, 300)
    assert (found.state, found.problems) == ("done", {})
    trace = found.traces[key, "shift"]
    wanted = own.answer(own.of_frames(trace.path.frames))
    assert wanted.max() > 0.02  # else every network would look alike
    # 33 frames through fifty layers and more, whose batch norms are folded: rounding adds up (2.3e-5 at most, seen)
    torch.testing.assert_close(trace.probabilities, wanted, rtol=0, atol=5e-5)
    centre = next(found.engine.predict(found.networks[key], [own.card.preprocessing.centre(photo)]))
    whole = own.answer(own.of_photographs([photo]))
    torch.testing.assert_close(centre.probabilities, whole, rtol=0, atol=1e-5)
    assert at.table[0].value.loc[(own.card.name, "crop")]["n pairs"] == 4


def test_a_representation_is_measured_without_classes(equipped: DataFolder, randomise: Randomise) -> None:
    state = randomise(ResNet10(5), 64).state_dict()
    cheap.write_representation(equipped.networks, {k: v for k, v in state.items() if not k.startswith("head.")})
    at = app().run()
    at.multiselect(key="networks").set_value(["representation"]).run()
    found = finish(at)
    assert (found.state, found.problems) == ("done", {})
    assert "representation without classes" in texts(at)
    assert "changes its representation" in texts(at)
    row = at.table[0].value.loc[("representation", "black")]
    assert (row["changed"], row["P(top-1 change)"], row["mean |Δp|"]) == ("–", "–", "–")
    pairs = found.pairs["representation", "black"]
    assert float(row["representation change"]) == pytest.approx(
        np.mean([1 - o.feature_cosine for o in pairs]), abs=6e-6
    )
