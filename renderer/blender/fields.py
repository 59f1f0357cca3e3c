"""What trees of shaders are written in: numbers and vectors over a surface, with arithmetic.

Each operation adds one node and gives its output. A vector is a place, a direction or a linear colour.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from renderer.scene import Vector3


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number at each point of a surface."""

    tree: Any
    socket: Any

    def __add__(self, other: "Scalar | float") -> "Scalar":
        return self._math("ADD", self, other)

    def __radd__(self, other: float) -> "Scalar":
        return self + other

    def __sub__(self, other: "Scalar | float") -> "Scalar":
        return self._math("SUBTRACT", self, other)

    def __rsub__(self, other: float) -> "Scalar":
        return self._math("SUBTRACT", other, self)

    def __mul__(self, other: "Scalar | float") -> "Scalar":
        return self._math("MULTIPLY", self, other)

    def __rmul__(self, other: float) -> "Scalar":
        return self * other

    def __pow__(self, exponent: float) -> "Scalar":
        return self._math("POWER", self, exponent)

    def floor(self) -> "Scalar":
        """The whole number at or below it."""
        return self._math("FLOOR", self)

    def fraction(self) -> "Scalar":
        """What lies above its whole number, in [0, 1)."""
        return self._math("FRACT", self)

    def absolute(self) -> "Scalar":
        """Without its sign."""
        return self._math("ABSOLUTE", self)

    def cosine(self) -> "Scalar":
        """Of radians."""
        return self._math("COSINE", self)

    def sine(self) -> "Scalar":
        """Of radians."""
        return self._math("SINE", self)

    def root(self) -> "Scalar":
        """The square root; 0 below 0."""
        return self._math("SQRT", self)

    def larger(self, other: "Scalar | float") -> "Scalar":
        """The larger of two."""
        return self._math("MAXIMUM", self, other)

    def above(self, other: "Scalar | float") -> "Scalar":
        """1 where it is the larger, else 0."""
        return self._math("GREATER_THAN", self, other)

    def ramp(self, start: float, end: float) -> "Scalar":
        """Rises smoothly from 0 at `start` to 1 at `end`, which may be below `start`."""
        node = self.tree.nodes.new("ShaderNodeMapRange")
        node.interpolation_type = "SMOOTHSTEP"
        node.inputs["From Min"].default_value = start
        node.inputs["From Max"].default_value = end
        self.tree.links.new(self.socket, node.inputs["Value"])
        return Scalar(self.tree, node.outputs["Result"])

    def between(self, at_0: "Scalar | float", at_1: "Scalar | float") -> "Scalar":
        """`at_0` where it is 0 and `at_1` where it is 1."""
        node = self._mix("FLOAT", (2, at_0), (3, at_1))
        return Scalar(self.tree, node.outputs[0])

    def blend(self, at_0: "Vector | Vector3", at_1: "Vector | Vector3") -> "Vector":
        """The vector or colour `at_0` where it is 0 and `at_1` where it is 1."""
        node = self._mix("VECTOR", (4, at_0), (5, at_1))
        return Vector(self.tree, node.outputs[1])

    def _mix(self, data_type: str, *operands: tuple[int, Any]) -> Any:
        """A Mix node; its sockets of one name, one for each data type, are told apart by number."""
        node = self.tree.nodes.new("ShaderNodeMix")
        node.data_type = data_type
        self.tree.links.new(self.socket, node.inputs[0])
        for number, operand in operands:
            feed(self.tree, node.inputs[number], operand)
        return node

    def _math(self, operation: str, *operands: "Scalar | float") -> "Scalar":
        node = self.tree.nodes.new("ShaderNodeMath")
        node.operation = operation
        for number, operand in enumerate(operands):
            feed(self.tree, node.inputs[number], operand)
        return Scalar(self.tree, node.outputs["Value"])


@dataclass(frozen=True, slots=True)
class Vector:
    """Three numbers at each point of a surface."""

    tree: Any
    socket: Any

    def __add__(self, other: "Vector | Vector3") -> Self:
        return self._math("ADD", other)

    def __sub__(self, other: "Vector | Vector3") -> Self:
        return self._math("SUBTRACT", other)

    def __mul__(self, other: "Vector | Scalar | Vector3 | float") -> Self:
        if isinstance(other, Scalar | float | int):
            return self._scaled(other)
        return self._math("MULTIPLY", other)

    def absolute(self) -> Self:
        """Without signs."""
        return self._math("ABSOLUTE")

    def unit(self) -> Self:
        """Of length 1."""
        return self._math("NORMALIZE")

    def cross(self, other: "Vector | Vector3") -> Self:
        """The cross product."""
        return self._math("CROSS_PRODUCT", other)

    def dot(self, other: "Vector | Vector3") -> Scalar:
        """The dot product."""
        return Scalar(self.tree, self._node("DOT_PRODUCT", other).outputs["Value"])

    def length(self) -> Scalar:
        """Its length."""
        return Scalar(self.tree, self._node("LENGTH").outputs["Value"])

    def turned(self, euler_rad: Vector3) -> Self:
        """Rotated about x, then y, then z."""
        node = self.tree.nodes.new("ShaderNodeVectorRotate")
        node.rotation_type = "EULER_XYZ"
        node.inputs["Rotation"].default_value = euler_rad
        self.tree.links.new(self.socket, node.inputs["Vector"])
        return type(self)(self.tree, node.outputs["Vector"])

    def parts(self) -> tuple[Scalar, Scalar, Scalar]:
        """Its x, y and z."""
        node = self.tree.nodes.new("ShaderNodeSeparateXYZ")
        self.tree.links.new(self.socket, node.inputs["Vector"])
        x, y, z = (Scalar(self.tree, node.outputs[name]) for name in "XYZ")
        return x, y, z

    def to_world(self) -> Self:
        """A direction of the object's frame, in the world's."""
        node = self.tree.nodes.new("ShaderNodeVectorTransform")
        node.vector_type, node.convert_from, node.convert_to = "VECTOR", "OBJECT", "WORLD"
        self.tree.links.new(self.socket, node.inputs["Vector"])
        return type(self)(self.tree, node.outputs["Vector"])

    def _scaled(self, factor: Scalar | float) -> Self:
        node = self._node("SCALE")
        feed(self.tree, node.inputs["Scale"], factor)
        return type(self)(self.tree, node.outputs["Vector"])

    def _math(self, operation: str, *others: "Vector | Vector3") -> Self:
        return type(self)(self.tree, self._node(operation, *others).outputs["Vector"])

    def _node(self, operation: str, *others: "Vector | Vector3") -> Any:
        node = self.tree.nodes.new("ShaderNodeVectorMath")
        node.operation = operation
        for number, operand in enumerate((self, *others)):
            feed(self.tree, node.inputs[number], operand)
        return node


Value = Scalar | Vector | Vector3 | float


class Cells(NamedTuple):
    """Space split among scattered points: each cell is what is nearest to its point.

    Attributes:
        distance: from the point of the cell.
        shade: three numbers in [0, 1], evenly spread, the same in a whole cell.
        point: where the cell's point is.
    """

    distance: Scalar
    shade: Vector
    point: Vector


def feed(tree: Any, socket: Any, value: Value) -> None:
    """Let a constant or another node give an input; a colour's opacity is 1."""
    if isinstance(value, Scalar | Vector):
        tree.links.new(value.socket, socket)
    elif socket.type == "RGBA":
        assert isinstance(value, tuple), "a colour is three numbers"
        socket.default_value = (*value, 1.0)
    else:
        socket.default_value = value


def joined(x: Scalar, y: Scalar | float, z: Scalar | float) -> Vector:
    """A vector of its parts."""
    node = x.tree.nodes.new("ShaderNodeCombineXYZ")
    for number, part in enumerate((x, y, z)):
        feed(x.tree, node.inputs[number], part)
    return Vector(x.tree, node.outputs["Vector"])


def object_points(tree: Any) -> Vector:
    """Where a point lies in its object, metres."""
    return Vector(tree, tree.nodes.new("ShaderNodeTexCoord").outputs["Object"])


def object_normal(tree: Any) -> Vector:
    """The smooth normal in the object's frame."""
    return Vector(tree, tree.nodes.new("ShaderNodeTexCoord").outputs["Normal"])


def world_normal(tree: Any) -> Vector:
    """The smooth normal in the world's frame."""
    return Vector(tree, tree.nodes.new("ShaderNodeNewGeometry").outputs["Normal"])


def flattened(at: Vector) -> tuple[Scalar, Scalar, Scalar]:
    """Two coordinates within the face of a cube that a surface looks towards, and that face's number."""
    x, y, z = at.parts()
    normal_x, normal_y, normal_z = object_normal(at.tree).absolute().parts()
    on_side = normal_x.larger(normal_y).above(normal_z)
    on_x = on_side * normal_x.above(normal_y)
    return on_x.between(x, y), on_side.between(y, z), on_side + on_x


def light_path(tree: Any, name: str) -> Scalar:
    """What Cycles knows of the ray, such as 'Is Shadow Ray'."""
    return Scalar(tree, tree.nodes.new("ShaderNodeLightPath").outputs[name])


def noise(at: Vector, detail: float = 2.0, roughness: float = 0.5) -> Scalar:
    """Smooth noise around 0.5 with features of size 1, and `detail` octaves below them."""
    return Scalar(at.tree, _noise_node(at, detail, roughness).outputs["Fac"])


def noise_vector(at: Vector, detail: float = 1.0) -> Vector:
    """Three numbers of smooth noise around 0, within about 0.5."""
    return Vector(at.tree, _noise_node(at, detail, 0.5).outputs["Color"]) - (0.5, 0.5, 0.5)


def cells(at: Vector, randomness: float = 1.0, dimensions: int = 3) -> Cells:
    """Cells of about size 1; two dimensions leave z out."""
    node = _voronoi_node(at, randomness, dimensions)
    return Cells(
        distance=Scalar(at.tree, node.outputs["Distance"]),
        shade=Vector(at.tree, node.outputs["Color"]),
        point=Vector(at.tree, node.outputs["Position"]),
    )


def shades(at: Vector) -> Vector:
    """Three numbers in [0, 1], evenly spread, unrelated from one place to the next."""
    node = at.tree.nodes.new("ShaderNodeTexWhiteNoise")
    at.tree.links.new(at.socket, node.inputs["Vector"])
    return Vector(at.tree, node.outputs["Color"])


def _noise_node(at: Vector, detail: float, roughness: float) -> Any:
    node = at.tree.nodes.new("ShaderNodeTexNoise")
    node.inputs["Scale"].default_value = 1.0
    node.inputs["Detail"].default_value = detail
    node.inputs["Roughness"].default_value = roughness
    at.tree.links.new(at.socket, node.inputs["Vector"])
    return node


def _voronoi_node(at: Vector, randomness: float, dimensions: int) -> Any:
    node = at.tree.nodes.new("ShaderNodeTexVoronoi")
    node.voronoi_dimensions = f"{dimensions}D"
    node.inputs["Scale"].default_value = 1.0
    node.inputs["Randomness"].default_value = randomness
    at.tree.links.new(at.socket, node.inputs["Vector"])
    return node
