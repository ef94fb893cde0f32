"""Options of JVMs that live for seconds or minutes. .ci and tests read them too, so this needs no other library."""

from __future__ import annotations

# The fastest start: one compiler only, and a garbage collector without threads.
FOR_SECONDS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# A small shop's night ends before the JVM's second compiler has paid for itself. A large space for young objects, which
# queries leave behind, makes garbage collections rare.
FOR_A_SMALL_NIGHT = f"{FOR_SECONDS} -Xmn512m"
