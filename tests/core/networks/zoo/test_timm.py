"""timm's networks through their cards, against timm itself: its transform, its loader, its outputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import timm
import torch
from torch import nn

from core.errors import BadCard, UnknownName, WeightsUnavailable
from core.images.photographs import Photograph, photograph
from core.networks.card import imagenet_labels
from core.networks.zoo import timm as timm_zoo
from tests.support.libraries import timm_transform

if TYPE_CHECKING:
    from tests.support.basics import Randomise

NONE = Path("none")
VIT, CONVNEXT = "vit_tiny_patch16_224.augreg_in21k_ft_in1k", "convnext_atto.d2_in1k"
DINO, CLIP = "vit_tiny_patch16_dinov3_qkvb.eupe_lvd1689m", "vit_xsmall_patch16_clip_224.tinyclip_yfcc15m"
MAE = "convnextv2_atto.fcmae"  # without a last norm in its file: timm loads it loosely
TINY = "test_convnext.r160_in1k"  # 160 pixels, 0.3 M parameters

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def tiny(randomise: Randomise) -> nn.Module:
    return randomise(timm.create_model(TINY, pretrained=False), 160)


@pytest.mark.parametrize(
    "name",
    [
        "convnext_tiny.fb_in1k",
        "convnext_small.fb_in22k",
        VIT,
        "vit_small_patch14_dinov2.lvd142m",
        "vit_base_patch32_clip_224.openai",
        "vit_base_patch16_siglip_224.webli",
        "swin_tiny_patch4_window7_224.ms_in1k",
        "swinv2_tiny_window8_256.ms_in1k",
        "efficientnet_b0.ra_in1k",
        "efficientnet_b1.ra4_e3600_r240_in1k",
        "tf_efficientnet_lite0.in1k",
        "resnetblur50.bt_in1k",
        "resnet50.a1_in1k",
        "inception_v3.tv_in1k",
        "mobilenetv3_large_100.ra_in1k",
        "beit_base_patch16_224.in22k_ft_in22k_in1k",
        "vgg16.tv_in1k",
    ],
)
def test_preprocessing_is_timms(name: str, natural: list[Photograph]) -> None:
    prepared, own = timm_zoo.card(name, NONE).preprocessing, timm_transform(name)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (prepared.mean, prepared.std))
    for number, size in enumerate(((121, 172), (500, 375), (301, 577), (prepared.crop, prepared.resize))):
        photo = photograph(natural[number].image().resize(size), "x")
        got = (prepared.centre(photo) / 255 - mean) / std
        torch.testing.assert_close(got, own(photo.image()), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dm_nfnet_f0.dm_in1k", "crop_mode 'squash'"),
        ("vit_small_patch16_lingbot.robbyant", "crop_mode 'squash'"),
        ("tf_efficientnetv2_l.in21k", "crop_mode 'squash'"),
        ("volo_d4_448.sail_in1k", "crop_pct 1.15, a black border"),
        ("vit_base_patch16_sapiens2.fb", "an input of 3 x 1024 x 768"),
        ("vit_base_patch16_224.bamboo", "115217 outputs whose classes timm does not name"),
        ("resmlp_12_224.fb_dino", "1000 outputs whose classes timm does not name"),
        ("gemma4_vit_167m_enc.gemma4_e4b_it", "a sequence of tokens"),
    ],
)
def test_what_cannot_be_given_exactly_is_refused_by_name(name: str, said: str) -> None:
    with pytest.raises(BadCard, match=said) as caught:
        timm_zoo.card(name, NONE)
    assert f"timm/{name} cannot be used" in caught.value.happened


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        (VIT, 1000),
        ("convnext_small.fb_in22k", 21841),
        ("convnext_nano.in12k", 11821),
        ("mixer_b16_224.goog_in21k", 21843),
        ("mobilenetv3_large_100.miil_in21k", 11221),
        ("focalnet_large_fl3.ms_in22k", 21842),
        (DINO, None),
        (CLIP, None),
        (MAE, None),
        ("vit_small_patch14_dinov2.lvd142m", None),
        ("vit_base_patch32_clip_224.openai", None),
        ("vit_huge_patch14_clip_224.laion2b", None),
        ("vit_base_patch32_clip_224.laion2b_ft_in12k_in1k", 1000),
        ("vit_base_patch16_clip_224.openai_ft_in12k", 11821),
    ],
)
def test_labels_are_the_networks_own(name: str, classes: int | None) -> None:
    card = timm_zoo.card(name, NONE)
    if classes is None:
        assert card.labels is None
        assert "without classes" in card.note
        return
    assert card.labels is not None
    assert len(card.labels.names) == len(set(card.labels.names)) == classes
    assert card.note == ""
    assert card.labels.wnids is not None
    assert len(set(card.labels.wnids)) == classes
    assert card.labels.find("n02123045") == card.labels.wnids.index("n02123045")
    name_of = dict(zip(card.labels.wnids, card.labels.names, strict=True))
    assert name_of["n02123045"].startswith("tabby")
    if classes == 1000:
        assert card.labels == imagenet_labels()


ALONE = ("in1k", "fb_in1k", "a1h_in1k", "bt_in1k", "ra4_e3600_r224_in1k", "d2_in1k", "in1k_384")
NOT_ALONE = (
    "augreg_in21k_ft_in1k",
    "fb_in22k",
    "in12k_ft_in1k",
    "fb_ssl_yfcc100m_ft_in1k",
    "openai",
    "",
    "fb_dist_in1k",
    "ns_jft_in1k",
    "laion2b_ft_in1k",
    "swag_ft_in1k",
    "ssld_in1k",
    "lvd142m",
)


@pytest.mark.parametrize("tag", ALONE + NOT_ALONE)
def test_what_it_learned_from_is_said_where_it_is_certain(tag: str) -> None:
    assert timm_zoo._imagenet_alone(tag) is (tag in ALONE)
    assert (timm_zoo.card(VIT, NONE).trained_on, timm_zoo.card(CONVNEXT, NONE).trained_on) == (None, "ImageNet")


HUB, RELEASES = "https://huggingface.co", "https://github.com/rwightman/pytorch-image-models/releases/download"
ADDRESSES = {
    CONVNEXT: (f"{HUB}/timm/{CONVNEXT}/resolve/main/model.safetensors", "safetensors", "apache-2.0"),
    "rdnet_tiny.nv_in1k": (f"{HUB}/naver-ai/rdnet_tiny.nv_in1k/resolve/main/pytorch_model.bin", "bin", "apache-2.0"),
    "gcvit_tiny.in1k": (f"{RELEASES}/v0.1-weights-morevit/gcvit_tiny_224_nvidia-ac783954.pth", "pth", "apache-2.0"),
    "vit_huge_patch14_gap_224.in1k_ijepa": (
        "https://dl.fbaipublicfiles.com/ijepa/IN1K-vit.h.14-300e.pth.tar",
        "pth",
        "cc-by-nc-4.0",
    ),
    "res2net50d.in1k": (
        f"{HUB}/timm/res2net50d.in1k/resolve/main/model.safetensors",
        "safetensors",
        "see its model card",
    ),
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_the_address_is_timms(name: str) -> None:
    url, ending, licence = ADDRESSES[name]
    card = timm_zoo.card(name, NONE)
    assert card.remote is not None
    assert (card.remote.url, card.remote.name, card.remote.digest) == (url, f"timm--{name}.{ending}", "")
    assert (card.key, card.name, card.weights) == (f"timm/{name}", name, NONE / f"timm--{name}.{ending}")
    assert (card.weights_digest, card.remote.size, card.available, card.license) == ("", None, False, licence)
    assert re.fullmatch(r"timm( \(origin https?://\S+\))?", card.source)
    with pytest.raises(WeightsUnavailable, match=rf"weights of {re.escape(name)}"):
        card.build()


@pytest.mark.parametrize(
    ("name", "close"), [("resnet50", "resnet50.a1_in1k"), ("convnext_tny.fb_in1k", "convnext_tiny.fb_in1k"), ("??", "")]
)
def test_an_unknown_name_lists_close_ones(name: str, close: str) -> None:
    with pytest.raises(UnknownName, match=re.escape(f"'timm/{name}'")) as caught:
        timm_zoo.card(name, NONE)
    assert close in caught.value.accepted
    assert "--search" in caught.value.remedy


def test_search_holds_all_words_best_first() -> None:
    found = timm_zoo.search("convnext TINY in22k", 5)
    assert found[0] == "convnext_tiny.fb_in22k"
    assert all("convnext" in name and "tiny" in name and "in22k" in name for name in found)
    assert timm_zoo.search("dinov2 small", 1) == ("vit_small_patch14_dinov2.lvd142m",)
    assert timm_zoo.search("resnetblur50") == ("resnetblur50.bt_in1k",)
    assert timm_zoo.search("no such network") == ()
    assert (len(timm_zoo.search("", 7)), len(timm_zoo.search("vit"))) == (7, 20)
    both = timm_zoo.search("dm_in1k nfnet", 99)  # none of these has a card; they are still found
    assert "dm_nfnet_f0.dm_in1k" in both
    many = timm_zoo.search("in1k nfnet", 99)
    refused = [name.startswith("dm_") for name in many]
    assert refused == sorted(refused)  # last
    assert set(many) <= set(timm.list_pretrained())
