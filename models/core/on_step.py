"""The callback by which a training reports its progress: models print nothing themselves."""

from collections.abc import Callable

OnStep = Callable[[int, int, str], None]  # (steps or epochs done, of how many at most, words such as the loss)
