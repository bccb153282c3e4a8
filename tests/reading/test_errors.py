"""Sentences of refusals are fit to show (product 7)."""

import pytest

from cdpweb.reading import errors


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1500, "1.5 kB"), (10**6, "1 MB"), (4 * 10**9, "4 GB")],
)
def test_sizes_in_words(size_bytes: int, words: str) -> None:
    assert errors.in_words(size_bytes) == words


def test_a_refusal_is_its_sentence() -> None:
    refused = errors.unpacked_too_large(4 * 10**9)
    assert str(refused) == refused.sentence == "Unpacked, the file is larger than 4 GB. Split it into smaller files."
    assert refused.code == "unpacked_too_large"
