"""The interface for notebooks: the same numbers as the command line's, from files, arrays and modules in memory."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import core
from core.errors import BadCard, BadFolder, BadProtocol, IndexMismatch, StudyBroken
from core.exploration import measurements
from core.exploration.measurements import Query
from core.images.protocols import Black
from core.inference.engine import Network
from core.networks import registry
from core.storage.data_folder import EMBEDDED, DataFolder
from tests.support.basics import CLASSES, cut_outs, tiny_network

SMALL = "embedded/resnet10.scenes-0"
SCENES = "scenes:2000000-2000003"


def wrapped() -> Network:
    """Return the tiny network of the tests, wrapped."""
    return core.wrap(tiny_network(9), CLASSES, name="tiny", resize=72, crop=64)


def test_a_photograph_is_the_same_from_a_file_its_bytes_an_image_and_an_array(tmp_path: Path) -> None:
    image = cut_outs(1)[0].image()
    file, content = tmp_path / "a.png", io.BytesIO()
    image.save(file)
    image.save(content, "PNG")
    sources = (file, str(file), content.getvalue(), image, np.array(image))
    read = [core.read_photograph(source, name="a", label="cat") for source in sources]
    assert len({photo.digest for photo in read}) == 1
    assert {(photo.name, photo.label) for photo in read} == {("a", "cat")}
    assert min(core.read_photograph(file, short_side=40).pixels.shape[1:]) == 40


def test_a_place_of_several_photographs_is_not_one() -> None:
    with pytest.raises(BadFolder, match=r"2 photographs in scenes:0-1"):
        core.read_photograph("scenes:0-1")


def test_measure_gives_the_numbers_of_the_command_line(tmp_path: Path) -> None:
    network = core.load_network(SMALL)
    record = measurements.run(
        [Path(SCENES)], [registry.get(SMALL, DataFolder(tmp_path))], [Black(side=60)], pairs=2, seed=3
    )[0]
    for photographs in (SCENES, [core.read_photograph(f"scenes:{n}") for n in range(2000000, 2000004)]):
        measured = core.measure(photographs, network, "black", pairs=2, seed=3, side=60)
        assert measured.as_dict().items() <= record.items()
    assert core.measure(core.read_photograph("scenes:2000000"), network, Black(side=60), pairs=2).photographs == 1


def test_measure_takes_a_reading() -> None:
    network = core.load_network(SMALL)
    measured = {
        name: [core.measure(SCENES, network, name, pairs=2, reading=each) for each in (None, "text", "script")]
        for name in ("crop", "black", "inpaint")
    }
    assert [each[0] == each[1] for each in measured.values()] == [True, True, True]
    assert [each[0] == each[2] for each in measured.values()] == [False, False, True]
    assert measured["crop"][2] == core.measure(SCENES, network, "crop", pairs=2, unit="network")
    with pytest.raises(BadProtocol, match="contradict"):
        core.measure(SCENES, network, "crop", reading="script", unit="source")
    with pytest.raises(BadProtocol, match="has its settings already"):
        core.measure(SCENES, network, Black(), reading="script")


def test_typicality_gives_the_numbers_of_the_command_line(tmp_path: Path) -> None:
    record = measurements.typicality_of(
        Path("scenes:2000000"), EMBEDDED.indexes / "scenes", DataFolder(tmp_path), Query(k=10)
    )
    found = core.typicality(core.read_photograph("scenes:2000000"), core.open_index("scenes"))
    assert (found.value, found.percentile) == (record["typicality"], record["percentile"])


def test_a_wrapped_module_stays_as_it_is_and_predicts_as_it_does() -> None:
    module = tiny_network(9).train()
    module.requires_grad_(True)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    network = core.wrap(module, CLASSES, name="tiny", resize=72, crop=64)
    assert core.measure(cut_outs(2), network, pairs=2).pairs == 4
    assert module.training
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert torch.equal(network.card.build()(torch.ones(1, 3, 64, 64)), module.eval()(torch.ones(1, 3, 64, 64)))


def test_a_digest_tells_modules_of_one_name_apart() -> None:
    same, other = wrapped(), core.wrap(tiny_network(8), CLASSES, name="tiny", resize=72, crop=64)
    assert same.card.weights_digest == wrapped().card.weights_digest != other.card.weights_digest
    strides = [core.wrap(nn.Sequential(nn.AvgPool2d(n), nn.Flatten()), None, crop=64) for n in (32, 64)]
    assert len({network.card.weights_digest for network in strides}) == 2


def test_a_representation_without_classes_is_wrapped() -> None:
    features = tiny_network(9)[:-1]
    measured = core.measure(cut_outs(2), core.wrap(features, None, resize=72, crop=64), pairs=2)
    assert measured.p_top1_change is None
    assert measured.representation_change > 0


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(BadCard, match="3 outputs"):
        core.wrap(tiny_network(9), ("a", "b", "c"))
    with pytest.raises(ValueError, match="imagenet-1k"):
        core.wrap(tiny_network(9), "imagenet")
    with pytest.raises(IndexMismatch, match="memory/tiny"):
        core.typicality(cut_outs(1)[0], core.open_index("scenes"), wrapped())
    with pytest.raises(StudyBroken):
        core.read_study("a study that nobody ran")


def test_studies_that_ship_open_by_name() -> None:
    assert core.read_study("confidence").manifest.study == "confidence"
    assert core.read_study(EMBEDDED.studies / "confidence").folder == EMBEDDED.studies / "confidence"
