"""A key that is made once: one for all who ask at once, readable by its owner alone."""

from __future__ import annotations

import secrets
import stat
from concurrent.futures import ThreadPoolExecutor

from services.search.keys import cursor_key
from shared.key_file import ensure_key_file
from shared.local_feed import KEY_FILE, ensure_local_key, read_key
from shared.settings import Settings


def test_many_at_once_end_with_one_key(tmp_path):
    path = tmp_path / "new" / "a.key"

    def make(_):
        ensure_key_file(path, lambda: secrets.token_bytes(32), lambda _: True)
        return path.read_bytes()

    with ThreadPoolExecutor(16) as pool:
        found = set(pool.map(make, range(64)))
    assert len(found) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path], "nothing half made is left"


def test_what_is_no_key_is_made_anew_and_a_key_is_kept(tmp_path):
    (tmp_path / KEY_FILE).write_text("nothing of ours")
    first = read_key(ensure_local_key(tmp_path))
    assert first
    assert read_key(ensure_local_key(tmp_path)) == first


def test_cursors_outlive_a_restart(tmp_path):
    settings = Settings(data_dir=tmp_path)
    assert cursor_key(settings) == cursor_key(settings)
    assert len(cursor_key(settings)) == 32
