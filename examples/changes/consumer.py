#!/usr/bin/env python3
"""Keeps the balances of all accounts in SQLite, from the change feed.

    python3 consumer.py http://127.0.0.1:8080 balances.db            goes on for ever
    python3 consumer.py http://127.0.0.1:8080 balances.db --once     ends with the newest batch

Exactly once: the place in the feed is written in the same SQLite transaction as the balances. Kill it anywhere and start it
again; it needs nothing but Python's standard library.
"""

import json
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from decimal import Decimal


def frames(response):
    """The server-sent events of a response, each as a dictionary of its fields."""
    fields = {}
    for line in response:
        line = line.decode().rstrip("\n")
        if not line:
            yield fields
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value


class Balances:
    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.execute("create table if not exists balance (account text primary key, currency text, posted text)")
        self.db.execute("create table if not exists place (one integer primary key, id text)")

    def place(self):
        row = self.db.execute("select id from place").fetchone()
        return row[0] if row else "0"

    def move(self, account, currency, amount):
        row = self.db.execute("select posted from balance where account = ?", (account,)).fetchone()
        posted = (Decimal(row[0]) if row else Decimal(0)) + amount
        self.db.execute("insert or replace into balance values (?, ?, ?)", (account, currency, str(posted)))

    def take(self, place, event):
        """Takes in one event, and where it stands in the feed, or neither."""
        with self.db:
            for change in event["data"]["changes"]:
                if change["type"] == "account_created":
                    self.move(change["id"], change["currency"], Decimal(0))
                # What is pending moves nothing yet, and what is voided or expires never will.
                elif change["type"] == "transfer_created" and change["status"] == "posted":
                    amount = Decimal(change["amount"])
                    self.move(change["debit_account"], change["currency"], -amount)
                    self.move(change["credit_account"], change["currency"], amount)
            self.db.execute("insert or replace into place values (1, ?)", (place,))


def follow(bank, balances, once):
    url = f"{bank}/v1/changes" + ("?follow=false" if once else "")
    request = urllib.request.Request(url, headers={"Last-Event-ID": balances.place()})
    # The feed shows every ten seconds that it lives.
    with urllib.request.urlopen(request, timeout=30) as response:
        for frame in frames(response):
            if frame.get("event") == "problem":
                print(frame["data"], file=sys.stderr)
            elif "data" in frame:
                balances.take(frame["id"], json.loads(frame["data"]))


def main():
    bank, path = sys.argv[1:3]
    once = "--once" in sys.argv
    balances = Balances(path)
    while True:
        try:
            follow(bank, balances, once)
            if once:
                return
        except (OSError, urllib.error.URLError) as error:
            if once:
                raise
            print(f"{error}; trying again", file=sys.stderr)
        time.sleep(0.5)


if __name__ == "__main__":
    main()
