"""Reads one Chinese sentence: which data words stand under which verb, of whom, denied or not.

As in English one pass with a small state, but Chinese puts more before the verb: 将……共享 and
会被收集 take the data words before them, a relative clause ends in 的 (您提供的……), and the subject
of a nested clause (收集您在使用……时的记录) must not close the frame it stands in.
"""

from appaudit.policy.chinese.reader import ChineseReader, read, tokens

__all__ = ["ChineseReader", "read", "tokens"]
