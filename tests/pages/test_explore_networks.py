"""Networks on Explore: broken cards, variants, names, and those of libraries."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from core.cli import main
from core.datasets.scenes import render
from core.images.photographs import Photograph
from core.images.protocols import create
from core.inference.batching import redo
from core.inference.engine import Engine
from core.networks import registry
from core.networks.architectures.small import ResNet10
from core.storage.data_folder import DataFolder
from pages.parts.sidebar.networks import OPENING
from tests.support import cheap
from tests.support.basics import Randomise
from tests.support.finished import finish, holds_what_core_measures
from tests.support.framed import app, read_out, texts
from tests.support.libraries import publish


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
    network = found.networks[cheap.KEY]
    network.batch, network.reduced = network.batch // 2, True  # as the engine does when memory runs out
    at.run()
    assert f"{cheap.KEY}: the device ran out of memory, so batches were reduced to {network.batch}" in texts(at)


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
    few = ["--network", key, "--protocol", "crop,black", "--pairs", "4", "--json"]
    assert main(["measure", str(fresh.root / "photo.png"), *few]) == 0
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
