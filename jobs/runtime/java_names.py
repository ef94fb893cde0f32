"""Remembers what Java's names stand for. PySpark alone would ask the JVM again for every column expression.

To find `functions`, the JVM tries the name in each package that PySpark imports, and each try that fails looks into all
of Spark's 280 jars. To find `functions.lit`, it lists the 900 methods of the class. Both took a tenth of Java's time in
a small night.
"""

from __future__ import annotations

from typing import Any

from py4j.java_gateway import JavaClass, JavaMember, JavaPackage, JVMView


def remember_names(jvm: JVMView) -> None:
    """From now on the JVM is asked once for each name, which never changes its meaning. Field values are not kept."""
    jvm.__class__ = _View


class _Remembers:
    """Keeps the packages, classes and static methods found below it as attributes, which Python tries first."""

    def __getattr__(self, name: str) -> Any:
        java_object = super().__getattr__(name)  # type: ignore[misc]  # defined by py4j's class, the other base
        remembers = _SAME.get(type(java_object))
        if remembers is None:
            return java_object
        java_object.__class__ = remembers
        self.__dict__[name] = java_object
        return java_object


class _View(_Remembers, JVMView):
    pass


class _Package(_Remembers, JavaPackage):
    pass


class _Class(_Remembers, JavaClass):
    pass


_SAME: dict[type, type] = {JavaPackage: _Package, JavaClass: _Class, JavaMember: JavaMember}
