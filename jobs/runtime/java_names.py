"""Remembers what Java's names are, which PySpark asks the JVM again for every column expression.

To find `functions`, the JVM tries the name in each package that PySpark imports, and each try that fails looks into all
of Spark's 280 jars. To find `functions.lit`, it lists the 900 methods of the class. Both took a tenth of Java's time in
a small night.
"""

from __future__ import annotations

from typing import Any

from py4j.java_gateway import JavaClass, JavaMember, JavaPackage, JVMView


def remember_names(jvm: JVMView) -> None:
    """From now on each name is asked for once. What a name stands for never changes; values of fields are not kept."""
    jvm.__class__ = _View


class _Remembers:
    """Keeps the packages, classes and static methods found below it as attributes, which Python tries first."""

    def __getattr__(self, name: str) -> Any:
        found = super().__getattr__(name)  # type: ignore[misc]  # of the class of py4j beside this one
        remembers = _SAME.get(type(found))
        if remembers is None:
            return found
        found.__class__ = remembers
        self.__dict__[name] = found
        return found


class _View(_Remembers, JVMView):
    pass


class _Package(_Remembers, JavaPackage):
    pass


class _Class(_Remembers, JavaClass):
    pass


_SAME: dict[type, type] = {JavaPackage: _Package, JavaClass: _Class, JavaMember: JavaMember}
