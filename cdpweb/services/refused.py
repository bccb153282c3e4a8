"""How services refuse what a person asked for: with a sentence for each field that is wrong."""

from collections.abc import Mapping


class Refused(Exception):
    """Nothing was done. `sentences` maps a field's name (or a path in a file; "" for the whole) to what is wrong."""

    def __init__(self, sentences: Mapping[str, str] | str) -> None:
        self.sentences = {"": sentences} if isinstance(sentences, str) else dict(sentences)
        super().__init__(" ".join(f"{name}: {text}" if name else text for name, text in self.sentences.items()))
