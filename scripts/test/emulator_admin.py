"""emulator_admin.py BASE_URL COMMAND [JSON]: steers a running emulator."""

import sys
import urllib.request

base_url, command, *body = sys.argv[1:]
data = (body[0] if body else "{}").encode()
request = urllib.request.Request(f"{base_url}/_emulator/{command}", data=data)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(request, timeout=10) as response:
    print(response.read().decode()) if command not in ("reset", "config") else None
