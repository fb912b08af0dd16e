"""What runs a training's programs: a backend, and devices that share each batch."""

from typing import Any

from .. import validate
from ..optional import needs

BACKENDS = ("auto", "native", "numpy", "jax")


class Machine:
    """The backend and the devices that `who`, a method of the trainer, is told.

    ValueError for what there is not, or not together.
    """

    def __init__(self, who: str, compiled: bool, backend: str, devices: Any) -> None:
        self.who, self.backend, self.devices = who, backend, devices
        if backend not in BACKENDS:
            known = ", ".join(f'"{name}"' for name in BACKENDS)
            raise ValueError(f"{who}: backend must be one of {known}, got {backend!r}")
        if backend != "auto" and not compiled:
            raise ValueError(f'{who}: backend="{backend}" runs compiled programs, not scalars')
        if devices is not None and backend != "jax":
            raise ValueError(f'{who}: devices are those of backend="jax", not of {backend!r}')

    @property
    def leads(self) -> bool:
        """Whether this process prints and writes files: the first, where JAX has several."""
        return self.backend != "jax" or self._jax().process_index() == 0

    def check_batches(self, batch_size: int) -> None:
        """ValueError where the devices cannot share batches of this size evenly."""
        count = self._count()
        least = batch_size - batch_size % count
        if least != batch_size:
            sizes = [size for size in (least, least + count) if size]
            near = " or ".join(map(str, sizes))
            raise ValueError(
                f"{self.who}: batch_size {batch_size} is no multiple of {count} devices, which "
                f"share each batch; take {near}"
            )

    def _count(self) -> int:
        if self.backend != "jax":
            return 1
        if self.devices is None:
            jax = self._jax()
            return int(jax.device_count()) if jax.process_count() > 1 else 1
        if hasattr(self.devices, "__len__"):
            return max(1, len(self.devices))
        return validate.positive(self.who, "devices", self.devices)

    def _jax(self) -> Any:
        return needs("jax", 'backend="jax"', "glassgrad[jax]")
