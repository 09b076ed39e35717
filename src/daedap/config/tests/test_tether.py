"""A child process that ends with its parent."""

from __future__ import annotations

import subprocess
import sys


def run_tethered(tmp_path, script, **options):
    (tmp_path / "script.py").write_text(script)
    command = [sys.executable, "-m", "daedap.config.tether", str(tmp_path / "script.py")]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def test_given_a_script_that_sleeps_when_the_parents_pipe_closes_then_it_ends(tmp_path):
    child = run_tethered(tmp_path, "import time; print('up', flush=True); time.sleep(60)")
    assert child.stdout.readline() == b"up\n"
    child.communicate(timeout=5)
    assert child.returncode == 0


def test_given_a_script_that_ends_by_itself_when_done_then_its_code_and_output_are_its_own(tmp_path):
    with run_tethered(tmp_path, "import sys; print('bye'); sys.exit(3)") as child:
        assert child.wait(5) == 3
        assert child.stdout.read() == b"bye\n"
        assert child.stderr.read() == b""
