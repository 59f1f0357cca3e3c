"""What a shot shows of its view, where that is a window of a larger trace."""

from dataclasses import replace

from renderer.buffers import Buffers, LightGroups
from renderer.execution.frame import Traced
from renderer.scene import Window


def cropped(traced: Traced, window: Window | None) -> Traced:
    """A window of a traced view, with the camera whose image it is; its lens bends nothing."""
    if window is None:
        return traced
    camera = replace(
        traced.view.camera,
        width_px=window.width_px,
        height_px=window.height_px,
        cx_px=traced.view.camera.cx_px - window.x_px,
        cy_px=traced.view.camera.cy_px - window.y_px,
    )
    view = replace(traced.view, camera=camera)
    return replace(traced, view=view, buffers=_cropped_buffers(traced.buffers, window))


def _cropped_buffers(buffers: Buffers, window: Window) -> Buffers:
    """The window's pixels of all buffers."""
    rows = slice(window.y_px, window.y_px + window.height_px)
    columns = slice(window.x_px, window.x_px + window.width_px)
    part = rows, columns
    return replace(
        buffers,
        radiance=buffers.radiance[part],
        ids=buffers.ids[part],
        depth_z_m=buffers.depth_z_m[part],
        normals=None if buffers.normals is None else buffers.normals[part],
        light_groups=None if buffers.light_groups is None else _cropped_groups(buffers.light_groups, part),
    )


def _cropped_groups(groups: LightGroups, part: tuple[slice, slice]) -> LightGroups:
    guides = groups.guides
    if guides is not None:
        guides = replace(guides, albedo=guides.albedo[part], normals=guides.normals[part])
    return replace(groups, radiance=groups.radiance[:, *part], guides=guides)
