"""The printed faces and backs of playing cards."""

import functools
import itertools

import cv2
import numpy as np
import pytest

from renderer.catalog.assets import asset_path
from renderer.catalog.cards import DECK_STYLES, DeckStyle, Rank, Suit, draw_back, draw_face
from renderer.catalog.cards.curves import arc, smooth, stations
from renderer.catalog.cards.deck import CARD_SIZE_MM, Corners
from renderer.catalog.cards.suits import suit_outline

HEIGHT_PX = 264
PX_PER_MM = HEIGHT_PX / CARD_SIZE_MM[1]
CLASSIC = DECK_STYLES["classic"]
COURTS = (Rank.JACK, Rank.QUEEN, Rank.KING)
PIP_COUNTS = {rank: count for count, rank in enumerate(Rank, start=1) if 2 <= count <= 10}

every_style = pytest.mark.parametrize("style", DECK_STYLES.values(), ids=DECK_STYLES.keys())
every_suit = pytest.mark.parametrize("suit", Suit, ids=lambda suit: suit.value)


@functools.cache
def face(rank: Rank, suit: Suit, style_name: str) -> np.ndarray:
    picture = draw_face(rank, suit, DECK_STYLES[style_name], HEIGHT_PX)
    picture.setflags(write=False)
    return picture


def inked(picture: np.ndarray, style: DeckStyle, suit: Suit) -> np.ndarray:
    """Pixels at least half as far from the paper's colour as the suit's ink is."""
    paper = np.array(style.paper, np.float64)
    strength = np.linalg.norm(np.array(style.inks.of(suit)) - paper)
    return np.linalg.norm(picture - paper, axis=2) > strength / 2


def index_boxes(style: DeckStyle) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Pixels of the upper left letter and of the suit symbol below it."""
    index = style.index
    letter_end = index.top_mm + index.cap_height_mm
    columns = slice(0, round((index.centre_x_mm + index.letter_width_mm / 2 + 0.5) * PX_PER_MM))
    letter = slice(round(index.top_mm * PX_PER_MM), round(letter_end * PX_PER_MM))
    suit_top = letter_end + index.gap_mm
    symbol = slice(round(suit_top * PX_PER_MM), round((suit_top + index.suit_height_mm) * PX_PER_MM))
    return (letter, columns), (symbol, columns)


def turned(picture: np.ndarray) -> np.ndarray:
    return picture[::-1, ::-1]


def mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(np.float64) - b).mean())


@every_suit
@every_style
def test_a_number_card_shows_as_many_pips_as_its_rank_says(style, suit):
    half_width_mm = style.pips.column_mm + style.pips.height_mm / 2
    middle_mm = CARD_SIZE_MM[0] / 2
    columns = slice(
        round((middle_mm - half_width_mm) * PX_PER_MM), round((middle_mm + half_width_mm) * PX_PER_MM)
    )
    for rank, expected in PIP_COUNTS.items():
        ink = inked(face(rank, suit, style.name), style, suit)[:, columns]
        labels, _ = cv2.connectedComponents(ink.astype(np.uint8), connectivity=4)
        assert labels - 1 == expected, rank


@every_suit
@every_style
def test_both_indices_show_a_letter_and_a_suit_symbol(style, suit):
    for rank in Rank:
        picture = face(rank, suit, style.name)
        for way_up in (picture, turned(picture)):
            letter, symbol = (inked(way_up[box], style, suit).mean() for box in index_boxes(style))
            assert 0.03 < letter < 0.8, rank
            assert 0.15 < symbol < 0.8, rank


@every_style
def test_upper_right_corners_carry_an_index_only_in_decks_with_four(style):
    picture = face(Rank.TWO, Suit.SPADES, style.name)
    mirrored = inked(picture[:, ::-1], style, Suit.SPADES)
    found = all(mirrored[box].any() for box in index_boxes(style))
    assert found == (style.index.corners is Corners.FOUR)


@every_style
def test_letters_of_different_ranks_differ(style):
    letter, _ = index_boxes(style)
    letters = [inked(face(rank, Suit.CLUBS, style.name)[letter], style, Suit.CLUBS) for rank in Rank]
    for a, b in itertools.combinations(letters, 2):
        assert (a != b).mean() > 0.04


@every_style
def test_the_52_faces_of_a_deck_differ_pairwise_even_when_small(style):
    small = np.array(
        [
            cv2.resize(face(rank, suit, style.name), (47, 66), interpolation=cv2.INTER_AREA)
            for rank in Rank
            for suit in Suit
        ],
        np.float64,
    )
    distances = [np.abs(small[i + 1 :] - small[i]).mean(axis=(1, 2, 3)).min() for i in range(51)]
    assert min(distances) > 0.7


@every_suit
@every_style
@pytest.mark.parametrize("rank", COURTS, ids=lambda rank: rank.value)
def test_a_court_looks_the_same_upside_down(rank, suit, style):
    picture = face(rank, suit, style.name)
    np.testing.assert_array_equal(picture, turned(picture))


@every_suit
@pytest.mark.parametrize("rank", [Rank.TWO, Rank.FOUR, Rank.TEN], ids=lambda rank: rank.value)
def test_cards_without_a_pip_in_the_middle_rows_look_the_same_upside_down(rank, suit):
    picture = face(rank, suit, "classic")
    assert mean_difference(picture, turned(picture)) < 0.2


@pytest.mark.parametrize("rank", [Rank.THREE, Rank.SEVEN], ids=lambda rank: rank.value)
def test_cards_with_a_pip_that_stands_upright_look_different_upside_down(rank):
    picture = face(rank, Suit.HEARTS, "classic")
    assert mean_difference(picture, turned(picture)) > 1.0


def test_courts_of_one_rank_wear_different_robes_in_each_suit():
    h, w = face(Rank.KING, Suit.SPADES, "classic").shape[:2]
    middle = np.s_[h * 2 // 5 : h * 3 // 5, w // 4 : w * 3 // 4]
    for rank in COURTS:
        robes = [face(rank, suit, "classic")[middle] for suit in Suit]
        assert min(mean_difference(a, b) for a, b in itertools.combinations(robes, 2)) > 30


def test_courts_fill_their_frame_with_red_yellow_blue_and_black():
    court = CLASSIC.court
    for rank, suit in itertools.product(COURTS, Suit):
        h, w = (int(size * PX_PER_MM / 2) for size in (court.frame_size_mm[1], court.frame_size_mm[0]))
        y, x = HEIGHT_PX // 2, face(rank, suit, "classic").shape[1] // 2
        inside = face(rank, suit, "classic")[y - h : y + h, x - w : x + w].astype(np.float64)
        inks = np.array([court.red, court.yellow, court.blue, court.black, court.skin])
        nearest = np.linalg.norm(inside[:, :, None] - inks, axis=3).argmin(axis=2)
        shares = np.bincount(nearest.ravel(), minlength=5) / nearest.size
        assert shares[:4].min() > 0.03, (rank, suit)
        assert 0.3 < shares[4] < 0.65, (rank, suit)


@pytest.mark.parametrize("rank", [Rank.ACE, Rank.TEN, Rank.QUEEN], ids=lambda rank: rank.value)
def test_drawing_twice_gives_equal_bytes(rank):
    first, second = (draw_face(rank, Suit.SPADES, CLASSIC, 200) for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("height_px", [61, 88, 120, 333, 528, 1100])
def test_pictures_have_the_proportions_of_a_card(height_px):
    size = (height_px, round(height_px * 63 / 88), 3)
    assert draw_face(Rank.FIVE, Suit.CLUBS, CLASSIC, height_px).shape == size
    assert draw_back(CLASSIC, height_px).shape == size


def test_the_default_height_gives_whole_pixels_per_millimetre():
    assert draw_face(Rank.ACE, Suit.HEARTS, CLASSIC).shape == (528, 378, 3)


def test_a_small_picture_is_the_average_of_a_large_one():
    small, large = (draw_face(Rank.KING, Suit.HEARTS, CLASSIC, height) for height in (132, 528))
    averaged = cv2.resize(large, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert mean_difference(small, averaged) < 2.0


@every_style
def test_a_back_looks_the_same_upside_down_and_is_not_bare(style):
    back = draw_back(style, HEIGHT_PX)
    np.testing.assert_array_equal(back, turned(back))
    assert back.reshape(-1, 3).std(axis=0).max() > 10


def test_backs_of_different_decks_differ():
    backs = [draw_back(style, 88) for style in DECK_STYLES.values()]
    assert min(mean_difference(a, b) for a, b in itertools.combinations(backs, 2)) > 10


def test_styles_are_registered_under_their_own_names():
    assert len(DECK_STYLES) >= 6
    assert all(style.name == name for name, style in DECK_STYLES.items())


@every_suit
def test_suit_symbols_are_one_high_and_mirror_symmetric(suit):
    outline = suit_outline(suit)
    assert np.ptp(outline[:, 1]) == pytest.approx(1.0, abs=0.04)
    assert outline[:, 0].max() == pytest.approx(-outline[:, 0].min())
    assert 0.7 < np.ptp(outline[:, 0]) < 1.0


def test_stations_are_evenly_spread_along_a_circle_and_face_along_it():
    places, tangents = stations(arc((0.0, 0.0), (2.0, 2.0), 0.0, 360.0), 0.5)
    gaps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert gaps == pytest.approx(gaps[0], rel=0.05)
    assert np.abs((places * tangents).sum(axis=1)).max() < 0.3  # chords of the polyline, not tangents


def test_a_smooth_curve_passes_through_its_knots():
    knots = np.array([(0.0, 0.0), (1.0, 2.0), (3.0, -1.0), (4.0, 0.0)])
    curve = smooth(knots)
    assert np.linalg.norm(curve[:, None] - knots, axis=2).min(axis=0) == pytest.approx(0.0, abs=1e-12)


def test_assets_are_found_and_a_missing_one_is_named():
    assert asset_path("fonts/STIXGeneralBol.ttf").stat().st_size > 0
    with pytest.raises(FileNotFoundError, match=r"fonts/nowhere\.ttf"):
        asset_path("fonts/nowhere.ttf")
