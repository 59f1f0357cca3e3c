"""Streams: a draw has its own, keyed by (seed, level, index, name, slot, attempt) and nothing else."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from unit.recipes import dice_recipe

from renderer.randomize.draws import MAX_ATTEMPTS, DrawRecorder
from renderer.randomize.streams import FrameAddress, StreamKey, Streams, frame_address, stream, stream_start
from renderer.recipe.distributions import parse_distribution
from renderer.recipe.keys import Factor, FactorSpec, Kind, Level

KEY = StreamKey(seed=0, level=Level.SCENE, index=(0,), name="objects.die.edge_m", slot=0)
keys = st.builds(
    StreamKey,
    seed=st.integers(0, 2**63 - 1),
    level=st.sampled_from(Level),
    index=st.lists(st.integers(0, 10**9), min_size=1, max_size=3).map(tuple),
    name=st.text(max_size=20),
    slot=st.none() | st.integers(0, 200),
    attempt=st.integers(0, MAX_ATTEMPTS),
)
counts = st.integers(1, 40)


def first_bits(key: StreamKey) -> tuple[int, ...]:
    return tuple(int(v) for v in stream(key).integers(2**63, size=2))


def factor(value: object, name: str = "a.b", level: Level = Level.SCENE) -> Factor:
    spec = FactorSpec(kind=Kind.NUMBER, help="", level=level)
    return Factor(name=name, distribution=parse_distribution(value), spec=spec)


def recorder(seed: int = 0, **address: int) -> DrawRecorder:
    return DrawRecorder(seed=seed, address=FrameAddress(**{"scene": 0, **address}))


@given(keys)
def test_equal_keys_have_equal_streams(key):
    assert first_bits(key) == first_bits(replace(key))


@given(keys, keys)
def test_different_keys_have_different_streams(a, b):
    assert (first_bits(a) == first_bits(b)) == (a == b)


@given(st.lists(keys, min_size=1, max_size=4))
def test_one_generator_keyed_anew_gives_the_streams_of_many(several):
    streams = Streams()
    for key in several:
        start = stream_start(key.seed, key.level, key.index)
        text = f"{start}{json.dumps(key.name)}, {json.dumps(key.slot)}, {key.attempt}]"
        one, other = streams.stream(text), stream(key)
        assert one.integers(1000) == other.integers(1000)  # leaves half a word behind
        assert one.random() == other.random()
        assert (one.standard_normal(3) == other.standard_normal(3)).all()


def test_the_streams_are_those_that_older_datasets_were_drawn_from():
    """The key is hashed as JSON, and Philox counts from 1: by SHA-256 and Philox4x64-10 as published."""
    text = b'[0, "scene", [0], "objects.die.edge_m", 0, 0]'
    words = np.frombuffer(hashlib.sha256(text).digest()[:16], dtype="<u8")
    assert stream(KEY).random() == (philox_4x64_10(*map(int, words)) >> 11) / 2**53


def philox_4x64_10(first: int, second: int) -> int:
    """The first word of the block with counter 1 (Salmon et al. 2011)."""
    word = 2**64 - 1
    counter = (1, 0, 0, 0)
    for _ in range(10):
        a, b = 0xD2E7470EE14C6C93 * counter[0], 0xCA5A826395121157 * counter[2]
        counter = ((b >> 64) ^ counter[1] ^ first, b & word, (a >> 64) ^ counter[3] ^ second, a & word)
        first, second = (first + 0x9E3779B97F4A7C15) & word, (second + 0xBB67AE8584CAA73B) & word
    return counter[0]


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"level": Level.VIEW},
        {"level": Level.SHOT},
        {"index": (1,)},
        {"index": (0, 0)},
        {"name": "objects.die.edge"},
        {"slot": None},
        {"slot": 1},
        {"attempt": 1},
    ],
    ids=str,
)
def test_each_part_of_the_key_changes_the_stream(change):
    assert first_bits(replace(KEY, **change)) != first_bits(KEY)


def test_streams_of_neighbouring_keys_are_independent():
    seeds = [stream(replace(KEY, seed=seed)).random() for seed in range(1000)]
    slots = [stream(replace(KEY, slot=slot)).random() for slot in range(1000)]
    assert stats.kstest(seeds, stats.uniform.cdf).pvalue > 1e-3
    assert stats.kstest(slots, stats.uniform.cdf).pvalue > 1e-3
    assert stats.pearsonr(seeds[:-1], seeds[1:]).pvalue > 1e-3
    assert stats.pearsonr(seeds, slots).pvalue > 1e-3


def test_no_stream_touches_numpys_global_state():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - what must stay as it is
    first_bits(KEY)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@given(st.integers(0, 10**9), counts, counts)
def test_frames_go_through_shots_then_views_then_scenes(frame, views, shots):
    address = frame_address(frame, views, shots)
    assert (address.scene * views + address.view) * shots + address.shot == frame
    assert 0 <= address.view < views
    assert 0 <= address.shot < shots


def test_with_one_view_and_one_shot_frame_i_is_scene_i():
    assert frame_address(17, 1, 1) == FrameAddress(scene=17)


def test_the_index_at_a_level_names_scene_view_and_shot():
    address = FrameAddress(scene=7, view=2, shot=5)
    assert [address.at(level) for level in (Level.SCENE, Level.VIEW, Level.SHOT)] == [(7,), (7, 2), (7, 2, 5)]


@pytest.mark.parametrize(
    ("level", "moves"),
    [(Level.SCENE, {"scene"}), (Level.VIEW, {"scene", "view"}), (Level.SHOT, {"scene", "view", "shot"})],
)
def test_a_factor_is_drawn_anew_for_each_scene_view_or_shot_as_its_level_says(level, moves):
    one = factor(["uniform", 0, 1], level=level)
    here = recorder().draw(one)
    assert {part for part in ("scene", "view", "shot") if recorder(**{part: 1}).draw(one) != here} == moves


def test_a_draw_does_not_depend_on_what_was_drawn_before():
    a, b = factor(["uniform", 0, 1], "a"), factor(["uniform", 0, 1], "b")
    forth, back = recorder(), recorder()
    assert [forth.draw(a), forth.draw(b)] == [back.draw(b), back.draw(a)][::-1]
    assert forth.draw(a) == back.draw(a)


def test_a_recorder_keeps_every_draw_under_its_name_and_slot():
    draws = recorder()
    once, one, two = (draws.draw(factor(["uniform", 0, 1]), slot) for slot in (None, 0, 2))
    assert draws.record == {"a.b": once, "a.b[0]": one, "a.b[2]": two}


def test_a_rejected_draw_is_drawn_again_from_the_stream_of_the_next_attempt():
    one = factor(["uniform", 0, 1])
    alone = [recorder().draw(one, 3, attempt) for attempt in range(5)]
    draws = recorder()
    values = draws.draw_until([one], 3, lambda values: values["a.b"] == alone[4])
    assert values == {"a.b": alone[4]}
    assert draws.record == {"a.b[3]": alone[4]}


def test_factors_with_a_common_condition_are_drawn_again_together():
    a, b = factor(["uniform", 0, 1], "a"), factor(["uniform", 0, 1], "b")
    seen = []

    def third(values):
        seen.append(values)
        return len(seen) == 3

    recorder().draw_until([a, b], None, third)
    assert [values["a"] for values in seen] == [recorder().draw(a, None, i) for i in range(3)]
    assert [values["b"] for values in seen] == [recorder().draw(b, None, i) for i in range(3)]


def test_a_condition_that_nothing_meets_is_given_up_with_the_last_draw():
    one = factor(["uniform", 0, 1])
    assert recorder().draw_until([one], None, lambda _: False) == {
        "a.b": recorder().draw(one, None, MAX_ATTEMPTS - 1)
    }


def test_seed_0_is_a_seed_like_any_other():
    edge = dice_recipe().objects["die"].edge_m
    values = [recorder(seed).draw(edge, 0) for seed in (0, 1, 2**63 - 1)]
    assert len(set(values)) == 3
