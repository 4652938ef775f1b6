# The interpreter's own asyncio is driven by a browser's event loop, which these boards have not.
raise ImportError("asyncio is not simulated")
