"""Generated requests without end to one reference emulator: no 5xx, no hang, no growth of its memory.

    python bench/endure.py [--cases 200000] [--warm 20000] [--seed 1]

Cases are requests that Schemathesis and the suite generate (`tests/contract/test_fuzz.py`, profile `nightly`), in AWS
JSON and in CBOR, from a new Hypothesis seed in each share; what has to be made first so that a case can name it is not
counted. Prints the emulator's resident memory after the warm-up and after each share; exits 1 on a violation of level
`must`, on a request that was not answered in time, and when the memory grew by more than 10 percent after the warm-up.
200,000 cases take about 25 minutes of one core.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TESTS = "tests/contract/test_fuzz.py"
ACCOUNTS = "owner=111111111111,other=222222222222,partner=333333333333"
ITEMS = 2 * 73  # each operation over either protocol
SHARE = 200
"""Examples a test between two looks at the memory."""
MOST_GROWTH = 0.10


def share(url: str, report: Path, examples: int, seed: int) -> tuple[dict[str, Any], str]:
    """Fuzz for a while: the report, and the last line of what pytest said."""
    command = [sys.executable, "-m", "pytest", "-q", f"--target={url}", f"--accounts={ACCOUNTS}", "--protocol=both"]
    command += ["--hypothesis-profile=nightly", f"--hypothesis-seed={seed}", f"--examples={examples}"]
    command += [f"--report={report}", "-p", "no:cacheprovider", TESTS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    document: dict[str, Any] = json.loads((report / "report.json").read_text(encoding="utf-8"))
    return document, (done.stdout.strip() or done.stderr).splitlines()[-1]


def resident(process: int) -> int:
    """The memory of a process, in KiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def endure(cases: int, warm: int, seed: int) -> int:
    """Fuzz in shares until so many cases were sent; the exit status."""
    command = [sys.executable, "-m", "dxcontract.reference"]
    emulator = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert emulator.stdout is not None
    sent = requests = existing = accepted = after_warm = 0
    wrong: list[str] = []
    started = time.monotonic()
    try:
        url = emulator.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as folder:
            while sent < cases:
                goal = warm if sent < warm else cases
                examples = max(8, min(SHARE, (goal - sent) // ITEMS))
                document, said = share(url, Path(folder) / str(seed), examples, seed)
                figures = document["exploration"]
                sent += figures["cases"]
                existing += figures["existing"]
                accepted += figures["accepted"]
                requests += sum(operation["calls"] for operation in document["operations"].values())
                wrong += [one["fingerprint"] for one in document["violations"] if one["level"] == "must"]
                wrong += document["harness_errors"]
                if "indeterminate" in said or "unsupported" in said or "passed" not in said:
                    wrong.append(said)
                memory = resident(emulator.pid)
                after_warm = after_warm or (memory if sent >= warm else 0)
                seconds = time.monotonic() - started
                print(f"seed {seed}: {sent} cases, {seconds:.0f} s, {memory} KiB, {len(wrong)} wrong", flush=True)
                seed += 1
                if emulator.poll() is not None:
                    wrong.append("the emulator ended")
                    break
            growth = memory / after_warm - 1
    finally:
        emulator.terminate()
        emulator.wait(timeout=20)
    print(f"{sent} cases, {existing} of them naming what exists, {accepted} accepted; {requests} requests in all")
    print(f"memory: {after_warm} KiB after the warm-up, {memory} KiB at the end: {growth:+.1%}")
    print(f"no 5xx, no hang, no violation of level must: {'; '.join(wrong) or 'none seen'}")
    return 1 if wrong or growth > MOST_GROWTH else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cases", type=int, default=200_000, help="how many to send (default: %(default)s)")
    parser.add_argument("--warm", type=int, default=20_000, help="from where memory is compared (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the first share; each further one has the next")
    options = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, seed {options.seed}", end="")
    print("".join(f", {one} {version(one)}" for one in ("hypothesis", "schemathesis", "botocore")), flush=True)
    return endure(options.cases, options.warm, options.seed)


if __name__ == "__main__":
    sys.exit(main())
