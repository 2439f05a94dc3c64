# SPDX-License-Identifier: GPL-3.0-or-later
"""The exceptions that denet raises: the natural ones, which are a RuntimeError too where older releases raised that."""

from __future__ import annotations

import errno
import os
from typing import NoReturn, Union

Name = Union[str, bytes, int, None]


class DenetError(OSError, RuntimeError):
    """What the system refused, with its errno."""


class CommandNotFoundError(FileNotFoundError, DenetError):
    """The command is nowhere in PATH, or there is no such file."""


class CommandNotExecutableError(PermissionError, DenetError):
    """The command may not be executed."""


class NoSuchProcessError(ProcessLookupError, DenetError):
    """There is no process of that number, or it may not be seen."""


_CLASSES: dict[int, type[DenetError]] = {
    errno.ENOENT: CommandNotFoundError,
    errno.EACCES: CommandNotExecutableError,
    errno.EPERM: CommandNotExecutableError,
    errno.ESRCH: NoSuchProcessError,
}


def raise_errno(code: int, text: str, name: Name = None) -> NoReturn:
    """Raises what the negative errno value `code` means; `text` says more than the value where it is no name's."""
    if code == -errno.EINVAL:
        raise ValueError(text)
    if code == -errno.ENOMEM:
        raise MemoryError(text)
    kind = _CLASSES.get(-code, DenetError)
    if isinstance(name, (str, bytes)):
        raise kind(-code, os.strerror(-code), name)
    raise kind(-code, text or os.strerror(-code))
