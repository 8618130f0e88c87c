"""A real `posthouse serve --dev` in a process of its own, on ports that the kernel chooses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PROGRAM = str(Path(sys.executable).with_name("posthouse"))
PORTS = ("smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s")
SECONDS = 30.0    # how long a test waits before it says that something does not come


class Served:
    """One server and the command line beside it. As a context it is stopped at the end, and must exit with 0."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        ports = [option for name in PORTS for option in ("--port", f"{name}=0")]
        self.command = [
            PROGRAM, "serve", "--dev", "--json", "--data-directory", str(data),
            *ports, *options,
        ]  # fmt: skip

    def __enter__(self) -> "Served":
        self.errors = (self.data.parent / "serve.err").open("ab")
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=self.errors, start_new_session=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (self.data.parent / "serve.err").read_text()
        self.said: dict[str, Any] = json.loads(line)
        self.ports: dict[str, int] = self.said["ports"]
        self.account: str = self.said["account"]
        self.password: str = self.said["password"]
        return self

    def run(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """One command on the same data."""
        command = [PROGRAM, *arguments, "--data-directory", str(self.data)]
        return subprocess.run(command, input=given, capture_output=True, timeout=SECONDS, check=False)

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.process.wait(SECONDS)

    def __exit__(self, *_: object) -> None:
        try:
            if self.process.poll() is None:
                assert self.stop() == 0, (self.data.parent / "serve.err").read_text()
        finally:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.errors.close()
