"""Counts of what the HTTP door does, in the text format that Prometheus reads."""

import resource
from collections import Counter


class Metrics:
    """Requests by method and status, seconds spent, open streams."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds = 0.0
        self.streams = 0

    def note(self, method: str, status: int, seconds: float) -> None:
        """One finished request."""
        known = method if method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS") else "other"
        self._requests[(known, status)] += 1
        self._seconds += seconds

    def text(self) -> str:
        """The exposition text."""
        lines = ["# TYPE parvis_http_requests_total counter"]
        for (method, status), count in sorted(self._requests.items()):
            lines.append(f'parvis_http_requests_total{{method="{method}",status="{status}"}} {count}')
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        lines += [
            "# TYPE parvis_http_request_seconds_total counter",
            f"parvis_http_request_seconds_total {self._seconds:.6f}",
            "# TYPE parvis_push_streams gauge",
            f"parvis_push_streams {self.streams}",
            "# TYPE process_resident_memory_peak_bytes gauge",
            f"process_resident_memory_peak_bytes {peak}",
        ]
        return "\n".join(lines) + "\n"
