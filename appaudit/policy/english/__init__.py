"""Reads one English sentence: which data words stand under which verb, of whom, denied or not.

One pass from left to right with a small state: the clause's subject, the verb frame in force,
whether a condition or a purpose holds it up, and a stack for brackets. A verb in the passive takes
the data words before it; a relative clause ("which will be shown") those of the clause before.
"""

from appaudit.policy.english.reader import EnglishReader, read, tokens

__all__ = ["EnglishReader", "read", "tokens"]
