"""Experiments of the paper, one folder for each figure, table or section; importing this package registers the studies.

In a folder, ``study.py`` holds the configuration of its study, ``figure.py`` its figure, ``sentence.py`` its finding in
words, and modules named by nouns its numbers. ``drawing`` and ``wording`` are shared by all folders;
``study_results`` names the sentences of each study.
"""

from __future__ import annotations

from .figure_02_protocols.study import Protocols
from .figure_04_readouts.study import Readouts
from .figure_06_embedded_size.study import EmbeddedSize
from .figure_07_08_typicality.study import Typicality
from .figure_09_13_antialiasing.failures_study import Failures
from .figure_09_13_antialiasing.study import Antialiasing
from .figure_10_11_augmentation.study import Augmentation
from .figure_12_confidence.study import Confidence

__all__ = [
    "Antialiasing",
    "Augmentation",
    "Confidence",
    "EmbeddedSize",
    "Failures",
    "Protocols",
    "Readouts",
    "Typicality",
]
