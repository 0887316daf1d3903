#!/usr/bin/env python3
"""Runs a command beside a real server, which ends with it.

    served.py COMMAND…

The server plays examples/evening.toml from an empty data directory on a free port. The command finds in its
environment: TALLYLIGHT_URL, TALLYLIGHT_DEVICE (a viewer's token), TALLYLIGHT_STAFF (a producer's) and TALLYLIGHT_KEY
(a screen's). The program is TALLYLIGHT_BIN, or what cargo built last for the tests.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request


def post(url, body):
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


def main(command):
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    program = os.environ.get("TALLYLIGHT_BIN", f"{target}/debug/tallylight")
    with tempfile.TemporaryDirectory(prefix="tallylight-") as data:
        serve = [program, "serve", "--listen", "127.0.0.1:0", "--data", data, "--show", "examples/evening.toml"]
        log = open(f"{data}.log", "w+")
        server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            said = {}
            for line in server.stdout:
                words = line.split()
                if "listening on " in line:
                    said["url"] = words[-1]
                elif words and words[0] in ("producer", "overlay"):
                    said[words[0]] = words[1]
                # The overlay's is the last of a show's addresses.
                if "overlay" in said:
                    break
            else:
                log.seek(0)
                sys.exit(f"the server did not start:\n{log.read()}")
            url = said["url"]
            device = post(f"{url}/api/v1/shows/evening/join", {})["device"]
            staff = post(f"{url}/api/v1/staff/enter", {"code": said["producer"].split("#")[1]})["staff"]
            key = said["overlay"].split("key=")[1]
            tokens = {"TALLYLIGHT_DEVICE": device, "TALLYLIGHT_STAFF": staff, "TALLYLIGHT_KEY": key}
            code = subprocess.run(command, env=os.environ | tokens | {"TALLYLIGHT_URL": url}).returncode
            if server.poll() is not None:
                log.seek(0)
                sys.exit(f"the server ended meanwhile with {server.returncode}:\n{log.read()}")
            return code
        finally:
            server.terminate()
            server.wait(timeout=30)
            log.close()
            os.unlink(log.name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
