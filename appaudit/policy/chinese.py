"""placeholder"""

from appaudit.policy.lexicon import lexicon
from appaudit.policy.reading import Frame, SentenceReading


def read(text: str, inherited: Frame | None = None, skip: int = 0) -> SentenceReading:
    return SentenceReading(tokens=lexicon().match(text))
