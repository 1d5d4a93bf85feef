"""Linear readouts of layers: pooled features, how the penalty is chosen, probabilities, the network's own head."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from torchvision import models

from core.inference import linear_probes
from core.inference.activations import DeepLayer, ends
from core.inference.engine import Engine
from core.inference.linear_probes import HEAD, STRENGTHS, Readout, Readouts, held_out, own_places, pooled
from core.networks.card import Labels
from core.networks.probe import Layer
from tests.support.hooked import outputs

if TYPE_CHECKING:
    from tests.support.basics import Randomise, TinyCard

pytestmark = pytest.mark.usefixtures("one_thread")
SIZE = 32
DEEP = DeepLayer(Layer("relu", "ReLU", 8, 4), 0.5)


@pytest.fixture(scope="module")
def frames() -> torch.Tensor:
    return torch.randint(0, 256, (11, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(1)).byte()


def features_of(
    engine: Engine, network: object, frames: torch.Tensor, found: list[DeepLayer]
) -> dict[str, torch.Tensor]:
    parts = [seen.layers for seen in pooled(engine, network, frames, found)]  # type: ignore[arg-type]
    return {deep.layer.name: torch.cat([part[deep.layer.name] for part in parts]) for deep in found}


def test_features_are_the_means_of_the_maps(
    engine: Engine, tiny_card: TinyCard, randomise: Randomise, frames: torch.Tensor
) -> None:
    model = randomise(models.resnet18(num_classes=5), SIZE)
    card = tiny_card(key="test/resnet18-pooled", build=lambda: model)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (card.preprocessing.mean, card.preprocessing.std))
    network = engine.load(card)
    found = list(ends(network))
    got = features_of(engine, network, frames, found)
    wanted = outputs(model, (frames.float() / 255 - mean) / std, [deep.layer.name for deep in found])
    for name, maps in wanted.items():
        assert got[name].dtype == torch.float32
        slow = [[float(channel.double().sum()) / channel.numel() for channel in frame] for frame in maps]
        assert torch.allclose(got[name].double(), torch.tensor(slow).double(), rtol=1e-3, atol=1e-4)


def test_features_do_not_depend_on_their_company(engine: Engine, tiny_card: TinyCard, frames: torch.Tensor) -> None:
    network = engine.load(tiny_card())
    found = list(ends(network))
    whole = features_of(engine, network, frames, found)
    alone = [features_of(engine, network, frame[None], found) for frame in frames]
    turned = features_of(engine, network, frames.flip(0), found)
    for name, rows in whole.items():
        assert len(set(map(tuple, rows.tolist()))) == len(frames)
        assert torch.equal(rows, torch.cat([one[name] for one in alone]))
        assert torch.equal(rows, turned[name].flip(0))


def digests(n: int) -> list[str]:
    return [np.random.default_rng(k).bytes(32).hex() for k in range(n)]


def test_a_fifth_of_each_class_is_held_out_whoever_comes_first() -> None:
    names, labels = digests(63), np.array([0] * 40 + [1] * 20 + [2] * 3)
    chosen = held_out(names, labels, seed=0)
    assert np.bincount(labels[chosen]).tolist() == [8, 4, 1]
    order = np.random.default_rng(1).permutation(63)
    again = held_out([names[k] for k in order], labels[order], seed=0)
    assert (again == chosen[order]).all()
    assert (held_out(names, labels, seed=1) != chosen).any()


def cloud(n: int, classes: int, channels: int = 6) -> tuple[linear_probes.Pooled, np.ndarray]:
    """Classes around centres of their own, of channels whose scales differ; the last one never varies."""
    rng = np.random.default_rng([n, classes])
    labels = np.arange(n) % classes
    made = rng.normal(0, 1, (classes, channels))[labels] + rng.normal(0, 1, (n, channels))
    made = made * 10.0 ** np.arange(channels) + 3
    made[:, -1] = 7
    return made.astype(np.float32), labels


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_a_readout_is_scikit_learns_at_the_best_penalty(classes: int) -> None:
    features, labels = cloud(210, classes)
    apart = held_out(digests(210), labels, seed=3)
    found = linear_probes.fit(DEEP, features, labels, apart)
    losses, right = [], []
    for strength in STRENGTHS:
        model, wanted = alone(features[~apart], labels[~apart], strength), labels[apart]
        shown = model.predict_proba(scaled(features[apart], features[~apart]))
        losses.append(log_loss(wanted, shown, labels=range(classes)))
        right.append(int((shown.argmax(1) == wanted).sum()))
    best = int(np.argmin(losses))
    assert found.strength == STRENGTHS[best]
    assert found.held_out.n == apart.sum()
    assert found.held_out.top1 == pytest.approx(right[best] / apart.sum())
    assert found.photographs == 210
    wanted = alone(features, labels, found.strength).predict_proba(scaled(features, features))
    assert found.probabilities(features) == pytest.approx(wanted, abs=1e-3)  # each as near its optimum as 1e-5 asks
    again = linear_probes.fit(DEEP, features, labels, apart)
    for name in ("mean", "scale", "weight", "bias"):
        assert (getattr(again, name) == getattr(found, name)).all()


def alone(features: linear_probes.Pooled, labels: np.ndarray, strength: float) -> LogisticRegression:
    """One fit from nothing."""
    return LogisticRegression(C=1 / (strength * len(labels)), tol=1e-7, max_iter=10_000).fit(
        scaled(features, features), labels
    )


def scaled(features: linear_probes.Pooled, by: linear_probes.Pooled) -> np.ndarray:
    spread = by.std(0, dtype=float)
    return np.asarray((features - by.mean(0, dtype=float)) / np.where(spread > 0, spread, 1))


def test_probabilities_are_scikit_learns_and_of_each_row_alone() -> None:
    features, labels = cloud(90, 3)
    model = alone(features, labels, 0.01)
    mean, scale = features.mean(0, dtype=float), np.maximum(features.std(0, dtype=float), 1e-9)
    readout = Readout(DEEP, mean, scale, model.coef_, model.intercept_, 0.01, None, 90)  # type: ignore[arg-type]
    found = readout.probabilities(features)
    assert found == pytest.approx(model.predict_proba((features - mean) / scale), abs=1e-12)
    assert found.sum(1) == pytest.approx(1)
    for k in range(90):
        assert (readout.probabilities(features[k : k + 1])[0] == found[k]).all()


def any_readout(deep: DeepLayer, channels: int, classes: int) -> Readout:
    rng = np.random.default_rng(channels)
    weight = rng.normal(0, 1, (classes, channels))
    return Readout(deep, np.zeros(channels), np.ones(channels), weight, np.zeros(classes), 1.0, None, 1)  # type: ignore[arg-type]


def test_all_answers_come_from_one_pass(engine: Engine, tiny_card: TinyCard, frames: torch.Tensor) -> None:
    card = tiny_card()
    assert card.labels is not None
    network = engine.load(card)
    names = tuple(reversed(card.labels.names))
    found, features = list(ends(network)), features_of(engine, network, frames, list(ends(network)))
    layers = tuple(any_readout(deep, features[deep.layer.name].shape[1], len(names)) for deep in found)
    answers = Readouts(Labels(names), layers).answers(engine, network, frames)
    assert [(one.layer, one.depth) for one in answers] == [
        *((deep.layer.name, deep.depth) for deep in found),
        (HEAD, 1.0),
    ]
    for one, readout in zip(answers, layers, strict=False):
        assert one.layer is not None
        assert torch.equal(one.predictions.features, features[one.layer])
        wanted = readout.probabilities(features[one.layer].numpy())
        assert one.predictions.probabilities.numpy() == pytest.approx(wanted, abs=1e-6)
    own = torch.cat([part.probabilities for part in engine.predict(network, frames)])
    assert torch.equal(answers[-1].predictions.probabilities, own.flip(1))  # among the readouts' classes
    assert answers[-1].comparable
    fewer = Readouts(Labels(names[:2]), tuple(any_readout(one.deep, len(one.mean), 2) for one in layers))
    last = fewer.answers(engine, network, frames)[-1]
    assert not last.comparable
    assert torch.equal(last.predictions.probabilities, own)


def test_an_own_head_is_comparable_where_it_knows_just_these_classes(tiny_card: TinyCard) -> None:
    card = tiny_card()
    assert card.labels is not None
    first, *others = card.labels.names
    assert own_places(card, Labels((*others, first))) == [1, 2, 3, 4, 0]
    assert own_places(card, Labels(tuple(others))) is None
    assert own_places(card, Labels((*others, "another"))) is None
    assert own_places(replace(card, labels=None), card.labels) is None
