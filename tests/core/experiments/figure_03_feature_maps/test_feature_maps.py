"""Films of feature maps: a channel over all shifts, one scale for all of them, as pictures without a loss."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import plotly.colors
import pytest
import torch
from PIL import Image

from core.errors import Cancelled
from core.experiments.figure_03_feature_maps import feature_maps
from core.experiments.figure_03_feature_maps.feature_maps import Film
from core.experiments.figure_03_feature_maps.figure import palette
from core.images.photographs import Photograph
from core.images.png import strip
from core.inference.activations import channel_maps
from core.inference.engine import Engine
from core.jobs.cancel import Cancel
from core.networks.architectures.small import ResNet10

if TYPE_CHECKING:
    from tests.support.basics import TinyCard

pytestmark = pytest.mark.usefixtures("one_thread")


def silent(_: object) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def found(engine: Engine, tiny_card: TinyCard, natural: list[Photograph]) -> feature_maps.Layers:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        model = ResNet10(5).eval().requires_grad_(False)
    card = tiny_card(key="test/films", build=lambda: model)
    return feature_maps.measure(engine, card, natural[0], silent, Cancel())


def test_a_film_is_every_shift_of_the_channel_on_one_scale(engine: Engine, found: feature_maps.Layers) -> None:
    channels = found.channels(None)
    films = feature_maps.films(engine, found, channels, silent, Cancel())
    assert films.keys() == channels.keys()
    assert len(films) == 4
    network = engine.load(found.card)
    for one in found.shown:
        name, film = one.deep.layer.name, films[one.deep.layer.name]
        maps = channel_maps(engine, network, found.path.frames, {one.deep.layer: channels[name]})[name].numpy()
        assert film.levels.shape == (len(found.path.values), one.deep.layer.edge, one.deep.layer.edge)
        assert (film.low, film.high) == (maps.min(), maps.max())
        shown = film.low + film.levels / 255.0 * (film.high - film.low)
        assert np.abs(shown - maps).max() <= 0.51 * (film.high - film.low) / 255
        assert maps.sum((1, 2)) == pytest.approx(one.sums[:, channels[name]], rel=1e-5)


def test_a_film_of_nothing_is_level() -> None:
    film = Film.of(torch.full((3, 2, 2), 7.0))
    assert (film.levels.max(), film.low, film.high) == (0, 7, 7)


def test_films_stop_when_asked(engine: Engine, found: feature_maps.Layers) -> None:
    cancel = Cancel()
    cancel.request()
    with pytest.raises(Cancelled):
        feature_maps.films(engine, found, found.channels(None), silent, cancel)


def test_a_strip_loses_nothing() -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (5, 6, 4, 3), dtype=np.uint8)
    seen = np.asarray(Image.open(io.BytesIO(strip(frames))))
    assert (seen == np.concatenate(list(frames), 1)).all()
    levels = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
    picture = Image.open(io.BytesIO(strip(levels, palette())))
    assert picture.mode == "P"
    assert (np.asarray(picture) == np.concatenate(list(levels), 1)).all()
    image = picture.convert("RGB")
    scale = plotly.colors.sample_colorscale("Viridis", [0, 1], colortype="tuple")
    ends = [image.getpixel((0, 0)), image.getpixel((31, 7))]
    assert ends == [tuple(round(255 * part) for part in colour) for colour in scale]
