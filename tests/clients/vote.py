#!/usr/bin/env python3
"""Votes as docs/WIRE.md says, with a client that shares nothing with this project: Python's `websockets`.

Called by scripts/test, beside a server of tests/clients/served.py. Prints what it checked.
"""

import asyncio
import json
import os
import secrets
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families
from websockets.asyncio.client import connect

URL = os.environ["TALLYLIGHT_URL"]
SHOW = "evening"


class Session:
    """One WebSocket that has joined."""

    def __init__(self, socket):
        self.socket = socket

    @classmethod
    async def join(cls, **who):
        address = f"{URL.replace('http', 'ws')}/ws/{SHOW}"
        session = cls(await connect(address, subprotocols=["tallylight.v1"]))
        assert session.socket.subprotocol == "tallylight.v1"
        await session.send("join", **who)
        return session, await session.wait("welcome")

    async def send(self, t, **fields):
        await self.socket.send(json.dumps({"t": t, **fields}))

    async def wait(self, t, such_as=lambda message: True):
        """The next message of this kind that is such; others are passed over."""
        async with asyncio.timeout(20):
            while True:
                message = json.loads(await self.socket.recv())
                if message["t"] == t and such_as(message):
                    return message

    async def command(self, do, **arguments):
        command = secrets.token_hex(8)
        await self.send("command", id=command, do=do, **arguments)
        done = await self.wait("done", lambda done: done["id"] == command)
        assert done["ok"], done
        return done

    async def vote(self, run, ballot, picks):
        await self.send("vote", run=run, id=ballot, picks=picks)
        return await self.wait("receipt", lambda receipt: receipt["id"] == ballot)


def request(path, body=None, headers={}):
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", **headers} if data else headers
    with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers), timeout=20) as reply:
        return reply.read().decode(), reply.headers


async def votes_are_counted_once():
    desk, _ = await Session.join(staff=os.environ["TALLYLIGHT_STAFF"])
    # Cue 4 gives three votes and opens when it is taken.
    await desk.command("control", action="request")
    await desk.command("standby", cue="4")
    await desk.command("take")

    viewer, welcome = await Session.join()
    assert welcome["role"] == "viewer" and welcome["protocol"] == "tallylight.v1"
    # The window opens a moment after the take.
    show = await viewer.wait("show", lambda show: show.get("run", {}).get("phase") == "open")
    run = show["run"]["id"]
    assert show["run"]["votes"] == 3 and show["run"]["opens_at"] <= show["now"] < show["run"]["closes_at"]

    first = secrets.token_hex(16)
    receipt = await viewer.vote(run, first, [2, 2])
    assert (receipt["is"], receipt["left"], receipt.get("repeated")) == ("counted", 1, None), receipt
    again = await viewer.vote(run, first, [2, 2])
    assert again == {**receipt, "repeated": True}, again
    other = await viewer.vote(run, first, [1])
    assert (other["is"], other["reason"]) == ("refused", "id_reused"), other
    too_many = await viewer.vote(run, secrets.token_hex(16), [1, 3])
    assert (too_many["is"], too_many["reason"]) == ("refused", "budget"), too_many
    no_option = await viewer.vote(run, secrets.token_hex(16), [9])
    assert (no_option["is"], no_option["reason"]) == ("refused", "invalid"), no_option

    # The same voter comes back, and by plain requests.
    device = welcome["device"]
    _, back = await Session.join(device=device)
    assert "device" not in back
    mine = {receipt["id"]: receipt for receipt in back["mine"]}
    assert (mine[first]["is"], mine[first]["picks"]) == ("counted", [2, 2]), back
    bearer = {"authorization": f"Bearer {device}"}
    last = secrets.token_hex(16)
    posted, _ = request(f"/api/v1/shows/{SHOW}/ballots", {"run": run, "id": last, "picks": [5]}, bearer)
    assert (json.loads(posted)["is"], json.loads(posted)["left"]) == ("counted", 0), posted
    asked, _ = request(f"/api/v1/shows/{SHOW}/receipts/{run}/{last}", headers=bearer)
    assert json.loads(asked)["is"] == "counted", asked

    # Staff sees exactly these three votes.
    results = await desk.wait("results", lambda results: results["run"] == run and results["total"] == 3)
    assert [option["votes"] for option in results["options"]] == [0, 2, 0, 0, 1], results
    assert abs(sum(option["share"] for option in results["options"]) - 100) < 1e-9, results


async def metrics_are_openmetrics():
    text, headers = request("/metrics")
    assert headers["content-type"].startswith("application/openmetrics-text; version=1.0.0"), headers["content-type"]
    families = {family.name: family for family in text_string_to_metric_families(text)}
    counted = [
        sample.value
        for sample in families["tallylight_receipts"].samples
        if sample.name.endswith("_total") and sample.labels["answer"] == "counted" and sample.labels["reason"] == "none"
    ]
    assert text.endswith("# EOF\n") and sum(counted) >= 2, counted


async def the_service_says_how_it_is():
    health, headers = request("/health")
    assert headers["content-type"] == "application/health+json", headers["content-type"]
    assert json.loads(health)["status"] in ("pass", "warn"), health
    assert request("/readyz")[0] == "ready\n" and request("/livez")[0] == "alive\n"


async def main():
    failed = 0
    checks = [votes_are_counted_once, metrics_are_openmetrics, the_service_says_how_it_is]
    for check in checks:
        try:
            await check()
            print(f"{check.__name__} … ok")
        except Exception as error:
            failed += 1
            print(f"{check.__name__} … FAILED: {type(error).__name__}: {error}")
    print(f"# pass {len(checks) - failed}\n# fail {failed}")
    return failed


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
