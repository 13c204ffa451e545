"""The Linux gate: seccomp user notification on exec, a one-shot ptrace check after it, and the guard's own protection.

Sources: seccomp(2), seccomp_unotify(2), ptrace(2), landlock(7), Documentation/userspace-api/seccomp_filter.rst.
"""
