"""Errors: one tree, and unknown names that lead to known ones."""

from hypothesis import given
from hypothesis import strategies as st

from renderer import errors
from renderer.errors import GaplessError, InfrastructureError, InputError, nearest_first, unknown_name_message

names = st.lists(st.text("abcdefg_", min_size=1, max_size=8), min_size=1, unique=True)


def test_every_error_is_the_users_input_or_the_machine_and_never_both():
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, GaplessError)
    ]
    leaves = [kind for kind in kinds if kind is not GaplessError]
    assert len(leaves) >= 6
    for kind in leaves:
        assert issubclass(kind, InputError) != issubclass(kind, InfrastructureError)


@given(names, st.data())
def test_a_known_name_is_nearest_to_itself(known, data):
    name = data.draw(st.sampled_from(known))
    assert nearest_first(name, known)[0] == name


@given(st.text(max_size=8), names)
def test_all_known_names_are_listed_once_whatever_their_order(name, known):
    listed = nearest_first(name, known)
    assert sorted(listed) == sorted(known)
    assert listed == nearest_first(name, known[::-1] + known)


def test_names_that_hold_the_whole_name_come_first():
    known = ["uniform", "log_uniform", "truncated_normal", "constant"]
    assert nearest_first("normal", known)[0] == "truncated_normal"
    assert nearest_first("uniform", known)[0] == "uniform"


def test_a_message_names_what_was_typed_the_nearest_and_the_others():
    message = unknown_name_message("recipe", "dise", ["cards", "dice"])
    assert message == "recipe 'dise' is unknown; did you mean 'dice'? (known: dice, cards)"


def test_a_message_with_one_known_name_lists_no_others():
    assert unknown_name_message("recipe", "x", ["dice"]) == "recipe 'x' is unknown; did you mean 'dice'?"


def test_a_message_without_known_names_says_so():
    assert unknown_name_message("recipe", "x", []) == "recipe 'x' is unknown, and nothing is known here"
