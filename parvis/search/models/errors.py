"""What goes wrong with model files."""

from typing import ClassVar

from parvis.kernel.errors import ParvisError


class ModelFault(ParvisError):
    """A model file is missing, broken or not what the catalogue says; the field `model` names it."""

    code: ClassVar[str] = "modelFault"
