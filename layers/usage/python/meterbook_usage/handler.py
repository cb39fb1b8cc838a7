"""A Lambda's handler that meters the real one, for a function whose code is not touched.

METERBOOK_USAGE_HANDLER names the real handler as Lambda would, `module.function`.
METERBOOK_USAGE_TENANT_PATH says where the tenant stands, for example
`event:requestContext.authorizer.tenant_id`; an invocation without one is listed by the book.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib import import_module

from meterbook_usage.meter import UsageMeter
from meterbook_usage.settings import Settings
from meterbook_usage.tenant import tenant_at

_NANOSECONDS, _MEGABYTES, _MILLIONTHS = 10**9, 1024, 10**6

_settings = Settings.from_environment(os.environ)


def _load(name: str) -> Callable[[object, object], object]:
    module, _, function = name.rpartition(".")
    if not module:
        raise RuntimeError(
            f"METERBOOK_USAGE_HANDLER is {name!r}: name the real handler, as in app.main.handler."
        )
    real: Callable[[object, object], object] = getattr(
        import_module(module.replace("/", ".")), function
    )
    return real


# Loaded with this module, so that the host's start and its errors are as without the layer.
_real = _load(_settings.handler)
meter = UsageMeter()


@meter.handler
def handler(event: object, context: object) -> object:
    """Call the real handler; record the invocation and its GB-seconds, also when it raises."""
    begun = time.monotonic_ns()
    try:
        return _real(event, context)
    finally:
        _record(event, context, time.monotonic_ns() - begun)


def _record(event: object, context: object, nanoseconds: int) -> None:
    tenant = tenant_at(_settings.tenant_path, event, context)
    meter.record("lambda_invocations", tenant_id=tenant, quantity=1)
    megabytes = _whole(getattr(context, "memory_limit_in_mb", 0))
    meter.record("lambda_gb_seconds", tenant_id=tenant, quantity=gb_seconds(nanoseconds, megabytes))


def gb_seconds(nanoseconds: int, megabytes: int) -> str:
    """A time in memory, to the millionth of a GB-second, half up."""
    whole = _NANOSECONDS * _MEGABYTES
    millionths = (2 * nanoseconds * megabytes * _MILLIONTHS + whole) // (2 * whole)
    return f"{millionths // _MILLIONTHS}.{millionths % _MILLIONTHS:06d}"


def _whole(value: object) -> int:
    return int(str(value)) if str(value).isdecimal() else 0
