"""Options of JVMs that live for seconds or minutes, by the standard library alone: .ci and tests read them, too."""

from __future__ import annotations

# The fastest start: one compiler only, and a garbage collector without threads.
FOR_SECONDS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# A small shop's night ends before the JVM's second compiler has paid for itself. With room for what a query leaves
# behind, the heap is seldom collected.
FOR_A_SMALL_NIGHT = f"{FOR_SECONDS} -Xmn512m"
