"""A render's parts, from what is printed meanwhile."""

from renderer.blender.status import Line, parts_of

FRAME = "Fra:0 Mem:26.97M (Peak 27.06M) | Time:00:00.02 | Mem:2.00M, Peak:2.00M | Scene, ViewLayer | "


def test_render_is_split_by_what_cycles_and_the_denoiser_print():
    lines = [
        Line(10.25, f"{FRAME}Synchronizing object | die[0]"),
        Line(11.0, f"{FRAME}Sample 0/64"),
        Line(12.0, f"{FRAME}Sample 1/64"),
        Line(14.0, "Intel(R) Open Image Denoise 2.3.0"),
        Line(14.0, "Filter: RT"),
        Line(15.0, "Filter: RT"),
        Line(16.5, f"{FRAME}Sample 64/64"),
        Line(16.5, f"{FRAME}Finished"),
        Line(16.75, "Saved: 'view.exr'"),
    ]
    assert parts_of(10.0, lines, 17.0) == {"sync": 1.0, "denoise": 2.5, "save": 0.5}


def test_render_that_tells_nothing_is_not_split():
    assert parts_of(10.0, [], 17.0) == {}
    assert parts_of(10.0, [Line(11.0, f"{FRAME}Sample 0/1")], 17.0) == {"sync": 1.0}
