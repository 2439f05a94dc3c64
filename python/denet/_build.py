# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the C source of denet._denet from denet.h. Used by the build alone: _build.py DENET_H OUT.c"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cffi import FFI  # type: ignore[import-untyped,unused-ignore]


def declarations(header: str) -> str:
    """What cffi reads of it: the C, without the preprocessor's lines and the marks for the linker."""
    header = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    header = re.sub(r"^#ifdef __cplusplus$.*?^#endif$", "", header, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^#.*$", "", header, flags=re.MULTILINE).replace("DENET_API", "")


def main() -> None:
    header, out = sys.argv[1:]
    ffi = FFI()
    ffi.cdef(declarations(Path(header).read_text(encoding="utf-8")))
    ffi.set_source("denet._denet", '#include "denet/denet.h"', py_limited_api=True)
    ffi.emit_c_code(out)


if __name__ == "__main__":
    main()
