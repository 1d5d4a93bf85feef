"""Figures 10 and 11: training on CIFAR-10 with photographs of other sizes, and without subsampling.

The paper shows that augmentation helps only for the sizes that it shows, and that a network without subsampling is
invariant. This folder measures sensitivity and accuracy against the photograph's size. Run
``python -m core train RECIPE`` and ``python -m core study augmentation``, or open the page *Augmentation*.
"""
