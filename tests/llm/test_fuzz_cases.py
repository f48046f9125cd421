"""The number of a case says all about it, whatever ran before."""

import copy
import random

from tests.llm import fuzz


def damage(number):
    chance = random.Random(number)
    return fuzz.damaged(chance.choice(fuzz.SEEDS).body, chance)


def test_a_number_is_the_same_damage_after_any_others():
    first = [damage(number) for number in range(1000)]
    assert [damage(number) for number in reversed(range(1000))] == first[::-1]


def test_what_is_put_into_an_answer_is_not_changed_there():
    before = copy.deepcopy(fuzz.HOSTILE)
    document = {"a": [1, {"b": [2]}]}
    for number in range(3000):
        document = fuzz.change(document, random.Random(number)) or {"a": [1]}
        document = document if isinstance(document, dict | list) else {"a": [document]}
        document = document if len(repr(document)) < 2000 else {"a": [1]}
    assert before == fuzz.HOSTILE
